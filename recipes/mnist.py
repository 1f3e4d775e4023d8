"""The paper's MNIST experiment, as its released code ran it, and with the players' steps in alternation.

`mnist`: non-saturating loss, simultaneous updates, half weight on the discriminator's loss, a learning rate that falls
a little with every update, a momentum that rises over 250 epochs.

`mnist-alternating`: the updates of Algorithm 1, with a slight gradient penalty in place of the discriminator's dropout
(without it the alternating game may collapse in its first epochs: docs/alternating.md shows how), full weight on the
discriminator's loss, and an averaged generator. Algorithm 1 as printed is
`keras-gan train mnist --updates alternating --discriminator-weight 1 --objective minimax`.
"""

import dataclasses
from typing import ClassVar, Literal

from keras_gan.recipes import settings


@dataclasses.dataclass(frozen=True)
class MnistData(settings.Recipe):
    """Which copy of MNIST is read."""

    data_source: Literal["tfds", "keras"] | None = None
    """tensorflow-datasets (its own row order) or Keras's download (the paper's rows); by default whichever works."""
    data_path: str | None = None
    """An npz file in the format of Keras's mnist.npz, read instead of downloading."""

    quick: ClassVar[bool] = True

    def data(self):
        import keras_gan as kg

        return kg.datasets.load("mnist", source=self.data_source, path=self.data_path)


@dataclasses.dataclass(frozen=True)
class Mnist(settings.Released, MnistData):
    """Train the paper's MNIST networks (2,503,984 and 1,231,441 parameters)."""

    name: settings.SaidByPreset[str] = "mnist"
    epochs: int = 250
    """Passes over the 50,000 training images; the released code had no end."""
    dropout: bool = True
    """Whether the discriminator drops inputs of its layers, as the paper's did."""

    @classmethod
    def alternating(cls) -> "Mnist":
        """The order of Algorithm 1, and what keeps it from collapsing."""
        return cls(
            name="mnist-alternating",
            updates="alternating",
            discriminator_weight=1.0,
            dropout=False,
            r1_penalty=0.2,
            ema=0.9998,
        )

    @property
    def summary(self):
        added = ", alternating, with a slight gradient penalty" if self.name == "mnist-alternating" else ""
        return super().summary.removesuffix(".") + f"{added}."

    def build(self, data, seed):
        import keras_gan as kg

        networks = kg.networks.build("mnist", pixel_mean=data.pixel_mean(), dropout=self.dropout)
        return self.compiled(networks, data, seed, kg.priors.Uniform(100))


if __name__ == "__main__":
    settings.main(Mnist())
