"""The networks of the paper, by the name of the data set, and small ones for the bundled digits."""

import dataclasses

import keras
import numpy as np
from keras.initializers import RandomUniform

from keras_gan.initializers import PixelMeanLogit
from keras_gan.layers import Maxout


def build(
    name: str,
    pixel_mean: np.ndarray | None = None,
    dropout: bool = True,
    generator_range: float = 0.05,
    discriminator_range: float = 0.005,
) -> tuple[keras.Model, keras.Model]:
    """Builds a generator and a discriminator.

    Args:
        name: `"mnist"` (the paper's networks) or `"digits"` (the same shape, smaller).
        pixel_mean: mean of the training images on the scale [0, 1], shape `(h, w, c)`: the generator's output starts
            there, as in the released recipe. Default: biases 0, a grey start.
        dropout: whether the discriminator drops inputs of its layers, as the paper's did.
        generator_range: r of the generator's first weights, drawn from U(-r, r); the released recipe's by default.
        discriminator_range: the same of the discriminator.

    Returns:
        `(generator, discriminator)`: Keras models; the generator takes noise of shape `(batch, dim)`.

    Raises:
        ValueError: for an unknown name.
    """
    if name not in NETWORKS:
        raise ValueError(f"Unknown networks. Received: name={name!r}. Expected one of {sorted(NETWORKS)}.")
    sizes = NETWORKS[name]
    generator = _relu_generator(sizes.image_shape, sizes.noise_dim, sizes.hidden_units, generator_range, pixel_mean)
    discriminator = _maxout_discriminator(sizes.image_shape, sizes.maxout_units, discriminator_range, dropout)
    return generator, discriminator


@dataclasses.dataclass(frozen=True)
class Sizes:
    """What distinguishes the networks of one data set from those of another."""

    image_shape: tuple[int, int, int]
    noise_dim: int
    hidden_units: int
    maxout_units: int


NETWORKS = {
    "mnist": Sizes((28, 28, 1), noise_dim=100, hidden_units=1200, maxout_units=240),
    "digits": Sizes((8, 8, 1), noise_dim=32, hidden_units=256, maxout_units=96),
}


def _relu_generator(image_shape, noise_dim, hidden_units, initial_range, pixel_mean):
    size = image_shape[0] * image_shape[1] * image_shape[2]
    bias = "zeros" if pixel_mean is None else PixelMeanLogit(pixel_mean)
    return keras.Sequential(
        [
            keras.Input((noise_dim,)),
            keras.layers.Dense(hidden_units, activation="relu", kernel_initializer=_uniform(initial_range)),
            keras.layers.Dense(hidden_units, activation="relu", kernel_initializer=_uniform(initial_range)),
            keras.layers.Dense(size, kernel_initializer=_uniform(initial_range), bias_initializer=bias),
            # In full precision also where the rest is not: half precision would show as bands of grey.
            keras.layers.Activation("sigmoid", dtype=keras.config.floatx()),
            keras.layers.Reshape(image_shape, dtype=keras.config.floatx()),
        ],
        name="generator",
    )


def _maxout_discriminator(image_shape, units, initial_range, dropout, pieces=5):
    def dropped(rate):
        return [keras.layers.Dropout(rate)] if dropout else []

    return keras.Sequential(
        [
            keras.Input(image_shape),
            keras.layers.Flatten(),
            *dropped(0.2),
            Maxout(units, pieces, kernel_initializer=_uniform(initial_range)),
            *dropped(0.5),
            Maxout(units, pieces, kernel_initializer=_uniform(initial_range)),
            *dropped(0.5),
            keras.layers.Dense(1, kernel_initializer=_uniform(initial_range)),
        ],
        name="discriminator",
    )


def _uniform(half_width):
    return RandomUniform(-half_width, half_width)
