"""Low-dimensional data whose density is known: where the paper's theory can be watched and measured.

Two settings of the game. `gaussians-normal`, `-mixture`, `-ring` and `-grid` play Algorithm 1 with the non-saturating
loss, Adam at a rate that falls to 0 along a cosine, and a gradient penalty (R1): each data set has values of its own,
chosen once and not by seed. `gaussians-plain-normal` and so on play Algorithm 1 as the paper prints it, with the
minimax loss and momentum SGD, and nothing added.
"""

import dataclasses
from typing import Any, ClassVar, Literal

from keras_gan.recipes import settings

POINTS = {
    "normal": "N(0, 1)",
    "mixture": "three Gaussians on a line",
    "ring": "8 Gaussians on a ring",
    "grid": "25 Gaussians on a grid",
}
# What differs from a recipe's own defaults, which are those of the points on a line.
IN_THE_PLANE: dict[str, Any] = {
    "noise_dim": 2,
    "units": 128,
    "activation": "relu",
    "bias_spread": 0.0,
    "start": "random",
    "batch_size": 500,
    "discriminator_steps": 1,
    "discriminator_rate": 2e-3,
    "r1_penalty": 0.8,
    "ema": 0.0,
    "epochs": 60,
}
STEADY: dict[str, dict[str, Any]] = {
    "normal": {},
    "mixture": {},
    "ring": IN_THE_PLANE | {"r1_penalty": 0.2},
    "grid": IN_THE_PLANE,
}
PLAIN: dict[str, Any] = {
    "optimizer": "sgd",
    "objective": "minimax",
    "discriminator_steps": 1,
    "discriminator_rate": 0.01,  # at 0.1, the library's own, the grid ends in NaN within an epoch
    "generator_rate": 0.01,
    "r1_penalty": 0.0,
    "ema": 0.0,
}


@dataclasses.dataclass(frozen=True)
class Gaussians(settings.Game):
    """Train adversarial nets on points of a known density."""

    name: settings.SaidByPreset[str] = "gaussians-normal"
    points: settings.SaidByPreset[Literal["normal", "mixture", "ring", "grid"]] = "normal"
    """What the points are drawn from."""
    epochs: int = 80
    """Passes over the 100,000 points."""
    batch_size: int = 250
    """Points per minibatch."""
    updates: Literal["alternating", "simultaneous"] = "alternating"
    discriminator_steps: int = 5
    optimizer: Literal["adam", "sgd"] = "adam"
    """Adam at a rate that falls to 0 along a cosine, or momentum SGD at a constant rate."""
    generator_rate: float = 2e-3
    """The generator's learning rate, at the first update."""
    discriminator_rate: float = 4e-3
    """The discriminator's learning rate, at the first update."""
    beta_1: float = 0.0
    """Adam's decay of the gradient's average."""
    beta_2: float = 0.99
    """Adam's decay of the squared gradient's average."""
    momentum: float = 0.5
    """SGD's momentum."""
    r1_penalty: float = 0.01
    ema: float = 0.998
    prior: Literal["uniform", "normal", "spherical"] = "uniform"
    """Distribution of the noise; Figure 1 needs the uniform one."""
    noise_dim: int = 1
    """Size of the noise."""
    units: int = 64
    """Units per hidden layer of both networks."""
    hidden_layers: int = 3
    """Hidden layers of either network."""
    activation: Literal["relu", "tanh", "silu", "softplus"] = "silu"
    """Activation of the hidden layers."""
    bias_spread: float = 1.0
    """Standard deviation of the hidden layers' initial biases."""
    start: Literal["random", "linear"] = "linear"
    """What the generator is like before training."""
    every: int = 1
    """Epochs between snapshots of the game and looks at the validation points; the model is saved every epoch."""

    limits: ClassVar[dict[str, settings.Limit]] = {
        **dict.fromkeys(("generator_rate", "discriminator_rate", "bias_spread"), settings.NOT_NEGATIVE),
        **dict.fromkeys(("beta_1", "beta_2", "momentum"), settings.BELOW_ONE),
        **dict.fromkeys(("noise_dim", "units"), settings.SIZE),
        "hidden_layers": settings.integers(0, 1000),
    }
    following = ("theory {model}", "figures {model}")
    quick: ClassVar[bool] = True

    @classmethod
    def steady(cls, points: str) -> "Gaussians":
        """Adam at a falling rate, with a gradient penalty, on `"normal"`, `"mixture"`, `"ring"` or `"grid"`."""
        if points not in STEADY:
            raise ValueError(f"There are no such points. Received: points={points!r}. Expected one of {list(STEADY)}.")
        return cls(name=f"gaussians-{points}", points=points, **STEADY[points])  # type: ignore[arg-type]

    @classmethod
    def plain(cls, points: str) -> "Gaussians":
        """Algorithm 1 as the paper prints it, on `"normal"`, `"mixture"`, `"ring"` or `"grid"`."""
        return dataclasses.replace(cls.steady(points), name=f"gaussians-plain-{points}", **PLAIN)

    @property
    def summary(self):
        game = ", by Algorithm 1 as printed" if "plain" in self.name else ""
        return f"Train adversarial nets on points of a known density, {POINTS[self.points]}{game}."

    @property
    def extendable(self):
        return self.optimizer != "adam"  # whose rate is 0 at the end

    def data(self):
        import keras_gan as kg

        return kg.datasets.load(self.points)

    def networks(self, data: Any) -> Any:
        """`(generator, discriminator)`, new."""
        import keras_gan as kg

        return kg.networks.build(
            "points",
            size=data.train.shape[1],
            noise_dim=self.noise_dim,
            scale=float(data.train.std()),
            units=self.units,
            hidden_layers=self.hidden_layers,
            activation=self.activation,
            bias_spread=self.bias_spread,
            start=self.start,
        )

    def build(self, data, seed):
        import keras_gan as kg

        return self.compiled(self.networks(data), data, seed, kg.priors.get(self.prior, self.noise_dim))

    def optimizers(self, data):
        import keras

        import keras_gan as kg

        updates = self.epochs * self.updates_per_epoch(data)

        def optimizer(rate, steps):  # a player makes `steps` updates per iteration
            if self.optimizer == "sgd":
                return kg.optimizers.SGD(rate, self.momentum)
            falling = keras.optimizers.schedules.CosineDecay(rate, steps * updates)
            return kg.optimizers.Adam(falling, beta_1=self.beta_1, beta_2=self.beta_2)

        return optimizer(self.generator_rate, 1), optimizer(self.discriminator_rate, self.discriminator_steps)

    def callbacks(self, data, folder):
        import keras_gan as kg

        low, high = kg.mixtures.data.MIXTURES[self.points][0].bounds()
        return [kg.callbacks.Snapshots(folder, low, high, self.every)]


if __name__ == "__main__":
    settings.main(Gaussians())
