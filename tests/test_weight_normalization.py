import keras
import numpy as np
import pytest
from checks import check_layer, check_saving
from keras import layers, ops

from keras_gan.layers import Maxout, WeightNormalization

LAYERS = {
    "dense": (lambda: layers.Dense(4), (6, 7)),
    "conv2d": (lambda: layers.Conv2D(4, 3, padding="same"), (6, 5, 5, 3)),
    "maxout": (lambda: Maxout(4, pieces=3), (6, 7)),
}


@pytest.mark.parametrize("name", LAYERS)
def test_layer(name, tmp_path):
    make, shape = LAYERS[name]
    check_saving(*check_layer(lambda: WeightNormalization(make(), gain=0.7), shape), tmp_path / "m.keras")


@pytest.mark.parametrize("name", LAYERS)
def test_the_kernel_has_columns_of_the_gains_length(name):
    make, shape = LAYERS[name]
    layer, plain = WeightNormalization(make(), gain=2.5), make()
    x = np.random.default_rng(1).normal(size=shape).astype("float32")
    layer(x), plain(x)
    kernel = ops.convert_to_numpy(layer.kernel)
    columns = kernel.reshape(-1, kernel.shape[-1])
    expected = 2.5 * columns / np.linalg.norm(columns, axis=0)
    others = [weight.numpy() for weight in layer.layer.weights if weight is not layer.kernel]
    plain.set_weights([expected.reshape(kernel.shape), *others])
    np.testing.assert_allclose(ops.convert_to_numpy(layer(x)), ops.convert_to_numpy(plain(x)), rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(ops.convert_to_numpy(layer.kernel), kernel)


def test_a_fixed_gain_is_not_learnt_and_a_zero_column_stays_one():
    model = keras.Sequential([keras.Input((3,)), WeightNormalization(layers.Dense(2), 1.5, trainable_gain=False)])
    layer = model.layers[0]
    assert len(model.trainable_variables) == 2
    model.compile("sgd", "mse")
    model.fit(np.ones((4, 3)), np.zeros((4, 2)), verbose=0)
    np.testing.assert_array_equal(ops.convert_to_numpy(layer.gain), [1.5, 1.5])
    layer.layer.set_weights([np.zeros((3, 2)), np.ones(2)])
    np.testing.assert_array_equal(ops.convert_to_numpy(layer(np.ones((1, 3)))), [[1, 1]])


@pytest.mark.parametrize("gain", [0, -1.0, float("inf"), "1", True])
def test_another_gain_is_refused(gain):
    with pytest.raises(ValueError, match="gain="):
        WeightNormalization(layers.Dense(2), gain)


def test_a_layer_without_a_kernel_is_refused():
    with pytest.raises(ValueError, match="WeightNormalization divides"):
        WeightNormalization(layers.Flatten())(np.ones((2, 3)))
