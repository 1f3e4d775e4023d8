import tracemalloc

import numpy as np
import pytest
from scipy.special import logsumexp
from scipy.stats import norm

from keras_gan.evaluation import distances, parzen

pytestmark = pytest.mark.one_backend


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


@pytest.mark.every_backend
@pytest.mark.parametrize("near", [True, False])
@pytest.mark.parametrize("norm", [10, 100])
@pytest.mark.parametrize("sigma", [0.1, 0.3, 1.0])
def test_within_a_hundredth_of_a_nat_where_it_counts_in_float32(monkeypatch, sigma, norm, near):
    monkeypatch.setattr(distances, "_SMALL", 0)
    rng = np.random.default_rng(0)
    samples = rng.normal(size=(400, 784))
    samples *= norm / np.linalg.norm(samples, axis=1, keepdims=True)
    points = rng.normal(size=(40, 784)) * norm / 28
    if near:
        points = samples[:40] + 0.01 * rng.normal(size=(40, 784))
    np.testing.assert_allclose(
        parzen.log_density(points, samples, sigma), brute_force(points, samples, sigma), atol=0.01, rtol=0
    )


def test_inputs_stay_as_they_are():
    points, samples = np.random.default_rng(0).uniform(size=(2, 20, 5))
    before = points.copy(), samples.copy()
    parzen.log_likelihood(samples, points, points)
    np.testing.assert_array_equal(points, before[0])
    np.testing.assert_array_equal(samples, before[1])


def test_sigma_comes_from_validation_and_the_report_is_of_test_points():
    rng = np.random.default_rng(0)
    samples, validation, test = (rng.normal(0.5, 0.3, (n, 3)) for n in (500, 200, 300))
    report = parzen.log_likelihood(samples, validation, test, num_validation=100)
    means = {s: brute_force(validation[:100], samples, s).mean() for s in parzen.GRID}
    assert report.sigma == max(means, key=means.get)
    assert report.validation_means == pytest.approx(means)
    values = brute_force(test, samples, report.sigma)
    assert report.mean == pytest.approx(values.mean())
    assert report.standard_error == pytest.approx(values.std() / 300**0.5)
    assert (report.num_samples, report.num_validation, report.num_test) == (500, 100, 300)
    np.testing.assert_allclose(report.log_likelihoods, values)
    assert str(report).startswith(f"{report.mean:.1f} +- {report.standard_error:.1f} nats")


def test_folds():
    rng = np.random.default_rng(0)
    samples = rng.normal(0.5, 0.3, (400, 3))
    folds = [tuple(rng.normal(0.5, 0.3, (n, 3)) for n in (150, 200)) for _ in range(5)]
    report = parzen.log_likelihood_over_folds(samples, folds)
    each = [parzen.log_likelihood(samples, validation, test, num_validation=None) for validation, test in folds]
    means = [one.mean for one in each]
    assert [one.num_validation for one in report.folds] == [150] * 5
    assert report.mean == pytest.approx(np.mean(means))
    assert report.standard_error == pytest.approx(np.std(means, ddof=1) / 5**0.5)
    with pytest.raises(ValueError, match="needs at least two"):
        parzen.log_likelihood_over_folds(samples, folds[:1])


def test_bootstrap_interval_covers_the_standard_error():
    rng = np.random.default_rng(0)
    test = rng.normal(size=(2000, 2))
    reports = [parzen.log_likelihood(rng.normal(size=(500, 2)), test[:200], test) for _ in range(3)]
    low, high = parzen.bootstrap_interval(reports[:1])
    assert (high - low) / 2 == pytest.approx(1.96 * reports[0].standard_error, rel=0.15)
    assert low < reports[0].mean < high
    wide = parzen.bootstrap_interval(reports)
    assert wide[0] < np.mean([one.mean for one in reports]) < wide[1]
    for bad in ([], [reports[0], parzen.log_likelihood(test, test, test[:10])]):
        with pytest.raises(ValueError, match="same test points"):
            parzen.bootstrap_interval(bad)


def test_warns_of_the_edge_of_the_grid():
    rng = np.random.default_rng(0)
    with pytest.warns(UserWarning, match=r"sigma=1 lies at the edge of the grid 0.1 ... 1"):
        parzen.select_sigma(np.full((50, 4), 0.5), 10 * rng.normal(size=(50, 4)))


@pytest.mark.parametrize("change", [lambda x: x * 255, lambda x: 2 * x - 1])
def test_warns_of_different_scales(change):
    data = np.random.default_rng(0).uniform(size=(50, 4))
    with pytest.warns(UserWarning, match="different scales"):
        parzen.log_likelihood(change(data), data, data, grid=[0.1, 1, 100])


def test_no_warning_where_nothing_is_wrong(recwarn):
    data = np.random.default_rng(0).uniform(size=(200, 4))
    parzen.log_likelihood(data[:100], data[100:], data[100:], grid=np.logspace(-3, 1, 9))
    assert not recwarn.list


def test_collapsed_samples_score_worse():
    rng = np.random.default_rng(0)
    data = rng.uniform(size=(300, 4))
    spread = parzen.log_likelihood(rng.uniform(size=(300, 4)), data, data)
    collapsed = parzen.log_likelihood(np.full((300, 4), 0.5), data, data)
    assert collapsed.mean < spread.mean


@pytest.mark.parametrize(
    ("points", "samples", "sigma", "message"),
    [
        (np.zeros((2, 3)), np.zeros((2, 4)), 0.1, "differ in size"),
        (np.zeros((2, 3)), np.zeros((2, 3)), 0.0, "positive"),
        (np.zeros((0, 3)), np.zeros((2, 3)), 0.1, "nothing to measure"),
        (np.zeros((2, 3)), np.full((4, 3), np.nan), 0.1, "4 such rows of 4"),
        (np.zeros((2, 3), "uint8"), np.zeros((2, 3)), 0.1, "Preprocess them first"),
    ],
)
def test_bad_input(points, samples, sigma, message):
    with pytest.raises(ValueError, match=message):
        parzen.log_density(points, samples, sigma)


@pytest.mark.slow
def test_memory_of_a_whole_evaluation():
    images = np.random.default_rng(0).uniform(size=(10_000, 784)).astype("float32")
    tracemalloc.start()
    parzen.log_density(images, images[::-1], 0.2)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 500e6
