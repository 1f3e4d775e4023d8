"""What recipes have in common: the settings of a run, and the game as the paper, its released code and R1 play it."""

import dataclasses
import math
import numbers
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, NamedTuple, TypeVar

import tyro

if TYPE_CHECKING:
    from typing import Self

    import keras

    import keras_gan as kg

Objective = Literal["minimax", "non_saturating", "least_squares", "hinge", "wasserstein", "relativistic"]
_T = TypeVar("_T")
SaidByPreset = Annotated[_T, tyro.conf.Fixed, tyro.conf.Suppress]
"""A field that tells one preset from another: it has no flag."""


class Limit(NamedTuple):
    """What a setting may be: in words, and as a test of a value."""

    words: str
    holds: Callable[[Any], bool]


def integers(low: int, high: float = math.inf) -> Limit:
    """The integers from `low` to `high`."""
    return Limit(
        f"an integer from {low} to {high}" if high < math.inf else f"an integer, {low} or more",
        lambda value: isinstance(value, numbers.Integral) and not isinstance(value, bool) and low <= value <= high,
    )


def reals(words: str, holds: Callable[[float], bool]) -> Limit:
    """The finite numbers for which `holds` is true."""
    return Limit(
        words,
        lambda value: (
            isinstance(value, numbers.Real) and not isinstance(value, bool) and math.isfinite(value) and holds(value)
        ),
    )


COUNT = integers(1)
POSITIVE = reals("a finite number above 0", lambda value: value > 0)
SIZE = integers(1, 100_000)  # a compiler that is asked for far more ends the process
WIDTH = reals("a number above 0 and at most 100", lambda value: 0 < value <= 100)
NOT_NEGATIVE = reals("a finite number, 0 or more", lambda value: value >= 0)
AT_LEAST_ONE = reals("a finite number, 1 or more", lambda value: value >= 1)
_SEED = integers(0, 2**32 - 1)  # what NumPy's global generator takes
BELOW_ONE = reals("a number, 0 or more and below 1", lambda value: 0 <= value < 1)


