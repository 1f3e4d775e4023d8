"""The convolutional layer's parts in Keras's operations, for backends that are fastest so."""

from keras import ops


def convolve(x, kernel, bias, zero_padding):
    """Convolution of `(n, rows, columns, channels)` with so many rows and columns of zeros around."""
    # On CPUs XLA runs a convolution that pads by itself several times slower than one of a padded copy.
    sides = (zero_padding, zero_padding)
    padded = ops.pad(x, ((0, 0), sides, sides, (0, 0)))
    return ops.add(ops.conv(padded, kernel, padding="valid", data_format="channels_last"), bias)


def pool(x, size, strides):
    """Maximum of windows of `(n, rows, columns, channels)`; the last ones may overhang."""
    overhang = [(0, -(side - size) % strides) for side in x.shape[1:3]]
    x = ops.pad(x, ((0, 0), *overhang, (0, 0)), constant_values=float("-inf"))
    return ops.max_pool(x, size, strides, padding="valid", data_format="channels_last")
