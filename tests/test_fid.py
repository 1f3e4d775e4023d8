"""FID and KID: closed forms, torch-fidelity's numbers, directions, and what is refused."""

import json
from pathlib import Path

import numpy as np
import pytest

from keras_gan.evaluation import fid

pytestmark = pytest.mark.one_backend("jax")

GOLDEN = json.loads((Path(__file__).parent / "golden" / "features.json").read_text())


def golden_features(seed):
    """As tests/golden/features.py makes them."""
    random = np.random.default_rng(seed)
    return np.maximum(random.normal(size=(700, 24)) @ random.normal(size=(24, 24)) / 4 + 0.1 * seed, 0)


@pytest.fixture(scope="module")
def sets():
    return golden_features(1), golden_features(2)


def test_the_numbers_are_those_of_torch_fidelity(sets):
    assert fid.frechet_distance(*sets) == pytest.approx(GOLDEN["fid"], rel=1e-6)
    found = fid.kernel_distance(*sets, num_subsets=20, subset_size=200)
    assert found.mean == pytest.approx(GOLDEN["kid_mean"], rel=1e-6)
    assert found.standard_deviation == pytest.approx(GOLDEN["kid_std"], rel=1e-6)


def with_moments(mean, covariance, num=400):
    """Rows that have exactly this mean and covariance."""
    rows = np.random.default_rng(0).normal(size=(num, len(mean)))
    rows -= rows.mean(axis=0)
    whitened = rows @ np.linalg.inv(np.linalg.cholesky(np.cov(rows.T))).T
    return whitened @ np.linalg.cholesky(covariance).T + mean


def test_two_gaussians_in_closed_form():
    """Diagonal covariances commute: |m - n|^2 + sum (s - t)^2. And in one place where they do not commute."""
    s, t, m, n = np.array([0.5, 1, 2]), np.array([1.5, 1, 3]), np.array([0.0, 1, 2]), np.array([3.0, 1, 2.5])
    found = fid.frechet_distance(with_moments(m, np.diag(s**2)), with_moments(n, np.diag(t**2)))
    assert found == pytest.approx(((m - n) ** 2).sum() + ((s - t) ** 2).sum(), rel=1e-9)
    a, b = np.array([[2.0, 1], [1, 2]]), np.array([[3.0, -1], [-1, 1]])
    # In two dimensions tr sqrt(AB) = sqrt(tr AB + 2 sqrt(det AB)).
    root = np.sqrt(np.trace(a @ b) + 2 * np.sqrt(np.linalg.det(a @ b)))
    found = fid.frechet_distance(with_moments([0, 0], a), with_moments([0, 0], b))
    assert found == pytest.approx(np.trace(a) + np.trace(b) - 2 * root, rel=1e-9)


def test_a_set_against_itself_and_in_the_other_order(sets):
    assert fid.frechet_distance(sets[0], sets[0]) == pytest.approx(0, abs=1e-9)
    assert fid.frechet_distance(*sets) == pytest.approx(fid.frechet_distance(*sets[::-1]), rel=1e-12)
    assert fid.frechet_distance(*(x.astype("float32") for x in sets)) == pytest.approx(GOLDEN["fid"], rel=1e-5)


def test_dead_features_and_a_single_value_cost_nothing(sets):
    """A network may have units that are always 0: the distance is that of the others."""
    a, b = (np.concatenate([x, np.zeros((len(x), 3))], axis=1) for x in sets)
    assert fid.frechet_distance(a, b) == pytest.approx(GOLDEN["fid"], rel=1e-6)
    mean, covariance = sets[1].mean(axis=0), np.cov(sets[1].T)
    one = np.ones((100, 24))
    assert fid.frechet_distance(one, sets[1]) == pytest.approx(((1 - mean) ** 2).sum() + np.trace(covariance), rel=1e-6)


def test_the_extrapolation_is_free_of_the_bias_and_knows_its_error():
    """Over many draws: the mean is the true distance, where that of all rows is not; the error is their spread."""
    random = np.random.default_rng(0)
    plain, found = [], []
    for _ in range(60):
        a, b = random.normal(size=(200, 8)), random.normal(size=(200, 8)) + 0.2
        plain.append(fid.frechet_distance(a, b))
        found.append(fid.frechet_distance_at_infinity(a, b))
    true, distances = 8 * 0.2**2, np.array([report.distance for report in found])
    error = distances.std() / 60**0.5
    assert abs(distances.mean() - true) < 4 * error
    assert np.mean(plain) - true > 8 * error
    assert np.mean([report.standard_error for report in found]) == pytest.approx(distances.std(), rel=0.3)
    assert found[0].num_rows == 200


def test_the_kernel_distance_has_no_bias():
    """Halves of one set, whatever their size: 0 but for chance. Whole sets of different size are taken as they are."""
    rows = golden_features(1)
    found = fid.kernel_distance(rows[:350], rows[350:], num_subsets=50, subset_size=50)
    assert abs(found.mean) < found.standard_deviation
    assert fid.kernel_distance(rows, rows + 0.5, 10, 100).mean > 10 * found.standard_deviation
    assert fid.kernel_distance(rows, rows + 0.5, 10, 100, seed=1) != fid.kernel_distance(rows, rows + 0.5, 10, 100)
    whole = fid.kernel_distance(rows[:100], rows[100:200], 2, 100)
    assert whole.standard_deviation == pytest.approx(0, abs=1e-12)
    assert (whole.num_subsets, whole.subset_size) == (2, 100)


def test_few_rows_are_said():
    few = np.random.default_rng(0).normal(size=(20, 24))
    with pytest.warns(UserWarning, match=r"20 rows is too small for 24 features.*kernel_distance"):
        fid.frechet_distance(few, golden_features(1))
    with pytest.warns(UserWarning, match="20 rows is too small"):
        fid.frechet_distance_at_infinity(np.tile(few, (2, 1)), golden_features(1))


@pytest.mark.parametrize(
    ("a", "b", "message"),
    [
        (np.ones((5, 3)), np.ones((5, 4)), "different networks. Received: 3 and 4 numbers"),
        (np.full((5, 3), np.nan), np.ones((5, 3)), "NaN or infinite"),
        (np.ones((5, 3), int), np.ones((5, 3)), "Integers"),
        (np.ones((0, 3)), np.ones((5, 3)), "nothing to measure"),
        (np.ones((1, 3)), np.ones((5, 3)), "too few rows for a covariance. Received: 1 and 5"),
        (np.ones((5, 2, 2, 1)), np.ones((5, 4)), "one vector per image. Received: an array of shape"),
        (np.ones(5), np.ones(5), "one vector per image"),
    ],
)
@pytest.mark.parametrize("function", [fid.frechet_distance, fid.kernel_distance])
def test_bad_input(function, a, b, message):
    for pair in ((a, b), (b, a)) if message != "different networks. Received: 3 and 4 numbers" else ((a, b),):
        if "1 and 5" not in message or pair[0] is a:
            with pytest.raises(ValueError, match=message):
                function(*pair)


@pytest.mark.parametrize("arguments", [{"num_subsets": 0}, {"subset_size": 1}, {"subset_size": 701}])
def test_subsets_that_do_not_fit(sets, arguments):
    with pytest.raises(ValueError, match=r"Subsets do not fit.*from 2 to 700"):
        fid.kernel_distance(*sets, **{"subset_size": 100, **arguments})


def test_too_few_rows_to_extrapolate(sets):
    with pytest.raises(
        ValueError, match=r"too few rows for an extrapolation. Received: 39 and 700. Expected: at least"
    ):
        fid.frechet_distance_at_infinity(sets[0][:39], sets[1])
