"""The paper's two MNIST networks, told a part of the image: p(x_S | x_rest) for every set S of pixels.

One pair of networks serves every S (the paper's section 7, extension 3). The hidden layers and the prior are the
paper's, the game that of `mnist-conditional`. What is added for the condition: the observed pixels as
numbers from -1 (black) to 1 (white), and 0 where a pixel is hidden, beside the noise and beside the pixels: 784 more
inputs of each network's first layer, and of no other.
"""

import dataclasses
from typing import ClassVar

from keras_gan.recipes import settings
from keras_gan.recipes.mnist import MnistData


@dataclasses.dataclass(frozen=True)
class MnistCompletion(settings.R1, MnistData):
    """Train the paper's MNIST networks to complete images, whatever is hidden of them."""

    name: settings.SaidByPreset[str] = "mnist-completion"
    epochs: int = 20
    """Passes over the 50,000 training images."""
    objective: settings.Objective = "relativistic"
    energy: float = 0.3
    """Weight of the completions' energy score in the generator's loss; 0 for none."""

    limits: ClassVar[dict[str, settings.Limit]] = {"energy": settings.NOT_NEGATIVE}
    monitor: ClassVar[str | None] = "val_energy"
    following: ClassVar[tuple[str, ...]] = ("complete {model} --hide right", *settings.Game.following)

    def build(self, data, seed):
        import keras_gan as kg

        networks = kg.networks.build(
            "mnist",
            pixel_mean=data.pixel_mean(),
            dropout=self.dropout,
            discriminator_range=self.discriminator_range,
            observed=True,
        )
        return self.compiled(networks, data, seed, kg.priors.Uniform(100), kg.conditions.Observed())

    def gan(self, *networks, **arguments):
        import keras_gan as kg

        return kg.EnergyGAN(*networks, energy=self.energy, **arguments)

    def callbacks(self, data, folder):
        import keras_gan as kg

        classifier = kg.evaluation.features.load_classifier("mnist")
        return [
            kg.callbacks.CompletionScores(data.validation, self.every, data.labels.validation, classifier),
            kg.callbacks.Completions(folder, data.validation, self.every),
        ]


if __name__ == "__main__":
    settings.main(MnistCompletion())
