"""Adversarial nets that are told the class, on the 8x8 digits bundled with scikit-learn: p(x | class).

The networks of the recipe `digits`, with the class beside the noise and beside the pixels. The game is that of
`mnist-r1` with pairs: the relativistic objective, a gradient penalty in place of dropout, Adam, an averaged generator.
"""

import dataclasses

from keras_gan.recipes import settings


@dataclasses.dataclass(frozen=True)
class DigitsConditional(settings.ToldClasses, settings.R1):
    """Train adversarial nets that are told the class on the bundled 8x8 digits (no download)."""

    name: settings.SaidByPreset[str] = "digits-conditional"
    epochs: int = 300
    """Passes over the 1,297 training images."""
    every: int = 50
    objective: settings.Objective = "relativistic"
    learning_rate: float = 1e-3
    ema: float = 0.999

    monitor = None
    quick = True
    outlook = "Digits begin to show after about 20 epochs; good ones come after 100."
    reported = ("d_on_data", "d_accuracy")

    def data(self):
        import keras_gan as kg

        return kg.datasets.load("digits")

    def build(self, data, seed):
        import keras_gan as kg

        networks = kg.networks.build(
            "digits",
            pixel_mean=data.pixel_mean(),
            dropout=self.dropout,
            discriminator_range=self.discriminator_range,
            num_classes=self.num_classes,
        )
        return self.compiled(networks, data, seed)

    def callbacks(self, data, folder):
        return settings.Game.callbacks(self, data, folder)  # so few held-out images that no Parzen value is measured


if __name__ == "__main__":
    settings.main(DigitsConditional())
