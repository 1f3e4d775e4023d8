"""What every loader returns."""

import dataclasses
import functools
import hashlib
import numbers
from typing import Any

import keras
import numpy as np

from keras_gan.layers import GlobalContrastNormalization
from keras_gan.models.on_demand import OnDemand
from keras_gan.models.preprocessing import preprocess


@dataclasses.dataclass(frozen=True)
class Splits:
    """The same thing for each split."""

    train: Any  # np.ndarray, or keras_gan.models.on_demand.OnDemand, which is used like one
    validation: Any
    test: Any


@dataclasses.dataclass(frozen=True)
class Dataset(Splits):
    """Images, or points, of one data set.

    Attributes:
        train: uint8 images of shape `(n, h, w, c)`, or float32 points of shape `(n, d)`; `validation` and `test`
            likewise. Many pictures of a folder are `keras_gan.models.on_demand.OnDemand`, which is used like an array.
        labels: `Splits` of int64 labels of shape `(n,)`.
        preprocessing: Keras layer from pixels to the scale that models of these images work on; none for points.
        card: dict that says what the images are, where they came from, in which order the rows stand, and under
            `"levels"` which values a curve of the Parzen log-likelihood is compared with, by name, in nats.
        published: numbers of other people's models of these images: for each measure that has some a dict from the
            system's name to `(value, standard error)`.
        separable_classes: whether the labels are classes, from 0 on, that a small classifier tells apart.
        note: a sentence that every number measured on these images has to stand beside, or "".
        left_out: names of files that cannot be read, with the reason; of pictures that are decoded as they are needed
            it grows while they are.
        other_folds: the data set's folds where it has several, this one among them; read them as `folds`.
    """

    labels: Splits
    preprocessing: Any  # keras.layers.Layer, or None for points
    card: dict[str, Any]
    published: dict[str, dict[str, tuple[float, float]]] = dataclasses.field(default_factory=dict)
    separable_classes: bool = False
    note: str = ""
    left_out: list[str] = dataclasses.field(default_factory=list, repr=False)
    other_folds: tuple["Dataset", ...] = dataclasses.field(default=(), repr=False)

    @property
    def folds(self) -> tuple["Dataset", ...]:
        """Each fold as a data set of its own, in order; a data set without folds is its only one."""
        return self.other_folds or (self,)

    @functools.cached_property
    def fingerprint(self) -> str:
        """SHA-256 of the images of all splits, which tells whether they are still the same; "" for points.

        Of pictures that are decoded as they are needed it is that of the files' names and sizes.
        """
        digest = hashlib.sha256()
        for split in keras.tree.flatten((self.train, self.validation, self.test)):
            if split.dtype != "uint8":  # points are drawn anew, and on other machines their last bits may differ
                return ""
            digest.update(str(split.shape).encode())
            if isinstance(split, OnDemand):
                digest.update(split.fingerprint.encode())
                continue
            digest.update(np.ascontiguousarray(split).data)
        return digest.hexdigest()

    def preprocess(self, images: np.ndarray) -> np.ndarray:
        """Images, or points, on the scale of samples.

        Args:
            images: array of shape `(n, ...)`, such as `train`.

        Returns:
            NumPy array of shape `(n, ...)`, float32.
        """
        return preprocess(self.preprocessing, images)

    def pixel_mean(self) -> np.ndarray:
        """Mean training image after preprocessing (of `OnDemand` the first 1,000), shape `(h, w, c)`, float64."""
        # Of rows that are made on demand the first: all of them would be made before the first step of training.
        num = min(len(self.train), 1000) if isinstance(self.train, OnDemand) else len(self.train)
        total = np.zeros(self.train.shape[1:])
        for start in range(0, num, 1000):
            total += self.preprocess(self.train[start : start + 1000]).astype("float64").sum(axis=0)
        return total / num

    def to_pixels(self, images: np.ndarray) -> np.ndarray:
        """Samples, or preprocessed images, as pixels to look at: the inverse of `preprocessing`.

        Global contrast normalisation forgets each image's brightness and contrast; there every image gets the average
        ones of the training images.

        Args:
            images: array of shape `(n, h, w, c)`, on the scale of preprocessed images.

        Returns:
            uint8 array of that shape; values beyond the pixels' range are clipped.
        """
        images = np.asarray(images, "float64")
        if isinstance(self.preprocessing, GlobalContrastNormalization):
            some = self.train[:1000].reshape(min(1000, len(self.train)), -1).astype("float64")
            means = some.mean(axis=1, keepdims=True)
            contrast = np.linalg.norm(some - means, axis=1).mean() / self.preprocessing.norm
            pixels = images * contrast + means.mean()
        else:
            pixels = (images - self.preprocessing.offset) / self.preprocessing.scale
        return np.clip(np.round(pixels), 0, 255).astype("uint8")


def hide_labels(labels: np.ndarray, keep: int, seed: int = 0) -> np.ndarray:
    """Labels of which a few are kept, as many of each class, and the others are -1: for semi-supervised learning.

    Args:
        labels: integers of shape `(n,)`, 0 or more.
        keep: how many to keep, a multiple of the number of classes.
        seed: integer that says which.

    Returns:
        int64 array of shape `(n,)`.

    Raises:
        ValueError: if the number is not so, or a class has fewer examples.
    """
    labels = np.asarray(labels)
    if labels.ndim != 1 or labels.dtype.kind not in "iu" or not len(labels) or labels.min() < 0:
        raise ValueError(
            f"Labels are integers, 0 or more, one for each example. Received: shape {labels.shape}, {labels.dtype}."
        )
    classes, counts = np.unique(labels, return_counts=True)
    if isinstance(keep, bool) or not isinstance(keep, numbers.Integral) or keep < 1 or keep % len(classes):
        raise ValueError(
            f"As many labels of each class are kept. Received: keep={keep!r} with {len(classes)} classes. Pass a "
            f"multiple of {len(classes)}, {10 * len(classes)} for example."
        )
    each = int(keep) // len(classes)
    if counts.min() < each:
        raise ValueError(
            f"There are too few labels. Received: {counts.min()} of class {classes[counts.argmin()]}, and keep={keep}, "
            f"which takes {each} of each. Keep {counts.min() * len(classes)} at most."
        )
    random = np.random.default_rng(seed)
    kept = np.full(len(labels), -1, "int64")
    for label in classes:
        rows = random.choice(np.flatnonzero(labels == label), each, replace=False)
        kept[rows] = label
    return kept


class DatasetNotFoundError(OSError):
    """A data set is not on this machine and cannot be downloaded."""
