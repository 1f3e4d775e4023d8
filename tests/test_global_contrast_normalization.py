import keras
import numpy as np
import pytest
from checks import check_layer, check_mask, check_saving

from keras_gan.layers import GlobalContrastNormalization


def test_layer(tmp_path):
    model, x = check_layer(lambda: GlobalContrastNormalization(7.0), (4, 3, 2, 5), trained=False)
    check_saving(model, x, tmp_path / "model.keras")


def test_mean_zero_and_the_norm_for_every_image():  # facts, section 2: root mean square .9923 a value
    images = np.random.default_rng(0).integers(0, 256, (6, 32, 32, 3), "uint8")
    x = keras.ops.convert_to_numpy(GlobalContrastNormalization(55)(images)).reshape(6, -1).astype("float64")
    raw = images.reshape(6, -1).astype("float64")
    raw -= raw.mean(1, keepdims=True)
    np.testing.assert_allclose(x, 55 * raw / np.linalg.norm(raw, axis=1, keepdims=True), atol=1e-5)
    np.testing.assert_allclose(np.sqrt(np.square(x).mean(1)), 0.9923, atol=1e-4)


def test_an_even_image_becomes_zeros():
    x = keras.ops.convert_to_numpy(GlobalContrastNormalization()(np.full((1, 4, 4, 3), 7, "uint8")))
    np.testing.assert_array_equal(x, np.zeros((1, 4, 4, 3)))


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_sums_are_in_float32(policy):
    keras.config.set_dtype_policy(policy)
    images = np.random.default_rng(0).integers(0, 256, (2, 32, 32, 3), "uint8")
    x = GlobalContrastNormalization()(images)
    keras.config.set_dtype_policy("float32")
    assert keras.backend.standardize_dtype(x.dtype) == policy.removeprefix("mixed_")
    lengths = np.linalg.norm(keras.ops.convert_to_numpy(keras.ops.cast(x, "float32")).reshape(2, -1), axis=1)
    np.testing.assert_allclose(lengths, 55, rtol=0.005)


def test_bad_norm():
    with pytest.raises(ValueError, match="norm=0"):
        GlobalContrastNormalization(0)


def test_a_mask_goes_on_to_the_next_layer():
    check_mask(GlobalContrastNormalization(), masked=True)
