"""The paper's MNIST experiment, as its released code ran it.

Non-saturating loss, simultaneous updates, half weight on the discriminator's loss, a learning rate that falls a little
with every update, a momentum that rises over 250 epochs.

`--updates alternating` takes values of its own (`OWN_VALUES`): a slight gradient penalty in place of the
discriminator's dropout, for without it the alternating game may collapse in its first epochs (docs/alternating.md shows
how), a full weight on the discriminator's loss, and an averaged generator. Algorithm 1 as printed is
`--updates alternating --objective minimax --r1-penalty 0 --dropout True --ema 0`.
"""

import dataclasses
from typing import TYPE_CHECKING, Literal

from keras_gan.recipes import settings

if TYPE_CHECKING:
    from keras_gan import GAN
    from keras_gan.datasets import Dataset


OWN_VALUES = {
    "simultaneous": {"discriminator_weight": 0.5, "dropout": True, "r1_penalty": 0.0, "ema": 0.0},
    "alternating": {"discriminator_weight": 1.0, "dropout": False, "r1_penalty": 0.2, "ema": 0.9998},
}


@dataclasses.dataclass(frozen=True)
class Mnist(settings.Released):
    """Train the paper's MNIST networks (2,503,984 and 1,231,441 parameters)."""

    epochs: int = 250
    """Passes over the 50,000 training images; the released code had no end."""
    discriminator_weight: float | None = None
    """Factor on the discriminator's loss; by default 0.5, alternating 1."""
    r1_penalty: float | None = None
    """gamma of a penalty gamma/2 |gradient of the logit in the data|^2; by default none, alternating 0.2."""
    dropout: bool | None = None
    """Whether the discriminator drops inputs of its layers; by default as the paper's did, alternating not."""
    ema: float | None = None
    """Decay of an averaged generator, 0.999 for example, 0 for none; by default none, alternating 0.9998."""
    data_source: Literal["tfds", "keras"] | None = None
    """tensorflow-datasets (its own row order) or Keras's download (the paper's rows); by default whichever works."""
    data_path: str | None = None
    """An npz file in the format of Keras's mnist.npz, read instead of downloading."""


def main(recipe: Mnist) -> None:
    import keras_gan as kg
    from keras_gan.runs import training

    recipe, folder = training.begin(with_own_values(recipe), "mnist")
    seed = training.prepare(recipe.device, recipe.precision, recipe.seed)
    data = kg.datasets.load("mnist", source=recipe.data_source, path=recipe.data_path)
    gan = training.load(folder) or build(recipe, data, seed)
    training.train(gan, data, recipe, folder, seed, "mnist", measure=True)


def with_own_values(recipe: Mnist) -> Mnist:
    """The recipe with the values of its kind of updates where none were given."""
    return settings.with_own_values(recipe, OWN_VALUES[recipe.updates])


def build(recipe: Mnist, data: "Dataset", seed: int) -> "GAN":
    """The compiled GAN."""
    import keras_gan as kg

    recipe = with_own_values(recipe)
    generator, discriminator = kg.networks.build(
        "mnist", pixel_mean=data.pixel_mean(), dropout=recipe.dropout is not False
    )
    gan = kg.GAN(generator, discriminator, prior=kg.priors.Uniform(100), preprocessing=data.preprocessing, seed=seed)
    settings.compile_released(gan, recipe, len(data.train))
    return gan


if __name__ == "__main__":
    import tyro

    main(tyro.cli(Mnist))
