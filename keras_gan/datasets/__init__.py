"""Data loaded by name: real images as uint8 pixels, with the preprocessing that a model of them is saved with, and
points of densities that are known."""

import functools
import inspect
from collections.abc import Callable
from typing import Any

from keras_gan.datasets.cifar10 import load_cifar10
from keras_gan.datasets.dataset import Dataset, DatasetNotFoundError, Splits, hide_labels
from keras_gan.datasets.digits import load_digits
from keras_gan.datasets.images import load_images
from keras_gan.datasets.mnist import LEVELS as MNIST_LEVELS
from keras_gan.datasets.mnist import load_mnist
from keras_gan.datasets.tfd import load_tfd
from keras_gan.mixtures.data import MIXTURES, load_gaussians

__all__ = ["Dataset", "DatasetNotFoundError", "Splits", "hide_labels", "load"]

LOADERS: dict[str, Callable[..., Dataset]] = {
    "cifar10": load_cifar10,
    "digits": load_digits,
    "images": load_images,
    "mnist": load_mnist,
    "tfd": load_tfd,
    **{name: functools.partial(load_gaussians, name) for name in MIXTURES},
}

# What a curve of the Parzen log-likelihood is compared with, for runs whose own card of the data is not at hand.
LEVELS = {"mnist": MNIST_LEVELS}


def load(name: str, **options: Any) -> Dataset:
    """Loads a data set.

    Args:
        name: `"digits"` (bundled with scikit-learn, no download), `"mnist"`, `"cifar10"`, `"tfd"` (the Toronto Face
            Database) or `"images"` (a folder of your own); points: `"normal"`, `"mixture"`, `"ring"` or `"grid"`
            (`keras_gan.mixtures.data`).
        **options: for `"mnist"` and `"cifar10"`: `source="tfds"` (tensorflow-datasets, the default where it is
            installed) or `"keras"` (Keras's download, the original order and so the paper's rows). For `"mnist"` also
            `path=` to an npz file in the format of Keras's `mnist.npz`. For `"tfd"`: `path=` to the MATLAB file, by
            default what the environment variable `KERAS_GAN_TFD` says, and `fold=` 0 to 4. For `"images"`: `path=` to
            the folder, `size=` to cut squares and resize them to so many pixels a side, `grayscale=True`, and
            `classes=True` for subfolders that are classes.

    Returns:
        `Dataset` with `.train`, `.validation`, `.test`: uint8 images of shape `(n, h, w, c)`, or points; `.labels`,
        `.preprocessing` and `.card`.

    Raises:
        ValueError: for an unknown name, option or source, or files that are not what they should be.
        DatasetNotFoundError: if the data cannot be reached; the message says what to set.
    """
    if name not in LOADERS:
        raise ValueError(f"Unknown data set. Received: name={name!r}. Expected one of {sorted(LOADERS)}.")
    known = list(inspect.signature(LOADERS[name]).parameters)
    if unknown := set(options) - set(known):
        raise ValueError(f"{name} has no option {sorted(unknown)[0]!r}. Expected none but {known}.")
    parameters = inspect.signature(LOADERS[name]).parameters.values()
    if missing := [p.name for p in parameters if p.default is p.empty and p.name not in options]:
        raise ValueError(
            f"{name} needs {missing[0]}= (on the command line --data-path), which says where the data are."
        )
    return LOADERS[name](**options)