@dataclasses.dataclass(frozen=True)
class Recipe:
    """An experiment: its settings, its data, its model. `keras_gan.runs.run` runs it.

    A recipe of your own is a frozen dataclass with a `name`, `data` and `build`; whatever it adds to the settings
    becomes a flag of the command line, and its `limits` say which values these may have.
    `keras_gan.recipes.PRESETS` holds the recipes that `keras-gan train` offers.
    """

    name: SaidByPreset[str] = "recipe"
    """Of the preset: the command's name, and that of the folder."""
    epochs: int = 1
    """Passes over the training data."""
    batch_size: int = 100
    """Examples per minibatch."""
    every: int = 5
    """Epochs between pictures (early ones come sooner) and looks at validation data; the model is saved each epoch."""
    seed: int | None = None
    """Seed of weights, noise, dropout and data order; by default one is drawn and printed."""
    run_dir: str | None = None
    """Folder of the run, which is resumed if it holds one; by default runs/NAME-1, or the next number that is free."""
    device: Literal["auto", "gpu", "cpu"] = "auto"
    """Where to train; asking for a GPU that is not there is an error."""
    precision: Literal["float32", "mixed_bfloat16", "mixed_float16"] = "float32"
    """Keras dtype policy."""

    limits: ClassVar[dict[str, Limit]] = {
        **dict.fromkeys(("epochs", "batch_size", "every"), COUNT),
        "seed": Limit(_SEED.words, lambda seed: seed is None or _SEED.holds(seed)),
        "run_dir": Limit("the path of a folder", lambda path: path is None or (isinstance(path, str) and path != "")),
    }
    """What the settings may be that this class adds; those of its base classes hold, too."""
    monitor: ClassVar[str | None] = None
    """The number in the logs whose best value best.keras keeps; None for no best.keras."""
    monitor_mode: ClassVar[Literal["max", "min"]] = "max"
    """Whether its highest value is the best, or its lowest."""
    reported: ClassVar[tuple[str, ...]] = ("loss",)
    """The numbers in the logs that are printed while a small data set is trained on."""
    unit: ClassVar[str] = "examples"
    """What is trained on, in the plural."""
    bar_per_epoch: ClassVar[bool] = True
    """Whether each epoch of a large data set has a bar of its own; else the time left is that of the whole training."""
    outlook: ClassVar[str] = ""
    """A sentence on when there is something to see."""
    following: ClassVar[tuple[str, ...]] = ()
    """What `keras-gan` can do next with a run: words of its command line, with {model} for its folder."""
    exports: ClassVar[bool] = False
    """Whether the trained model has a generator to export, by an `export(folder, card=)` as the GAN's."""
    quick: ClassVar[bool] = False
    """Whether an iteration takes milliseconds, so that Python's part of it counts, and nobody waits for ten of them."""

    @property
    def summary(self) -> str:
        """What the command line says of the preset."""
        return (type(self).__doc__ or "").partition("\n")[0]

    @property
    def updates_per_call(self) -> int:
        """What `build` compiles the model with as Keras's `steps_per_execution`."""
        import keras

        from keras_gan import backend

        return 10 if self.quick and keras.backend.backend() == "tensorflow" and backend.makes_several_steps() else 1

    @property
    def extendable(self) -> bool:
        """Whether a run may be resumed for more epochs than it was begun for."""
        return True

    def check(self) -> None:
        """Checks the settings, before anything is loaded or written. Extend it for what `limits` cannot say.

        Raises:
            ValueError: that names the first setting which is not within its limits.
        """
        limits: dict[str, Limit] = {}
        for kind in reversed(type(self).__mro__):
            limits.update(vars(kind).get("limits", {}))
        for name, limit in limits.items():
            if not limit.holds(value := getattr(self, name)):
                raise ValueError(
                    f"--{name.replace('_', '-')} must be {limit.words}. Received: {name}={value!r}. Leave it out for "
                    "the recipe's own value."
                )
        if (before := self.before()) is not None:
            before[1].check()

    def check_floor(self, lowest: str, highest: str) -> None:
        """Refuses a setting, where another stops falling, that is above it.

        Args:
            lowest: the name of the floor.
            highest: the name of what falls.

        Raises:
            ValueError: that names both.
        """
        least, most = getattr(self, lowest), getattr(self, highest)
        if least > most:
            raise ValueError(
                f"--{lowest.replace('_', '-')} must be --{highest.replace('_', '-')} or less. Received: "
                f"{lowest}={least!r}, {highest}={most!r}."
            )

    def data(self) -> "kg.datasets.Dataset":
        """Loads the data."""
        raise NotImplementedError

    def settled(self, data: "kg.datasets.Dataset") -> "Self":
        """The recipe with the settings that are left to the data; by default there are none.

        Args:
            data: what `data` returned.
        """
        del data
        return self

    def build(self, data: "kg.datasets.Dataset", seed: int) -> "keras.Model":
        """Builds and compiles the model.

        Args:
            data: what `data` returned.
            seed: integer. Python, NumPy and the backend are seeded with it already.

        Returns:
            Keras model with `fit`, and with `sample(num, seed)` where pictures are drawn. A recipe that has a
            `before` takes its trained model as a third argument.
        """
        raise NotImplementedError

    def before(self) -> "tuple[str, Recipe] | None":
        """What is trained first on the same data: a subfolder's name and the recipe that runs there. Or None."""
        return None

    def callbacks(self, data: "kg.datasets.Dataset", folder: Path) -> "list[keras.callbacks.Callback]":
        """Measurements and pictures of the run, in this order.

        Args:
            data: what `data` returned.
            folder: folder of the run.
        """
        import keras_gan as kg

        return [kg.callbacks.SampleGrid(folder, every=self.every, **self.grid())]

    def grid(self) -> dict[str, Any]:
        """Arguments of the grids that `callbacks` draws, besides when."""
        return {}

    def fit_arguments(self, data: "kg.datasets.Dataset") -> dict[str, Any]:
        """Arguments of the model's `fit`, besides epochs and callbacks."""
        return {"x": data.train, "batch_size": self.batch_size, "validation_data": data.validation}

    def updates_per_epoch(self, data: "kg.datasets.Dataset") -> int:
        """By how much the model's counter of iterations rises in an epoch."""
        from keras_gan.models.minibatches import updates_per_epoch

        return updates_per_epoch(len(data.train), self.batch_size)


