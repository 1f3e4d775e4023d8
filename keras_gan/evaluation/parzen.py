"""Gaussian Parzen-window log-likelihood: the measure of the paper's Table 1."""

import dataclasses

import numpy as np

GRID = tuple(np.logspace(-1, 0, 10))  # the released script's: .1, .1292, .1668, ..., 1
_BLOCK = 1000  # points a block: 80 MB of float64 distances to 10,000 samples


@dataclasses.dataclass(frozen=True)
class ParzenReport:
    """What `evaluate` found; log-likelihoods in nats.

    Attributes:
        mean: mean log-likelihood of the test points.
        standard_error: standard deviation over test points (ddof 0, as the released script) / sqrt of their number.
        sigma: bandwidth chosen on validation points.
        num_samples: number of samples, the centres of the window.
        validation_means: mean log-likelihood of the validation points for each bandwidth of the grid.
    """

    mean: float
    standard_error: float
    sigma: float
    num_samples: int
    validation_means: dict[float, float]


def log_density(points: np.ndarray, samples: np.ndarray, sigma: float) -> np.ndarray:
    """Log-density of points under a Gaussian of width sigma around each sample.

    `log mean_j exp(-|x - s_j|^2 / (2 sigma^2)) - d log(sigma sqrt(2 pi))` (released script parzen_ll.py).

    Args:
        points: array of shape `(n, ...)`; each point is flattened to d values.
        samples: array of shape `(m, ...)` on the same scale, flattened likewise.
        sigma: bandwidth, positive.

    Returns:
        Array of shape `(n,)`, float64, nats.

    Raises:
        ValueError: if widths differ, an array is empty or not finite, or sigma is not positive.
    """
    return _log_densities(points, samples, [sigma])[0]


def select_sigma(
    samples: np.ndarray, validation: np.ndarray, grid: tuple[float, ...] = GRID
) -> tuple[float, dict[float, float]]:
    """The bandwidth with the highest mean log-likelihood of validation points, and the means of the whole grid."""
    means = _log_densities(validation, samples, list(grid)).mean(axis=1)
    return float(grid[int(means.argmax())]), {float(s): float(m) for s, m in zip(grid, means, strict=True)}


def evaluate(samples: np.ndarray, validation: np.ndarray, test: np.ndarray, num_validation: int = 1000) -> ParzenReport:
    """Chooses sigma on the first `num_validation` validation points, then scores the test points.

    The paper's numbers use 10,000 samples and data in [0, 1]: the value depends on both.
    """
    sigma, means = select_sigma(samples, validation[:num_validation])
    values = log_density(test, samples, sigma)
    return ParzenReport(float(values.mean()), float(values.std() / len(values) ** 0.5), sigma, len(samples), means)


def _log_densities(points: np.ndarray, samples: np.ndarray, sigmas: list[float]) -> np.ndarray:
    """Shape `(len(sigmas), n)`: one pass over the distances serves every bandwidth."""
    points, samples = _flat("points", points), _flat("samples", samples)
    if points.shape[1] != samples.shape[1]:
        raise ValueError(
            f"Points and samples differ in width. Received: {points.shape[1]} and {samples.shape[1]} values each. "
            "Give both in the same shape."
        )
    if min(sigmas) <= 0:
        raise ValueError(f"A bandwidth is positive. Received: sigma={min(sigmas)}.")
    center = samples.mean(axis=0)  # small norms keep |x|^2 - 2 x s + |s|^2 exact
    points, samples = points - center, samples - center
    sample_norms = (samples**2).sum(axis=1)
    result = np.empty((len(sigmas), len(points)))
    for start in range(0, len(points), _BLOCK):
        block = points[start : start + _BLOCK]
        distances = block @ samples.T
        distances *= -2
        distances += (block**2).sum(axis=1, keepdims=True)
        distances += sample_norms
        np.maximum(distances, 0, out=distances)
        nearest = distances.min(axis=1, keepdims=True)
        for i, sigma in enumerate(sigmas):
            shifted = np.exp((nearest - distances) / (2 * sigma**2)).mean(axis=1)
            result[i, start : start + _BLOCK] = np.log(shifted) - nearest[:, 0] / (2 * sigma**2)
    return result - points.shape[1] * np.log(np.asarray(sigmas) * (2 * np.pi) ** 0.5)[:, np.newaxis]


def _flat(name: str, array: np.ndarray) -> np.ndarray:
    array = np.asarray(array)
    if array.ndim < 2 or array.size == 0:
        raise ValueError(f"There is nothing to measure. Received: {name} of shape {array.shape}. Expected: (n, ...).")
    if array.dtype.kind in "iub":
        raise ValueError(
            f"Integers are not on the scale of samples. Received: {name}, {array.dtype}. Preprocess them first, "
            "for example images / 255."
        )
    array = array.reshape(len(array), -1).astype("float64")
    if not np.isfinite(array).all():
        bad = int((~np.isfinite(array).all(axis=1)).sum())
        raise ValueError(f"{name.capitalize()} hold NaN or infinite values. Received: {bad} such rows of {len(array)}.")
    return array
