"""The activation that a network ends in, and the range that it confines samples to."""

import keras

# Layers that move or scale nothing: the activation that bounds the output stands before them.
_TRANSPARENT = ("Reshape", "Flatten", "Permute", "Identity", "InputLayer", "Observed")
RANGES = {"sigmoid": (0.0, 1.0), "tanh": (-1.0, 1.0)}


def output_activation(model: keras.Model) -> str | None:
    """Name of the activation that a Sequential or functional model ends in, `"linear"` for none, None if unknown."""
    for layer in reversed(getattr(model, "operations", None) or getattr(model, "layers", [])):
        if isinstance(layer, keras.Model):
            return output_activation(layer)
        if type(layer).__name__ in _TRANSPARENT:
            continue
        if type(layer).__name__ in ("Sigmoid", "Tanh", "Softmax"):  # keras.ops in a functional model
            return type(layer).__name__.lower()
        return getattr(getattr(layer, "activation", None), "__name__", "linear")
    return None
