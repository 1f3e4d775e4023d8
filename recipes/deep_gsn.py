"""The deep generative stochastic network of the paper's Table 1.

`deep-gsn` has the settings of its authors' code, github.com/yaoli/GSN (run_gsn), which takes days on a CPU. It departs
in two points: 50,000 training images instead of 60,000, for the other 10,000 choose sigma and the epoch, and chains
start from training images instead of test images.

`deep-gsn-fast` is a network of a third of the width that learns by Adam: an hour of a core.
"""

import dataclasses
from typing import ClassVar, Literal

from keras_gan.recipes import settings
from keras_gan.recipes.chained import ChainedRecipe


@dataclasses.dataclass(frozen=True)
class DeepGsn(ChainedRecipe):
    """Train the deep generative stochastic network of Table 1 by its authors' settings."""

    name: settings.SaidByPreset[str] = "deep-gsn"
    epochs: int = 1000
    """Passes over the training images."""
    hidden: int = 1500
    """Units per hidden layer."""
    walkbacks: int = 4
    """Updates of all layers per training example; 1 for no walkback."""
    corruption: float = 0.4
    """Probability that a pixel becomes 0 or 1."""
    noise_deviation: float = 2.0
    """Standard deviation of the noise of deeper hidden layers."""
    optimizer: Literal["sgd", "adam"] = "sgd"
    """sgd has a momentum of 0.5."""
    learning_rate: float = 0.25
    """Of the first epoch."""
    decay: float = 0.995

    limits: ClassVar[dict[str, settings.Limit]] = {
        "walkbacks": settings.SIZE,
        "corruption": settings.reals("a number from 0 to 1", lambda value: 0 <= value <= 1),
        "noise_deviation": settings.NOT_NEGATIVE,
    }

    @classmethod
    def fast(cls) -> "DeepGsn":
        """What an hour of a core is enough for."""
        return cls(name="deep-gsn-fast", epochs=60, hidden=500, optimizer="adam", learning_rate=1e-3, decay=0.97)

    @property
    def summary(self):
        if self.name == "deep-gsn-fast":
            return "Train a smaller deep generative stochastic network by Adam, for an hour of a core."
        return super().summary

    def build(self, data, seed):
        import keras_gan as kg

        gsn = kg.baselines.DeepGSN(
            data.train.shape[1:],
            hidden=[self.hidden] * self.layers,
            walkbacks=self.walkbacks,
            corruption=self.corruption,
            noise_deviation=self.noise_deviation,
            burn_in=self.burn_in,
            preprocessing=data.preprocessing,
            seed=seed,
        )
        rate = self.rate(data)
        optimizer = kg.optimizers.Adam(rate) if self.optimizer == "adam" else kg.optimizers.SGD(rate, 0.5)
        gsn.compile(optimizer, steps_per_execution=self.updates_per_call)
        return gsn


if __name__ == "__main__":
    settings.main(DeepGsn())
