"""MNIST, in tensorflow-datasets' order or in the original one."""

import math
import zipfile
from pathlib import Path

import keras
import numpy as np

from keras_gan.datasets.dataset import Dataset, DatasetNotFoundError, Splits
from keras_gan.datasets.download import download, first_line

_DOWNLOAD = "https://storage.googleapis.com/cvdf-datasets/mnist/train-labels-idx1-ubyte.gz"
_NUM_TRAIN = 50_000
_ARRAYS = {"x_train": (60_000, 28, 28), "y_train": (60_000,), "x_test": (10_000, 28, 28), "y_test": (10_000,)}
# Table 1 of the paper: mean and standard error, in nats.
_PUBLISHED: dict[str, dict[str, tuple[float, float]]] = {
    "parzen": {"DBN": (138, 2), "Stacked CAE": (121, 1.6), "Deep GSN": (214, 1.1), "Adversarial nets": (225, 2)}
}
# The paper's number, and that of 10,000 random training images of seed 0 in the original order, as `keras-gan evaluate`
# prints it: draws of other seeds lie about 0.8 nats apart.
LEVELS = {"paper 225": 225.0, "real images 242.5": 242.5}
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
        (train, train_labels, test, test_labels), source = download(
            "mnist", "3.0.1", _DOWNLOAD, keras.datasets.mnist, source, _INSTEAD
        )
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
            + (shuffled if source == "tfds" and path is None else "in the original order: the paper's split"),
            "scale": "pixel / 255, in [0, 1]",
            "levels": LEVELS,
        },
        published=_PUBLISHED,
        separable_classes=True,
    )


def _from_npz(path):
    path = Path(path)
    if not path.is_file():
        raise DatasetNotFoundError(f"There is no file {path}. Give path= the npz file itself. {_INSTEAD}")
    try:
        _check_sizes(path)
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in _ARRAYS}
    except Exception as error:  # truncated zip, foreign format, missing array: all are one mistake
        raise ValueError(
            f"{path} is not an MNIST npz file ({first_line(error)}). Expected arrays {', '.join(_ARRAYS)}, as in "
            "Keras's mnist.npz."
        ) from error
    for name, shape in _ARRAYS.items():
        if arrays[name].shape != shape or arrays[name].dtype != "uint8":
            raise ValueError(
                f"{path} is not an MNIST npz file. Received: {name} of shape {arrays[name].shape}, "
                f"{arrays[name].dtype}. Expected: {shape}, uint8."
            )
    return tuple(arrays.values())


def _check_sizes(path):
    """A small compressed file must not fill the memory: what it unpacks to is bounded by what is expected."""
    with zipfile.ZipFile(path) as file:
        for name, shape in _ARRAYS.items():
            entry = file.getinfo(f"{name}.npy")
            if entry.file_size > 8 * math.prod(shape) + 10_000:
                raise ValueError(f"{entry.filename} has {entry.file_size:,} bytes")