@dataclasses.dataclass(frozen=True)
class Game(Recipe):
    """A generator and a discriminator. Every setting of the game that is 0 is off."""

    objective: Objective = "non_saturating"
    """What the players minimise."""
    updates: Literal["alternating", "simultaneous"] = "simultaneous"
    """Order of the players' steps; alternating is Algorithm 1 as printed."""
    discriminator_steps: int = 1
    """k: steps of the discriminator per step of the generator."""
    discriminator_weight: float = 1.0
    """Factor on the discriminator's loss."""
    r1_penalty: float = 0.0
    """gamma of a penalty gamma/2 |gradient of the logit in the data|^2; 0 for none."""
    ema: float = 0.0
    """Decay of an averaged generator that draws the samples, 0.999 for example; 0 for none."""
    devices: int = 1
    """GPUs that share every minibatch, each with its part of it; without a GPU, parts of the CPU, to try it."""

    limits: ClassVar[dict[str, Limit]] = {
        **dict.fromkeys(("discriminator_steps", "devices"), COUNT),
        **dict.fromkeys(("discriminator_weight", "r1_penalty"), NOT_NEGATIVE),
        "ema": BELOW_ONE,
    }
    reported: ClassVar[tuple[str, ...]] = ("value", "d_on_data", "d_on_samples")
    following: ClassVar[tuple[str, ...]] = ("sample {model}", "evaluate {model}", "export {model} --format keras")
    exports: ClassVar[bool] = True

    def check(self) -> None:
        super().check()
        if self.batch_size % self.devices:
            raise ValueError(
                f"--devices must divide the batch size, so that all get as many examples. Received: devices="
                f"{self.devices}, batch_size={self.batch_size}. Choose another --batch-size or --devices."
            )
        if self.updates == "simultaneous" and self.discriminator_steps > 1:
            raise ValueError(
                "--discriminator-steps must be 1 where both players step at once. Received: "
                f"discriminator_steps={self.discriminator_steps}, updates='simultaneous'. For more, add "
                "--updates alternating."
            )

    def penalties(self) -> "list[kg.penalties.Penalty]":
        """What the discriminator also pays."""
        import keras_gan as kg

        return [kg.penalties.R1(self.r1_penalty)] if self.r1_penalty else []

    def averaging(self) -> dict[str, Any]:
        """How the generator is averaged: arguments of `keras_gan.GAN.compile`."""
        return {"ema": self.ema or None}

    def optimizers(
        self, data: "kg.datasets.Dataset"
    ) -> "tuple[keras.optimizers.Optimizer, keras.optimizers.Optimizer]":
        """The optimizers of the generator and of the discriminator."""
        raise NotImplementedError

    def updates_per_epoch(self, data: "kg.datasets.Dataset") -> int:
        from keras_gan.models.minibatches import updates_per_epoch

        return updates_per_epoch(len(data.train), self.batch_size, self.discriminator_steps)

    def fit_arguments(self, data: "kg.datasets.Dataset") -> dict[str, Any]:
        shared = {"drop_remainder": "uneven"} if self.devices > 1 else {}
        return {**super().fit_arguments(data), **shared}

    def gan(self, *networks: "keras.Model", **arguments: Any) -> "kg.GAN":
        """The GAN before it is compiled, of the arguments of `keras_gan.GAN`. Override it for a subclass."""
        import keras_gan as kg

        return kg.GAN(*networks, **arguments)

    def compiled(
        self,
        networks: "tuple[keras.Model, keras.Model]",
        data: "kg.datasets.Dataset",
        seed: int,
        prior: "kg.priors.Prior | None" = None,
        condition: "kg.conditions.Condition | None" = None,
    ) -> "kg.GAN":
        """The GAN of a generator and a discriminator, compiled to play this game.

        Args:
            networks: `(generator, discriminator)`.
            data: training data; the GAN takes over their preprocessing.
            seed: of the GAN's noise.
            prior: of the noise. Default: the GAN's own.
            condition: what both players are told. Default: nothing.
        """
        gan = self.gan(*networks, prior=prior, condition=condition, preprocessing=data.preprocessing, seed=seed)
        generator_optimizer, discriminator_optimizer = self.optimizers(data)
        gan.compile(
            generator_optimizer=generator_optimizer,
            discriminator_optimizer=discriminator_optimizer,
            objective=self.objective,
            updates=self.updates,
            discriminator_steps=self.discriminator_steps,
            discriminator_weight=self.discriminator_weight,
            penalties=self.penalties() or None,
            steps_per_execution=self.updates_per_call,
            **self.averaging(),
        )
        return gan


