import keras
import numpy as np
import pytest

from keras_gan.evaluation import bounds

pytestmark = pytest.mark.one_backend("jax")


def discriminator(width=1):
    keras.utils.set_random_seed(0)
    return keras.Sequential(
        [keras.Input((width,)), keras.layers.Dense(32, activation="relu"), keras.layers.Dense(1)], name="fresh"
    )


def normal(mean, num=20_000, seed=0):
    return np.random.default_rng(seed).normal(mean, 1, (num, 1)).astype("float32")


def test_the_bound_is_tight_for_two_gaussians():
    """JSD of N(0, 1) and N(1, 1) is 0.1114215 nats."""
    found = bounds.jensen_shannon_bound(discriminator(), normal(0), normal(1, seed=1), batch_size=200, epochs=8)
    assert 0.1114 - 4 * found.divergence.standard_error < found.divergence.mean
    assert found.divergence.mean < 0.1114 + 3 * found.divergence.standard_error
    assert 0.003 < found.divergence.standard_error < 0.006
    assert "fresh discriminator" in str(found)


def test_the_same_distribution_is_not_told_apart_and_training_stops_early():
    found = bounds.jensen_shannon_bound(discriminator(), normal(0), normal(0, seed=1), epochs=60, patience=2)
    assert found.divergence.mean < 3 * found.divergence.standard_error + 1e-3
    assert found.epochs < 60


@pytest.mark.every_backend
def test_it_repeats_and_the_larger_set_is_cut():
    data, samples = normal(0, 2000), normal(0.5, 3000, 1)
    first = bounds.jensen_shannon_bound(discriminator(), data, samples, epochs=3)
    again = bounds.jensen_shannon_bound(discriminator(), data, samples[:2000], epochs=3)
    assert first.divergence.mean == pytest.approx(again.divergence.mean, abs=1e-5)
    assert first.epochs == 3


def test_points_it_was_trained_on_are_not_measured():
    """A discriminator that learns points by heart gains nothing on others."""
    random = np.random.default_rng(0)
    data, samples = random.normal(size=(2, 60, 200)).astype("float32")
    found = bounds.jensen_shannon_bound(discriminator(200), data, samples, batch_size=12, epochs=40, patience=40)
    assert found.divergence.mean < 3 * found.divergence.standard_error


def test_bad_input():
    with pytest.raises(ValueError, match="split three ways"):
        bounds.jensen_shannon_bound(discriminator(), normal(0, 9), normal(0, 100))
