"""Gaussian Parzen-window log-likelihood: the measure of the paper's Table 1.

The density of a model is estimated from its samples alone, with a Gaussian of standard deviation sigma around each.
The page docs/parzen.md says what the number means and what it hides. Source: the released script parzen_ll.py.
"""

import dataclasses
import warnings
from collections.abc import Sequence

import numpy as np

from keras_gan import console
from keras_gan.evaluation.distances import SquaredDistances, flat

GRID = tuple(float(sigma) for sigma in np.logspace(-1, 0, 10))  # that of the released script: .1, .1292, .1668, ..., 1
PUBLISHED_NUM_SAMPLES = 10_000
_TOLERANCE = 0.004  # nats that rounding may cost
_SECONDS_BEFORE_BAR = 3


@dataclasses.dataclass(frozen=True)
class ParzenReport:
    """What `log_likelihood` found. Log-likelihoods are in nats.

    Attributes:
        mean: mean log-likelihood of the test points.
        standard_error: standard deviation over test points (ddof 0, as in the released script) / sqrt of their number.
        sigma: bandwidth that was chosen on validation points.
        num_samples: number of samples, which are the centres of the Gaussians.
        num_validation: number of validation points that chose sigma.
        num_test: number of test points.
        validation_means: mean log-likelihood of the validation points for each bandwidth of the grid.
        log_likelihoods: log-likelihood of each test point, shape `(num_test,)`, float64.
    """

    mean: float
    standard_error: float
    sigma: float
    num_samples: int
    num_validation: int
    num_test: int
    validation_means: dict[float, float]
    log_likelihoods: np.ndarray = dataclasses.field(repr=False, compare=False)

    def __str__(self) -> str:
        return (
            f"{self.mean:.1f} +- {self.standard_error:.1f} nats (sigma {self.sigma:.4f} of "
            f"{self.num_validation} validation points, {self.num_samples} samples, {self.num_test} test points)"
        )


@dataclasses.dataclass(frozen=True)
class FoldsReport:
    """What `log_likelihood_over_folds` found. Log-likelihoods are in nats.

    Attributes:
        mean: mean of the folds' means.
        standard_error: standard deviation of the folds' means (ddof 1; the released code does not say) / sqrt of their
            number.
        folds: one `ParzenReport` per fold.
    """

    mean: float
    standard_error: float
    folds: tuple[ParzenReport, ...]

    def __str__(self) -> str:
        return f"{self.mean:.1f} +- {self.standard_error:.1f} nats (mean and standard error of {len(self.folds)} folds)"


def log_density(points: np.ndarray, samples: np.ndarray, sigma: float) -> np.ndarray:
    """Log-density of points under a mixture of Gaussians, one with standard deviation sigma around each sample.

    `log mean_j exp(-|x - s_j|^2 / (2 sigma^2)) - d log(sigma sqrt(2 pi))` (released script parzen_ll.py).

    Args:
        points: array of shape `(n, ...)`, floats; each point is flattened to d values.
        samples: array of shape `(m, ...)` on the same scale, flattened likewise.
        sigma: bandwidth, positive.

    Returns:
        Array of shape `(n,)`, float64, nats; within 0.01 of the exact sum for norms up to 100 and sigma >= 0.1.

    Raises:
        ValueError: if points and samples differ in size, an array is empty, of integers or not finite, or sigma is not
            positive.
    """
    return _log_densities(points, samples, [sigma])[0]


def select_sigma(
    samples: np.ndarray, validation: np.ndarray, grid: Sequence[float] = GRID
) -> tuple[float, dict[float, float]]:
    """Finds the bandwidth with the highest mean log-likelihood of validation points.

    Warns if it lies at an edge of the grid, because a better one may lie beyond.

    Args:
        samples: array of shape `(m, ...)`, floats.
        validation: array of shape `(n, ...)` on the same scale; never test data.
        grid: bandwidths, positive, in rising order.

    Returns:
        `(sigma, means)`: the bandwidth, and a dict from each bandwidth of the grid to its mean log-likelihood in nats.

    Raises:
        ValueError: as `log_density`.
    """
    sigma, curve = sigma_curve(samples, validation, grid)
    means = {s: float(values.mean()) for s, values in curve.items()}
    if len(means) > 1 and sigma in (min(means), max(means)):
        warnings.warn(
            f"sigma={sigma:.4g} lies at the edge of the grid {min(means):.4g} ... {max(means):.4g}: a better one may "
            "lie beyond it. Samples that are all alike push it up, copies of the data push it down.",
            stacklevel=2,
        )
    return sigma, means


def sigma_curve(
    samples: np.ndarray, validation: np.ndarray, grid: Sequence[float] = GRID
) -> tuple[float, dict[float, np.ndarray]]:
    """Like `select_sigma`, but returns the log-likelihood of each validation point, shape `(n,)`, and never warns."""
    densities = _log_densities(validation, samples, grid)
    return float(grid[int(densities.mean(axis=1).argmax())]), dict(zip(map(float, grid), densities, strict=True))


def log_likelihood(
    samples: np.ndarray,
    validation: np.ndarray,
    test: np.ndarray,
    num_validation: int | None = 1000,
    grid: Sequence[float] = GRID,
) -> ParzenReport:
    """Chooses sigma on the first `num_validation` validation points, then scores the test points.

    The paper's numbers use 10,000 samples and data in [0, 1]; the value depends on both.

    Args:
        samples: array of shape `(m, ...)`, floats, from the model.
        validation: array of shape `(n, ...)` on the same scale.
        test: array of shape `(t, ...)` on the same scale.
        num_validation: how many validation points to use, from the first on; None uses all.
        grid: bandwidths to choose from.

    Returns:
        `ParzenReport`.

    Raises:
        ValueError: as `log_density`.
    """
    _warn_of_scales(test, samples)
    sigma, means = select_sigma(samples, validation[:num_validation], grid)
    values = log_density(test, samples, sigma)
    return ParzenReport(
        mean=float(values.mean()),
        standard_error=standard_error(values),
        sigma=sigma,
        num_samples=len(samples),
        num_validation=len(validation[:num_validation]),
        num_test=len(test),
        validation_means=means,
        log_likelihoods=values,
    )


