import keras
import numpy as np
import pytest
from checks import check_layer, check_mask, check_saving

from keras_gan import backend
from keras_gan.layers import UntiedBias


def test_layer(tmp_path):
    check_saving(*check_layer(lambda: UntiedBias("ones", regularizer="l2"), (4, 3, 2, 5)), tmp_path / "model.keras")


def test_every_element_has_a_bias_of_its_own():
    layer = UntiedBias("normal")
    x = np.random.default_rng(0).normal(size=(2, 3, 4)).astype("float32")
    np.testing.assert_allclose(keras.ops.convert_to_numpy(layer(x)), x + layer.bias.numpy(), rtol=1e-6)
    assert layer.bias.shape == (3, 4)


def test_after_a_transposed_convolution_it_is_the_papers_deconv():  # facts, section 3
    maps = keras.Sequential(
        [keras.Input((10, 10, 80)), keras.layers.Conv2DTranspose(3, 5, strides=3, use_bias=False), UntiedBias()]
    )
    assert maps.output_shape == (None, 32, 32, 3)
    assert maps.count_params() == 80 * 3 * 5 * 5 + 3 * 32 * 32


def test_the_deconv_is_the_gradient_of_the_matching_convolution():
    deconv = keras.layers.Conv2DTranspose(3, 5, strides=3, use_bias=False, kernel_initializer="normal")
    code = np.random.default_rng(0).normal(size=(2, 10, 10, 8)).astype("float32")
    images = keras.ops.convert_to_numpy(deconv(code))

    def products(x):
        maps = keras.ops.conv(x, deconv.kernel, strides=3, padding="valid", data_format="channels_last")
        return keras.ops.sum(keras.ops.multiply(maps, code)), ()

    x = keras.ops.convert_to_tensor(np.zeros(images.shape, "float32"))
    _, gradient = backend.input_gradient(products, x, deconv.variables)
    np.testing.assert_allclose(images, keras.ops.convert_to_numpy(gradient), atol=1e-5)


def test_unknown_size():
    with pytest.raises(ValueError, match="size of its input"):
        UntiedBias().build((None, None, 3))


def test_a_mask_goes_on_to_the_next_layer():
    check_mask(UntiedBias(), masked=True)
