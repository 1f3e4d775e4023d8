"""Real images, loaded by name: uint8 pixels and the preprocessing that a model of them is saved with."""

from collections.abc import Callable
from typing import Any

from keras_gan.datasets.dataset import Dataset, DatasetNotFoundError, Splits
from keras_gan.datasets.digits import load_digits
from keras_gan.datasets.mnist import load_mnist

__all__ = ["Dataset", "DatasetNotFoundError", "Splits", "load"]

LOADERS: dict[str, Callable[..., Dataset]] = {"digits": load_digits, "mnist": load_mnist}


def load(name: str, **options: Any) -> Dataset:
    """Loads a data set.

    Args:
        name: `"digits"` (bundled with scikit-learn, no download) or `"mnist"`.
        **options: for `"mnist"`: `source="tfds"` (tensorflow-datasets), `"keras"` (Keras's download, the original
            order), or `path=` to an npz file in the format of Keras's `mnist.npz`. Both of the latter give the paper's
            exact rows.

    Returns:
        `Dataset` with `.train`, `.validation`, `.test`: uint8 images of shape `(n, h, w, c)`; `.labels`,
        `.preprocessing` and `.card`.

    Raises:
        ValueError: for an unknown name or source.
        DatasetNotFoundError: if the data cannot be reached; the message says what to set.
    """
    if name not in LOADERS:
        raise ValueError(f"Unknown data set. Received: name={name!r}. Expected one of {sorted(LOADERS)}.")
    return LOADERS[name](**options)
