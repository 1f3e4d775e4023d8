"""A generator, and a discriminator of pairs: the networks of a `keras_gan.BiGAN`, besides its encoder."""

import keras
import numpy as np
from keras import layers

from keras_gan.networks.parts import Networks, relu_generator


def pairs(
    image_shape: tuple[int, ...], noise_dim: int, hidden: int = 1024, pixel_mean: np.ndarray | None = None
) -> Networks:
    """Two hidden layers each, as Donahue et al. (2017) have them on MNIST, without their batch normalization.

    Args:
        image_shape: shape of an image, `(h, w, c)`.
        noise_dim: size of the noise.
        hidden: units per hidden layer.
        pixel_mean: where the generator's output starts, as in `networks.mnist`.

    Returns:
        `(generator, discriminator)`: Keras models from noise to images, and from `[image, noise]` to a logit.
    """
    image, noise = keras.Input(image_shape, name="image"), keras.Input((noise_dim,), name="noise")
    x = layers.Concatenate()([layers.Flatten()(image), noise])
    for _ in range(2):
        x = layers.LeakyReLU(0.2)(layers.Dense(hidden, kernel_initializer="he_normal")(x))
    discriminator = keras.Model([image, noise], layers.Dense(1)(x), name="discriminator")
    return relu_generator(image_shape, noise_dim, hidden, pixel_mean), discriminator
