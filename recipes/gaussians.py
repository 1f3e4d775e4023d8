"""Low-dimensional data whose density is known: where the paper's theory can be watched and measured.

Two settings of the game. `--game steady` (the default) is Algorithm 1 with the non-saturating loss, Adam at a rate that
falls to 0 along a cosine, and a gradient penalty (R1): each data set has values of its own (`OWN_VALUES`), chosen once
and not by seed. `--game plain` is Algorithm 1 as the paper prints it, the minimax loss and momentum SGD, nothing added.
"""

import dataclasses
from typing import TYPE_CHECKING, Any, Literal

from keras_gan.recipes import settings

if TYPE_CHECKING:
    from keras_gan import GAN
    from keras_gan.datasets import Dataset


ON_A_LINE: dict[str, Any] = {
    "noise_dim": 1,
    "units": 64,
    "activation": "silu",
    "bias_spread": 1.0,
    "start": "linear",
    "batch_size": 250,
    "discriminator_steps": 5,
    "discriminator_rate": 4e-3,
    "generator_rate": 2e-3,
    "r1_penalty": 0.01,
    "ema": 0.998,
    "epochs": 80,
}
IN_THE_PLANE: dict[str, Any] = {
    "noise_dim": 2,
    "units": 128,
    "activation": "relu",
    "bias_spread": 0.0,
    "start": "random",
    "batch_size": 500,
    "discriminator_steps": 1,
    "discriminator_rate": 2e-3,
    "generator_rate": 2e-3,
    "r1_penalty": 0.8,
    "ema": 0.0,
    "epochs": 60,
}
OWN_VALUES: dict[str, dict[str, Any]] = {
    "normal": ON_A_LINE,
    "mixture": ON_A_LINE,
    "ring": IN_THE_PLANE | {"r1_penalty": 0.2},
    "grid": IN_THE_PLANE,
}
GAMES: dict[str, dict[str, Any]] = {
    "steady": {"objective": "non_saturating"},
    "plain": {
        "objective": "minimax",
        "discriminator_steps": 1,
        "discriminator_rate": 0.01,  # at 0.1, the library's own, the grid ends in NaN within an epoch
        "generator_rate": 0.01,
        "r1_penalty": 0.0,
        "ema": 0.0,
    },
}


@dataclasses.dataclass(frozen=True)
class Gaussians(settings.Run):
    """Train adversarial nets on points of a known density: a Gaussian, a mixture, a ring of 8, a grid of 25."""

    data: Literal["normal", "mixture", "ring", "grid"] = "normal"
    """N(0, 1); three Gaussians on a line; 8 on a ring; 25 on a grid."""
    game: Literal["steady", "plain"] = "steady"
    """Adam, a falling rate and a gradient penalty; or Algorithm 1 as printed, by momentum SGD at a constant rate."""
    epochs: int | None = None
    """Passes over the 100,000 points; by default as many as the data set needs."""
    batch_size: int | None = None
    """Points in a minibatch; by default 250 on a line, 500 in the plane."""
    objective: Literal["minimax", "non_saturating", "least_squares", "hinge"] | None = None
    """What the players minimise; by default non_saturating, in the plain game minimax."""
    updates: Literal["alternating", "simultaneous"] = "alternating"
    """Order of the players' steps; alternating is Algorithm 1 as printed."""
    discriminator_steps: int | None = None
    """k: steps of the discriminator for one of the generator; by default 5 on a line, else 1, in the plain game 1."""
    generator_rate: float | None = None
    """The generator's learning rate, at first; by default 0.002, in the plain game 0.01."""
    discriminator_rate: float | None = None
    """The discriminator's, at first; by default 0.004 on a line, 0.002 in the plane, in the plain game 0.01."""
    beta_1: float = 0.0
    """Adam's decay of the gradient's average."""
    beta_2: float = 0.99
    """Adam's decay of the squared gradient's average."""
    momentum: float = 0.5
    """Of both players, in the plain game."""
    r1_penalty: float | None = None
    """gamma of a penalty gamma/2 |gradient of the logit in the data|^2; by default the data set's, plain 0."""
    ema: float | None = None
    """Decay of an averaged generator, 0 for none; by default 0.998 on a line, else none."""
    prior: Literal["uniform", "normal", "spherical"] = "uniform"
    """Distribution of the noise; Figure 1 needs the uniform one."""
    noise_dim: int | None = None
    """Width of the noise; by default that of the data."""
    units: int | None = None
    """Of each hidden layer; by default 64 on a line, 128 in the plane."""
    hidden_layers: int = 3
    """Of each network."""
    activation: Literal["relu", "tanh", "silu", "softplus"] | None = None
    """Of the hidden layers; by default silu on a line, relu in the plane."""
    bias_spread: float | None = None
    """Standard deviation of the hidden layers' first biases; by default 1 on a line, 0 in the plane."""
    start: Literal["random", "linear"] | None = None
    """What the generator is like at first; by default linear on a line, random in the plane."""
    every: int = 1
    """Epochs between snapshots of the game, saved models and looks at the validation points."""


