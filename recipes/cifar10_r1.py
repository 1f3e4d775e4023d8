"""The paper's CIFAR-10 networks, better coordinated, as `mnist_r1` does it for MNIST.

The same layers, noise, images, non-saturating loss and simultaneous updates as the CIFAR-10 recipes. What differs: a
gradient penalty (R1) in place of the discriminator's dropout, Adam at a small constant rate in place of momentum SGD,
full weight on the discriminator's loss, a wider range of its first weights, and an averaged generator. The fully
connected generator begins with samples that are nearly 0, not noise that it would have to unlearn, and with a hidden
layer that tells noise vectors apart.
"""

import dataclasses
from typing import TYPE_CHECKING, Literal

from keras_gan.recipes import settings

if TYPE_CHECKING:
    from keras_gan import GAN
    from keras_gan.datasets import Dataset


OWN_VALUES = {
    "cifar10_conv": {"learning_rate": 3e-4, "epsilon": 1e-5, "r1_penalty": 50.0, "discriminator_range": 0.05},
    "cifar10_dense": {"learning_rate": 5e-4, "epsilon": 1e-7, "r1_penalty": 70.0, "discriminator_range": 0.015},
}


@dataclasses.dataclass(frozen=True)
class Cifar10R1(settings.R1):
    """Train the paper's CIFAR-10 networks with a gradient penalty, Adam and an averaged generator."""

    networks: Literal["cifar10_conv", "cifar10_dense"] = "cifar10_conv"
    """Which of the paper's two models."""
    epochs: int = 100
    """Passes over the 40,000 training images."""
    learning_rate: float | None = None
    """Of both players; by default 3e-4, fully connected 5e-4."""
    epsilon: float | None = None
    """Adam's floor under the size of gradients; by default 1e-5, fully connected 1e-7."""
    r1_penalty: float | None = None
    """gamma of the penalty gamma/2 |gradient of the logit in the data|^2; by default 50, fully connected 70."""
    discriminator_range: float | None = None
    """r of the discriminator's first weights, drawn from U(-r, r); by default 0.05, fully connected 0.015."""
    width: float = 1.0
    """Factor on the hidden layers' sizes and the channels, for small machines."""
    data_source: Literal["tfds", "keras"] | None = None
    """tensorflow-datasets (its own row order) or Keras's download (the paper's rows); by default whichever works."""


def main(recipe: Cifar10R1) -> None:
    import keras_gan as kg
    from keras_gan.runs import training

    recipe, folder = training.begin(settings.with_own_values(recipe, OWN_VALUES[recipe.networks]), "cifar10-r1")
    seed = training.prepare(recipe.device, recipe.precision, recipe.seed)
    data = kg.datasets.load("cifar10", source=recipe.data_source)
    gan = training.load(folder) or build(recipe, data, seed)
    training.train(gan, data, recipe, folder, seed, "cifar10-r1", measure=True)


def build(recipe: Cifar10R1, data: "Dataset", seed: int) -> "GAN":
    """The compiled GAN."""
    import keras_gan as kg

    generator, discriminator = kg.networks.build(
        recipe.networks,
        width=recipe.width,
        dropout=recipe.dropout,
        discriminator_range=recipe.discriminator_range,
        **({"hidden_range": 0.2, "output_range": 0.001} if recipe.networks == "cifar10_dense" else {}),
    )
    gan = kg.GAN(generator, discriminator, prior=kg.priors.Normal(100), preprocessing=data.preprocessing, seed=seed)
    settings.compile_r1(gan, recipe)
    return gan


if __name__ == "__main__":
    import tyro

    main(tyro.cli(Cifar10R1))
