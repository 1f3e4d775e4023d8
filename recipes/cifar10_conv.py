"""The paper's convolutional CIFAR-10 experiment, as its released code ran it.

A generator that ends in a transposed convolution against a discriminator of convolutional maxout layers. Images, noise
and game are those of the fully connected recipe, at a rate of 0.004 and with 128 images per minibatch.
"""

import dataclasses

from keras_gan.recipes import settings
from keras_gan.recipes.cifar10_dense import Cifar10Data


@dataclasses.dataclass(frozen=True)
class Cifar10Conv(settings.Released, Cifar10Data):
    """Train the paper's convolutional CIFAR-10 networks (64,825,072 and 12,454,073 parameters)."""

    name: settings.SaidByPreset[str] = "cifar10-conv"
    epochs: int = 250
    """Passes over the 40,000 training images; the released code had no end."""
    batch_size: int = 128
    learning_rate: float = 0.004

    def build(self, data, seed):
        import keras_gan as kg

        networks = kg.networks.build("cifar10_conv", width=self.width)
        return self.compiled(networks, data, seed, kg.priors.Normal(100))


if __name__ == "__main__":
    settings.main(Cifar10Conv())