def main(recipe: Gaussians) -> None:
    import keras_gan as kg
    from keras_gan.runs import training

    name = f"gaussians-{recipe.data}"
    recipe, folder = training.begin(
        with_own_values(recipe), name, more_epochs=False
    )  # the rate falls to 0 at their end
    seed = training.prepare(recipe.device, recipe.precision, recipe.seed)
    data = kg.datasets.load(recipe.data)
    gan = training.load(folder) or build(recipe, data, seed)
    low, high = kg.mixtures.data.MIXTURES[recipe.data][0].bounds()
    training.train(
        gan, data, recipe, folder, seed, name, pictures=kg.callbacks.Snapshots(folder, low, high, recipe.every)
    )


def with_own_values(recipe: Gaussians) -> Gaussians:
    """The recipe with the values of its game and its data set where none were given."""
    return settings.with_own_values(recipe, OWN_VALUES[recipe.data] | GAMES[recipe.game])


def build(recipe: Gaussians, data: "Dataset", seed: int) -> "GAN":
    """The compiled GAN."""
    import keras

    import keras_gan as kg

    recipe = with_own_values(recipe)
    generator, discriminator = networks(recipe, data)
    gan = kg.GAN(generator, discriminator, prior=kg.priors.get(recipe.prior, recipe.noise_dim), seed=seed)
    updates = recipe.epochs * -(-len(data.train) // (recipe.batch_size * recipe.discriminator_steps))

    def optimizer(rate: float, steps: int) -> keras.optimizers.Optimizer:  # a player makes `steps` updates an iteration
        if recipe.game == "plain":
            return kg.optimizers.SGD(rate, recipe.momentum)
        falling = keras.optimizers.schedules.CosineDecay(rate, steps * updates)
        return keras.optimizers.Adam(falling, beta_1=recipe.beta_1, beta_2=recipe.beta_2)

    gan.compile(
        generator_optimizer=optimizer(recipe.generator_rate, 1),
        discriminator_optimizer=optimizer(recipe.discriminator_rate, recipe.discriminator_steps),
        objective=recipe.objective,
        updates=recipe.updates,
        discriminator_steps=recipe.discriminator_steps,
        r1_penalty=recipe.r1_penalty,
        ema=recipe.ema or None,
    )
    return gan


def networks(recipe: Gaussians, data: "Dataset") -> Any:
    """`(generator, discriminator)`, new."""
    import keras_gan as kg

    recipe = with_own_values(recipe)
    return kg.networks.build(
        "points",
        size=data.train.shape[1],
        noise_dim=recipe.noise_dim,
        scale=float(data.train.std()),
        units=recipe.units,
        hidden_layers=recipe.hidden_layers,
        activation=recipe.activation,
        bias_spread=recipe.bias_spread,
        start=recipe.start,
    )


if __name__ == "__main__":
    import tyro

    main(tyro.cli(Gaussians))
