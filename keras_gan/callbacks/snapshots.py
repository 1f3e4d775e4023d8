"""Snapshots of both players while training goes on."""

import dataclasses
from pathlib import Path

import numpy as np

from keras_gan.artifacts import files
from keras_gan.callbacks.series import Series
from keras_gan.mixtures.snapshots import nodes, take


class Snapshots(Series):
    """Writes the trained players' values at fixed points and for fixed noise, for data on a line or in the plane.

    The files are `folder/samples/epoch_0000.npz` (before training) and so on, each a `Snapshot`. Training is
    bit-identical with and without this callback.

    Args:
        folder: folder of the run; it is created if it does not exist.
        low: lower corner of the box in which D is asked, shape `(d,)`, d = 1 or 2.
        high: upper corner.
        every: number of epochs between snapshots, at least 1; the last epoch always gets one.
        seed: integer, for the noise where it is drawn.
    """

    SUFFIX = ".npz"

    def __init__(self, folder: str | Path, low: np.ndarray, high: np.ndarray, every: int = 1, seed: int = 0) -> None:
        super().__init__(folder, every)
        self.points, self.seed = nodes(low, high), seed

    def _write(self, path):
        arrays = dataclasses.asdict(take(self.model, self.points, self.seed))
        files.write(path, lambda partial: np.savez_compressed(partial, **arrays))
