"""Data brought to the scale of samples, a chunk at a time."""

from typing import Any

import keras
import numpy as np

from keras_gan import backend


def preprocess(layer: Any, x: Any, batch_size: int = 1000) -> np.ndarray:
    """Data as a preprocessing layer makes them, outside training.

    Args:
        layer: Keras layer, or None for data that are used as they are.
        x: array of shape `(n, ...)`.
        batch_size: rows preprocessed at once.

    Returns:
        NumPy array of shape `(n, ...)`, float32.
    """
    parts = []
    with backend.without_gradient():
        for start in range(0, max(len(x), 1), batch_size):
            part = x[start : start + batch_size]
            part = part if layer is None else layer(part, training=False)
            parts.append(keras.ops.convert_to_numpy(keras.ops.cast(part, "float32")))
    return np.concatenate(parts)
