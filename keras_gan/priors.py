"""Priors p(z): what the generator turns into samples."""

from typing import Any

import keras
import numpy as np
from keras import ops

HALF_WIDTH = 3.0**0.5  # U(-sqrt 3, sqrt 3) has mean 0 and variance 1


class Prior:
    """A distribution over noise vectors, with mean 0 and variance 1 in each coordinate.

    Args:
        dim: width of a noise vector, at least 1.
    """

    def __init__(self, dim: int) -> None:
        if not isinstance(dim, int) or dim < 1:
            raise ValueError(f"The noise needs a width of at least 1. Received: dim={dim!r}. Pass a positive integer.")
        self.dim = dim

    def __call__(self, num: Any, seed: keras.random.SeedGenerator | int) -> Any:
        """Draws noise inside a training step.

        Args:
            num: number of vectors, an integer or a scalar integer tensor.
            seed: `keras.random.SeedGenerator`, or an integer.

        Returns:
            Tensor of shape `(num, dim)`, float32.
        """
        raise NotImplementedError

    def draw(self, num: int, seed: int | np.random.Generator | None = None) -> np.ndarray:
        """Draws noise with NumPy: a seed gives the same noise on every backend.

        Args:
            num: noise vectors.
            seed: integer, or a NumPy generator, which moves on from draw to draw. Default: fresh noise.

        Returns:
            NumPy array of shape `(num, dim)`, float32.
        """
        raise NotImplementedError

    def get_config(self) -> dict[str, Any]:
        return {"dim": self.dim}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "Prior":
        return cls(**config)


@keras.saving.register_keras_serializable("keras_gan")
class Uniform(Prior):
    """Uniform on (-sqrt 3, sqrt 3) in each coordinate: what the paper's MNIST model is fed."""

    def __call__(self, num: Any, seed: keras.random.SeedGenerator | int) -> Any:
        return keras.random.uniform((num, self.dim), -HALF_WIDTH, HALF_WIDTH, seed=seed)

    def draw(self, num: int, seed: int | np.random.Generator | None = None) -> np.ndarray:
        generator = np.random.default_rng(seed)
        return generator.uniform(-HALF_WIDTH, HALF_WIDTH, (num, self.dim)).astype("float32")


@keras.saving.register_keras_serializable("keras_gan")
class Normal(Prior):
    """Standard normal in each coordinate: the paper's TFD and CIFAR-10 models."""

    def __call__(self, num: Any, seed: keras.random.SeedGenerator | int) -> Any:
        return keras.random.normal((num, self.dim), seed=seed)

    def draw(self, num: int, seed: int | np.random.Generator | None = None) -> np.ndarray:
        return np.random.default_rng(seed).standard_normal((num, self.dim)).astype("float32")


@keras.saving.register_keras_serializable("keras_gan")
class Spherical(Prior):
    """Uniform on the sphere of radius sqrt(dim), where most of a standard normal's mass lies."""

    def __call__(self, num: Any, seed: keras.random.SeedGenerator | int) -> Any:
        z = keras.random.normal((num, self.dim), seed=seed)
        return z * (self.dim**0.5 / ops.norm(z, axis=-1, keepdims=True))

    def draw(self, num: int, seed: int | np.random.Generator | None = None) -> np.ndarray:
        z = np.random.default_rng(seed).standard_normal((num, self.dim))
        return (z * (self.dim**0.5 / np.linalg.norm(z, axis=-1, keepdims=True))).astype("float32")


PRIORS: dict[str, type[Prior]] = {"uniform": Uniform, "normal": Normal, "spherical": Spherical}


def get(prior: str | Prior, dim: int) -> Prior:
    """The `Prior` of that name, or the object itself.

    Args:
        prior: `"uniform"`, `"normal"` or `"spherical"`.
        dim: width of the noise.

    Raises:
        ValueError: for an unknown name.
    """
    if isinstance(prior, Prior):
        return prior
    if prior not in PRIORS:
        raise ValueError(f"Unknown prior. Received: prior={prior!r}. Expected one of {sorted(PRIORS)}.")
    return PRIORS[prior](dim)


def interpolate(start: np.ndarray, end: np.ndarray, num: int, spherical: bool = False) -> np.ndarray:
    """Noise from one vector to another, in equal steps.

    Args:
        start: array of shape `(..., dim)`.
        end: array of that shape.
        num: vectors from start to end, both included, at least 2.
        spherical: along the great circle between them, with the length changing evenly, in place of the straight line.
            On the line the noise of two independent draws shrinks to 0.7 of its length half way, where a prior in 100
            dimensions puts nothing. Ends in one direction or in opposite ones have no such circle: the line.

    Returns:
        Array of shape `(..., num, dim)`, float32.

    Raises:
        ValueError: if the shapes differ or there are fewer than two steps.
    """
    start, end = np.asarray(start, "float64"), np.asarray(end, "float64")
    if start.shape != end.shape or num < 2:
        raise ValueError(
            f"A line needs two ends of one shape and two vectors at least. Received: {start.shape}, {end.shape}, "
            f"num={num}."
        )
    start, end = start[..., np.newaxis, :], end[..., np.newaxis, :]
    part = np.linspace(0, 1, num)[:, np.newaxis]
    line = (1 - part) * start + part * end
    if not spherical:
        return line.astype("float32")
    lengths = [np.linalg.norm(z, axis=-1, keepdims=True) for z in (start, end)]
    cosine = (start * end).sum(-1, keepdims=True) / np.maximum(lengths[0] * lengths[1], 1e-12)
    angle = np.arccos(np.clip(cosine, -1, 1))
    sine = np.sin(angle)
    with np.errstate(divide="ignore", invalid="ignore"):
        direction = (
            np.sin((1 - part) * angle) / sine * start / lengths[0] + np.sin(part * angle) / sine * end / lengths[1]
        )
    circle = ((1 - part) * lengths[0] + part * lengths[1]) * direction
    bent = (sine > 1e-6) & (lengths[0] > 0) & (lengths[1] > 0)
    return np.where(bent, circle, line).astype("float32")
