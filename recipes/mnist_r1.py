"""The paper's two MNIST networks, better coordinated (the paper's section 7, extension 5).

The same layers, prior, non-saturating loss and simultaneous updates as the MNIST recipe. What differs: a gradient
penalty (R1) in place of the discriminator's dropout, Adam at a small constant rate in place of momentum SGD at a large
one, full weight on the discriminator's loss, ten times as wide a range of its initial weights, and a generator averaged
over the last third of its updates, at most some twenty epochs.
"""

import dataclasses

from keras_gan.recipes import settings
from keras_gan.recipes.mnist import MnistData


@dataclasses.dataclass(frozen=True)
class MnistR1(settings.R1, MnistData):
    """Train the paper's MNIST networks with a gradient penalty, Adam and an averaged generator."""

    name: settings.SaidByPreset[str] = "mnist-r1"
    epochs: int = 30
    """Passes over the 50,000 training images."""

    def build(self, data, seed):
        import keras_gan as kg

        networks = kg.networks.build(
            "mnist",
            pixel_mean=data.pixel_mean(),
            dropout=self.dropout,
            discriminator_range=self.discriminator_range,
        )
        return self.compiled(networks, data, seed, kg.priors.Uniform(100))


if __name__ == "__main__":
    settings.main(MnistR1())
