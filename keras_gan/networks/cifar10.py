"""The paper's two pairs of CIFAR-10 networks: fully connected, and convolutional."""

import keras
from keras import layers

from keras_gan.layers import Maxout, MaxoutConv2D, UntiedBias
from keras_gan.networks.parts import Networks, dropout_layers, maxout_discriminator, scaled, uniform


def cifar10_dense(
    width: float = 1.0,
    dropout: bool = True,
    discriminator_range: float = 0.005,
    hidden_range: float = 0.05,
    output_range: float = 0.5,
) -> Networks:
    """The paper's fully connected CIFAR-10 networks: 89,395,072 and 37,393,601 parameters, 100 noise values.

    The output is linear, for images of zero mean and norm 55. Inside, images are flattened channel by channel.

    Args:
        width: factor on the hidden layers' sizes.
        dropout: whether the discriminator drops inputs of its layers, as the paper's did.
        discriminator_range: r of the discriminator.
        hidden_range: r of the generator's second layer.
        output_range: r of the generator's output layer. The paper's 0.5 gives the first samples a standard deviation of
            13, while images have 0.99.
    """
    hidden = scaled(8000, width)
    generator = keras.Sequential(
        [
            keras.Input((100,)),
            layers.Dense(hidden, activation="relu", kernel_initializer=uniform(0.05)),
            layers.Dense(hidden, activation="sigmoid", kernel_initializer=uniform(hidden_range, width)),
            layers.Dense(3 * 32 * 32, kernel_initializer=uniform(output_range, width)),
            layers.Reshape((3, 32, 32)),
            layers.Permute((2, 3, 1), dtype=keras.config.floatx()),
        ],
        name="generator",
    )
    front = [layers.Permute((3, 1, 2))]
    return generator, maxout_discriminator((32, 32, 3), scaled(1600, width), discriminator_range, dropout, width, front)


def cifar10_conv(width: float = 1.0, dropout: bool = True, discriminator_range: float = 0.005) -> Networks:
    """The paper's convolutional CIFAR-10 networks: 64,825,072 and 12,454,073 parameters, 100 noise values.

    The generator ends in a transposed convolution of stride 3, with a bias per channel and pixel. The discriminator has
    three convolutional maxout layers and a dense one.

    Args:
        width: factor on the hidden layers' sizes and the channels.
        dropout: whether the discriminator drops inputs of its layers, as the paper's did.
        discriminator_range: r of the discriminator.
    """
    hidden, channels = scaled(8000, width), scaled(80, width)
    generator = keras.Sequential(
        [
            keras.Input((100,)),
            layers.Dense(hidden, activation="relu", kernel_initializer=uniform(0.05)),
            layers.Dense(10 * 10 * channels, activation="sigmoid", kernel_initializer=uniform(0.05, width)),
            layers.Reshape((10, 10, channels)),
            layers.Conv2DTranspose(3, 5, strides=3, use_bias=False, kernel_initializer=uniform(0.05, width)),
            UntiedBias(dtype=keras.config.floatx()),
        ],
        name="generator",
    )

    def maxout_conv(filters, kernel_size, zero_padding, pool_size, first=False):
        return MaxoutConv2D(
            scaled(filters, width),
            2,
            kernel_size,
            zero_padding,
            pool_size,
            pool_strides=2,
            kernel_initializer=uniform(discriminator_range, 1.0 if first else width),
        )

    r = discriminator_range
    discriminator = keras.Sequential(
        [
            keras.Input((32, 32, 3)),
            *dropout_layers(0.2, dropout),
            maxout_conv(32, 8, 4, 4, first=True),
            *dropout_layers(0.5, dropout),
            maxout_conv(32, 8, 3, 4),
            *dropout_layers(0.5, dropout),
            maxout_conv(192, 5, 3, 2),
            layers.Flatten(),
            *dropout_layers(0.5, dropout),
            Maxout(scaled(500, width), 5, kernel_initializer=uniform(r, width)),
            *dropout_layers(0.5, dropout),
            layers.Dense(1, kernel_initializer=uniform(r, width)),
        ],
        name="discriminator",
    )
    return generator, discriminator
