"""The paper's fully connected CIFAR-10 experiment, as its released code ran it.

Images of zero mean and norm 55, a linear output, Gaussian noise; the game is the MNIST recipe's at a rate of 0.025.
"""

import dataclasses
from typing import ClassVar, Literal

from keras_gan.recipes import settings


@dataclasses.dataclass(frozen=True)
class Cifar10Data(settings.Recipe):
    """Which copy of CIFAR-10 is read, and how large its networks are."""

    width: float = 1.0
    """Factor on the hidden layers' sizes and the channels, for small machines."""
    data_source: Literal["tfds", "keras"] | None = None
    """tensorflow-datasets (its own row order) or Keras's download (the paper's rows); by default whichever works."""

    limits: ClassVar[dict[str, settings.Limit]] = {"width": settings.WIDTH}

    def data(self):
        import keras_gan as kg

        return kg.datasets.load("cifar10", source=self.data_source)


@dataclasses.dataclass(frozen=True)
class Cifar10Dense(settings.Released, Cifar10Data):
    """Train the paper's fully connected CIFAR-10 networks (89,395,072 and 37,393,601 parameters)."""

    name: settings.SaidByPreset[str] = "cifar10-dense"
    epochs: int = 250
    """Passes over the 40,000 training images; the released code had no end."""
    learning_rate: float = 0.025

    def build(self, data, seed):
        import keras_gan as kg

        networks = kg.networks.build("cifar10_dense", width=self.width)
        return self.compiled(networks, data, seed, kg.priors.Normal(100))


if __name__ == "__main__":
    settings.main(Cifar10Dense())
