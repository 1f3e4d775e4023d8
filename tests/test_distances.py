import numpy as np
import pytest

from keras_gan import backend
from keras_gan.backend import _adapter
from keras_gan.evaluation import distances


def brute_force(points, samples):
    return np.stack([((point - samples) ** 2).sum(-1) for point in points])


def both(pairs, refine=0.0):
    """All distances of `map`, whole, and every row's smallest."""
    parts = list(pairs.map(lambda smallest, excess: np.stack([smallest, *excess.T.astype("float64")]), refine))
    assert [rows.start for rows, _ in parts][1:] == [rows.stop for rows, _ in parts][:-1]
    found = np.concatenate([part for _, part in parts], axis=1)
    return found[0], found[0][:, np.newaxis] + found[1:].T


@pytest.fixture
def in_float32(monkeypatch):
    monkeypatch.setattr(distances, "_SMALL", 0)


@pytest.mark.parametrize("norm", [10, 100])
def test_float32_is_within_its_bound_and_exact_near_the_smallest(norm, in_float32):
    rng = np.random.default_rng(0)
    samples = rng.normal(size=(500, 784))
    samples *= norm / np.linalg.norm(samples, axis=1, keepdims=True)
    points = np.concatenate([samples[:20] + 1e-3 * rng.normal(size=(20, 784)), rng.normal(size=(20, 784)) * norm / 28])
    pairs = distances.SquaredDistances(points, samples)
    assert pairs.error > 0
    expected = brute_force(points, samples)
    smallest, found = both(pairs, refine=5.0)
    np.testing.assert_allclose(smallest, expected.min(axis=1), rtol=1e-12)
    near = expected - expected.min(axis=1, keepdims=True) < 5.0
    np.testing.assert_allclose(found[near], expected[near], rtol=1e-6, atol=1e-6)
    assert np.abs(found - expected).max() <= pairs.error


def test_samples_all_alike(in_float32):
    rng = np.random.default_rng(0)
    samples = 5 + 1e-4 * rng.normal(size=(300, 50))
    points = 5 + rng.normal(size=(30, 50))
    _, found = both(distances.SquaredDistances(points, samples), refine=1.0)
    np.testing.assert_allclose(found, brute_force(points, samples), rtol=1e-10)


def test_blocks_and_chunks_do_not_show(monkeypatch, in_float32):
    rng = np.random.default_rng(0)
    points, samples = rng.uniform(size=(50, 2, 3)), rng.uniform(size=(8, 2, 3))
    monkeypatch.setattr(distances, "_BLOCK", 7 * 8)
    monkeypatch.setattr(distances, "_CHUNK", 3 * 8)
    pairs = distances.SquaredDistances(points, samples)
    assert len(pairs) == 8
    _, found = both(pairs)
    np.testing.assert_allclose(found, brute_force(points.reshape(50, 6), samples.reshape(8, 6)), atol=pairs.error)


def test_nearest(in_float32):
    rng = np.random.default_rng(0)
    points, samples = rng.uniform(size=(40, 30)).astype("float32"), rng.uniform(size=(60, 30)).astype("float32")
    expected = brute_force(points.astype("float64"), samples.astype("float64"))
    indices, found = distances.nearest(points, samples)
    np.testing.assert_array_equal(indices, expected.argmin(axis=1))
    np.testing.assert_allclose(found, np.sqrt(expected.min(axis=1)), rtol=1e-9)


@pytest.mark.parametrize("make", [backend.product_with, _adapter.device_product_with])
def test_products_of_the_backend(make):
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(7, 784)).astype("float32"), rng.normal(size=(5, 784)).astype("float32")
    found = make(b)(a)
    assert found.dtype == np.float32
    found *= 1  # the caller writes on it
    np.testing.assert_allclose(found, a.astype("float64") @ b.T, atol=1e-3, rtol=1e-5)
