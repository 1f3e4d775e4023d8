import keras
import numpy as np
import pytest
from checks import check_layer, check_saving

from keras_gan.layers import Coloring


def images(n=400, shape=(4, 3, 2), seed=0):
    """Values that depend on one another, around a mean."""
    rng = np.random.default_rng(seed)
    size = int(np.prod(shape))
    mixing = rng.normal(size=(size, size)) * np.geomspace(3, 0.05, size)
    return (rng.normal(size=(n, size)) @ mixing.T + rng.normal(size=size)).reshape(n, *shape)


def adapted(data, **arguments):
    layer = Coloring(**arguments)
    layer.adapt(data)
    return layer


def test_layer(tmp_path):
    model, x = check_layer(Coloring, (4, 3, 2, 5), trained=False)
    np.testing.assert_allclose(model.predict(x, verbose=0), x, rtol=1e-6)  # before it has seen data
    model.layers[-1].adapt(images(40, (3, 2, 5)))
    check_saving(model, x, tmp_path / "model.keras")


def test_components_are_multiplied_by_their_standard_deviations():
    data = images()
    colored = keras.ops.convert_to_numpy(adapted(data, epsilon=0.0)(data.astype("float32"))).reshape(len(data), -1)
    flat = data.reshape(len(data), -1)
    variances, components = np.linalg.eigh(np.cov(flat.T, bias=True))
    np.testing.assert_allclose(colored.mean(0), 0, atol=1e-4)
    found = np.cov((colored @ components).T, bias=True)
    expected = variances**2 * variances.sum() / np.sum(variances**2)  # so the total is that of the data
    np.testing.assert_allclose(found, np.diag(expected), atol=1e-4 * expected.max())


def test_epsilon_is_a_floor_and_a_large_one_leaves_the_images():
    data = images()
    flat = data.reshape(len(data), -1)
    centred = flat - flat.mean(0)
    much = keras.ops.convert_to_numpy(adapted(data, epsilon=1e9)(data)).reshape(len(data), -1)
    np.testing.assert_allclose(much, centred, atol=1e-4 * np.abs(centred).max())
    weights = np.linalg.eigvalsh(keras.ops.convert_to_numpy(adapted(data, power=1.0, epsilon=0.5).matrix))
    variances = np.linalg.eigvalsh(np.cov(flat.T, bias=True))
    expected = variances / variances.mean() + 0.5
    np.testing.assert_allclose(weights / weights.max(), expected / expected.max(), rtol=1e-3)


def test_many_examples_are_looked_at_in_parts():
    data = images(2500)
    whole, double = adapted(data), adapted(np.concatenate([data, data]))
    for one, other in zip(whole.get_weights(), double.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("arguments", [{"power": 0.0}, {"power": -0.5}, {"epsilon": -1.0}])
def test_bad_arguments(arguments):
    with pytest.raises(ValueError, match="a positive power, and no negative epsilon"):
        Coloring(**arguments)


def test_images_of_any_size_are_refused():
    with pytest.raises(
        ValueError, match=r"how many values an example has. Received: input_shape=\(None, None, None, 3\)"
    ):
        Coloring()(keras.Input((None, None, 3)))


@pytest.mark.parametrize("data", [np.ones((5, 2, 2, 1)), np.full((5, 2, 2, 1), np.nan)])
def test_data_without_variance(data):
    with pytest.raises(ValueError, match=r"data that differ from one another. Received: 5 examples"):
        Coloring().adapt(data)
