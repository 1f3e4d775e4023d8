"""What is measured of an encoder, where the answers are known: a linear generator."""

import keras
import numpy as np
import pytest

import keras_gan as kg
from keras_gan.evaluation import inference

pytestmark = pytest.mark.one_backend


@pytest.fixture(scope="module")
def data():
    return kg.datasets.load("digits")


def linear(scales, known):
    """A generator that writes the noise into the first pixels, scaled, and an encoder that reads some of them."""
    dim = len(scales)
    kernel = np.zeros((dim, 64), "float32")
    kernel[np.arange(dim), np.arange(dim)] = scales
    back = np.zeros((64, dim), "float32")
    back[list(known), list(known)] = 1 / np.asarray(scales)[list(known)]
    generator = keras.Sequential([keras.Input((dim,)), keras.layers.Dense(64), keras.layers.Reshape((8, 8, 1))])
    encoder = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Flatten(), keras.layers.Dense(dim)])
    generator.set_weights([kernel, np.zeros(64)])
    encoder.set_weights([back, np.zeros(dim)])
    return kg.InferenceNetwork(generator, encoder, preprocessing=keras.layers.Rescaling(1 / 16), seed=1)


def test_numbers_of_a_linear_generator(data):
    model = linear([0.5, 4.0, 1e-3], known=[1])
    report = inference.measure(model, data, refine=200, num_images=20, num_samples=2000, split="validation")
    np.testing.assert_allclose(report.errors, [1, 0, 1], atol=0.05)
    np.testing.assert_allclose(report.sensitivities, [4.0, 0.5, 1e-3], rtol=1e-3)
    np.testing.assert_allclose(report.direction_errors, [0, 1, 1], atol=0.05)
    rounding = 1 / 255 / 12**0.5
    expected = np.mean([1 / (1 + (scale / rounding) ** 2) for scale in (4.0, 0.5, 1e-3)])
    assert report.floor == pytest.approx(expected, rel=0.01)
    images = data.preprocess(data.validation[:20])
    nearest = np.linalg.norm((images[:, None] - data.preprocess(data.train)[None]).reshape(20, -1, 64), axis=2).min(1)
    found = report.distances["nearest training image"]
    assert found.mean == pytest.approx(nearest.mean(), rel=1e-5)
    assert found.standard_error == pytest.approx(nearest.std(ddof=1) / 20**0.5, rel=1e-4)
    assert report.ratio == pytest.approx(report.distances["refined"].mean / nearest.mean(), rel=1e-4)
    assert report.distances["refined"].mean <= report.distances["reconstruction"].mean
    assert (report.refine, report.num_images, report.num_samples) == (200, 20, 2000)
    assert "directions 1 to 3" in str(report)


def test_neighbors_by_codes_that_are_the_pixels(data):
    model = linear([1.0] * 64, known=range(64))
    report = inference.measure(model, data, refine=1, num_images=2, num_samples=10, split="test")
    train, tested = (data.preprocess(part).reshape(-1, 64) for part in (data.train, data.test))
    nearest = [int(np.argmin(((train - image) ** 2).sum(axis=1))) for image in tested]
    right = np.mean(data.labels.train[nearest] == data.labels.test)
    assert 0.9 < right < 1
    assert report.neighbors == {"codes": pytest.approx(right, abs=1e-9)}
    assert f"by codes                  {right:.2%}" in str(report)


@pytest.mark.parametrize("wrong", [{"split": "train"}, {"refine": 0}, {"num_images": 0}, {"num_samples": 0}])
def test_numbers_out_of_range(wrong, data):
    with pytest.raises(ValueError, match="Expected: 1 or more"):
        inference.measure(linear([1.0], known=[0]), data, **wrong)


def test_images_that_do_not_fit(data):
    model = linear([1.0], known=[0])
    layers = [keras.Input((1,)), *model.generator.layers, keras.layers.Activation("sigmoid")]
    unscaled = kg.InferenceNetwork(keras.Sequential(layers), model.encoder)
    with pytest.raises(ValueError, match=r"Rescaling\(1 / 255\)"):
        unscaled.encode(data.test)
