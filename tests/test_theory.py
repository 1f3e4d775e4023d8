"""The numbers are those of the paper's section 4 for small cases, computed by hand or independently."""

import numpy as np
import pytest
from scipy import stats

from keras_gan.evaluation import theory

pytestmark = pytest.mark.one_backend("tensorflow")

P_DATA, P_G = [0.5, 0.3, 0.2], [0.2, 0.3, 0.5]
LOG4 = np.log(4)


def normals(mean):
    x = np.linspace(-12, 12 + mean, 4001)
    return stats.norm.pdf(x), stats.norm.pdf(x, mean), x[1] - x[0], x


def test_three_outcomes():
    np.testing.assert_allclose(theory.optimal_discriminator(P_DATA, P_G), [5 / 7, 1 / 2, 2 / 7])
    assert theory.jensen_shannon(P_DATA, P_G) == pytest.approx(0.0664143, abs=5e-8)
    assert theory.virtual_criterion(P_DATA, P_G) == pytest.approx(-1.2534657, abs=5e-8)


def test_two_outcomes():
    p_data, p_g = [0.75, 0.25], [0.25, 0.75]
    np.testing.assert_allclose(theory.optimal_discriminator(p_data, p_g), [0.75, 0.25])
    assert theory.jensen_shannon(p_data, p_g) == pytest.approx(0.1308120, abs=5e-8)
    assert theory.virtual_criterion(p_data, p_g) == pytest.approx(-1.1246703, abs=5e-8)


@pytest.mark.parametrize(
    ("discriminator", "expected"),
    [([0.5, 0.5, 0.5], -1.386294), ([0.7, 0.5, 0.3], -1.254152), ([0.8, 0.5, 0.2], -1.282807)],
)
def test_no_discriminator_does_better_than_the_optimal_one(discriminator, expected):
    found = theory.value(discriminator, P_DATA, P_G)
    assert found == pytest.approx(expected, abs=5e-7)
    best = theory.value(theory.optimal_discriminator(P_DATA, P_G), P_DATA, P_G)
    assert best == pytest.approx(theory.virtual_criterion(P_DATA, P_G), abs=1e-12)
    assert found < best


@pytest.mark.parametrize(
    ("mean", "divergence", "criterion", "at_zero"),
    [(1, 0.1114215, -1.1634514, 0.6224593), (2, 0.3368308, -0.7126327, 0.8807971)],
)
def test_two_gaussians(mean, divergence, criterion, at_zero):
    p_data, p_g, spacing, x = normals(mean)
    assert theory.jensen_shannon(p_data, p_g, spacing) == pytest.approx(divergence, abs=1e-7)
    assert theory.virtual_criterion(p_data, p_g, spacing) == pytest.approx(criterion, abs=2e-7)
    optimal = theory.optimal_discriminator(p_data, p_g)
    np.testing.assert_allclose(optimal, 1 / (1 + np.exp(mean * x - mean**2 / 2)), rtol=1e-9)
    assert np.interp(0, x, optimal) == pytest.approx(at_zero, abs=1e-6)
    assert theory.value(optimal, p_data, p_g, spacing) == pytest.approx(criterion, abs=2e-7)
    assert theory.kullback_leibler(p_data, p_g, spacing) == pytest.approx(mean**2 / 2, abs=1e-6)


def test_the_minimum_is_minus_log_4():
    assert theory.virtual_criterion(P_DATA, P_DATA) == pytest.approx(-1.386294, abs=5e-7)
    assert theory.virtual_criterion(P_DATA, [0.51, 0.29, 0.2]) > -LOG4


def test_disjoint_supports():
    p_data, p_g = [0.5, 0.5, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0]
    np.testing.assert_array_equal(theory.optimal_discriminator(p_data, p_g), [1, 1, 0, 0.5])
    assert theory.jensen_shannon(p_data, p_g) == pytest.approx(np.log(2))
    assert theory.virtual_criterion(p_data, p_g) == pytest.approx(0, abs=1e-12)
    assert theory.value([1, 1, 0, 0.3], p_data, p_g) == 0
    assert theory.value([0, 1, 0, 0.3], p_data, p_g) == -np.inf
    assert theory.kullback_leibler(p_data, p_g) == np.inf
    assert theory.kullback_leibler([0, 1], [0.5, 0.5]) == pytest.approx(np.log(2))


