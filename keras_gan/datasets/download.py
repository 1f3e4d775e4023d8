"""Images and labels through tensorflow-datasets or `keras.datasets`, with one clear error where neither gets them."""

import importlib.util
import os
import urllib.request
from typing import Any

import numpy as np

from keras_gan import backend
from keras_gan.datasets.dataset import DatasetNotFoundError

SOURCES = ("tfds", "keras")
Arrays = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]


def download(name: str, version: str, url: str, module: Any, source: str | None, instead: str) -> tuple[Arrays, str]:
    """Reads a data set that both libraries know.

    Args:
        name: of the data set, in both libraries.
        version: tensorflow-datasets' of it.
        url: a small file beside what tensorflow-datasets downloads, asked first whether there is a network.
        module: `keras.datasets` module.
        source: `"tfds"`, `"keras"`, or None: the first of them that is installed.
        instead: what else to do where nothing can be downloaded, for the error.

    Returns:
        `((x_train, y_train, x_test, y_test), source)`.

    Raises:
        ValueError: for an unknown source.
        DatasetNotFoundError: if the data are not there and cannot be downloaded.
    """
    source = source or ("tfds" if has("tensorflow") and has("tensorflow_datasets") else "keras")
    if source not in SOURCES:
        raise ValueError(f"Unknown source of {name}. Received: source={source!r}. Expected one of {list(SOURCES)}.")
    return (_from_tfds(name, version, url, instead) if source == "tfds" else _from_keras(name, module, instead)), source


def has(package: str) -> bool:
    """Whether a package is installed."""
    return importlib.util.find_spec(package) is not None


def first_line(error: Exception) -> str:
    """The kind of an error and the first line of what it says."""
    return f"{type(error).__name__}: {str(error).strip().splitlines()[0] if str(error).strip() else ''}"[:200]


def _from_tfds(name, version, url, instead):
    import tensorflow_datasets as tfds

    backend.keep_tensorflow_off_gpu()
    tfds.disable_progress_bar()
    try:
        if not tfds.builder(name).is_prepared():
            # Asked once: tensorflow-datasets tries again and again for minutes where there is no network.
            urllib.request.urlopen(url, timeout=10).close()
        (train, train_labels), (test, test_labels) = (
            tfds.as_numpy(tfds.load(name, split=split, batch_size=-1, as_supervised=True))
            for split in ("train", "test")
        )
    except Exception as error:  # a download can fail in as many ways as there are networks
        folder = os.environ.get("TFDS_DATA_DIR") or "~/tensorflow_datasets"
        raise DatasetNotFoundError(
            f"{name} is not in {folder} and tensorflow-datasets could not download it ({first_line(error)}). "
            f"Set TFDS_DATA_DIR to a folder that holds {name}/{version}, or connect to the internet once. {instead}"
        ) from error
    return train, train_labels, test, test_labels


def _from_keras(name, module, instead):
    try:
        (train, train_labels), (test, test_labels) = module.load_data()
    except Exception as error:  # Keras raises bare Exception where the download fails
        raise DatasetNotFoundError(
            f"{name} is not in Keras's cache and could not be downloaded ({first_line(error)}). "
            f"Set KERAS_HOME to a folder whose datasets/ holds Keras's own copy, or connect to the internet once. "
            f"{instead}"
        ) from error
    return train, train_labels, test, test_labels
