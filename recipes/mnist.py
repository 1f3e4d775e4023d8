"""The paper's MNIST experiment, as its released code ran it.

Non-saturating loss, simultaneous updates, half weight on the discriminator's loss, a learning rate that falls a little
with every update, a momentum that rises over 250 epochs.

`--updates alternating` takes values of its own (`OWN_VALUES`): a gradient penalty, for without it the alternating game
may collapse in its first epochs (docs/alternating.md shows how), a full weight on the discriminator's loss, and an
averaged generator. `--updates alternating --objective minimax --r1-penalty 0 --ema 0` is Algorithm 1 as printed.
"""

import dataclasses
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from keras_gan import GAN
    from keras_gan.datasets import Dataset


OWN_VALUES = {
    "simultaneous": {"discriminator_weight": 0.5, "r1_penalty": 0.0, "ema": 0.0},
    "alternating": {"discriminator_weight": 1.0, "r1_penalty": 2.0, "ema": 0.9998},
}


@dataclasses.dataclass(frozen=True)
class Mnist:
    """Train the paper's MNIST networks (2,503,984 and 1,231,441 parameters)."""

    epochs: int = 250
    """Passes over the 50,000 training images; the released code had no end."""
    batch_size: int = 100
    """Images in a minibatch."""
    learning_rate: float = 0.1
    """Of both players, at the first update."""
    decay_factor: float = 1.000004
    """What every update divides the learning rate by."""
    minimum_learning_rate: float = 1e-6
    """Where the learning rate stops falling."""
    momentum: float = 0.5
    """Of both players, in the first epoch."""
    final_momentum: float = 0.7
    """Of both players, from epoch 250 on."""
    ramp_epochs: int = 250
    """Epoch at which the momentum stops rising."""
    objective: Literal["minimax", "non_saturating", "least_squares", "hinge"] = "non_saturating"
    """What the players minimise."""
    updates: Literal["alternating", "simultaneous"] = "simultaneous"
    """Order of the players' steps; alternating is Algorithm 1 as printed."""
    discriminator_steps: int = 1
    """k: steps of the discriminator for one of the generator."""
    discriminator_weight: float | None = None
    """Factor on the discriminator's loss; by default 0.5, alternating 1."""
    r1_penalty: float | None = None
    """gamma of a penalty gamma/2 |gradient of the logit in the data|^2; by default none, alternating 2."""
    ema: float | None = None
    """Decay of an averaged generator, 0.999 for example, 0 for none; by default none, alternating 0.9998."""
    every: int = 5
    """Epochs between sample grids, saved models and looks at the validation images."""
    seed: int | None = None
    """Seed of weights, noise, dropout and data order; drawn and printed by default."""
    data_source: Literal["tfds", "keras"] | None = None
    """tensorflow-datasets (its own row order) or Keras's download (the paper's rows); by default whichever works."""
    data_path: str | None = None
    """An npz file in the format of Keras's mnist.npz, read instead of downloading."""
    run_dir: str | None = None
    """Folder of the run; by default runs/mnist-1, or the next number that is free."""
    resume: bool = False
    """Go on with the run in run_dir, by its own settings, up to `epochs`."""
    device: Literal["auto", "gpu", "cpu"] = "auto"
    """Where to train; asking for a GPU that is not there is an error."""
    precision: Literal["float32", "mixed_bfloat16", "mixed_float16"] = "float32"
    """Keras dtype policy."""


def main(recipe: Mnist) -> None:
    import keras

    import keras_gan as kg
    from keras_gan import runs

    recipe, folder = runs.begin(with_own_values(recipe), "mnist")
    seed = runs.prepare(recipe.device, recipe.precision, recipe.seed)
    data = kg.datasets.load("mnist", source=recipe.data_source, path=recipe.data_path)
    gan = keras.saving.load_model(folder / "gan.keras") if recipe.resume else build(recipe, data, seed)
    runs.train(gan, data, recipe, folder, seed, measure=True)


def with_own_values(recipe: Mnist) -> Mnist:
    """The recipe with the values of its kind of updates where none were given."""
    own = OWN_VALUES[recipe.updates]
    return dataclasses.replace(recipe, **{name: own[name] for name in own if getattr(recipe, name) is None})


def build(recipe: Mnist, data: "Dataset", seed: int) -> "GAN":
    """The compiled GAN."""
    import keras_gan as kg

    recipe = with_own_values(recipe)
    generator, discriminator = kg.networks.build("mnist", pixel_mean=data.pixel_mean())
    gan = kg.GAN(generator, discriminator, prior=kg.noise.Uniform(100), preprocessing=data.preprocessing, seed=seed)

    updates_per_epoch = -(-len(data.train) // (recipe.batch_size * recipe.discriminator_steps))

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
    return gan


if __name__ == "__main__":
    import tyro

    main(tyro.cli(Mnist))
