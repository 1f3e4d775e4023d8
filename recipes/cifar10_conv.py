"""The paper's convolutional CIFAR-10 experiment, as its released code ran it.

A generator that ends in a transposed convolution against a discriminator of convolutional maxout layers. Images, noise
and game are those of the fully connected recipe, at a rate of 0.004 and with 128 images in a minibatch.
"""

import dataclasses
from typing import Literal

from keras_gan.recipes import cifar10_dense, settings


@dataclasses.dataclass(frozen=True)
class Cifar10Conv(settings.Released):
    """Train the paper's convolutional CIFAR-10 networks (64,825,072 and 12,454,073 parameters)."""

    epochs: int = 250
    """Passes over the 40,000 training images; the released code had no end."""
    batch_size: int = 128
    """Images in a minibatch."""
    learning_rate: float = 0.004
    """Of both players, at the first update."""
    width: float = 1.0
    """Factor on the hidden layers' sizes and the channels, for small machines."""
    data_source: Literal["tfds", "keras"] | None = None
    """tensorflow-datasets (its own row order) or Keras's download (the paper's rows); by default whichever works."""


def main(recipe: Cifar10Conv) -> None:
    cifar10_dense.train(recipe, "cifar10_conv")


if __name__ == "__main__":
    import tyro

    main(tyro.cli(Cifar10Conv))
