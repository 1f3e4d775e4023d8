"""How training stands, in print."""

from collections.abc import Sequence

import keras

from keras_gan import console


class Report(keras.callbacks.Callback):
    """Prints a line every few epochs: for data so small that a progress bar per epoch would only flicker.

    Args:
        every: epochs between lines, at least 1.
        names: of the numbers in the logs to print; those that are not there are left out.
    """

    def __init__(self, every: int = 1, names: Sequence[str] = ("loss",)) -> None:
        super().__init__()
        if every < 1:
            raise ValueError(f"Report needs every >= 1. Received: every={every}.")
        self.every, self.names = every, tuple(names)

    def on_epoch_end(self, epoch, logs=None):
        if (epoch + 1) % self.every == 0:
            numbers = "".join(f"  {name} {logs[name]:.3f}" for name in self.names if name in (logs or {}))
            console.tell(f"epoch {epoch + 1}/{self.params['epochs']}{numbers}")
