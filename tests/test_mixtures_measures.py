import numpy as np
import pytest
from scipy import stats

import keras_gan as kg
from keras_gan.evaluation import theory
from keras_gan.mixtures import measures
from keras_gan.mixtures.data import MIXTURES, Mixture

pytestmark = pytest.mark.one_backend("tensorflow")


def draw(name, num=20_000, seed=9):
    return MIXTURES[name][0].draw(num, seed)


@pytest.mark.parametrize(
    ("name", "modes", "width"), [("normal", 1, 1), ("mixture", 3, 1), ("ring", 8, 2), ("grid", 25, 2)]
)
def test_the_data_pass(name, modes, width):
    report = measures.measure(draw(name)[0], MIXTURES[name][0])
    assert (report.modes, report.num_modes) == (modes, modes)
    assert report.high_quality == pytest.approx({1: 0.9973, 2: 0.9889}[width], abs=0.004)
    assert 0 < report.forward_kl < 0.2
    assert 0 < report.reverse_kl < 0.2
    assert f"modes {modes} of {modes}" in str(report)


def test_lost_modes_raise_the_forward_divergence():
    points, modes = draw("grid", 40_000)
    whole = measures.measure(points, MIXTURES["grid"][0])
    lost = measures.measure(points[modes >= 5], MIXTURES["grid"][0])
    assert (whole.modes, lost.modes) == (25, 20)
    assert lost.high_quality == pytest.approx(whole.high_quality, abs=0.01)
    assert lost.forward_kl > whole.forward_kl + 1
    assert lost.reverse_kl == pytest.approx(np.log(25 / 20), abs=0.2)


def test_samples_between_the_modes_raise_the_reverse_divergence():
    points, _ = draw("grid")
    points[::4] += 1
    report = measures.measure(points, MIXTURES["grid"][0])
    assert report.modes == 25
    assert report.high_quality == pytest.approx(0.75 * 0.989, abs=0.01)
    assert report.reverse_kl > 1


def test_a_mode_needs_twenty_samples():
    points = np.repeat(MIXTURES["ring"][0].means, 1250, axis=0)
    points[1250:2481] = 0  # leaves 19 of the second mode
    assert measures.measure(points, MIXTURES["ring"][0]).modes == 7
    points[2480] = MIXTURES["ring"][0].means[1] + [0.02 * 2.99, 0]
    assert measures.measure(points, MIXTURES["ring"][0]).modes == 8
    points[2480] = MIXTURES["ring"][0].means[1] + [0.02 * 3.01, 0]
    assert measures.measure(points, MIXTURES["ring"][0]).modes == 7


def test_histograms_agree_with_the_formula():
    random = np.random.default_rng(0)
    data, samples = random.normal(0, 1, (2_000_000, 1)), random.normal(0.5, 1.0, (2_000_000, 1))
    forward, reverse = measures.histogram_divergences(data, samples, np.array([-5.0]), np.array([5.5]))
    assert (forward, reverse) == pytest.approx((0.125, 0.125), abs=0.003)


def test_the_change_of_variable_is_exact_where_the_generator_is_monotone():
    """z uniform, G its normal quantile: p_g is the normal density."""
    part = (np.arange(100_001) + 0.5) / 100_002
    edges = np.linspace(-3, 3, 121)
    found = measures.change_of_variable(stats.norm.ppf(part), edges)
    np.testing.assert_allclose(found, np.diff(stats.norm.cdf(edges)) / np.diff(edges), rtol=2e-3)


def test_the_change_of_variable_adds_up_where_the_generator_folds():
    z = np.linspace(-1, 1, 2001)
    edges = np.linspace(0, 1, 11)
    np.testing.assert_allclose(measures.change_of_variable(np.abs(z), edges), 1, rtol=1e-6)
    np.testing.assert_allclose(measures.change_of_variable(z[::-1], edges), 0.5, rtol=1e-6)
    square = np.diff(edges**0.5) / np.diff(edges)  # x = z^2: density 1 / (2 sqrt x)
    np.testing.assert_allclose(measures.change_of_variable(z**2, edges), square, rtol=1e-3)


def test_a_generator_that_is_constant_has_its_mass_in_one_bin():
    found = measures.change_of_variable(np.full(11, 0.25), np.linspace(0, 1, 11))
    np.testing.assert_allclose(found, [0, 0, 10, 0, 0, 0, 0, 0, 0, 0], atol=1e-6)


@pytest.mark.parametrize("name", sorted(MIXTURES))
def test_the_density_is_the_datas(name):
    mixture = MIXTURES[name][0]
    low, high = mixture.bounds()
    sides = [np.linspace(a, b, 2001 if len(low) == 1 else 1201) for a, b in zip(low, high, strict=True)]
    points = np.stack(np.meshgrid(*sides, indexing="ij"), -1).reshape(-1, len(low))
    volume = np.prod([side[1] - side[0] for side in sides])
    density = np.concatenate([mixture.density(part) for part in np.array_split(points, 50)])
    assert density.sum() * volume == pytest.approx(1, abs=2e-3)
    data = kg.datasets.load(name)
    assert data.train.shape == (100_000, len(low))
    assert data.train.dtype == np.float32
    mean, second = (density @ points * volume, density @ points**2 * volume)
    np.testing.assert_allclose(data.train.mean(0), mean, atol=0.03)
    np.testing.assert_allclose(np.square(data.train.astype("float64")).mean(0), second, rtol=0.02)
    away = np.linalg.norm(data.train - mixture.means[data.labels.train], axis=1) / mixture.sigma
    assert away.max() < 6
    assert ((data.train >= low) & (data.train <= high)).mean() > 0.9999


def test_the_splits_are_drawn_apart_and_the_same_every_time():
    first, again = kg.datasets.load("normal"), kg.datasets.load("normal")
    np.testing.assert_array_equal(first.train, again.train)
    assert not np.isin(first.test, first.train).all()
    assert first.card["name"] == "normal"


def test_the_density_of_one_gaussian():
    points = np.random.default_rng(0).normal(size=(5, 2))
    found = Mixture(np.array([[1.0, 2.0]]), 0.5).density(points)
    np.testing.assert_allclose(found, stats.multivariate_normal([1, 2], 0.25 * np.eye(2)).pdf(points))


def test_bad_input():
    mixture = MIXTURES["ring"][0]
    for shape in [(9999, 2), (10_000, 1), (10_000,)]:
        with pytest.raises(ValueError, match=r"10000 samples of shape \(n, 2\)"):
            measures.measure(np.zeros(shape), mixture)
    with pytest.raises(ValueError, match="not finite"):
        measures.measure(np.full((10_000, 2), np.nan), mixture)
    with pytest.raises(ValueError, match="no option 'x'"):
        kg.datasets.load("ring", x=1)


def test_the_exact_density_tells_the_divergence():
    mixture = MIXTURES["normal"][0]
    edges = np.linspace(-8, 8, 801)
    middles = (edges[1:] + edges[:-1]) / 2
    p_g = measures.change_of_variable(1 + stats.norm.ppf((np.arange(20_001) + 0.5) / 20_001), edges)
    found = theory.jensen_shannon(mixture.density(middles[:, np.newaxis]), p_g, edges[1] - edges[0])
    assert found == pytest.approx(0.1114215, abs=2e-4)
