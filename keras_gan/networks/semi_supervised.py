"""The networks of semi-supervised MNIST in "Improved Techniques for Training GANs", and small ones for the digits."""

import keras
import numpy as np
from keras import layers

from keras_gan.layers import WeightNormalization
from keras_gan.networks.parts import Networks, image_output, scaled

# So long are the columns of a kernel that its outputs vary by about 1 as training begins, noise included.
_FIRST_GAIN, _HIDDEN_GAIN = 2.5, 1.3


def mnist_semi_supervised(num_classes: int = 10, width: float = 1.0) -> Networks:
    """Networks of Salimans et al. (2016): 694,568 and 1,538,770 weights to learn, 100 noise values.

    Args:
        num_classes: logits of the discriminator.
        width: scale of every hidden layer.
    """
    generator, discriminator = (500, 500), (1000, 500, 250, 250, 250)
    return (
        softplus_generator((28, 28, 1), 100, tuple(scaled(units, width) for units in generator)),
        noisy_classifier((28, 28, 1), tuple(scaled(units, width) for units in discriminator), num_classes),
    )


def digits_semi_supervised(num_classes: int = 10) -> Networks:
    """The same networks scaled down to the bundled 8x8 digits, 32 noise values. The argument is that of MNIST's."""
    return softplus_generator((8, 8, 1), 32, (128, 128)), noisy_classifier((8, 8, 1), (256, 128, 128), num_classes)


def softplus_generator(image_shape: tuple[int, ...], noise_dim: int, hidden: tuple[int, ...]) -> keras.Model:
    """Hidden layers with batch normalization and softplus, and a sigmoid output with weight normalization.

    Args:
        image_shape: shape of an image, `(h, w, c)`.
        noise_dim: size of the noise.
        hidden: units per hidden layer.
    """
    stack: list[keras.layers.Layer] = []
    for units in hidden:
        stack += [
            layers.Dense(units, use_bias=False),
            layers.BatchNormalization(scale=False),
            layers.Activation("softplus"),
        ]
    # Coherent steps of a plain kernel would saturate the pixels within a few updates.
    pixels = WeightNormalization(layers.Dense(int(np.prod(image_shape))))
    return keras.Sequential(
        [keras.Input((noise_dim,), name="noise"), *stack, pixels, *image_output(image_shape, "sigmoid")],
        name="generator",
    )


def noisy_classifier(
    image_shape: tuple[int, ...], hidden: tuple[int, ...], num_classes: int, noise: tuple[float, float] = (0.3, 0.5)
) -> keras.Model:
    """ReLU hidden layers of a fixed scale, with Gaussian noise before each of them and before the logits.

    Args:
        image_shape: shape of an image, `(h, w, c)`.
        hidden: units per hidden layer.
        num_classes: logits.
        noise: standard deviation of the noise on pixels and on hidden units, in training alone.

    Returns:
        Keras model from images to a dictionary: `"logits"`, shape `(batch, num_classes)`, and `"features"`, the last
        hidden layer, shape `(batch, hidden[-1])`.
    """

    def dense(units, gain, activation=None):
        kernel = keras.initializers.RandomNormal(stddev=0.1)
        layer = layers.Dense(units, activation=activation, kernel_initializer=kernel)
        return WeightNormalization(layer, gain, trainable_gain=activation is None)

    images = keras.Input(image_shape, name="images")
    features = layers.Flatten()(images)
    for i, units in enumerate(hidden):
        features = layers.GaussianNoise(noise[min(i, 1)])(features)
        features = dense(units, _HIDDEN_GAIN if i else _FIRST_GAIN, "relu")(features)
    logits = dense(num_classes, 1.0)(layers.GaussianNoise(noise[1])(features))
    return keras.Model(images, {"logits": logits, "features": features}, name="discriminator")
