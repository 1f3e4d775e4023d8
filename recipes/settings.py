"""What recipes have in common: the run, and the game as the released code played it."""

import dataclasses
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from keras_gan import GAN


@dataclasses.dataclass(frozen=True)
class Run:
    """How long, which game, and what a run leaves."""

    epochs: int = 1
    """Passes over the training images."""
    batch_size: int = 100
    """Images in a minibatch."""
    objective: Literal["minimax", "non_saturating", "least_squares", "hinge"] = "non_saturating"
    """What the players minimise."""
    updates: Literal["alternating", "simultaneous"] = "simultaneous"
    """Order of the players' steps; alternating is Algorithm 1 as printed."""
    discriminator_steps: int = 1
    """k: steps of the discriminator for one of the generator."""
    every: int = 5
    """Epochs between sample grids and looks at the validation images; the model is saved after every epoch."""
    seed: int | None = None
    """Seed of weights, noise, dropout and data order; drawn and printed by default."""
    run_dir: str | None = None
    """Folder of the run, which goes on where it stopped; by default runs/RECIPE-1, or the next number that is free."""
    device: Literal["auto", "gpu", "cpu"] = "auto"
    """Where to train; asking for a GPU that is not there is an error."""
    precision: Literal["float32", "mixed_bfloat16", "mixed_float16"] = "float32"
    """Keras dtype policy."""


def with_own_values(recipe: Any, own: dict[str, Any]) -> Any:
    """The recipe with its kind's own values where none were given."""
    return dataclasses.replace(recipe, **{name: own[name] for name in own if getattr(recipe, name) is None})


@dataclasses.dataclass(frozen=True)
class Released(Run):
    """Momentum SGD: a learning rate that falls a little with every update, a momentum that rises with the epochs."""

    learning_rate: float = 0.1
    """Of both players, at the first update."""
    decay_factor: float = 1.000004
    """What every update divides the learning rate by."""
    minimum_learning_rate: float = 1e-6
    """Where the learning rate stops falling."""
    momentum: float = 0.5
    """Of both players, in the first epoch."""
    final_momentum: float = 0.7
    """Of both players, from the last epoch of the ramp on."""
    ramp_epochs: int = 250
    """Epoch at which the momentum stops rising."""
    discriminator_weight: float = 0.5
    """Factor on the discriminator's loss."""
    r1_penalty: float = 0.0
    """gamma of a penalty gamma/2 |gradient of the logit in the data|^2; 0 for none."""
    ema: float = 0.0
    """Decay of an averaged generator, 0.999 for example; 0 for none."""


@dataclasses.dataclass(frozen=True)
class R1(Run):
    """Adam at a small constant rate, a gradient penalty in place of dropout, an averaged generator."""

    learning_rate: float | None = 3e-4
    """Of both players."""
    beta_1: float = 0.5
    """Adam's decay of the gradient's average."""
    epsilon: float | None = 1e-5
    """Adam's floor under the size of gradients: small ones make small steps."""
    r1_penalty: float | None = 2.0
    """gamma of the penalty gamma/2 |gradient of the logit in the data|^2."""
    discriminator_weight: float = 1.0
    """Factor on the discriminator's loss."""
    dropout: bool = False
    """Whether the discriminator drops inputs of its layers, as the paper's did."""
    discriminator_range: float | None = 0.05
    """r of the discriminator's first weights, drawn from U(-r, r); 0.005 in the released recipe."""
    ema: float = 0.9999
    """Decay of the averaged generator."""


def compile_r1(gan: "GAN", recipe: R1) -> None:
    """Compiles the GAN to play the recipe's game."""
    import keras

    def optimizer() -> keras.optimizers.Optimizer:
        return keras.optimizers.Adam(recipe.learning_rate, beta_1=recipe.beta_1, epsilon=recipe.epsilon)

    gan.compile(
        generator_optimizer=optimizer(),
        discriminator_optimizer=optimizer(),
        objective=recipe.objective,
        updates=recipe.updates,
        discriminator_steps=recipe.discriminator_steps,
        discriminator_weight=recipe.discriminator_weight,
        r1_penalty=recipe.r1_penalty,
        ema=recipe.ema,
    )


def compile_released(gan: "GAN", recipe: Released, num_images: int) -> None:
    """Compiles the GAN to play the recipe's game on so many training images."""
    import keras_gan as kg

    updates_per_epoch = -(-num_images // (recipe.batch_size * recipe.discriminator_steps))

    def optimizer(steps: int) -> kg.optimizers.SGD:  # a player makes `steps` updates an iteration
        return kg.optimizers.SGD(
            kg.schedules.ExponentialDecay(recipe.learning_rate, recipe.decay_factor, recipe.minimum_learning_rate),
            kg.schedules.MomentumRamp(
                recipe.momentum, recipe.final_momentum, recipe.ramp_epochs, steps * updates_per_epoch
            ),
        )

    gan.compile(
        generator_optimizer=optimizer(1),
        discriminator_optimizer=optimizer(recipe.discriminator_steps),
        objective=recipe.objective,
        updates=recipe.updates,
        discriminator_steps=recipe.discriminator_steps,
        discriminator_weight=recipe.discriminator_weight,
        r1_penalty=recipe.r1_penalty,
        ema=recipe.ema or None,
    )