def log_likelihood_over_folds(
    samples: np.ndarray, folds: Sequence[tuple[np.ndarray, np.ndarray]], grid: Sequence[float] = GRID
) -> FoldsReport:
    """The TFD protocol: one set of samples, a sigma and a test mean per fold, and statistics across folds.

    Args:
        samples: array of shape `(m, ...)`, floats.
        folds: one pair `(validation, test)` per fold, at least two. A fold's whole validation set chooses its sigma.
        grid: bandwidths to choose from.

    Returns:
        `FoldsReport`.

    Raises:
        ValueError: if there are fewer than two folds, or as `log_density`.
    """
    if len(folds) < 2:
        raise ValueError(f"A standard error across folds needs at least two folds. Received: {len(folds)}.")
    reports = tuple(log_likelihood(samples, validation, test, None, grid) for validation, test in folds)
    means = np.array([report.mean for report in reports])
    return FoldsReport(float(means.mean()), float(means.std(ddof=1) / len(means) ** 0.5), reports)


def bootstrap_interval(
    reports: Sequence[ParzenReport], level: float = 0.95, num_draws: int = 2000, seed: int = 0
) -> tuple[float, float]:
    """A bootstrap interval for the mean log-likelihood, over test points and over sampling seeds.

    Each draw takes reports and test points with replacement. With one report, only the test points vary.

    Args:
        reports: reports on the same model and test points, each from samples drawn with another seed.
        level: coverage, in (0, 1).
        num_draws: number of bootstrap draws.
        seed: integer.

    Returns:
        `(low, high)` in nats.

    Raises:
        ValueError: if there is no report, the reports differ in test points, or `level` lies outside (0, 1).
    """
    if not reports or len({report.num_test for report in reports}) > 1 or not 0 < level < 1:
        raise ValueError(
            "A bootstrap needs reports on the same test points, and a level in (0, 1). Received: "
            f"{[report.num_test for report in reports]} test points, level={level}."
        )
    values = np.stack([report.log_likelihoods for report in reports])
    random = np.random.default_rng(seed)
    means = np.empty(num_draws)
    for i in range(num_draws):
        chosen = np.bincount(random.integers(len(values), size=len(values)), minlength=len(values)) @ values
        means[i] = chosen[random.integers(values.shape[1], size=values.shape[1])].mean() / len(values)
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def standard_error(values: np.ndarray) -> float:
    """Standard deviation (ddof 0, as in the released script) / sqrt of the number of values."""
    return float(values.std() / len(values) ** 0.5)


def _log_densities(points, samples, sigmas):
    """Shape `(len(sigmas), n)`: one pass over the distances serves every bandwidth."""
    if min(sigmas) <= 0:
        raise ValueError(f"A bandwidth must be positive. Received: sigma={min(sigmas)}.")
    pairs = SquaredDistances(points, samples)
    result = np.empty((len(sigmas), len(points)))
    factors = -1 / (2 * np.square(sigmas))
    with console.bar(len(pairs), "Parzen window", "block", delay=_SECONDS_BEFORE_BAR) as progress:
        for rows, values in pairs.map(
            lambda smallest, excess: _log_mean_exp(smallest, excess, factors), _window(pairs, sigmas)
        ):
            result[:, rows] = values
            progress.update()
    return result - pairs.width * np.log(np.asarray(sigmas) * (2 * np.pi) ** 0.5)[:, np.newaxis]


def _log_mean_exp(smallest, excess, factors):
    """log mean_j exp(factor * d_j) of each row, for each factor: shape `(len(factors), rows)`, float64."""
    terms = np.empty_like(excess)
    result = np.empty((len(factors), len(excess)))
    for i, factor in enumerate(factors):
        np.multiply(excess, excess.dtype.type(factor), out=terms)
        np.exp(terms, out=terms)
        result[i] = np.log(terms.sum(axis=1, dtype="float64") / terms.shape[1]) + factor * smallest
    return result


def _window(pairs, sigmas):
    """How far above a row's smallest distance the others must be exact, so that rounding costs at most the tolerance.

    A float32 error e in a distance moves its term by the factor exp(e / (2 sigma^2)). Beyond the window all terms
    together are so small that this cannot be seen in the sum.
    """
    window = 0.0
    for sigma in sigmas:
        cost = pairs.error / (2 * sigma**2)
        if cost > _TOLERANCE:
            window = max(window, 2 * sigma**2 * np.log(len(pairs.samples) * cost / _TOLERANCE))
    return window


def _warn_of_scales(points, samples):
    points, samples = flat("points", points), flat("samples", samples)
    (low, high), (other_low, other_high) = ((a.min(), a.max()) for a in (points, samples))
    smaller, larger = sorted((max(-low, high), max(-other_low, other_high)))
    one_is_signed = min(low, other_low) < -0.5 * smaller and max(low, other_low) >= 0
    if 0 < 8 * smaller < larger or one_is_signed:
        warnings.warn(
            f"Data and samples seem to be on different scales: data lie in [{low:.3g}, {high:.3g}], samples in "
            f"[{other_low:.3g}, {other_high:.3g}]. Both must be on the data's scale, or the value means nothing.",
            stacklevel=3,
        )
