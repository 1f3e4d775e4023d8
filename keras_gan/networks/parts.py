"""The parts that the networks of the paper are made of."""

import keras
import numpy as np
from keras import layers
from keras.initializers import RandomUniform

from keras_gan.initializers import Constrained, PixelMeanLogit
from keras_gan.layers import Maxout

Networks = tuple[keras.Model, keras.Model]
TFD_MAX_NORM = 1.9365


def relu_generator(image_shape, noise_dim, hidden, pixel_mean, told=(), label_scale=1.0):
    """ReLU hidden layers and a sigmoid output: the generator of the MNIST networks.

    What it is told (names and shapes, as `label` or `observed` make them) stands beside the noise.
    """
    size = int(np.prod(image_shape))
    return _told(
        [keras.Input((noise_dim,), name="noise")],
        [
            layers.Dense(hidden, activation="relu", kernel_initializer=uniform(0.05)),
            layers.Dense(hidden, activation="relu", kernel_initializer=uniform(0.05)),
            layers.Dense(size, kernel_initializer=uniform(0.05), bias_initializer=pixel_bias(pixel_mean)),
            *image_output(image_shape, "sigmoid"),
        ],
        told,
        "generator",
        label_scale,
    )


def maxout_discriminator(
    image_shape,
    units,
    initial_range,
    dropout=True,
    width=1.0,
    front=(),
    limited=False,
    told=(),
    label_scale=1.0,
):
    """Two maxout layers and a logit, with dropout before each: the discriminator of all dense networks.

    What it is told (names and shapes, as `label` or `observed` make them) stands beside the pixels.
    """

    def kernel(range_width=1.0):
        initial = uniform(initial_range, range_width)
        if not limited:
            return {"kernel_initializer": initial}
        return {"kernel_initializer": Constrained(initial, max_norm()), "kernel_constraint": max_norm()}

    return _told(
        [keras.Input(image_shape), *front, layers.Flatten(), *dropout_layers(0.2, dropout)],
        [
            Maxout(units, 5, **kernel()),
            *dropout_layers(0.5, dropout),
            Maxout(units, 5, **kernel(width)),
            *dropout_layers(0.5, dropout),
            layers.Dense(1, **kernel(width)),
        ],
        told,
        "discriminator",
        label_scale,
    )


def label(num_classes):
    """What a network is told of `conditions.Labels`: a one-hot class. Nothing where there are no classes."""
    return (("label", (num_classes,)),) if num_classes else ()


def observed(image_shape):
    """What a network is told of `conditions.Observed`: an image of which parts are hidden, and its mask."""
    return (("observed", image_shape), ("mask", (*image_shape[:2], 1)))


def _told(front, back, told, name, label_scale=1.0):
    """The layers in a row; where the network is told something, that stands beside what the front makes.

    Of a label it sees `label_scale` times the one-hot vector. Of an image in [0, 1] and its mask it sees one number per
    pixel: -1 for black, 1 for white, 0 for a hidden pixel.
    """
    if not told:
        return keras.Sequential([*front, *back], name=name)
    first, inputs = front[0], [keras.Input(shape, name=part) for part, shape in told]
    x = first
    for layer in front[1:]:
        x = layer(x)
    beside = inputs[0]
    if len(inputs) > 1:
        image, mask = inputs
        beside = layers.Flatten()(layers.Subtract()([layers.Rescaling(2.0)(image), mask]))
    elif label_scale != 1:
        beside = layers.Rescaling(label_scale, name="label_scale")(beside)
    x = layers.Concatenate()([x, beside])
    for layer in back:
        x = layer(x)
    return keras.Model([first, *inputs], x, name=name)


def dropout_layers(rate, dropout):
    """A list of one dropout layer, or an empty one."""
    return [layers.Dropout(rate)] if dropout else []


def image_output(image_shape, activation):
    """The last activation and shape, always in full precision: half precision would show as bands of grey."""
    full = keras.config.floatx()
    return [layers.Activation(activation, dtype=full), layers.Reshape(image_shape, dtype=full)]


def pixel_bias(pixel_mean):
    """Initial bias of an output layer: the logit of the pixels' means, or zeros if there are none."""
    return "zeros" if pixel_mean is None else PixelMeanLogit(pixel_mean)


def max_norm():
    """The constraint on the columns of every TFD kernel."""
    return keras.constraints.MaxNorm(TFD_MAX_NORM, axis=0)


def uniform(half_width, width=1.0):
    """Initial weights from U(-r, r). Where `width` has left a layer fewer inputs, r is larger."""
    return RandomUniform(-half_width / width**0.5, half_width / width**0.5)


def scaled(units, width):
    """Number of units of a hidden layer after `width` has scaled it."""
    return max(1, round(units * width))
