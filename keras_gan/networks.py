"""The networks of the paper, by the name of the data set, and small ones for the bundled digits."""

import keras
import numpy as np
from keras.initializers import RandomUniform

from keras_gan.initializers import PixelMeanLogit
from keras_gan.layers import Maxout


def build(name: str, pixel_mean: np.ndarray | None = None, dropout: bool = True) -> tuple[keras.Model, keras.Model]:
    """Builds a generator and a discriminator.

    Args:
        name: `"mnist"` (the paper's networks) or `"digits"` (the same shape, smaller).
        pixel_mean: mean of the training images on the scale [0, 1], shape `(h, w, c)`: the generator's output starts
            there, as in the released recipe. Default: biases 0, a grey start.
        dropout: whether the discriminator drops inputs of its layers, as the paper's did.

    Returns:
        `(generator, discriminator)`: Keras models; the generator takes noise of shape `(batch, dim)`.

    Raises:
        ValueError: for an unknown name.
    """
    if name not in NETWORKS:
        raise ValueError(f"Unknown networks. Received: name={name!r}. Expected one of {sorted(NETWORKS)}.")
    return NETWORKS[name](pixel_mean, dropout)


def mnist(pixel_mean: np.ndarray | None = None, dropout: bool = True) -> tuple[keras.Model, keras.Model]:
    """The paper's MNIST networks: 2,503,984 and 1,231,441 parameters, noise of width 100."""
    return (
        _relu_generator((28, 28, 1), noise_dim=100, hidden_units=1200, pixel_mean=pixel_mean),
        _maxout_discriminator((28, 28, 1), units=240, pieces=5, dropout=dropout),
    )


def digits(pixel_mean: np.ndarray | None = None, dropout: bool = True) -> tuple[keras.Model, keras.Model]:
    """The MNIST networks scaled down to the bundled 8x8 digits, noise of width 32."""
    return (
        _relu_generator((8, 8, 1), noise_dim=32, hidden_units=256, pixel_mean=pixel_mean),
        _maxout_discriminator((8, 8, 1), units=96, pieces=5, dropout=dropout),
    )


def _relu_generator(image_shape, noise_dim, hidden_units, pixel_mean):
    size = image_shape[0] * image_shape[1] * image_shape[2]
    bias = "zeros" if pixel_mean is None else PixelMeanLogit(pixel_mean)
    return keras.Sequential(
        [
            keras.Input((noise_dim,)),
            keras.layers.Dense(hidden_units, activation="relu", kernel_initializer=_uniform(0.05)),
            keras.layers.Dense(hidden_units, activation="relu", kernel_initializer=_uniform(0.05)),
            keras.layers.Dense(size, kernel_initializer=_uniform(0.05), bias_initializer=bias),
            # In full precision also where the rest is not: half precision would show as bands of grey.
            keras.layers.Activation("sigmoid", dtype=keras.config.floatx()),
            keras.layers.Reshape(image_shape, dtype=keras.config.floatx()),
        ],
        name="generator",
    )


def _maxout_discriminator(image_shape, units, pieces, dropout):
    def dropped(rate):
        return [keras.layers.Dropout(rate)] if dropout else []

    return keras.Sequential(
        [
            keras.Input(image_shape),
            keras.layers.Flatten(),
            *dropped(0.2),
            Maxout(units, pieces, kernel_initializer=_uniform(0.005)),
            *dropped(0.5),
            Maxout(units, pieces, kernel_initializer=_uniform(0.005)),
            *dropped(0.5),
            keras.layers.Dense(1, kernel_initializer=_uniform(0.005)),
        ],
        name="discriminator",
    )


def _uniform(half_width):
    return RandomUniform(-half_width, half_width)


NETWORKS = {"mnist": mnist, "digits": digits}
