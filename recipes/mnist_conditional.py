"""The paper's two MNIST networks, told the class: p(x | class) (the paper's section 7, extension 1).

The hidden layers, the prior and the game are those of the recipe `mnist-r1`. What is added for the condition: a one-hot
class beside the noise and beside the pixels, so 10 more inputs of each network's first layer (and of no other). The
objective compares pairs: each sample is judged against real data of its own class.
"""

import dataclasses
from typing import ClassVar

from keras_gan.recipes import settings
from keras_gan.recipes.mnist import MnistData


@dataclasses.dataclass(frozen=True)
class MnistConditional(settings.ToldClasses, settings.R1, MnistData):
    """Train the paper's MNIST networks told the class, with a gradient penalty and an averaged generator."""

    name: settings.SaidByPreset[str] = "mnist-conditional"
    epochs: int = 40
    """Passes over the 50,000 training images."""
    objective: settings.Objective = "relativistic"
    label_scale: float = 1.0
    """What the one-hot label is multiplied by, in both networks: with 5 they learn sooner, and are overtaken later."""

    limits: ClassVar[dict[str, settings.Limit]] = {"label_scale": settings.POSITIVE}

    def build(self, data, seed):
        import keras_gan as kg

        networks = kg.networks.build(
            "mnist",
            pixel_mean=data.pixel_mean(),
            dropout=self.dropout,
            discriminator_range=self.discriminator_range,
            num_classes=self.num_classes,
            label_scale=self.label_scale,
        )
        return self.compiled(networks, data, seed, kg.priors.Uniform(100))


if __name__ == "__main__":
    settings.main(MnistConditional())
