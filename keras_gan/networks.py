"""The networks of the paper, by the name of the data set, and small ones for the bundled digits.

Weights are drawn from U(-r, r) and biases start at 0 unless stated. `width` scales every hidden layer of a model
evenly, for small machines; r then grows by 1 / sqrt(width) where a layer's inputs are hidden units, so that sums of
fewer terms stay as large.
"""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import layers
from keras.initializers import RandomUniform

from keras_gan.initializers import Constrained, PixelMeanLogit, SparseNormal
from keras_gan.layers import Maxout, MaxoutConv2D, UntiedBias

Networks = tuple[keras.Model, keras.Model]
TFD_MAX_NORM = 1.9365


def build(name: str, **settings: Any) -> Networks:
    """Builds a generator and a discriminator.

    Args:
        name: `"mnist"`, `"digits"`, `"tfd_pretraining"`, `"tfd"`, `"cifar10_dense"`, `"cifar10_conv"` or `"points"`.
        **settings: arguments of the function of that name in this module.

    Returns:
        `(generator, discriminator)`: Keras models; the generator takes noise of shape `(batch, dim)`.

    Raises:
        ValueError: for an unknown name.
    """
    if name not in NETWORKS:
        raise ValueError(f"Unknown networks. Received: name={name!r}. Expected one of {sorted(NETWORKS)}.")
    return NETWORKS[name](**settings)


def mnist(
    pixel_mean: np.ndarray | None = None,
    dropout: bool = True,
    discriminator_range: float = 0.005,
) -> Networks:
    """The paper's MNIST networks: 2,503,984 and 1,231,441 parameters, noise of width 100.

    Args:
        pixel_mean: mean of the training images on the scale [0, 1], shape `(h, w, c)`: the generator's output starts
            there, as in the released recipe. Default: biases 0, a grey start.
        dropout: whether the discriminator drops inputs of its layers, as the paper's did.
        discriminator_range: r of the discriminator.
    """
    return (
        _relu_generator((28, 28, 1), 100, 1200, pixel_mean),
        _maxout_discriminator((28, 28, 1), 240, discriminator_range, dropout),
    )


def digits(
    pixel_mean: np.ndarray | None = None,
    dropout: bool = True,
    discriminator_range: float = 0.005,
) -> Networks:
    """The MNIST networks scaled down to the bundled 8x8 digits, noise of width 32. Arguments: those of `mnist`."""
    return (
        _relu_generator((8, 8, 1), 32, 256, pixel_mean),
        _maxout_discriminator((8, 8, 1), 96, discriminator_range, dropout),
    )


def tfd_pretraining(pixel_mean: np.ndarray | None = None, width: float = 1.0) -> Networks:
    """The first stage of the paper's TFD model: a generator of three layers, noise of width 100.

    ReLU, sigmoid (bias -2) and a sigmoid output whose units have 100 weights of N(0, 1) each. Every column of every
    kernel has norm 1.9365 at most, from the start.

    Args:
        pixel_mean: mean of the training images on the scale [0, 1], shape `(48, 48, 1)`, where the output starts.
        width: factor on the hidden layers' sizes.
    """
    hidden = _scaled(8000, width)
    limited = _limited_dense
    generator = keras.Sequential(
        [
            keras.Input((100,)),
            limited(hidden, "relu", _uniform(0.05)),
            limited(hidden, "sigmoid", _uniform(0.05, width), bias=-2.0),
            limited(48 * 48, None, SparseNormal(100), bias=_pixel_bias(pixel_mean)),
            *_images((48, 48, 1), "sigmoid"),
        ],
        name="generator",
    )
    return generator, _tfd_discriminator(width)


def tfd(pretrained: keras.Model | None = None, width: float = 1.0) -> Networks:
    """The paper's TFD networks: 84,858,404 and 21,037,201 parameters, noise of width 100.

    A new front, 100 noise values to a ReLU layer to a code of 100 sigmoid units (bias -2), stands before the three
    layers of the pretraining's generator, which take the code for their noise. The discriminator starts afresh.

    Args:
        pretrained: generator of `tfd_pretraining`, whose layers go on training here. Default: new ones.
        width: factor on the hidden layers' sizes.
    """
    back = pretrained or tfd_pretraining(width=width)[0]
    generator = keras.Sequential(
        [
            keras.Input((100,)),
            _limited_dense(_scaled(8000, width), "relu", _uniform(0.05)),
            _limited_dense(100, "sigmoid", _uniform(0.05, width), bias=-2.0),
            *back.layers,
        ],
        name="generator",
    )
    return generator, _tfd_discriminator(width)


