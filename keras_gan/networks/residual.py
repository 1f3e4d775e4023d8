"""Convolutional residual networks for pictures of 8 to 256 pixels a side, grey or colour."""

import keras
import numpy as np
from keras import layers

from keras_gan.networks.parts import Networks, image_output, pixel_bias, scaled

SIZES = (8, 16, 32, 64, 128, 256)
_START = 4  # pixels per side, where the generator begins and the discriminator ends
_CHANNELS = {4: 128, 8: 64, 16: 32, 32: 16, 64: 16, 128: 8, 256: 8}  # by the pixels per side, at width 1


def residual(
    image_shape: tuple[int, int, int] = (32, 32, 3),
    noise_dim: int = 64,
    width: float = 1.0,
    pixel_mean: np.ndarray | None = None,
    num_classes: int = 0,
) -> Networks:
    """A convolutional generator and discriminator of residual blocks, without any normalization.

    The generator doubles the pixels per side from 4 on, and the discriminator halves them again. At every size below
    the full one each has a residual block of three convolutions (1x1, 3x3, 1x1) with leaky ReLU between them; at the
    full size, where pixels are most expensive, it has one 3x3 convolution. A block begins as the identity, since its
    last convolution begins at 0. The samples go through a sigmoid. The first dense layer of the generator and the last
    hidden one of the discriminator give every place of the 4x4 map weights of its own.

    Source: the networks of Huang et al. 2024 ("The GAN is dead; long live the GAN!", R3GAN), made smaller: one block
    per size in place of two, and no groups, which a CPU computes slowly.

    Args:
        image_shape: `(size, size, channels)`; the size is 8, 16, 32, 64, 128 or 256, and there are 1 or 3 channels.
        noise_dim: size of the noise.
        width: factor on the channels. 1 is meant for a CPU, 4 for a GPU.
        pixel_mean: mean of the preprocessed data, in [0, 1]: of all of them, or per channel or pixel. Then the first
            samples are of their mean colour. Default: grey.
        num_classes: of the one-hot class that both networks are told, where it is not 0. The discriminator's logit then
            has a part that is the product of its features and a vector of the class (Miyato and Koyama 2018).

    Returns:
        `(generator, discriminator)`: Keras models from noise to images, and from images to a logit; with classes, from
        `[noise, class]` and `[image, class]`.

    Raises:
        ValueError: for another shape.
    """
    size, channels = image_shape[0], image_shape[-1]
    if len(image_shape) != 3 or size != image_shape[1] or size not in SIZES or channels not in (1, 3):
        raise ValueError(
            f"The residual networks make square pictures of {SIZES} pixels a side. Received: image_shape={image_shape}."
            " Expected, for example, (32, 32, 3), or (64, 64, 1) for grey ones."
        )
    sizes = [each for each in _CHANNELS if each <= size]
    maps = {each: scaled(_CHANNELS[each], width) for each in sizes}
    blocks = len(sizes) - 1
    mean = None if pixel_mean is None else np.mean(np.broadcast_to(pixel_mean, image_shape), axis=(0, 1))
    return (
        _generator(maps, channels, noise_dim, blocks, mean, num_classes),
        _discriminator(maps, channels, blocks, num_classes),
    )


def _generator(maps, channels, noise_dim, blocks, mean, num_classes):
    noise = keras.Input((noise_dim,), name="noise")
    inputs, x = [noise], noise
    if num_classes:
        label = keras.Input((num_classes,), name="label")
        inputs.append(label)
        x = layers.Concatenate()([noise, layers.Dense(noise_dim, use_bias=False, name="class_vector")(label)])
    *inner, (full, last) = maps.items()
    x = layers.Dense(_START * _START * maps[_START], kernel_initializer="he_normal")(x)
    x = layers.Reshape((_START, _START, maps[_START]))(x)
    for i, (size, filters) in enumerate(inner):
        if i:
            x = _pointwise(filters)(layers.UpSampling2D(name=f"to_{size}")(x))
        x = _block(x, filters, blocks)
    # The number of channels changes before the pixels multiply.
    x = layers.UpSampling2D(name=f"to_{full}")(_pointwise(last)(x))
    x = layers.LeakyReLU(0.2)(_spatial(last, 2.0)(x))
    x = _spatial(channels, 0.1, use_bias=True, bias_initializer=pixel_bias(mean))(x)
    activation, _ = image_output((full, full, channels), "sigmoid")
    return keras.Model(inputs if num_classes else noise, activation(x), name="generator")


def _discriminator(maps, channels, blocks, num_classes):
    *inner, (full, first) = maps.items()
    image = keras.Input((full, full, channels), name="image")
    x = layers.Rescaling(2.0, -1.0)(image)
    x = layers.LeakyReLU(0.2)(_spatial(first, 2.0)(x))
    for size, filters in reversed(inner):
        x = _pointwise(filters)(layers.AveragePooling2D(2, name=f"to_{size}")(x))
        x = _block(x, filters, blocks)
    x = layers.Dense(maps[_START], kernel_initializer="he_normal")(layers.Flatten()(x))
    features = layers.LeakyReLU(0.2, name="features")(x)
    logit = layers.Dense(1, name="logit")(features)
    if not num_classes:
        return keras.Model(image, logit, name="discriminator")
    label = keras.Input((num_classes,), name="label")
    vector = layers.Dense(maps[_START], use_bias=False, name="class_vector")(label)
    logit = layers.Add()([logit, layers.Dot(1)([features, vector])])
    return keras.Model([image, label], logit, name="discriminator")


def _block(x, filters, blocks):
    """x plus what three convolutions make of it."""
    scale = 2.0 / blocks**0.5  # so that the sum of all blocks moves as far in a step, however many there are
    y = layers.LeakyReLU(0.2)(_pointwise(filters, scale)(x))
    y = layers.LeakyReLU(0.2)(_spatial(filters, scale)(y))
    return layers.Add()([x, _pointwise(filters, 0)(y)])


def _pointwise(filters, scale=1.0):
    return layers.Conv2D(filters, 1, use_bias=bool(scale != 1), kernel_initializer=_initial(scale))


def _spatial(filters, scale, use_bias=True, bias_initializer="zeros"):
    return layers.Conv2D(
        filters,
        3,
        padding="same",
        use_bias=use_bias,
        bias_initializer=bias_initializer,
        kernel_initializer=_initial(scale),
    )


def _initial(scale):
    """Weights whose outputs have `scale` times the variance of their inputs; 2 makes up for a ReLU."""
    return keras.initializers.VarianceScaling(scale, "fan_in", "truncated_normal") if scale else "zeros"
