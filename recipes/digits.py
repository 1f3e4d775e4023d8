"""Adversarial nets on the 8x8 digits bundled with scikit-learn: no download, pictures within a minute.

The released MNIST recipe, scaled down: non-saturating loss, simultaneous updates, half weight on the discriminator's
loss, dropout in the discriminator, momentum SGD. An averaged generator is added.
"""

import dataclasses
from typing import ClassVar

from keras_gan.recipes import settings


@dataclasses.dataclass(frozen=True)
class Digits(settings.Game):
    """Train adversarial nets on the bundled 8x8 digits (no download)."""

    name: settings.SaidByPreset[str] = "digits"
    epochs: int = 700
    """Passes over the 1,297 training images."""
    every: int = 100
    learning_rate: float = 0.1
    """Learning rate of both players, constant."""
    momentum: float = 0.5
    """Momentum of both players, constant."""
    discriminator_weight: float = 0.5
    ema: float = 0.999

    quick: ClassVar[bool] = True
    limits: ClassVar[dict[str, settings.Limit]] = {
        "learning_rate": settings.NOT_NEGATIVE,
        "momentum": settings.BELOW_ONE,
    }
    outlook = "The first digits show after about 200 epochs, good ones after 500."

    def data(self):
        import keras_gan as kg

        return kg.datasets.load("digits")

    def build(self, data, seed):
        import keras_gan as kg

        return self.compiled(kg.networks.build("digits", pixel_mean=data.pixel_mean()), data, seed)

    def optimizers(self, data):
        import keras_gan as kg

        return tuple(kg.optimizers.SGD(self.learning_rate, self.momentum) for _ in range(2))


if __name__ == "__main__":
    settings.main(Digits())
