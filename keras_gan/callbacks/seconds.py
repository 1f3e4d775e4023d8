"""The time that training takes."""

import time

import keras


class Seconds(keras.callbacks.Callback):
    """Writes `seconds` into the logs of every epoch: what all epochs so far took, without what later callbacks do.

    Put it first in the list: then measurements, pictures and saved files at an epoch's end are left out.

    Args:
        seconds: what the epochs before this `fit` took.
    """

    def __init__(self, seconds: float = 0.0) -> None:
        super().__init__()
        self.seconds = seconds
        self._started = 0.0

    def on_epoch_begin(self, epoch, logs=None):
        self._started = time.perf_counter()

    def on_epoch_end(self, epoch, logs=None):
        self.seconds += time.perf_counter() - self._started
        if logs is not None:
            logs["seconds"] = self.seconds
