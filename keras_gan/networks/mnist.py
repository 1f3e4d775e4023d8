"""The paper's MNIST networks, and the same networks scaled down to the bundled digits."""

from collections.abc import Sequence

import keras
import numpy as np

from keras_gan.networks import parts
from keras_gan.networks.parts import Networks, maxout_discriminator, relu_generator


def mnist(
    pixel_mean: np.ndarray | None = None,
    dropout: bool = True,
    discriminator_range: float = 0.005,
    num_classes: int = 0,
    label_scale: float = 1.0,
    observed: bool = False,
    front: Sequence[keras.layers.Layer] = (),
) -> Networks:
    """The paper's MNIST networks: 2,503,984 and 1,231,441 parameters, 100 noise values.

    Args:
        pixel_mean: mean of the training images on the scale [0, 1], shape `(h, w, c)`. The generator's output starts
            there, as in the released recipe. Default: biases of 0, so that it starts grey.
        dropout: whether the discriminator drops inputs of its layers, as the paper's did.
        discriminator_range: r of the discriminator.
        num_classes: for a game whose condition is a class: both networks also take a one-hot label, beside
            the noise and beside the pixels. 0 for none, as in the paper.
        label_scale: what the label is multiplied by, beside noise of a norm of about 10. The page docs/conditional.md
            says what a larger one does.
        observed: for a game whose condition is `keras_gan.conditions.Observed`: both networks also take the observed
            pixels and the mask, beside the noise and beside the pixels.
        front: layers between the images and the discriminator's first, such as `keras_gan.layers.Coloring`.
    """
    shape = (28, 28, 1)
    told = _told(shape, num_classes, observed)
    return (
        relu_generator(shape, 100, 1200, pixel_mean, told, label_scale),
        maxout_discriminator(shape, 240, discriminator_range, dropout, front=front, told=told, label_scale=label_scale),
    )


def digits(
    pixel_mean: np.ndarray | None = None,
    dropout: bool = True,
    discriminator_range: float = 0.005,
    num_classes: int = 0,
    label_scale: float = 1.0,
    observed: bool = False,
    front: Sequence[keras.layers.Layer] = (),
) -> Networks:
    """The MNIST networks scaled down to the bundled 8x8 digits, 32 noise values. Arguments are those of `mnist`."""
    shape = (8, 8, 1)
    told = _told(shape, num_classes, observed)
    return (
        relu_generator(shape, 32, 256, pixel_mean, told, label_scale),
        maxout_discriminator(shape, 96, discriminator_range, dropout, front=front, told=told, label_scale=label_scale),
    )


def _told(image_shape, num_classes, observed):
    if observed and num_classes:
        raise ValueError(
            f"One game has one condition. Received: num_classes={num_classes}, observed=True. Expected: one of the two."
        )
    return parts.observed(image_shape) if observed else parts.label(num_classes)
