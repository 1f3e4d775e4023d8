"""How far two sets of features lie apart: the Frechet distance (FID) and the kernel distance (KID).

Both are pure functions of arrays of features, in float64. A value says something for one network of features only
(`keras_gan.evaluation.features`), and beside it has to stand that of real images against real images: see
`keras_gan.evaluation.measures.FeatureMeasure`. Sources: Heusel et al. 2017 (FID), Binkowski
et al. 2018 (KID), Chong and Forsyth 2020 (both depend on the number of samples, FID by more than it should).
"""

import dataclasses
import warnings

import numpy as np

from keras_gan.evaluation.distances import flat

NUM_SUBSETS, SUBSET_SIZE = 100, 1000  # with which KID is published
_GROUPS = 10
FEWEST_AT_INFINITY = 4 * _GROUPS


@dataclasses.dataclass(frozen=True)
class KernelReport:
    """What `kernel_distance` found.

    Attributes:
        mean: of the subsets' distances; it may be a little below 0 if the sets are alike.
        standard_deviation: of the subsets' distances (ddof 0). Subsets overlap, so it is no error of the mean.
        num_subsets: how many subsets were drawn of each set.
        subset_size: rows per subset.
    """

    mean: float
    standard_deviation: float
    num_subsets: int
    subset_size: int


@dataclasses.dataclass(frozen=True)
class ExtrapolatedReport:
    """What `frechet_distance_at_infinity` found.

    Attributes:
        distance: the Frechet distance that infinitely many rows would have; by chance it may be a little below 0.
        standard_error: of it, by a jackknife over groups of rows.
        num_rows: rows that were used of each set.
    """

    distance: float
    standard_error: float
    num_rows: int


@dataclasses.dataclass(frozen=True)
class FrechetReport:
    """The Frechet distance of sets as they are, and of infinitely many rows.

    Attributes:
        distance: what `frechet_distance` found.
        at_infinity: what `frechet_distance_at_infinity` found; None where there are too few rows for it.
    """

    distance: float
    at_infinity: ExtrapolatedReport | None


def frechet_distance(a: np.ndarray, b: np.ndarray) -> float:
    """The Frechet distance of two sets of features, each taken for a Gaussian: FID.

    `|m_a - m_b|^2 + tr(C_a + C_b - 2 sqrt(C_a C_b))`, with the means m and the covariances C (ddof 1).

    Warns if a set has no more rows than there are features: its covariance is then singular, and the distance too
    large by much.

    Args:
        a: array of shape `(n, d)`, floats.
        b: array of shape `(m, d)`, features of the same network.

    Returns:
        The distance, at least 0 but for rounding, in the squared unit of the features.

    Raises:
        ValueError: if the sets differ in d, one has fewer than 2 rows, is of integers or is not finite.
    """
    a, b = checked(a, b)
    _warn_of_few_rows(a, b)
    return _distance(_moments(a), _moments(b))


