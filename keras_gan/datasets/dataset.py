"""What every loader returns."""

import dataclasses

import keras
import numpy as np


@dataclasses.dataclass(frozen=True)
class Splits:
    """The same thing for each split."""

    train: np.ndarray
    validation: np.ndarray
    test: np.ndarray


@dataclasses.dataclass(frozen=True)
class Dataset(Splits):
    """Images of one data set.

    Attributes:
        train: uint8 images of shape `(n, h, w, c)`; `validation` and `test` likewise.
        labels: `Splits` of int64 labels of shape `(n,)`.
        preprocessing: Keras layer from pixels to the scale that models of these images work on.
        card: dict that says what the images are, where they came from and in which order the rows stand.
    """

    labels: Splits
    preprocessing: keras.layers.Layer
    card: dict[str, str]

    def pixel_mean(self) -> np.ndarray:
        """Mean training image after preprocessing, shape `(h, w, c)`, float64."""
        total = np.zeros(self.train.shape[1:])
        for start in range(0, len(self.train), 1000):
            batch = keras.ops.convert_to_numpy(self.preprocessing(self.train[start : start + 1000]))
            total += batch.astype("float64").sum(axis=0)
        return total / len(self.train)


class DatasetNotFoundError(OSError):
    """A data set is not on this machine and cannot be downloaded."""
