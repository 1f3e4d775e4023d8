"""The paper's Toronto Face Database networks, for the pretraining and for the training after it."""

import keras
import numpy as np

from keras_gan.initializers import Constrained, SparseNormal
from keras_gan.networks.parts import (
    Networks,
    image_output,
    max_norm,
    maxout_discriminator,
    pixel_bias,
    scaled,
    uniform,
)


def tfd_pretraining(pixel_mean: np.ndarray | None = None, width: float = 1.0) -> Networks:
    """The first stage of the paper's TFD model: a generator of three layers, with 100 noise values.

    A ReLU layer, a sigmoid layer (bias -2) and a sigmoid output, whose units have 100 weights of N(0, 1) each. Every
    column of every kernel has a norm of at most 1.9365, from the start.

    Args:
        pixel_mean: mean of the training images on the scale [0, 1], shape `(48, 48, 1)`. The output starts there.
            Default: biases of 0, so that it starts grey.
        width: factor on the hidden layers' sizes.
    """
    hidden = scaled(8000, width)
    generator = keras.Sequential(
        [
            keras.Input((100,)),
            limited_dense(hidden, "relu", uniform(0.05)),
            limited_dense(hidden, "sigmoid", uniform(0.05, width), bias=-2.0),
            limited_dense(48 * 48, None, SparseNormal(100), bias=pixel_bias(pixel_mean)),
            *image_output((48, 48, 1), "sigmoid"),
        ],
        name="generator",
    )
    return generator, tfd_discriminator(width)


def tfd(pretrained: keras.Model | None = None, width: float = 1.0) -> Networks:
    """The paper's TFD networks: 84,858,404 and 21,037,201 parameters, 100 noise values.

    New layers stand before the three layers of the pretraining's generator: a ReLU layer, and 100 sigmoid units (bias
    -2), whose output the old layers take for their noise. The discriminator starts afresh.

    Args:
        pretrained: generator of `tfd_pretraining`, whose layers are trained further. Default: new ones.
        width: factor on the hidden layers' sizes.
    """
    back = pretrained or tfd_pretraining(width=width)[0]
    generator = keras.Sequential(
        [
            keras.Input((100,)),
            # Names of their own: in a resumed run the old layers come from a file, named as new ones would be.
            limited_dense(scaled(8000, width), "relu", uniform(0.05), name="front_hidden"),
            limited_dense(100, "sigmoid", uniform(0.05, width), bias=-2.0, name="front_code"),
            *back.layers,
        ],
        name="generator",
    )
    return generator, tfd_discriminator(width)


def tfd_discriminator(width):
    """Two maxout layers and a logit, with the max-norm constraint on every kernel."""
    return maxout_discriminator((48, 48, 1), scaled(1200, width), 0.005, width=width, limited=True)


def limited_dense(units, activation, initializer, bias=0.0, name=None):
    """A dense layer whose columns meet the max-norm from the start."""
    return keras.layers.Dense(
        units,
        name=name,
        activation=activation,
        kernel_initializer=Constrained(initializer, max_norm()),
        kernel_constraint=max_norm(),
        bias_initializer=keras.initializers.Constant(bias) if isinstance(bias, float) else bias,
    )
