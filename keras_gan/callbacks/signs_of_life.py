"""That training goes on, where nothing else says so."""

import time

import keras

from keras_gan import console

_WARM_UP = 5.0  # seconds before it can be told how long the rest will take: a short last batch is compiled, too


class SignsOfLife(keras.callbacks.Callback):
    """Says on stderr what training is at, and for how long it will go on, whenever nothing was printed for seconds.

    Args:
        steps: a `keras_gan.console.Steps` that is entered, and is left after training whatever ends it.
        whole: whether to go on after the first step; else what is said ends there, and Keras's own bar takes over.
        per_epoch: how many examples an epoch has, to say how many are trained on in a second; 0 to say nothing of it.
        unit: what the examples are, in the plural.
    """

    def __init__(self, steps: console.Steps, whole: bool = True, per_epoch: int = 0, unit: str = "examples") -> None:
        super().__init__()
        self.steps, self.whole, self.per_epoch, self.unit = steps, whole, per_epoch, unit
        self._first = True
        self._epoch = self._began = self._done_before = 0.0

    def on_train_begin(self, logs=None):
        self._first = True
        eager = keras.backend.backend() == "torch"
        self.steps(f"{'Making' if eager else 'Compiling'} the first step")

    def on_epoch_begin(self, epoch, logs=None):
        self._epoch = epoch

    def on_train_batch_end(self, batch, logs=None):
        num = self.params.get("steps")
        done = self._epoch + ((batch + 1) / num if num else 0)
        if self._first:
            self._first, self._began, self._done_before = False, time.monotonic(), done
            self.steps.clear()
        elif self.whole and done > self._done_before:
            epochs, passed = self.params["epochs"], time.monotonic() - self._began
            left = ""
            if passed > _WARM_UP:
                rate = (done - self._done_before) / passed
                left = f", about {console.duration((epochs - done) / rate)} left"
                if self.per_epoch:
                    left += f", {self.per_epoch * rate:.0f} {self.unit} per second"
            self.steps.now(f"epoch {self._epoch + 1}/{epochs}{left}")

    def on_train_end(self, logs=None):
        self.steps.clear()
