"""CIFAR-10, each image brought to the same brightness and contrast."""

import keras
import numpy as np

from keras_gan.datasets.dataset import Dataset, Splits
from keras_gan.datasets.download import download
from keras_gan.layers import GlobalContrastNormalization

_DOWNLOAD = "https://www.cs.toronto.edu/~kriz/cifar.html"
_NUM_TRAIN = 40_000


def load_cifar10(source: str | None = None) -> Dataset:
    """32x32 colour images, split into 40,000 training, 10,000 validation and 10,000 test images."""
    (train, train_labels, test, test_labels), source = download(
        "cifar10", "3.0.2", _DOWNLOAD, keras.datasets.cifar10, source, "`keras-gan train digits` needs no download."
    )
    images = [*np.split(train, [_NUM_TRAIN]), test]
    labels = [
        *np.split(train_labels.reshape(-1).astype("int64"), [_NUM_TRAIN]),
        test_labels.reshape(-1).astype("int64"),
    ]
    order = {
        "tfds": "in tensorflow-datasets' own order: not the paper's split, though as large",
        "keras": "in the original order: the paper's split",
    }
    return Dataset(
        train=images[0],
        validation=images[1],
        test=images[2],
        labels=Splits(*labels),
        preprocessing=GlobalContrastNormalization(55.0, name="preprocessing"),
        card={
            "name": "cifar10",
            "description": "CIFAR-10 photographs, 32x32, three colours, pixels 0 to 255",
            "source": {"tfds": "tensorflow-datasets", "keras": "keras.datasets"}[source],
            "rows": f"0-39,999 training, 40,000-49,999 validation, {order[source]}",
            "scale": "global contrast normalisation: each image minus its mean, at norm 55 (0.99 a value)",
        },
    )