def cifar10_dense(
    width: float = 1.0,
    dropout: bool = True,
    discriminator_range: float = 0.005,
    hidden_range: float = 0.05,
    output_range: float = 0.5,
) -> Networks:
    """The paper's fully connected CIFAR-10 networks: 89,395,072 and 37,393,601 parameters, noise of width 100.

    The output is linear, for images of zero mean and norm 55; inside, images are flattened channel by channel.

    Args:
        width: factor on the hidden layers' sizes.
        dropout: whether the discriminator drops inputs of its layers, as the paper's did.
        discriminator_range: r of the discriminator.
        hidden_range: r of the generator's second layer.
        output_range: r of the generator's output layer. The paper's 0.5 makes first samples of a standard deviation
            of 13, where images have 0.99.
    """
    hidden = _scaled(8000, width)
    generator = keras.Sequential(
        [
            keras.Input((100,)),
            layers.Dense(hidden, activation="relu", kernel_initializer=_uniform(0.05)),
            layers.Dense(hidden, activation="sigmoid", kernel_initializer=_uniform(hidden_range, width)),
            layers.Dense(3 * 32 * 32, kernel_initializer=_uniform(output_range, width)),
            layers.Reshape((3, 32, 32)),
            layers.Permute((2, 3, 1), dtype=keras.config.floatx()),
        ],
        name="generator",
    )
    front = [layers.Permute((3, 1, 2))]
    return generator, _maxout_discriminator(
        (32, 32, 3), _scaled(1600, width), discriminator_range, dropout, width, front
    )


def cifar10_conv(width: float = 1.0, dropout: bool = True, discriminator_range: float = 0.005) -> Networks:
    """The paper's convolutional CIFAR-10 networks: 64,825,072 and 12,454,073 parameters, noise of width 100.

    The generator ends in a transposed convolution of stride 3 with a bias map of its own; the discriminator is three
    convolutional maxout layers and a dense one.

    Args:
        width: factor on the hidden layers' sizes and the channels.
        dropout: whether the discriminator drops inputs of its layers, as the paper's did.
        discriminator_range: r of the discriminator.
    """
    hidden, channels = _scaled(8000, width), _scaled(80, width)
    generator = keras.Sequential(
        [
            keras.Input((100,)),
            layers.Dense(hidden, activation="relu", kernel_initializer=_uniform(0.05)),
            layers.Dense(10 * 10 * channels, activation="sigmoid", kernel_initializer=_uniform(0.05, width)),
            layers.Reshape((10, 10, channels)),
            layers.Conv2DTranspose(3, 5, strides=3, use_bias=False, kernel_initializer=_uniform(0.05, width)),
            UntiedBias(dtype=keras.config.floatx()),
        ],
        name="generator",
    )

    def maxout_conv(filters, kernel_size, zero_padding, pool_size, first=False):
        return MaxoutConv2D(
            _scaled(filters, width),
            2,
            kernel_size,
            zero_padding,
            pool_size,
            pool_strides=2,
            kernel_initializer=_uniform(discriminator_range, 1.0 if first else width),
        )

    r = discriminator_range
    discriminator = keras.Sequential(
        [
            keras.Input((32, 32, 3)),
            *_dropped(0.2, dropout),
            maxout_conv(32, 8, 4, 4, first=True),
            *_dropped(0.5, dropout),
            maxout_conv(32, 8, 3, 4),
            *_dropped(0.5, dropout),
            maxout_conv(192, 5, 3, 2),
            layers.Flatten(),
            *_dropped(0.5, dropout),
            Maxout(_scaled(500, width), 5, kernel_initializer=_uniform(r, width)),
            *_dropped(0.5, dropout),
            layers.Dense(1, kernel_initializer=_uniform(r, width)),
        ],
        name="discriminator",
    )
    return generator, discriminator


