"""Low-dimensional data whose density is known: mixtures of Gaussians on a line and in the plane."""

import dataclasses

import numpy as np

from keras_gan.datasets.dataset import Dataset, Splits

_SIZES = {"train": 100_000, "validation": 10_000, "test": 10_000}


@dataclasses.dataclass(frozen=True)
class Mixture:
    """Gaussians with the same standard deviation and the same weight.

    Attributes:
        means: array of shape `(modes, d)`.
        sigma: standard deviation of each Gaussian in every direction.
    """

    means: np.ndarray
    sigma: float

    def density(self, points: np.ndarray) -> np.ndarray:
        """Density at points of shape `(n, d)`, as a float64 array of shape `(n,)`."""
        points = np.asarray(points, "float64")
        squares = np.square(points[:, np.newaxis] - self.means).sum(-1)
        scale = (2 * np.pi) ** 0.5 * self.sigma
        return np.exp(-squares / (2 * self.sigma**2)).mean(1) / scale ** self.means.shape[1]

    def draw(self, num: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
        """Draws points, shape `(num, d)`, float32, and says which mode each is from, shape `(num,)`, int64."""
        random = np.random.default_rng(seed)
        modes = random.integers(0, len(self.means), num)
        points = self.means[modes] + self.sigma * random.standard_normal((num, self.means.shape[1]))
        return points.astype("float32"), modes

    def bounds(self) -> tuple[np.ndarray, np.ndarray]:
        """Both corners, shape `(d,)`, of a box around the modes; the margin is 4 sigma + 0.1 * their extent."""
        low, high = self.means.min(0), self.means.max(0)
        margin = 4 * self.sigma + 0.1 * (high - low).max()
        return low - margin, high + margin


def _ring(num, radius):
    angle = 2 * np.pi * np.arange(num) / num
    return radius * np.stack([np.cos(angle), np.sin(angle)], 1)


def _grid(side, spacing):
    steps = spacing * (np.arange(side) - (side - 1) / 2)
    return np.stack(np.meshgrid(steps, steps, indexing="ij"), -1).reshape(-1, 2)


MIXTURES: dict[str, tuple[Mixture, str]] = {
    "normal": (Mixture(np.zeros((1, 1)), 1.0), "N(0, 1)"),
    "mixture": (Mixture(np.array([[-2.0], [0.0], [2.0]]), 0.5), "three Gaussians on a line, 2 apart, sigma 0.5"),
    "ring": (Mixture(_ring(8, 2.0), 0.02), "8 Gaussians on a ring of radius 2, sigma 0.02"),
    "grid": (Mixture(_grid(5, 2.0), 0.05), "25 Gaussians on a 5x5 grid, 2 apart, sigma 0.05"),
}


def load_gaussians(name: str) -> Dataset:
    """Draws from one of `MIXTURES`, always the same: 100,000 training points, 10,000 for validation and for the test.

    Args:
        name: `"normal"`, `"mixture"`, `"ring"` or `"grid"`.

    Returns:
        `Dataset` of float32 points of shape `(n, 1)` or `(n, 2)` without preprocessing; the labels are the modes.
    """
    mixture, description = MIXTURES[name]
    drawn = [mixture.draw(num, seed) for seed, num in enumerate(_SIZES.values())]
    train, validation, test = (points for points, _ in drawn)
    return Dataset(
        train=train,
        validation=validation,
        test=test,
        labels=Splits(*(modes for _, modes in drawn)),
        preprocessing=None,
        card={
            "name": name,
            "description": f"{description}, equal weights",
            "source": "drawn by keras_gan.datasets with fixed seeds",
            "rows": ", ".join(f"{num:,} {split}" for split, num in _SIZES.items()),
            "scale": "as drawn",
        },
    )
