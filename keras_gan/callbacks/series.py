"""Files of one thing at different epochs."""

from pathlib import Path

import keras


class Series(keras.callbacks.Callback):
    """Writes a file before training, every few epochs, and after the last. A subclass defines `_write(path)`.

    Files are `folder/samples/epoch_0000` and so on, with the subclass's `SUFFIX`.

    Args:
        folder: folder of the run; made if it is not there.
        every: epochs between files, at least 1.
    """

    SUFFIX = ""

    def __init__(self, folder: str | Path, every: int = 1) -> None:
        super().__init__()
        if every < 1:
            raise ValueError(f"{type(self).__name__} needs every >= 1. Received: every={every}.")
        self.folder = Path(folder) / "samples"
        self.every = every
        self._epochs_done: int | None = None
        self._written: int | None = None

    def on_train_begin(self, logs=None):
        self.folder.mkdir(parents=True, exist_ok=True)
        self._epochs_done = self._written = None

    def on_epoch_begin(self, epoch, logs=None):
        if self._epochs_done is None:
            self._write_epoch(epoch)

    def on_epoch_end(self, epoch, logs=None):
        self._epochs_done = epoch + 1
        if self._is_due(epoch + 1):
            self._write_epoch(epoch + 1)

    def on_train_end(self, logs=None):
        if self._epochs_done is not None and self._written != self._epochs_done:
            self._write_epoch(self._epochs_done)

    def _is_due(self, epochs_done):
        return epochs_done % self.every == 0

    def _write_epoch(self, epochs_done):
        self._written = epochs_done
        self._write(self.folder / f"epoch_{epochs_done:04d}{self.SUFFIX}")

    def _write(self, path):
        raise NotImplementedError
