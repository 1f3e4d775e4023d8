"""The 1,797 handwritten digits that come with scikit-learn: no download."""

import keras
import numpy as np

from keras_gan.datasets.dataset import Dataset, Splits

_BOUNDS = [1297, 1547]  # 1,297 training, 250 validation and 250 test images


def load_digits() -> Dataset:
    """8x8 images of digits, pixels 0 to 16, in a fixed shuffled order."""
    from sklearn import datasets

    digits = datasets.load_digits()
    order = np.random.default_rng(0).permutation(len(digits.images))
    images = np.split(digits.images[order].astype("uint8")[..., np.newaxis], _BOUNDS)
    labels = np.split(digits.target[order].astype("int64"), _BOUNDS)
    return Dataset(
        train=images[0],
        validation=images[1],
        test=images[2],
        labels=Splits(*labels),
        preprocessing=keras.layers.Rescaling(1 / 16, name="preprocessing"),
        card={
            "name": "digits",
            "description": "Optical recognition of handwritten digits (UCI), 1,797 images, 8x8, pixels 0 to 16",
            "source": "bundled with scikit-learn",
            "rows": "shuffled once with a fixed seed: 1,297 training, 250 validation, 250 test",
            "scale": "pixel / 16, in [0, 1]",
        },
        separable_classes=True,
    )
