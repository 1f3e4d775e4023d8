import keras
import numpy as np
import pytest
from checks import check_layer, check_saving

from keras_gan.layers import MaxoutConv2D


def numpy_maxout_conv(x, kernel, bias, pieces, zero_padding, pool_size, pool_strides):
    """The same by loops over windows."""
    p, k = zero_padding, len(kernel)
    x = np.pad(x, ((0, 0), (p, p), (p, p), (0, 0)))
    rows, columns = (side - k + 1 for side in x.shape[1:3])
    detected = np.empty((len(x), rows, columns, kernel.shape[-1]))
    for i in range(rows):
        for j in range(columns):
            detected[:, i, j] = np.tensordot(x[:, i : i + k, j : j + k], kernel, 3) + bias
    h = detected.reshape(*detected.shape[:3], -1, pieces).max(-1)
    last = [-(-(side - pool_size) // pool_strides) * pool_strides for side in h.shape[1:3]]
    starts = [range(0, i + 1, pool_strides) for i in last]
    pooled = [[h[:, i : i + pool_size, j : j + pool_size].max((1, 2)) for j in starts[1]] for i in starts[0]]
    return np.array(pooled).transpose(2, 0, 1, 3)


@pytest.mark.parametrize(
    ("zero_padding", "pool_size", "pool_strides"), [(0, 1, 1), (2, 2, 2), (1, 3, 2), (3, 4, 2), (0, 4, 4)]
)
def test_equals_the_formula(zero_padding, pool_size, pool_strides):
    layer = MaxoutConv2D(
        3, 2, 3, zero_padding, pool_size, pool_strides, kernel_initializer="normal", bias_initializer="normal"
    )
    x = np.random.default_rng(0).normal(size=(2, 6, 9, 2)).astype("float32")
    y = keras.ops.convert_to_numpy(layer(x))
    kernel, bias = (v.numpy() for v in (layer.kernel, layer.bias))
    expected = numpy_maxout_conv(x, kernel, bias, 2, zero_padding, pool_size, pool_strides)
    assert y.shape == layer.compute_output_shape(x.shape) == expected.shape
    np.testing.assert_allclose(y, expected, rtol=1e-4, atol=1e-5)


def test_layer(tmp_path):
    def make():
        return MaxoutConv2D(2, 3, 3, zero_padding=1, pool_size=3, pool_strides=2, kernel_regularizer="l2")

    check_saving(*check_layer(make, (4, 6, 7, 2)), tmp_path / "model.keras")


def test_the_papers_maps():  # facts, section 3: windows that overhang count
    shape = (None, 32, 32, 3)
    for layer, expected in (
        (MaxoutConv2D(32, 2, 8, zero_padding=4, pool_size=4, pool_strides=2), (None, 16, 16, 32)),
        (MaxoutConv2D(32, 2, 8, zero_padding=3, pool_size=4, pool_strides=2), (None, 7, 7, 32)),
        (MaxoutConv2D(192, 2, 5, zero_padding=3, pool_size=2), (None, 5, 5, 192)),
    ):
        shape = layer.compute_output_shape(shape)
        assert shape == expected


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ({"filters": 0}, "`filters`"),
        ({"pieces": 1.5}, "`pieces`"),
        ({"zero_padding": -1}, "zero_padding=-1"),
        ({"pool_size": 2, "pool_strides": 3}, "leave gaps"),
    ],
)
def test_bad_sizes(sizes, message):
    with pytest.raises(ValueError, match=message):
        MaxoutConv2D(**({"filters": 2, "pieces": 2, "kernel_size": 3} | sizes))


def test_inputs_too_small_or_unknown():
    with pytest.raises(ValueError, match="too small"):
        MaxoutConv2D(2, 2, 5)(np.zeros((1, 4, 4, 1), "float32"))
    with pytest.raises(ValueError, match="size of its input"):
        MaxoutConv2D(2, 2, 5).build((None, None, 8, 1))