def points(
    size: int,
    noise_dim: int,
    scale: float = 1.0,
    units: int = 128,
    hidden_layers: int = 3,
    activation: str = "relu",
    bias_spread: float = 0.0,
    start: str = "random",
) -> Networks:
    """Two small networks of dense layers, for data that are points on a line or in the plane (none of the paper's).

    Weights are drawn by He's rule for ReLU, by LeCun's for others.

    Args:
        size: values of a point.
        noise_dim: width of the noise.
        scale: standard deviation of the data, which the generator's last layer multiplies by and the discriminator's
            first divides by.
        units: of each hidden layer.
        hidden_layers: of each network.
        activation: of the hidden layers.
        bias_spread: standard deviation of the hidden layers' first biases. On a line, biases of 0 would let every unit
            of the first layer bend at the same place.
        start: `"random"`, or `"linear"`: the generator adds a linear map of the noise to what its hidden layers make,
            which is next to nothing at first. So it starts monotone on a line; one that starts folded may stay so.

    Raises:
        ValueError: for another start.
    """
    if start not in ("random", "linear"):
        raise ValueError(f"Unknown start. Received: start={start!r}. Expected 'random' or 'linear'.")

    def hidden():
        return [
            layers.Dense(
                units,
                activation=activation,
                kernel_initializer="he_normal" if activation == "relu" else "lecun_normal",
                bias_initializer=keras.initializers.RandomNormal(stddev=bias_spread),
            )
            for _ in range(hidden_layers)
        ]

    noise = keras.Input((noise_dim,))
    bent = noise
    for layer in hidden():
        bent = layer(bent)
    if start == "linear":
        small = keras.initializers.RandomNormal(stddev=0.01)
        made = layers.Add()([layers.Dense(size)(noise), layers.Dense(size, kernel_initializer=small)(bent)])
    else:
        made = layers.Dense(size)(bent)
    generator = keras.Model(noise, layers.Rescaling(scale)(made), name="generator")
    discriminator = [keras.Input((size,)), layers.Rescaling(1 / scale), *hidden(), layers.Dense(1)]
    return generator, keras.Sequential(discriminator, name="discriminator")


def _relu_generator(image_shape, noise_dim, hidden, pixel_mean):
    size = int(np.prod(image_shape))
    return keras.Sequential(
        [
            keras.Input((noise_dim,)),
            layers.Dense(hidden, activation="relu", kernel_initializer=_uniform(0.05)),
            layers.Dense(hidden, activation="relu", kernel_initializer=_uniform(0.05)),
            layers.Dense(size, kernel_initializer=_uniform(0.05), bias_initializer=_pixel_bias(pixel_mean)),
            *_images(image_shape, "sigmoid"),
        ],
        name="generator",
    )


def _maxout_discriminator(image_shape, units, initial_range, dropout=True, width=1.0, front=(), limited=False):
    def kernel(range_width=1.0):
        uniform = _uniform(initial_range, range_width)
        if not limited:
            return {"kernel_initializer": uniform}
        return {"kernel_initializer": Constrained(uniform, _max_norm()), "kernel_constraint": _max_norm()}

    return keras.Sequential(
        [
            keras.Input(image_shape),
            *front,
            layers.Flatten(),
            *_dropped(0.2, dropout),
            Maxout(units, 5, **kernel()),
            *_dropped(0.5, dropout),
            Maxout(units, 5, **kernel(width)),
            *_dropped(0.5, dropout),
            layers.Dense(1, **kernel(width)),
        ],
        name="discriminator",
    )


def _dropped(rate, dropout):
    return [layers.Dropout(rate)] if dropout else []


def _tfd_discriminator(width):
    return _maxout_discriminator((48, 48, 1), _scaled(1200, width), 0.005, width=width, limited=True)


def _limited_dense(units, activation, initializer, bias=0.0):
    return layers.Dense(
        units,
        activation=activation,
        kernel_initializer=Constrained(initializer, _max_norm()),
        kernel_constraint=_max_norm(),
        bias_initializer=keras.initializers.Constant(bias) if isinstance(bias, float) else bias,
    )


def _images(image_shape, activation):
    """In full precision also where the rest is not: half precision would show as bands of grey."""
    full = keras.config.floatx()
    return [layers.Activation(activation, dtype=full), layers.Reshape(image_shape, dtype=full)]


def _pixel_bias(pixel_mean):
    return "zeros" if pixel_mean is None else PixelMeanLogit(pixel_mean)


def _max_norm():
    return keras.constraints.MaxNorm(TFD_MAX_NORM, axis=0)


def _uniform(half_width, width=1.0):
    return RandomUniform(-half_width / width**0.5, half_width / width**0.5)


def _scaled(units, width):
    return max(1, round(units * width))


NETWORKS: dict[str, Callable[..., Networks]] = {
    "mnist": mnist,
    "digits": digits,
    "tfd_pretraining": tfd_pretraining,
    "tfd": tfd,
    "cifar10_dense": cifar10_dense,
    "cifar10_conv": cifar10_conv,
    "points": points,
}
