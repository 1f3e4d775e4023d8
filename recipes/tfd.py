"""The paper's Toronto Face Database experiment, as its released code ran it: two adversarial games in turn.

First (`pretraining/` in the run's folder) a generator of three layers; then a new front of two layers before those
three, all of them trained, against a discriminator that starts afresh, as do the schedules. Max-norm 1.9365 on every
kernel.
"""

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

from keras_gan.recipes import settings

if TYPE_CHECKING:
    import keras

    from keras_gan import GAN
    from keras_gan.datasets import Dataset


@dataclasses.dataclass(frozen=True)
class Tfd(settings.Released):
    """Train the paper's TFD networks (84,858,404 and 21,037,201 parameters), pretraining first."""

    pretraining_epochs: int = 50
    """Passes over the training images of the first game."""
    epochs: int = 22
    """Passes over the training images of the second."""
    learning_rate: float = 0.05
    """Of both players, at the first update of each game."""
    width: float = 1.0
    """Factor on the hidden layers' sizes, for small machines."""
    data_path: str | None = None
    """TFD_48x48.mat, by default what KERAS_GAN_TFD says; or a folder of pictures, made grey and 48x48."""
    fold: int = 0
    """Whose validation images are looked at, 0 to 4; training images are the unlabeled ones, the same for all."""


def main(recipe: Tfd) -> None:
    import keras

    from keras_gan.runs import training

    recipe, folder = training.begin(recipe, "tfd")
    seed = training.prepare(recipe.device, recipe.precision, recipe.seed)
    data = load(recipe)
    training.record(data, recipe, folder, seed, "tfd")
    gan = training.load(folder)
    if gan is None:
        first = folder / "pretraining"
        pretraining = training.load(first) or build_pretraining(recipe, data, seed)
        stage = dataclasses.replace(recipe, epochs=recipe.pretraining_epochs)
        training.train(pretraining, data, stage, first, seed, "tfd", measure=True)
        keras.utils.set_random_seed(seed)  # the second game's weights are the same after a stop
        gan = build(recipe, data, seed, pretraining.generator)
    training.train(gan, data, recipe, folder, seed, "tfd", measure=True)


def load(recipe: Tfd) -> "Dataset":
    """The faces."""
    import keras_gan as kg

    if recipe.data_path is not None and Path(recipe.data_path).is_dir():
        return kg.datasets.load("images", path=recipe.data_path, size=48, grayscale=True)
    return kg.datasets.load("tfd", path=recipe.data_path, fold=recipe.fold)


def build_pretraining(recipe: Tfd, data: "Dataset", seed: int) -> "GAN":
    """The compiled GAN of the first game."""
    import keras_gan as kg

    return _compiled(
        kg.networks.build("tfd_pretraining", pixel_mean=data.pixel_mean(), width=recipe.width), recipe, data, seed
    )


def build(recipe: Tfd, data: "Dataset", seed: int, pretrained: "keras.Model") -> "GAN":
    """The compiled GAN of the second game."""
    import keras_gan as kg

    return _compiled(kg.networks.build("tfd", pretrained=pretrained, width=recipe.width), recipe, data, seed)


def _compiled(networks, recipe, data, seed):
    import keras_gan as kg

    gan = kg.GAN(*networks, prior=kg.priors.Normal(100), preprocessing=data.preprocessing, seed=seed)
    settings.compile_released(gan, recipe, len(data.train))
    return gan


if __name__ == "__main__":
    import tyro

    main(tyro.cli(Tfd))
