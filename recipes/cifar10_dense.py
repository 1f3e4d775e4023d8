"""The paper's fully connected CIFAR-10 experiment, as its released code ran it.

Images of zero mean and norm 55, a linear output, Gaussian noise; the game is the MNIST recipe's at a rate of 0.025.
"""

import dataclasses
from typing import TYPE_CHECKING, Any, Literal

from keras_gan.recipes import settings

if TYPE_CHECKING:
    from keras_gan import GAN
    from keras_gan.datasets import Dataset


@dataclasses.dataclass(frozen=True)
class Cifar10Dense(settings.Released):
    """Train the paper's fully connected CIFAR-10 networks (89,395,072 and 37,393,601 parameters)."""

    epochs: int = 250
    """Passes over the 40,000 training images; the released code had no end."""
    learning_rate: float = 0.025
    """Of both players, at the first update."""
    width: float = 1.0
    """Factor on the hidden layers' sizes, for small machines."""
    data_source: Literal["tfds", "keras"] | None = None
    """tensorflow-datasets (its own row order) or Keras's download (the paper's rows); by default whichever works."""


def main(recipe: Cifar10Dense) -> None:
    train(recipe, "cifar10_dense")


def train(recipe: Any, networks: str) -> None:
    """A run of either of the paper's CIFAR-10 models."""
    import keras_gan as kg
    from keras_gan.runs import training

    name = networks.replace("_", "-")
    recipe, folder = training.begin(recipe, name)
    seed = training.prepare(recipe.device, recipe.precision, recipe.seed)
    data = kg.datasets.load("cifar10", source=recipe.data_source)
    gan = training.load(folder) or build(recipe, networks, data, seed)
    training.train(gan, data, recipe, folder, seed, name, measure=True)


def build(recipe: Any, networks: str, data: "Dataset", seed: int) -> "GAN":
    """The compiled GAN."""
    import keras_gan as kg

    generator, discriminator = kg.networks.build(networks, width=recipe.width)
    gan = kg.GAN(generator, discriminator, prior=kg.priors.Normal(100), preprocessing=data.preprocessing, seed=seed)
    settings.compile_released(gan, recipe, len(data.train))
    return gan


if __name__ == "__main__":
    import tyro

    main(tyro.cli(Cifar10Dense))
