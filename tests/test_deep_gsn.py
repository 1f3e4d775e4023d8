"""The deep GSN: one walkback by hand, what it learns, how it samples, and what it says of wrong input."""

import keras
import numpy as np
import pytest
from checks import check_equal_state
from conftest import all_equal, weights
from keras import ops

from keras_gan.artifacts import files
from keras_gan.baselines import DeepGSN


def make_gsn(hidden=(4, 3), **arguments):
    keras.utils.set_random_seed(1)
    gsn = DeepGSN((2, 3, 1), hidden, seed=5, num_starts=20, **{"walkbacks": 2, **arguments})
    gsn.compile(keras.optimizers.Adam(0.01))
    return gsn


def make_images(num=40):
    """One of two pictures, with a little noise."""
    random = np.random.default_rng(0)
    pictures = np.array([[1, 0, 1, 0, 1, 0], [0, 1, 1, 1, 0, 0]])
    return (
        np.clip(pictures[np.arange(num) % 2] + random.normal(0, 0.05, (num, 6)), 0, 1)
        .astype("float32")
        .reshape(num, 2, 3, 1)
    )


def sigmoid(a):
    return 1 / (1 + np.exp(-a))


def numpy_walkback(gsn, x, state, noises):
    """The loss of a batch, for three hidden layers, in float64 and with sums over units written out."""
    (w1, b1, b0), (w2, b2), (w3, b3) = ([v.numpy().astype("float64") for v in layer.weights] for layer in gsn.tied)
    total = 0.0
    for n, clean in enumerate(x):
        pixels, h2 = state[0][n].astype("float64"), np.zeros(4)
        for noise in [*noises, None]:
            h1, h3, p = np.zeros(5), np.zeros(3), np.zeros(6)
            for j in range(5):
                up, down = sum(pixels[i] * w1[i, j] for i in range(6)), sum(w2[j, k] * h2[k] for k in range(4))
                h1[j] = np.tanh(up + down + b1[j])
            for j in range(3 if noise else 0):
                up = sum(h2[k] * w3[k, j] for k in range(4))
                h3[j] = np.tanh(up + b3[j] + noise["before"][1][n, j]) + noise["after"][1][n, j]
            for i in range(6):
                p[i] = sigmoid(sum(w1[i, j] * h1[j] for j in range(5)) + b0[i])
                total -= (clean[i] * np.log(p[i]) + (1 - clean[i]) * np.log(1 - p[i])) / x.size
                if noise is None:
                    continue
                pixels[i] = 1.0 if noise["pixels"][n, i] < p[i] else 0.0
                salt = noise["salt"][n, i]
                pixels[i] = 0.0 if salt < 0.2 else 1.0 if salt > 0.8 else pixels[i]
            for k in range(4 if noise else 0):
                up, down = sum(h1[j] * w2[j, k] for j in range(5)), sum(w3[k, j] * h3[j] for j in range(3))
                h2[k] = np.tanh(up + down + b2[k] + noise["before"][0][n, k]) + noise["after"][0][n, k]
    return total


def test_a_walkback_is_the_published_one():
    gsn, x = make_gsn(hidden=(5, 4, 3)), make_images(4).reshape(4, 6)
    source = np.random.default_rng(3)
    for variable in gsn.trainable_variables:
        variable.assign(source.normal(0, 0.5, variable.shape))
    state, noises = gsn.begin(x, source), [gsn.noise(4, source) for _ in range(2)]
    state = keras.tree.map_structure(lambda part: np.array(ops.convert_to_numpy(part)), state)
    loss = float(gsn.walkback_loss(ops.convert_to_tensor(x), state, noises))
    np.testing.assert_allclose(loss, numpy_walkback(gsn, x, state, noises), rtol=1e-5)


def test_a_step_goes_down_the_gradient_of_the_walkback():
    gsn, x = make_gsn(hidden=(3,), walkbacks=1, corruption=0.0), make_images(6)
    gsn.compile(keras.optimizers.SGD(1.0))
    (w, b, a), flat = ([v.numpy().astype("float64") for v in gsn.tied[0].weights]), x.reshape(6, 6).astype("float64")
    gsn.train_on_batch(x)
    h = np.tanh(flat @ w + b)
    error = (sigmoid(h @ w.T + a) - flat) / flat.size  # in the logits
    slope = error @ w * (1 - h**2)
    for variable, old, gradient in zip(
        gsn.tied[0].weights, (w, b, a), (flat.T @ slope + error.T @ h, slope.sum(0), error.sum(0)), strict=True
    ):
        np.testing.assert_allclose(old - variable.numpy(), gradient, rtol=1e-4, atol=1e-7)


