"""Schedules of the released recipes: how the learning rate falls and the momentum rises."""

import math
from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable("keras_gan")
class ExponentialDecay(keras.optimizers.schedules.LearningRateSchedule):
    """Divides by a constant after every update, down to a floor: `max(minimum, initial / factor ** step)`.

    This is the learning rate of the released recipes: it starts at 0.1 (MNIST), with factor 1.000004 and minimum 1e-6.

    Args:
        initial: value at the first update, positive.
        factor: number that each update divides by, at least 1.
        minimum: the floor, from 0 to `initial`.
    """

    def __init__(self, initial: float, factor: float = 1.000004, minimum: float = 1e-6) -> None:
        if not 0 <= minimum <= initial or initial <= 0 or factor < 1:
            raise ValueError(
                "ExponentialDecay needs initial > 0, factor >= 1 and 0 <= minimum <= initial. "
                f"Received: initial={initial}, factor={factor}, minimum={minimum}."
            )
        self.initial, self.factor, self.minimum = initial, factor, minimum

    def __call__(self, step: Any) -> Any:
        # exp(-step log factor): factor ** step would round factor to float32 first, and 1.000004 has one digit there.
        step = ops.cast(step, "float32")
        return ops.maximum(self.minimum, self.initial * ops.exp(-math.log(self.factor) * step))

    def get_config(self) -> dict[str, Any]:
        return {"initial": self.initial, "factor": self.factor, "minimum": self.minimum}


@keras.saving.register_keras_serializable("keras_gan")
class MomentumRamp(keras.optimizers.schedules.LearningRateSchedule):
    """Rises in a straight line from the first epoch to the last, constant within an epoch and after the ramp.

    This is the momentum of the released recipes: 0.5 in epoch 1, and 0.7 from epoch 250 on.

    Args:
        initial: value in epoch 1, in [0, 1).
        final: value from epoch `epochs` on, in [0, 1).
        epochs: epoch at which the ramp ends, at least 2.
        updates_per_epoch: number of updates per epoch (500 for MNIST: 50,000 images in minibatches of 100).
    """

    def __init__(
        self, initial: float = 0.5, final: float = 0.7, epochs: int = 250, updates_per_epoch: int = 500
    ) -> None:
        if not (0 <= initial < 1 and 0 <= final < 1) or epochs < 2 or updates_per_epoch < 1:
            raise ValueError(
                "MomentumRamp needs initial and final in [0, 1), epochs >= 2 and updates_per_epoch >= 1. Received: "
                f"initial={initial}, final={final}, epochs={epochs}, updates_per_epoch={updates_per_epoch}."
            )
        self.initial, self.final = initial, final
        self.epochs, self.updates_per_epoch = epochs, updates_per_epoch

    def __call__(self, step: Any) -> Any:
        epochs_done = ops.cast(ops.floor_divide(step, self.updates_per_epoch), "float32")
        share = ops.minimum(epochs_done / (self.epochs - 1), 1.0)
        return self.initial + (self.final - self.initial) * share

    def get_config(self) -> dict[str, Any]:
        return {
            "initial": self.initial,
            "final": self.final,
            "epochs": self.epochs,
            "updates_per_epoch": self.updates_per_epoch,
        }
