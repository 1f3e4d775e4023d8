"""Samplers that are no models."""

import numpy as np
import pytest

import keras_gan as kg
from keras_gan.evaluation import references

pytestmark = pytest.mark.one_backend


@pytest.fixture(scope="module")
def data():
    return kg.datasets.load("digits")


def test_real_images_are_a_draw_without_replacement(data):
    found = references.RealImages(data).sample(100, 3)
    chosen = np.random.default_rng(3).permutation(1297)[:100]
    np.testing.assert_array_equal(found, data.train[chosen] / np.float32(16))
    assert not np.array_equal(found, references.RealImages(data).sample(100, 4))
    assert len(references.RealImages(data).sample(5000, 0)) == 1297


def test_the_mean_image_is_one_sample(data):
    found = references.MeanImage(data).sample(50, 0)
    assert (found.shape, found.dtype) == ((1, 8, 8, 1), np.float32)
    np.testing.assert_allclose(found[0], data.train.mean(axis=0) / 16, rtol=1e-6)


def test_kmeans_centres_lie_nearer_to_images_than_images_do(data):
    """Each is the mean of its cluster: what Lloyd's algorithm makes small is the distance to the nearest one."""
    centres = references.KMeansCentres(data).sample(30, 0)
    assert (centres.shape, centres.dtype) == ((30, 8, 8, 1), np.float32)
    images = references.RealImages(data).sample(30, 0)
    train = data.preprocess(data.train).reshape(1297, 1, -1)
    distances = [((train - some.reshape(1, 30, -1)) ** 2).sum(-1).min(1).mean() for some in (centres, images)]
    assert distances[0] < 0.8 * distances[1]
    np.testing.assert_array_equal(centres, references.kmeans_centres(data.preprocess(data.train), 30, 0))
