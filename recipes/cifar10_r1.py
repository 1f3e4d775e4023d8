"""The paper's CIFAR-10 networks, better coordinated, as `mnist_r1` does it for MNIST.

The same layers, noise, images, non-saturating loss and simultaneous updates as the CIFAR-10 recipes. What differs: a
gradient penalty (R1) in place of the discriminator's dropout, Adam at a small constant rate in place of momentum SGD,
full weight on the discriminator's loss, a wider range of its initial weights, and an averaged generator. The fully
connected generator begins with samples that are nearly 0, not noise that it would have to unlearn, and with a hidden
layer that tells noise vectors apart.
"""

import dataclasses
from typing import Literal

from keras_gan.recipes import settings
from keras_gan.recipes.cifar10_dense import Cifar10Data


@dataclasses.dataclass(frozen=True)
class Cifar10R1(settings.R1, Cifar10Data):
    """Train the paper's CIFAR-10 networks with a gradient penalty, Adam and an averaged generator."""

    name: settings.SaidByPreset[str] = "cifar10-r1-conv"
    networks: settings.SaidByPreset[Literal["cifar10_conv", "cifar10_dense"]] = "cifar10_conv"
    """Which of the paper's two models."""
    epochs: int = 100
    """Passes over the 40,000 training images."""
    r1_penalty: float = 50.0

    @classmethod
    def conv(cls) -> "Cifar10R1":
        """The convolutional networks."""
        return cls()

    @classmethod
    def dense(cls) -> "Cifar10R1":
        """The fully connected networks."""
        return cls(
            name="cifar10-r1-dense",
            networks="cifar10_dense",
            learning_rate=5e-4,
            epsilon=1e-7,
            r1_penalty=70.0,
            discriminator_range=0.015,
        )

    @property
    def summary(self):
        kind = {"cifar10_conv": "convolutional", "cifar10_dense": "fully connected"}[self.networks]
        return f"Train the paper's {kind} CIFAR-10 networks with a gradient penalty, Adam and an averaged generator."

    def build(self, data, seed):
        import keras_gan as kg

        networks = kg.networks.build(
            self.networks,
            width=self.width,
            dropout=self.dropout,
            discriminator_range=self.discriminator_range,
            **({"hidden_range": 0.2, "output_range": 0.001} if self.networks == "cifar10_dense" else {}),
        )
        return self.compiled(networks, data, seed, kg.priors.Normal(100))


if __name__ == "__main__":
    settings.main(Cifar10R1())
