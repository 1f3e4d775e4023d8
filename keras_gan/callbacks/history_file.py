"""The logs as a table on disk."""

import csv
import os
from collections.abc import Sequence
from pathlib import Path

import keras

from keras_gan.artifacts import files


class HistoryFile(keras.callbacks.Callback):
    """Writes one row per epoch into a CSV file; a run that is resumed continues it without a gap or a double row.

    Keras's `CSVLogger` chooses the columns anew at each `fit`, by what the first epoch happens to have logged, and
    appends to whatever is there. Each row is on the disk before the next callback is called.

    Args:
        path: of the file; what is there is replaced by `rows`.
        rows: rows of the epochs before this `fit`, as `keras_gan.runs.history.read` returns them.
        validated: whether validation data are looked at, perhaps not in the first epoch: whether there are columns
            for it, which hold NA in the epochs without.

    Attributes:
        rows: the argument.
    """

    def __init__(self, path: str | Path, rows: Sequence[dict[str, str]] = (), validated: bool = False) -> None:
        super().__init__()
        self.path, self.rows, self.validated = Path(path), list(rows), validated
        self._columns = list(self.rows[0]) if self.rows else []

    def on_train_begin(self, logs=None):
        files.write(self.path, self._write_rows)

    def on_epoch_end(self, epoch, logs=None):
        logs = logs or {}
        first = not self._columns
        if first:
            validation = [f"val_{name}" for name in self.model.get_metrics_result()] if self.validated else []
            self._columns = ["epoch", *logs, *(name for name in validation if name not in logs)]
        with files.writing(self.path), open(self.path, "a", newline="") as file:
            writer = csv.DictWriter(file, self._columns, restval="NA", extrasaction="ignore")
            if first:
                writer.writeheader()
            writer.writerow({"epoch": epoch, **logs})
            file.flush()
            os.fsync(file.fileno())  # a model that is saved next has its row, even if the machine stops

    def _write_rows(self, path):
        with open(path, "w", newline="") as file:
            if self._columns:
                writer = csv.DictWriter(file, self._columns)
                writer.writeheader()
                writer.writerows(self.rows)
