"""MNIST, in tensorflow-datasets' order or in the original one."""

import importlib.util
import os
import urllib.request
from pathlib import Path

import keras
import numpy as np

from keras_gan import backend
from keras_gan.datasets.dataset import Dataset, DatasetNotFoundError, Splits

SOURCES = ("tfds", "keras")
_DOWNLOAD = "https://storage.googleapis.com/cvdf-datasets/mnist/train-labels-idx1-ubyte.gz"
_NUM_TRAIN = 50_000
_ARRAYS = {"x_train": (60_000, 28, 28), "y_train": (60_000,), "x_test": (10_000, 28, 28), "y_test": (10_000,)}
_INSTEAD = (
    "Or point to a copy of Keras's mnist.npz with path= (on the command line --data-path). "
    "`keras-gan train digits` needs no download."
)


def load_mnist(source: str | None = None, path: str | Path | None = None) -> Dataset:
    """28x28 images of digits, split into 50,000 training, 10,000 validation and 10,000 test images."""
    if path is not None:
        train, train_labels, test, test_labels = _from_npz(path)
        origin = f"the npz file {Path(path).name}"
    else:
        source = source or ("tfds" if _has("tensorflow") and _has("tensorflow_datasets") else "keras")
        if source not in SOURCES:
            raise ValueError(f"Unknown source of MNIST. Received: source={source!r}. Expected one of {list(SOURCES)}.")
        train, train_labels, test, test_labels = _from_tfds() if source == "tfds" else _from_keras()
        origin = {"tfds": "tensorflow-datasets", "keras": "keras.datasets"}[source]
    images = [*np.split(train.reshape(-1, 28, 28, 1), [_NUM_TRAIN]), test.reshape(-1, 28, 28, 1)]
    labels = [*np.split(train_labels.astype("int64"), [_NUM_TRAIN]), test_labels.astype("int64")]
    shuffled = "in tensorflow-datasets' own order: not the paper's split, though as large"
    return Dataset(
        train=images[0],
        validation=images[1],
        test=images[2],
        labels=Splits(*labels),
        preprocessing=keras.layers.Rescaling(1 / 255, name="preprocessing"),
        card={
            "name": "mnist",
            "description": "MNIST handwritten digits, 28x28, pixels 0 to 255",
            "source": origin,
            "rows": "0-49,999 training, 50,000-59,999 validation, "
            + (shuffled if source == "tfds" else "in the original order: the paper's split"),
            "scale": "pixel / 255, in [0, 1]",
        },
    )


def _has(package):
    return importlib.util.find_spec(package) is not None


def _from_tfds():
    import tensorflow_datasets as tfds

    backend.keep_tensorflow_off_gpu()
    tfds.disable_progress_bar()
    try:
        if not tfds.builder("mnist").is_prepared():
            # Asked once: tensorflow-datasets tries again and again for minutes where there is no network.
            urllib.request.urlopen(_DOWNLOAD, timeout=10).close()
        splits = [
            tfds.as_numpy(tfds.load("mnist", split=split, batch_size=-1, as_supervised=True))
            for split in ("train", "test")
        ]
    except Exception as error:  # a download can fail in as many ways as there are networks
        folder = os.environ.get("TFDS_DATA_DIR") or "~/tensorflow_datasets"
        raise DatasetNotFoundError(
            f"MNIST is not in {folder} and tensorflow-datasets could not download it ({_first_line(error)}). "
            f"Set TFDS_DATA_DIR to a folder that holds mnist/3.0.1, or connect to the internet once. {_INSTEAD}"
        ) from error
    (train, train_labels), (test, test_labels) = splits
    return train, train_labels, test, test_labels


def _from_keras():
    try:
        (train, train_labels), (test, test_labels) = keras.datasets.mnist.load_data()
    except Exception as error:  # Keras raises bare Exception where the download fails
        raise DatasetNotFoundError(
            f"MNIST is not in Keras's cache and could not be downloaded ({_first_line(error)}). "
            "Set KERAS_HOME to a folder whose datasets/ holds Keras's own mnist.npz, or connect to the internet once. "
            f"{_INSTEAD}"
        ) from error
    return train, train_labels, test, test_labels


def _from_npz(path):
    path = Path(path)
    if not path.is_file():
        raise DatasetNotFoundError(f"There is no file {path}. Give path= the npz file itself. {_INSTEAD}")
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in _ARRAYS}
    except Exception as error:  # truncated zip, foreign format, missing array: all are one mistake
        raise ValueError(
            f"{path} is not an MNIST npz file ({_first_line(error)}). Expected arrays {', '.join(_ARRAYS)}, as in "
            "Keras's mnist.npz."
        ) from error
    for name, shape in _ARRAYS.items():
        if arrays[name].shape != shape or arrays[name].dtype != "uint8":
            raise ValueError(
                f"{path} is not an MNIST npz file. Received: {name} of shape {arrays[name].shape}, "
                f"{arrays[name].dtype}. Expected: {shape}, uint8."
            )
    return tuple(arrays.values())


def _first_line(error):
    return f"{type(error).__name__}: {str(error).strip().splitlines()[0] if str(error).strip() else ''}"[:200]
