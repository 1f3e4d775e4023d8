"""The paper's two MNIST networks, as fast as we know how (the paper's section 7, extension 5).

The same layers and prior as the MNIST recipe, and simultaneous updates. What differs from `mnist-r1`: the objective
compares each sample with a training image; the discriminator's slope is held down at samples, too (both after Huang
et al. 2024, "R3GAN"), at first many times as strongly as later; without momentum Adam can take larger steps, which
become smaller; the discriminator sees the images' principal components weighed by how much images differ in them
(`layers.Coloring`, a fixed linear map in front of its first layer, which could learn it as well); and the average of
the generator covers more of its updates.
"""

import dataclasses
from typing import ClassVar, Literal

from keras_gan.recipes import settings
from keras_gan.recipes.mnist import MnistData


@dataclasses.dataclass(frozen=True)
class MnistFast(settings.R1, MnistData):
    """Train the paper's MNIST networks in minutes: a relativistic game, two falling penalties, coloring."""

    name: settings.SaidByPreset[str] = "mnist-fast"
    epochs: int = 30
    """Passes over the 50,000 training images; the fifth is done after two minutes."""
    learning_rate: float = 1e-3
    """Learning rate of both players, at the first update."""
    decay_factor: float = 1.00012
    """What every update divides the learning rate by."""
    minimum_learning_rate: float = 3e-4
    """Where the learning rate stops falling."""
    beta_1: float = 0.0
    beta_2: float = 0.99
    """Adam's decay of the average of the gradient's square."""
    objective: settings.Objective = "relativistic"
    r1_penalty: float = 20.0
    """gamma of R1 and R2, penalties gamma/2 |gradient of the logit in data or samples|^2, at the first update."""
    penalty_factor: float = 1.00115
    """What every update divides gamma by: a tenth is left after 2,000."""
    minimum_penalty: float = 0.3
    """Where gamma stops falling."""
    coloring: float = 0.25
    """Power of the covariance in a fixed linear layer in front of the discriminator; 0 for no such layer."""
    ema: float = 0.9998
    ema_share: float = 0.8
    """Of the updates so far that the averaged generator covers, while that is a shorter time than the decay's."""

    limits: ClassVar[dict[str, settings.Limit]] = {
        "learning_rate": settings.POSITIVE,
        "beta_2": settings.BELOW_ONE,
        **dict.fromkeys(("minimum_learning_rate", "minimum_penalty", "coloring"), settings.NOT_NEGATIVE),
        **dict.fromkeys(("decay_factor", "penalty_factor"), settings.AT_LEAST_ONE),
        "ema_share": settings.reals("a number above 0 and at most 1", lambda value: 0 < value <= 1),
    }

    monitor: ClassVar[str | None] = "val_fid"  # nats fall from the tenth epoch on, while FID and recall go on improving
    monitor_mode: ClassVar[Literal["max", "min"]] = "min"

    def check(self) -> None:
        super().check()
        self.check_floor("minimum_learning_rate", "learning_rate")
        if self.r1_penalty:
            self.check_floor("minimum_penalty", "r1_penalty")

    def build(self, data, seed):
        import keras_gan as kg

        front = []
        if self.coloring:
            front = [kg.layers.Coloring(self.coloring)]
            front[0].adapt(data.preprocess(data.train))
        networks = kg.networks.build(
            "mnist",
            pixel_mean=data.pixel_mean(),
            dropout=self.dropout,
            discriminator_range=self.discriminator_range,
            front=front,
        )
        return self.compiled(networks, data, seed, kg.priors.Uniform(100))

    def penalties(self):
        import keras_gan as kg

        if not self.r1_penalty:
            return []
        gamma = kg.schedules.ExponentialDecay(self.r1_penalty, self.penalty_factor, self.minimum_penalty)
        return [kg.penalties.R1(gamma), kg.penalties.R2(gamma)]

    def callbacks(self, data, folder):
        import keras_gan as kg

        return [kg.callbacks.FID(data.validation, "mnist", self.every), *super().callbacks(data, folder)]

    def averaging(self):
        return {**super().averaging(), "ema_share": self.ema_share}

    def optimizers(self, data):
        import keras_gan as kg

        def optimizer():
            rate = kg.schedules.ExponentialDecay(self.learning_rate, self.decay_factor, self.minimum_learning_rate)
            return kg.optimizers.Adam(rate, self.beta_1, self.beta_2, self.epsilon)

        return optimizer(), optimizer()


if __name__ == "__main__":
    settings.main(MnistFast())