class ToldClasses:
    """Added to a game, it tells both players the class: labels stand beside the data, and a row of a grid is a class.

    It is no dataclass, and stands first: `class MyRecipe(ToldClasses, Game)`.
    """

    num_classes: ClassVar[int] = 10

    def compiled(self, networks, data, seed, prior=None, condition=None):
        import keras_gan as kg

        return super().compiled(networks, data, seed, prior, condition or kg.conditions.Labels(self.num_classes))

    def fit_arguments(self, data):
        validation = data.validation, data.labels.validation
        return {**super().fit_arguments(data), "y": data.labels.train, "validation_data": validation}

    def grid(self):
        return {"condition": [label for label in range(self.num_classes) for _ in range(10)]}


@dataclasses.dataclass(frozen=True)
class MeasuredGame(Game):
    """A game whose samples are scored by the paper's measure as it is played; best.keras follows the score."""

    monitor: ClassVar[str | None] = "val_parzen_ll"

    def callbacks(self, data: "kg.datasets.Dataset", folder: Path) -> "list[keras.callbacks.Callback]":
        import keras_gan as kg

        measurements = [kg.callbacks.ParzenLogLikelihood(data.validation, self.every)]
        if self.ema:  # the trained generator beside the averaged one
            measurements.append(
                kg.callbacks.ParzenLogLikelihood(data.validation, self.every, averaged=False, suffix="_trained")
            )
        return [*measurements, *super().callbacks(data, folder)]


@dataclasses.dataclass(frozen=True)
class Released(MeasuredGame):
    """Momentum SGD: a learning rate that falls a little with every update, a momentum that rises with the epochs."""

    learning_rate: float = 0.1
    """Learning rate of both players, at the first update."""
    decay_factor: float = 1.000004
    """What every update divides the learning rate by."""
    minimum_learning_rate: float = 1e-6
    """Where the learning rate stops falling."""
    momentum: float = 0.5
    """Momentum of both players, in the first epoch."""
    final_momentum: float = 0.7
    """Momentum of both players, from the last epoch of the ramp on."""
    ramp_epochs: int = 250
    """Epoch at which the momentum stops rising."""
    discriminator_weight: float = 0.5

    limits: ClassVar[dict[str, Limit]] = {
        "learning_rate": POSITIVE,
        "decay_factor": AT_LEAST_ONE,
        "minimum_learning_rate": NOT_NEGATIVE,
        **dict.fromkeys(("momentum", "final_momentum"), BELOW_ONE),
        "ramp_epochs": integers(2),
    }

    def check(self) -> None:
        super().check()
        self.check_floor("minimum_learning_rate", "learning_rate")

    def optimizers(self, data):
        import keras_gan as kg

        def optimizer(steps):  # a player makes `steps` updates per iteration
            rate = kg.schedules.ExponentialDecay(self.learning_rate, self.decay_factor, self.minimum_learning_rate)
            updates = steps * self.updates_per_epoch(data)
            ramp = kg.schedules.MomentumRamp(self.momentum, self.final_momentum, self.ramp_epochs, updates)
            return kg.optimizers.SGD(rate, ramp)

        return optimizer(1), optimizer(self.discriminator_steps)


@dataclasses.dataclass(frozen=True)
class R1(MeasuredGame):
    """Adam at a small constant rate, a gradient penalty in place of dropout, an averaged generator."""

    learning_rate: float = 3e-4
    """Learning rate of both players."""
    beta_1: float = 0.5
    """Adam's decay of the gradient's average."""
    epsilon: float = 1e-5
    """Adam's floor under the size of gradients: small ones make small steps."""
    dropout: bool = False
    """Whether the discriminator drops inputs of its layers, as the paper's did."""
    discriminator_range: float = 0.05
    """r of the discriminator's initial weights, drawn from U(-r, r); 0.005 in the released recipe."""
    r1_penalty: float = 2.0
    ema: float = 0.9999

    limits: ClassVar[dict[str, Limit]] = {
        **dict.fromkeys(("learning_rate", "epsilon"), NOT_NEGATIVE),
        "beta_1": BELOW_ONE,
        "discriminator_range": POSITIVE,
    }

    def optimizers(self, data):
        import keras_gan as kg

        def optimizer():
            return kg.optimizers.Adam(self.learning_rate, beta_1=self.beta_1, epsilon=self.epsilon)

        return optimizer(), optimizer()


def main(recipe: Recipe) -> None:
    """Runs a recipe as a script: `python recipes/mnist.py --epochs 20`. Its values are the flags' defaults."""
    from keras_gan import runs

    try:
        runs.run(tyro.cli(type(recipe), default=recipe))
    except (ValueError, OSError, RuntimeError) as error:
        print(f"{recipe.name}: error: {error}", file=sys.stderr)
        sys.exit(2)
