"""What the recipes of Table 1's other systems share: the data, and what is measured while they are trained."""

import dataclasses
from pathlib import Path
from typing import ClassVar, Literal

from keras_gan.recipes import settings
from keras_gan.recipes.mnist import MnistData


@dataclasses.dataclass(frozen=True)
class ChainedRecipe(MnistData):
    """A system that draws images by Markov chains. best.keras has the highest validation Parzen log-likelihood."""

    dataset: Literal["mnist", "tfd"] = "mnist"
    """Which images: MNIST, or the Toronto Face Database (or what has its format)."""
    data_path: str | None = None
    """An npz file in the format of Keras's mnist.npz, read instead of downloading; or TFD_48x48.mat."""
    hidden: int = 1000
    """Units per hidden layer."""
    layers: int = 2
    """Hidden layers."""
    learning_rate: float = 1e-3
    """Of the first epoch."""
    decay: float = 0.9
    """What every epoch multiplies the learning rate by."""
    burn_in: int = 20
    """Moves of a chain before its first sample."""

    limits: ClassVar[dict[str, settings.Limit]] = {
        **dict.fromkeys(("hidden", "layers"), settings.SIZE),
        "learning_rate": settings.NOT_NEGATIVE,
        "decay": settings.reals("a number above 0 and at most 1", lambda value: 0 < value <= 1),
        "burn_in": settings.integers(0),
        "precision": settings.Limit("float32: these systems compute in no other", lambda value: value == "float32"),
    }
    monitor: ClassVar[str | None] = "val_parzen_ll"
    reported: ClassVar[tuple[str, ...]] = ("loss", "val_parzen_ll")
    following: ClassVar[tuple[str, ...]] = ("sample {model}", "evaluate {model}")

    def data(self):
        import keras_gan as kg

        if self.dataset == "tfd":
            return kg.datasets.load("tfd", path=self.data_path)
        return super().data()

    def rate(self, data):
        """The learning rate, as a schedule of the updates."""
        import keras

        return keras.optimizers.schedules.ExponentialDecay(
            self.learning_rate, self.updates_per_epoch(data), self.decay, staircase=True
        )

    def callbacks(self, data, folder: Path):
        import keras_gan as kg

        # Of 100 chains: one for each of the 10,000 samples would take longer than the training.
        measured = kg.callbacks.ParzenLogLikelihood(data.validation, self.every, chains=100)
        return [measured, *super().callbacks(data, folder)]


@dataclasses.dataclass(frozen=True)
class LayerwiseRecipe(ChainedRecipe):
    """A system whose layers are trained one after the other. The last epoch counts: earlier ones lack layers."""

    epochs: int = 40
    """Passes over the training images: those that the lower layers leave are the top layer's."""
    epochs_per_layer: int = 20
    """Of them, for each layer but the top one."""

    limits: ClassVar[dict[str, settings.Limit]] = {"epochs_per_layer": settings.COUNT}
    monitor: ClassVar[str | None] = None
    reported: ClassVar[tuple[str, ...]] = ("layer", "loss", "val_parzen_ll")
