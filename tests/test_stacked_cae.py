"""The stacked contractive autoencoder: its penalty by hand, its chain, and the layers in turn."""

import keras
import numpy as np
import pytest
from checks import check_equal_state, check_layer
from conftest import all_equal, weights
from keras import ops

from keras_gan.artifacts import files
from keras_gan.baselines import RBM, ContractiveAutoencoder, StackedCAE, Tied


def sigmoid(a):
    return 1 / (1 + np.exp(-a))


def make_layer():
    layer = ContractiveAutoencoder(3, contraction=0.7)
    layer.build((None, 4))
    random = np.random.default_rng(0)
    for variable in layer.trainable_variables:
        variable.assign(random.normal(0, 0.8, variable.shape))
    return layer, random.uniform(0, 1, (5, 4)).astype("float32")


def make_cae(hidden=(5, 4), epochs_per_layer=2):
    keras.utils.set_random_seed(1)
    cae = StackedCAE((2, 3, 1), hidden, seed=5, num_starts=20)
    cae.compile(keras.optimizers.Adam(0.01), epochs_per_layer)
    return cae


def make_images(num=40):
    return np.random.default_rng(0).uniform(0, 1, (num, 2, 3, 1)).astype("float32")


def numpy_loss(w, c, b, x, contraction):
    """In float64, with the penalty as the sum of squares of the Jacobian's entries."""
    total = 0.0
    for row in x:
        h = [sigmoid(sum(row[i] * w[i, j] for i in range(4)) + c[j]) for j in range(3)]
        g = [sigmoid(sum(h[j] * w[i, j] for j in range(3)) + b[i]) for i in range(4)]
        total -= sum(row[i] * np.log(g[i]) + (1 - row[i]) * np.log(1 - g[i]) for i in range(4))
        jacobian = [[h[j] * (1 - h[j]) * w[i, j] for i in range(4)] for j in range(3)]
        total += contraction * sum(entry**2 for entries in jacobian for entry in entries)
    return total / len(x)


def test_the_loss_and_its_gradient():
    layer, x = make_layer()
    parts = [variable.numpy().astype("float64") for variable in layer.trainable_variables]
    np.testing.assert_allclose(float(layer.loss(x)), numpy_loss(*parts, x.astype("float64"), 0.7), rtol=1e-5)
    cae = StackedCAE((4,), (3,), contraction=0.7, num_starts=2)
    for variable, value in zip(cae.stack[0].trainable_variables, parts, strict=True):
        variable.assign(value)
    cae.compile(keras.optimizers.SGD(1.0))
    cae.train_on_batch(x)
    for k, variable in enumerate(cae.stack[0].trainable_variables):
        moved = parts[k] - variable.numpy()
        for place in np.ndindex(parts[k].shape):
            slopes = []
            for step in (1e-5, -1e-5):
                shifted = [part.copy() for part in parts]
                shifted[k][place] += step
                slopes.append(numpy_loss(*shifted, x.astype("float64"), 0.7))
            np.testing.assert_allclose(moved[place], (slopes[0] - slopes[1]) / 2e-5, rtol=1e-4, atol=2e-6)


def test_the_chain_moves_by_the_jacobian():
    layer, x = make_layer()
    w, c, b = (variable.numpy().astype("float64") for variable in layer.trainable_variables)
    epsilon = np.random.default_rng(1).normal(size=(5, 3)).astype("float32")
    expected = []
    for row, noise in zip(x, epsilon, strict=True):
        h = sigmoid(row @ w + c)
        jacobian = np.diag(h * (1 - h)) @ w.T
        expected.append(sigmoid((h + jacobian @ jacobian.T @ noise) @ w.T + b))
    np.testing.assert_allclose(ops.convert_to_numpy(layer.move(x, epsilon)), expected, rtol=1e-4)


def test_layers_alone():
    check_layer(lambda: Tied(3, "tanh", use_visible_bias=False), (8, 4))
    for layer in (ContractiveAutoencoder(3, contraction=0.7), RBM(3)):
        codes = layer(np.zeros((8, 4)))
        assert codes.shape == layer.compute_output_shape((8, 4)) == (8, 3)
        assert layer.down(codes).shape == (8, 4)
        again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(layer))
        assert again.get_config() == layer.get_config()


@pytest.mark.one_backend
def test_the_layers_learn_in_turn():
    cae, images = make_cae(), make_images()
    before = [weights(layer) for layer in cae.stack]
    logs = cae.fit(images, epochs=2, batch_size=20, verbose=0).history
    assert logs["layer"] == [1, 1]
    assert all_equal(weights(cae.stack[1]), before[1])
    assert not all_equal(weights(cae.stack[0]), before[0])
    one_layer = cae.sample(3, seed=0)
    below = weights(cae.stack[0])
    logs = cae.fit(images, epochs=3, batch_size=20, validation_data=images, verbose=0).history
    assert logs["layer"] == logs["val_layer"] == [2, 2, 2]
    assert all_equal(weights(cae.stack[0]), below)
    assert not all_equal(weights(cae.stack[1]), before[1])
    assert not np.array_equal(one_layer, cae.sample(3, seed=0))
    codes = cae.codes(cae.flat(images), 1)
    assert float(logs["val_loss"][-1]) == pytest.approx(float(cae.stack[1].loss(codes)), rel=1e-5)


def test_stopped_and_resumed_between_layers_it_is_the_same(tmp_path):
    straight, stopped = make_cae(), make_cae()
    straight.fit(make_images(), epochs=4, verbose=0)
    stopped.fit(make_images(), epochs=2, verbose=0)
    one_layer = stopped.sample(5, seed=0)
    stopped.save(tmp_path / "m.keras")
    resumed = files.load_model(tmp_path / "m.keras")
    np.testing.assert_array_equal(one_layer, resumed.sample(5, seed=0))
    resumed.fit(make_images(), epochs=4, initial_epoch=2, verbose=0)
    check_equal_state(straight, resumed)
    np.testing.assert_array_equal(straight.sample(5, seed=0), resumed.sample(5, seed=0))


def test_wrong_arguments():
    for arguments, message in (
        ({"hidden": ()}, "has layers"),
        ({"contraction": -1.0}, "contraction=-1"),
        ({"step_deviation": -1.0}, "step_deviation=-1"),
    ):
        with pytest.raises(ValueError, match=message):
            StackedCAE((4,), **{"hidden": (3,), **arguments})
    cae = StackedCAE((4,), (3, 2))
    with pytest.raises(ValueError, match="1 for 2 layers"):
        cae.compile([keras.optimizers.Adam()])
    with pytest.raises(ValueError, match="same optimizer object"):
        cae.compile([keras.optimizers.Adam()] * 2)
    with pytest.raises(ValueError, match="epochs_per_layer=0"):
        cae.compile(epochs_per_layer=0)
