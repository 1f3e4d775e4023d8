"""From an image to noise: a network that goes a dense generator's way back."""

import keras
import numpy as np
from keras import layers


def encoder(
    image_shape: tuple[int, ...], noise_dim: int, hidden: int = 1200, hidden_layers: int = 2, normalized: bool = False
) -> keras.Model:
    """ReLU hidden layers and a linear output, as wide as the hidden layers of the generator whose noise it finds.

    Args:
        image_shape: shape of an image, `(h, w, c)`.
        noise_dim: size of the noise.
        hidden: units per hidden layer.
        hidden_layers: how many.
        normalized: whether layer normalization follows each hidden layer.

    Returns:
        Keras model from images, shape `(batch, h, w, c)`, to noise, shape `(batch, noise_dim)`.
    """
    stack = []
    for _ in range(hidden_layers):
        stack.append(layers.Dense(hidden, activation="relu", kernel_initializer="he_normal"))
        stack += [layers.LayerNormalization()] if normalized else []
    size = int(np.prod(image_shape))
    return keras.Sequential(
        [keras.Input(image_shape), layers.Reshape((size,)), *stack, layers.Dense(noise_dim)], name="encoder"
    )
