"""The paper's two MNIST networks, better coordinated (the paper's section 7, extension 5).

The same layers, prior, non-saturating loss and simultaneous updates as the MNIST recipe. What differs: a gradient
penalty (R1) in place of the discriminator's dropout, Adam at a small constant rate in place of momentum SGD at a large
one, full weight on the discriminator's loss, ten times as wide a range of its first weights, and a generator averaged
over the last third of its updates, at most some twenty epochs.
"""

import dataclasses
from typing import TYPE_CHECKING, Literal

from keras_gan.recipes import settings

if TYPE_CHECKING:
    from keras_gan import GAN
    from keras_gan.datasets import Dataset


@dataclasses.dataclass(frozen=True)
class MnistR1(settings.R1):
    """Train the paper's MNIST networks with a gradient penalty, Adam and an averaged generator."""

    epochs: int = 30
    """Passes over the 50,000 training images."""
    data_source: Literal["tfds", "keras"] | None = None
    """tensorflow-datasets (its own row order) or Keras's download (the paper's rows); by default whichever works."""
    data_path: str | None = None
    """An npz file in the format of Keras's mnist.npz, read instead of downloading."""


def main(recipe: MnistR1) -> None:
    import keras_gan as kg
    from keras_gan.runs import training

    recipe, folder = training.begin(recipe, "mnist-r1")
    seed = training.prepare(recipe.device, recipe.precision, recipe.seed)
    data = kg.datasets.load("mnist", source=recipe.data_source, path=recipe.data_path)
    gan = training.load(folder) or build(recipe, data, seed)
    training.train(gan, data, recipe, folder, seed, "mnist-r1", measure=True)


def build(recipe: MnistR1, data: "Dataset", seed: int) -> "GAN":
    """The compiled GAN."""
    import keras_gan as kg

    generator, discriminator = kg.networks.build(
        "mnist",
        pixel_mean=data.pixel_mean(),
        dropout=recipe.dropout,
        discriminator_range=recipe.discriminator_range,
    )
    gan = kg.GAN(generator, discriminator, prior=kg.priors.Uniform(100), preprocessing=data.preprocessing, seed=seed)
    settings.compile_r1(gan, recipe)
    return gan


if __name__ == "__main__":
    import tyro

    main(tyro.cli(MnistR1))
