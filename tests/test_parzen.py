import numpy as np
import pytest
from scipy.special import logsumexp
from scipy.stats import norm

from keras_gan.evaluation import parzen


def brute_force(points, samples, sigma):
    d = points.shape[1]
    squares = ((points[:, np.newaxis] - samples) ** 2).sum(-1)
    return logsumexp(-squares / (2 * sigma**2), axis=1) - np.log(len(samples)) - d * np.log(sigma * np.sqrt(2 * np.pi))


@pytest.mark.parametrize("sigma", [0.1, 0.2154, 1.0])
@pytest.mark.parametrize("scale", [1.0, 4.0])
def test_equals_brute_force(sigma, scale):
    rng = np.random.default_rng(0)
    points, samples = scale * rng.uniform(size=(30, 600)), scale * rng.uniform(size=(50, 600))
    np.testing.assert_allclose(
        parzen.log_density(points, samples, sigma), brute_force(points, samples, sigma), atol=1e-6, rtol=1e-12
    )


def test_one_centre_is_the_gaussian_density():
    points = np.random.default_rng(0).normal(size=(20, 1))
    np.testing.assert_allclose(
        parzen.log_density(points, np.array([[0.3]]), 0.7), norm(0.3, 0.7).logpdf(points[:, 0]), rtol=1e-10
    )


def test_integrates_to_one():
    x = np.linspace(-8, 8, 20_001)[:, np.newaxis]
    density = np.exp(parzen.log_density(x, np.random.default_rng(0).normal(size=(7, 1)), 0.4))
    assert np.trapezoid(density, x[:, 0]) == pytest.approx(1, abs=1e-9)


def test_scaling_the_data_shifts_by_d_log_a():
    rng = np.random.default_rng(0)
    points, samples = rng.uniform(size=(9, 5)), rng.uniform(size=(8, 5))
    shifted = parzen.log_density(3 * points, 3 * samples, 0.6)
    np.testing.assert_allclose(shifted, parzen.log_density(points, samples, 0.2) - 5 * np.log(3), rtol=1e-9)


def test_blocks_do_not_show(monkeypatch):
    rng = np.random.default_rng(0)
    points, samples = rng.uniform(size=(50, 2, 3)), rng.uniform(size=(8, 2, 3))
    whole = parzen.log_density(points, samples, 0.2)
    monkeypatch.setattr(parzen, "_BLOCK", 7)
    np.testing.assert_allclose(parzen.log_density(points, samples, 0.2), whole, rtol=1e-12)


def test_sigma_comes_from_validation_and_the_report_is_of_test_points():
    rng = np.random.default_rng(0)
    samples, validation, test = (rng.normal(0.5, 0.3, (n, 3)) for n in (500, 200, 300))
    report = parzen.evaluate(samples, validation, test, num_validation=100)
    means = {s: brute_force(validation[:100], samples, s).mean() for s in parzen.GRID}
    assert report.sigma == max(means, key=means.get)
    assert report.validation_means == pytest.approx(means)
    values = brute_force(test, samples, report.sigma)
    assert report.mean == pytest.approx(values.mean())
    assert report.standard_error == pytest.approx(values.std() / 300**0.5)
    assert report.num_samples == 500


def test_collapsed_samples_score_worse():
    rng = np.random.default_rng(0)
    data = rng.uniform(size=(300, 4))
    spread = parzen.evaluate(rng.uniform(size=(300, 4)), data, data)
    collapsed = parzen.evaluate(np.full((300, 4), 0.5), data, data)
    assert collapsed.mean < spread.mean


@pytest.mark.parametrize(
    ("points", "samples", "sigma", "message"),
    [
        (np.zeros((2, 3)), np.zeros((2, 4)), 0.1, "differ in width"),
        (np.zeros((2, 3)), np.zeros((2, 3)), 0.0, "positive"),
        (np.zeros((0, 3)), np.zeros((2, 3)), 0.1, "nothing to measure"),
        (np.zeros((2, 3)), np.full((4, 3), np.nan), 0.1, "4 such rows of 4"),
        (np.zeros((2, 3), "uint8"), np.zeros((2, 3)), 0.1, "Preprocess them first"),
    ],
)
def test_bad_input(points, samples, sigma, message):
    with pytest.raises(ValueError, match=message):
        parzen.log_density(points, samples, sigma)