def frechet_distance_at_infinity(a: np.ndarray, b: np.ndarray, seed: int = 0) -> ExtrapolatedReport:
    """The Frechet distance that infinitely many rows would have, by extrapolation from all rows and from halves.

    A distance of n rows is too large by about c / n. So twice the distance of all rows, less the mean distance of two
    halves, is free of that. Both sets are cut to the same number of rows. The standard error comes from a jackknife:
    the same again without each of ten groups of rows.

    Args:
        a: array of shape `(n, d)`, floats.
        b: array of shape `(m, d)`, features of the same network.
        seed: integer, of the order of the rows.

    Returns:
        `ExtrapolatedReport`.

    Raises:
        ValueError: as `frechet_distance`, or if a set has fewer than 40 rows.
    """
    a, b = checked(a, b, rows=FEWEST_AT_INFINITY, what="an extrapolation")
    num_rows = min(len(a), len(b)) // (2 * _GROUPS) * 2 * _GROUPS
    _warn_of_few_rows(a[: num_rows // 2], b[: num_rows // 2], "half of ")
    random = np.random.default_rng(seed)
    a, b = (array[random.permutation(len(array))[:num_rows]] for array in (a, b))
    groups = np.arange(num_rows) % _GROUPS
    without = np.array([_extrapolated(a[groups != group], b[groups != group]) for group in range(_GROUPS)])
    spread = ((without - without.mean()) ** 2).sum() * (_GROUPS - 1) / _GROUPS
    return ExtrapolatedReport(_extrapolated(a, b), float(spread**0.5), num_rows)


def kernel_distance(
    a: np.ndarray, b: np.ndarray, num_subsets: int = NUM_SUBSETS, subset_size: int = SUBSET_SIZE, seed: int = 2020
) -> KernelReport:
    """The squared maximum mean discrepancy of two sets of features under a polynomial kernel: KID.

    The kernel is `(x y / d + 1)^3`, and the estimate has no bias, whatever the number of rows. The subsets are those
    that torch-fidelity draws with the same seed, 2020 by default.

    Args:
        a: array of shape `(n, d)`, floats.
        b: array of shape `(m, d)`, features of the same network.
        num_subsets: subsets drawn of each set, at least 1.
        subset_size: rows per subset, at least 2 and at most as many as either set has.
        seed: integer.

    Returns:
        `KernelReport`.

    Raises:
        ValueError: if the sets differ in d, one is of integers or not finite, or a number does not fit.
    """
    a, b = checked(a, b)
    if num_subsets < 1 or not 2 <= subset_size <= min(len(a), len(b)):
        raise ValueError(
            f"Subsets do not fit. Received: num_subsets={num_subsets}, subset_size={subset_size}, sets of {len(a)} and "
            f"{len(b)} rows. Expected: num_subsets >= 1, and subset_size from 2 to {min(len(a), len(b))}. Pass a "
            "smaller subset_size, or more rows."
        )
    random = np.random.RandomState(seed)  # torch-fidelity draws these very subsets
    values = np.empty(num_subsets)
    for i in range(num_subsets):
        x, y = (array[random.choice(len(array), subset_size, replace=False)] for array in (a, b))
        within = sum(_kernel_sum(part, part) - _diagonal_sum(part) for part in (x, y))
        values[i] = within / (subset_size * (subset_size - 1)) - 2 * _kernel_sum(x, y) / subset_size**2
    return KernelReport(float(values.mean()), float(values.std()), num_subsets, subset_size)


def checked(a: np.ndarray, b: np.ndarray, rows: int = 2, what: str = "a covariance") -> tuple[np.ndarray, np.ndarray]:
    """Two sets of features in float64, after a check that they can be compared.

    Args:
        a: array of shape `(n, d)`.
        b: array of shape `(m, d)`.
        rows: how many each must have at least.
        what: what needs them.

    Raises:
        ValueError: if they cannot.
    """
    for array in (a, b):
        if np.ndim(array) != 2:
            raise ValueError(
                f"Features are one vector per image. Received: an array of shape {np.shape(array)}. Expected: (n, d). "
                "Images become features by keras_gan.evaluation.features."
            )
    made_by = [getattr(array, "network", "") for array in (a, b)]
    if all(made_by) and made_by[0] != made_by[1]:
        raise ValueError(
            "The features are of different networks. Received: features made by the networks of hash "
            f"{made_by[0][:12]} and {made_by[1][:12]}. Expected: both sets from one network, with the same weights."
        )
    a, b = flat("features", a), flat("features", b)
    if a.shape[1] != b.shape[1]:
        raise ValueError(
            f"The features are of different networks. Received: {a.shape[1]} and {b.shape[1]} numbers per image. "
            "Expected: both sets from the same network."
        )
    if min(len(a), len(b)) < rows:
        raise ValueError(
            f"There are too few rows for {what}. Received: {len(a)} and {len(b)}. Expected: at least {rows} of each. "
            "Draw more samples."
        )
    return a.astype("float64"), b.astype("float64")


def _moments(features):
    """The mean, and the covariance (ddof 1)."""
    mean = features.mean(axis=0)
    centered = features - mean
    return mean, centered.T @ centered / (len(features) - 1)


def _distance(a, b):
    (mean_a, covariance_a), (mean_b, covariance_b) = a, b
    # The eigenvalues of C_a C_b are the squared singular values of R_a R_b^T, where C = R^T R.
    product = _root(covariance_a) @ _root(covariance_b).T
    traces = np.trace(covariance_a) + np.trace(covariance_b) - 2 * np.linalg.svd(product, compute_uv=False).sum()
    return float(((mean_a - mean_b) ** 2).sum() + traces)


def _root(covariance):
    """R, where R^T R is the covariance."""
    values, vectors = np.linalg.eigh(covariance)
    return np.sqrt(np.maximum(values, 0))[:, np.newaxis] * vectors.T


def _extrapolated(a, b):
    half = len(a) // 2  # the same halves, less a group, in every round of the jackknife
    whole, *halves = [
        _distance(_moments(x), _moments(y)) for x, y in ((a, b), (a[:half], b[:half]), (a[half:], b[half:]))
    ]
    return 2 * whole - sum(halves) / 2


def _kernel_sum(x, y):
    kernel = x @ (y / x.shape[1]).T
    kernel += 1
    return float(np.einsum("ij,ij,ij->", kernel, kernel, kernel))


def _diagonal_sum(x):
    return float((((x**2).sum(axis=1) / x.shape[1] + 1) ** 3).sum())


def _warn_of_few_rows(a, b, part=""):
    rows = min(len(a), len(b))
    if rows <= a.shape[1]:
        warnings.warn(
            f"A set of {rows} rows is too small for {a.shape[1]} features ({part}what was given): covariances are "
            "singular, and the Frechet distance is far too large. Draw more samples, or compare by kernel_distance.",
            stacklevel=3,
        )
