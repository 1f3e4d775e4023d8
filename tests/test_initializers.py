import keras
import numpy as np
import pytest

from keras_gan.initializers import PixelMeanLogit


def test_bias_is_the_logit_of_the_clipped_mean():
    mean = np.array([[0.0, 0.5], [0.9, 1.0]])
    bias = keras.ops.convert_to_numpy(PixelMeanLogit(mean)((4,)))
    np.testing.assert_allclose(bias[1:3], [0, np.log(9)], rtol=1e-6, atol=1e-7)
    assert bias[0] == pytest.approx(-16.118, abs=5e-4)  # facts, section 2
    assert bias[3] == pytest.approx(16.118, abs=5e-4)


def test_a_generator_with_zero_weights_starts_at_the_mean():
    mean = np.linspace(0.01, 0.99, 6)
    layer = keras.layers.Dense(
        6, activation="sigmoid", kernel_initializer="zeros", bias_initializer=PixelMeanLogit(mean)
    )
    np.testing.assert_allclose(keras.ops.convert_to_numpy(layer(np.ones((1, 3))))[0], mean, rtol=1e-5)


def test_serialization():
    initializer = PixelMeanLogit(np.array([0.2, 0.4]))
    revived = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(initializer))
    np.testing.assert_array_equal(revived.mean, initializer.mean)


@pytest.mark.parametrize("mean", [[], [0.5, 128.0], [-0.1], [np.nan]])
def test_bad_means(mean):
    with pytest.raises(ValueError, match=r"lie in \[0, 1\]"):
        PixelMeanLogit(np.array(mean))


def test_wrong_number_of_units():
    with pytest.raises(ValueError, match="5 biases, but 2 pixel means"):
        PixelMeanLogit([0.1, 0.2])((5,))
