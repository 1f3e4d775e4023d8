"""Adversarial nets on the 8x8 digits bundled with scikit-learn: no download, pictures within a minute.

The released MNIST recipe, scaled down: non-saturating loss, simultaneous updates, half weight on the discriminator's
loss, dropout in the discriminator, momentum SGD. An averaged generator is added.
"""

import dataclasses
from typing import TYPE_CHECKING

from keras_gan.recipes import settings

if TYPE_CHECKING:
    from keras_gan import GAN
    from keras_gan.datasets import Dataset


@dataclasses.dataclass(frozen=True)
class Digits(settings.Run):
    """Train adversarial nets on the bundled 8x8 digits (no download)."""

    epochs: int = 700
    """Passes over the 1,297 training images."""
    learning_rate: float = 0.1
    """Of both players, constant."""
    momentum: float = 0.5
    """Of both players, constant."""
    discriminator_weight: float = 0.5
    """Factor on the discriminator's loss."""
    ema: float | None = 0.999
    """Decay of the averaged generator that draws the samples; none for the trained one."""
    every: int = 100
    """Epochs between sample grids, saved models and looks at the validation images."""


def main(recipe: Digits) -> None:
    import keras_gan as kg
    from keras_gan.runs import training

    recipe, folder = training.begin(recipe, "digits")
    seed = training.prepare(recipe.device, recipe.precision, recipe.seed)
    data = kg.datasets.load("digits")
    gan = training.load(folder) or build(recipe, data, seed)
    training.train(gan, data, recipe, folder, seed, "digits")


def build(recipe: Digits, data: "Dataset", seed: int) -> "GAN":
    """The compiled GAN."""
    import keras_gan as kg

    generator, discriminator = kg.networks.build("digits", pixel_mean=data.pixel_mean())
    gan = kg.GAN(generator, discriminator, preprocessing=data.preprocessing, seed=seed)
    gan.compile(
        generator_optimizer=kg.optimizers.SGD(recipe.learning_rate, recipe.momentum),
        discriminator_optimizer=kg.optimizers.SGD(recipe.learning_rate, recipe.momentum),
        objective=recipe.objective,
        updates=recipe.updates,
        discriminator_steps=recipe.discriminator_steps,
        discriminator_weight=recipe.discriminator_weight,
        ema=recipe.ema,
    )
    return gan


if __name__ == "__main__":
    import tyro

    main(tyro.cli(Digits))