def test_salt_and_pepper():
    gsn = make_gsn(corruption=0.4)
    half = np.full((1, 6), 0.5, "float32")
    chance = np.array([[0.1, 0.19, 0.21, 0.79, 0.81, 0.99]], "float32")
    np.testing.assert_array_equal(ops.convert_to_numpy(gsn.corrupted(half, chance)), [[0, 0, 0.5, 0.5, 1, 1]])


@pytest.mark.one_backend
def test_it_learns_and_samples_what_it_has_seen():
    gsn, images = make_gsn(hidden=(20, 10), noise_deviation=0.5, corruption=0.3), make_images()
    history = gsn.fit(images, epochs=60, batch_size=20, validation_data=images, verbose=0).history
    assert history["loss"][-1] < 0.6 * history["loss"][0]
    assert history["val_loss"][-1] < 0.6 * history["val_loss"][0]
    pictures = images[:2].reshape(2, 1, 6)
    distances = np.abs(gsn.sample(200, seed=0).reshape(200, 6) - pictures).mean(axis=2)
    assert np.median(distances.min(axis=0)) < 0.25
    assert 0.2 < (distances.argmin(axis=0) == 0).mean() < 0.8


def test_how_samples_are_drawn():
    gsn = make_gsn()
    gsn.fit(make_images(), epochs=1, verbose=0)
    means = gsn.sample(7, seed=1, chains=3)
    assert means.shape == (7, 2, 3, 1)
    assert 0 < means.min() < means.max() < 1
    np.testing.assert_array_equal(means, gsn.sample(7, seed=1, chains=3))
    assert not np.array_equal(means, gsn.sample(7, seed=2, chains=3))
    # A chain's later states are those of a longer burn-in: with one chain the same noise comes in the same order.
    later = gsn.sample(2, seed=1, chains=1, burn_in=6)
    np.testing.assert_allclose(gsn.sample(4, seed=1, chains=1, burn_in=4)[2:], later, rtol=1e-5)
    assert set(np.unique(gsn.sample(50, seed=1, means=False))) == {0.0, 1.0}


def test_stopped_and_resumed_it_is_the_same(tmp_path):
    straight, stopped = make_gsn(), make_gsn()
    straight.fit(make_images(), epochs=4, verbose=0)
    stopped.fit(make_images(), epochs=2, verbose=0)
    stopped.save(tmp_path / "m.keras")
    resumed = files.load_model(tmp_path / "m.keras")
    resumed.fit(make_images(), epochs=4, initial_epoch=2, verbose=0)
    check_equal_state(straight, resumed)
    assert all_equal(weights(straight), weights(resumed))
    np.testing.assert_array_equal(straight.sample(5, seed=0), resumed.sample(5, seed=0))


def test_pixels_are_preprocessed():
    gsn = make_gsn(preprocessing=keras.layers.Rescaling(1 / 255))
    pixels = np.round(make_images() * 255).astype("uint8")
    gsn.check_training(pixels, None)
    assert set(np.round(gsn.starts.numpy() * 255).flatten()) <= set(pixels.flatten())
    assert 0.9 < gsn.starts.numpy().max() <= 1
    np.testing.assert_allclose(ops.convert_to_numpy(gsn.flat(pixels)), pixels.reshape(40, 6) / 255, atol=1e-6)
    with pytest.raises(ValueError, match=r"lie in \[0, 1\].*from 0 to 255.*Rescaling"):
        make_gsn().fit(np.round(make_images() * 255).astype("uint8"), epochs=1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"hidden": ()}, "has hidden layers"),
        ({"hidden": (0,)}, "units=0"),
        ({"corruption": 1.5}, "corruption=1.5"),
        ({"noise_deviation": -1.0}, "noise_deviation=-1"),
        ({"walkbacks": 0}, "walkbacks=0"),
        ({"burn_in": -1}, "burn_in=-1"),
        ({"num_starts": 0}, "num_starts=0"),
    ],
)
def test_wrong_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        DeepGSN((2, 3, 1), **{"hidden": (3,), **arguments})


def test_wrong_data():
    gsn, images = make_gsn(), make_images()
    with pytest.raises(ValueError, match=r"Received: \(40, 6\). Expected: \(n, 2, 3, 1\)"):
        gsn.fit(images.reshape(40, 6))
    with pytest.raises(ValueError, match="There are no data"):
        gsn.fit(images[:0])
    with pytest.raises(ValueError, match="trains on an array"):
        gsn.fit(iter([images]))
    with pytest.raises(ValueError, match=r"lie in \[0, 1\]"):
        gsn.fit(np.where(images > 0.5, np.nan, images))
    for numbers in ({"num": 0}, {"num": 1, "chains": 0}, {"num": 1, "burn_in": -1}):
        with pytest.raises(ValueError, match="whole numbers"):
            gsn.sample(**numbers)
