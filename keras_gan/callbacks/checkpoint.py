"""The model on disk after every epoch."""

import functools
import math
from pathlib import Path

import keras

from keras_gan.artifacts import files


class Checkpoint(keras.callbacks.Callback):
    """Saves the model after every epoch, and keeps the file before it as `previous-NAME`.

    A file is written aside, flushed to the disk and renamed: whatever ends the process, one whole file is there. A
    model whose loss is no longer finite is not saved. As a string it says which epoch the file holds.

    Args:
        path: `.keras` file to write.
        epochs_done: epochs of the model in the file that is there, 0 if there is none.

    Attributes:
        saved: epochs of the model that was saved last.
        diverged: the epoch after which the loss was not finite, counted from 1; 0 if it always was.
    """

    def __init__(self, path: str | Path, epochs_done: int = 0) -> None:
        super().__init__()
        self.path, self.saved, self.diverged = Path(path), epochs_done, 0

    def on_epoch_end(self, epoch, logs=None):
        if not math.isfinite((logs or {}).get("loss", 0.0)):
            self.diverged = epoch + 1
            return
        # A GAN's own save writes aside, too; once is enough.
        files.write(self.path, functools.partial(keras.Model.save, self.model), keep_before=True)
        self.saved = epoch + 1

    def __str__(self) -> str:
        return f"{self.path} holds epoch {self.saved}." if self.saved else "No epoch had ended: nothing was saved."
