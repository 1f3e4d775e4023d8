"""Layers of which more is known: each row of their output depends on that row of the input alone, and on nothing else.

Such a layer keeps no statistics, draws for each row anew, and adds no losses. A discriminator of such layers may see
data and samples as one batch, and PyTorch may call the layers without Keras's checks.
"""

from typing import Any

import keras

# Keras's, and whether their `call` takes `training`. Those of this package say so by `simple = True`.
_KERAS: dict[type, bool] = {
    keras.layers.Activation: False,
    keras.layers.Add: False,
    keras.layers.AveragePooling2D: False,
    keras.layers.Concatenate: False,
    keras.layers.Conv2D: False,
    keras.layers.Conv2DTranspose: False,
    keras.layers.Dense: True,
    keras.layers.Dot: False,
    keras.layers.Dropout: True,
    keras.layers.Flatten: False,
    keras.layers.InputLayer: False,
    keras.layers.LeakyReLU: False,
    keras.layers.MaxPooling2D: False,
    keras.layers.Permute: False,
    keras.layers.ReLU: False,
    keras.layers.Rescaling: False,
    keras.layers.Reshape: False,
    keras.layers.Subtract: False,
    keras.layers.UpSampling2D: False,
}


def is_simple(layer: Any) -> bool:
    """Whether it is known to be one. A subclass may do more than its parent, and a function of one's own may, too."""
    known = type(layer) in _KERAS or vars(type(layer)).get("simple", False)
    function = getattr(layer, "activation", None)
    return (
        bool(known)
        and (function is None or _is_of_keras(function))
        and getattr(layer, "activity_regularizer", None) is None
        and getattr(layer, "noise_shape", None) is None  # rows may share a mask of dropout
    )


def _is_of_keras(thing):
    return getattr(thing, "__module__", "").partition(".")[0] == "keras"


def takes_training(layer: keras.layers.Layer) -> bool:
    """Whether a simple layer's `call` has an argument `training`."""
    return _KERAS.get(type(layer), False)


def are_simple(network: keras.Model) -> bool:
    """Whether all that a network is made of is known to be simple."""
    if not _is_of_keras(type(network)):  # a class of one's own may do more
        return False
    parts = network.layers if isinstance(network, keras.Sequential) else getattr(network, "operations", [])
    return bool(parts) and all(map(is_simple, parts))