def test_volumes_may_differ():
    x = np.concatenate([np.linspace(-9, 0, 2001)[:-1], np.linspace(0, 10, 5001)])
    p_data, p_g = stats.norm.pdf(x), stats.norm.pdf(x, 1)
    assert theory.jensen_shannon(p_data, p_g, np.gradient(x)) == pytest.approx(0.1114215, abs=1e-5)


def test_the_envelope():
    """The gradient of C(G) in p_g is log(1 - D*): the maximum over D adds no term of its own."""
    gradient = np.log(1 - theory.optimal_discriminator(P_DATA, P_G))
    np.testing.assert_allclose(gradient, [-1.252763, -0.693147, -0.336472], atol=5e-7)
    for direction in ([1, -1, 0], [0, 1, -1]):  # what keeps the sum at 1
        step = 1e-5 * np.array(direction)
        rise = theory.virtual_criterion(P_DATA, P_G + step) - theory.virtual_criterion(P_DATA, P_G - step)
        assert rise / 2e-5 == pytest.approx(gradient @ direction, rel=1e-6)


def test_proposition_2():
    excess = theory.descend(P_DATA, P_G, 100)
    assert excess.shape == (101,)
    np.testing.assert_allclose(excess[[0, 10, 50]], [0.1328, 0.00399, 7.9e-8], rtol=6e-3)
    assert excess[100] == pytest.approx(3.5e-13, rel=0.02)
    assert (np.diff(excess) < 0).all()


def test_estimated_value():
    random = np.random.default_rng(0)
    x, y = random.normal(0, 1, 200_000), random.normal(1, 1, 200_000)
    found = theory.estimate_value(0.5 - x, (0.5 - y).reshape(-1, 1))  # the optimal D's logits
    assert abs(found.mean + 1.1634514) < 3 * found.standard_error
    p_data, p_g, spacing, points = normals(1)
    variances = [
        np.sum(p * log**2) * spacing - (np.sum(p * log) * spacing) ** 2
        for p, log in ((p_data, -np.logaddexp(0, points - 0.5)), (p_g, -np.logaddexp(0, 0.5 - points)))
    ]
    assert found.standard_error == pytest.approx((sum(variances) / 200_000) ** 0.5, rel=0.02)
    assert np.isfinite(theory.estimate_value(np.full(2, 1e4), np.full(2, 1e4)).mean)


@pytest.mark.parametrize("logit", [-10.0, -1.0, 0.0, 10.0])
def test_saturation(logit):
    probability = 1 / (1 + np.exp(-logit))
    minimax = theory.generator_gradient("minimax", np.array([logit, 0.5]))
    other = theory.generator_gradient("non_saturating", np.array([logit, 0.5]))
    assert -minimax[0] == pytest.approx(probability, rel=1e-5)
    assert -other[0] == pytest.approx(1 - probability, rel=1e-3)
    if logit == -10:
        assert -minimax[0] == pytest.approx(4.54e-5, rel=1e-3)
        assert -other[0] == pytest.approx(0.99995, abs=1e-5)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: theory.optimal_discriminator([0.5, 0.5], [1.0]), "point by point"),
        (lambda: theory.optimal_discriminator([1.5, -0.5], [0.5, 0.5]), "not negative"),
        (lambda: theory.optimal_discriminator([np.nan, 1], [0.5, 0.5]), "finite"),
        (lambda: theory.jensen_shannon([0.5, 0.6], [0.5, 0.5]), "sums to 1"),
        (lambda: theory.jensen_shannon(*normals(1)[:2]), "volume"),
        (lambda: theory.value([0.5, 2.0], [0.5, 0.5], [0.5, 0.5]), "not logits"),
        (lambda: theory.value([0.5], [0.5, 0.5], [0.5, 0.5]), "that shape"),
        (lambda: theory.descend([0.5, 0.5], [1.0, 0.0], 3), "softmax"),
        (lambda: theory.estimate_value(np.zeros(1), np.zeros(5)), "two logits"),
        (lambda: theory.generator_gradient("maximin", np.zeros(1)), "Unknown objective"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()
