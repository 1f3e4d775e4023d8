"""Priors p(z): what the generator turns into samples."""

from typing import Any

import keras
import numpy as np
from keras import ops

_BOUND = 3.0**0.5  # U(-sqrt 3, sqrt 3) has mean 0 and variance 1
_SMALLEST = 2.0**-24  # keras.random.uniform may draw 0, of which an unbounded prior's quantile is infinite


class Prior:
    """A distribution over noise vectors, with mean 0 and variance 1 in each coordinate.

    A prior of your own defines `from_uniform` and `quantile`, the same map in `keras.ops` and in NumPy: all draws are
    made with them unless it has faster ones. Register it with `keras.saving.register_keras_serializable`, so that a
    saved model finds it.

    Args:
        dim: length of a noise vector, at least 1.

    Attributes:
        independent: whether each coordinate is the quantile of its own uniform value, so that `quantile` rises
            strictly in each of them. False unless a class says otherwise.

    Raises:
        ValueError: if `dim` is not a positive integer.
    """

    independent: bool = False

    def __init__(self, dim: int) -> None:
        if not isinstance(dim, int) or dim < 1:
            raise ValueError(f"A noise vector has at least one value. Received: dim={dim!r}. Pass a positive integer.")
        self.dim = dim

    def __call__(self, num: Any, seed: keras.random.SeedGenerator | int) -> Any:
        """Draws noise inside a training step.

        Args:
            num: number of vectors, an integer or a scalar integer tensor.
            seed: `keras.random.SeedGenerator`, or an integer.

        Returns:
            Tensor of shape `(num, dim)`, float32.
        """
        return self.from_uniform(keras.random.uniform((num, self.dim), _SMALLEST, 1.0, seed=seed))

    def draw(self, num: int, seed: int | np.random.Generator | None = None) -> np.ndarray:
        """Draws noise with NumPy: a seed gives the same noise on every backend.

        Args:
            num: number of vectors.
            seed: integer, or a NumPy generator, which moves on from draw to draw. Default: fresh noise.

        Returns:
            NumPy array of shape `(num, dim)`, float32.
        """
        u = np.random.default_rng(seed).uniform(_SMALLEST, 1.0, (num, self.dim))
        return self.quantile(u).astype("float32")

    def quantile(self, u: np.ndarray) -> np.ndarray:
        """Noise for uniform values, with NumPy: independent u, uniform on (0, 1), give a draw of the prior.

        Args:
            u: array of shape `(..., dim)`, values in (0, 1); at 0 and 1 an unbounded prior's noise is infinite.

        Returns:
            NumPy array of that shape, float64.

        Raises:
            NotImplementedError: if the prior has no such map.
        """
        raise NotImplementedError(f"{type(self).__name__} has no quantile. Define quantile(u) to use it here.")

    def from_uniform(self, u: Any) -> Any:
        """The map of `quantile` in `keras.ops`, for use inside a differentiable computation.

        Args:
            u: float tensor of shape `(..., dim)`, values in (0, 1). In float32, keep them between 1e-7 and 1 - 1e-7.

        Returns:
            Tensor of that shape and dtype.

        Raises:
            NotImplementedError: if the prior has no such map.
        """
        raise NotImplementedError(f"{type(self).__name__} has no from_uniform. Define from_uniform(u) to use it here.")

    def from_normal(self, u: Any) -> Any:
        """Noise for independent standard normal values, in `keras.ops`: a differentiable map.

        Args:
            u: float tensor of shape `(..., dim)`.

        Returns:
            Tensor of that shape and dtype.

        Raises:
            NotImplementedError: if the prior has no map `from_uniform`.
        """
        return self.from_uniform(ops.clip(0.5 * (1 + ops.erf(u * 0.5**0.5)), 1e-7, 1 - 1e-7))

    def get_config(self) -> dict[str, Any]:
        return {"dim": self.dim}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "Prior":
        return cls(**config)


@keras.saving.register_keras_serializable("keras_gan")
class Uniform(Prior):
    """Uniform on (-sqrt 3, sqrt 3) in each coordinate: what the paper's MNIST model is fed."""

    independent = True

    def __call__(self, num: Any, seed: keras.random.SeedGenerator | int) -> Any:
        return keras.random.uniform((num, self.dim), -_BOUND, _BOUND, seed=seed)

    def draw(self, num: int, seed: int | np.random.Generator | None = None) -> np.ndarray:
        generator = np.random.default_rng(seed)
        return generator.uniform(-_BOUND, _BOUND, (num, self.dim)).astype("float32")

    def quantile(self, u: np.ndarray) -> np.ndarray:
        return _BOUND * (2 * np.asarray(u, "float64") - 1)

    def from_uniform(self, u: Any) -> Any:
        return _BOUND * (2 * u - 1)

    def from_normal(self, u: Any) -> Any:
        return _BOUND * ops.erf(u * 0.5**0.5)


@keras.saving.register_keras_serializable("keras_gan")
class Normal(Prior):
    """Standard normal in each coordinate: the noise of the paper's TFD and CIFAR-10 models."""

    independent = True

    def __call__(self, num: Any, seed: keras.random.SeedGenerator | int) -> Any:
        return keras.random.normal((num, self.dim), seed=seed)

    def draw(self, num: int, seed: int | np.random.Generator | None = None) -> np.ndarray:
        return np.random.default_rng(seed).standard_normal((num, self.dim)).astype("float32")

    def quantile(self, u: np.ndarray) -> np.ndarray:
        from scipy import special

        return special.ndtri(np.asarray(u, "float64"))

    def from_uniform(self, u: Any) -> Any:
        return 2.0**0.5 * ops.erfinv(2 * u - 1)

    def from_normal(self, u: Any) -> Any:
        return u


@keras.saving.register_keras_serializable("keras_gan")
class Spherical(Prior):
    """Uniform on the sphere of radius sqrt(dim), where most of a standard normal's mass lies.

    Its coordinates depend on each other, so `quantile` and `from_uniform` go by way of a normal vector: the normal
    quantile of each coordinate, then the projection onto the sphere. At u = 0.5 in every coordinate there is no
    direction to project along, and the noise is NaN.
    """

    def __call__(self, num: Any, seed: keras.random.SeedGenerator | int) -> Any:
        return self._project(keras.random.normal((num, self.dim), seed=seed))

    def draw(self, num: int, seed: int | np.random.Generator | None = None) -> np.ndarray:
        z = np.random.default_rng(seed).standard_normal((num, self.dim))
        return self._project_array(z).astype("float32")

    def quantile(self, u: np.ndarray) -> np.ndarray:
        return self._project_array(Normal(self.dim).quantile(u))

    def from_uniform(self, u: Any) -> Any:
        return self._project(Normal(self.dim).from_uniform(u))

    def from_normal(self, u: Any) -> Any:
        return self._project(u)

    def _project(self, z):
        return z * (self.dim**0.5 / ops.norm(z, axis=-1, keepdims=True))

    def _project_array(self, z):
        return z * (self.dim**0.5 / np.linalg.norm(z, axis=-1, keepdims=True))


PRIORS: dict[str, type[Prior]] = {"uniform": Uniform, "normal": Normal, "spherical": Spherical}


def get(prior: str | type[Prior] | Prior, dim: int | None = None) -> Prior:
    """The prior that is meant.

    Args:
        prior: `"uniform"`, `"normal"` or `"spherical"`, a class of priors, or a `Prior`, which is returned as it is.
        dim: length of a noise vector. A name and a class need it.

    Returns:
        `Prior`.

    Raises:
        ValueError: for an unknown name, something that is no prior, a missing `dim`, or a `Prior` of another `dim`.
    """
    if isinstance(prior, Prior):
        if dim not in (None, prior.dim):
            raise ValueError(
                f"The prior draws vectors of another length. Received: a prior with dim={prior.dim}, and dim={dim}. "
                f"Pass {type(prior).__name__}({dim})."
            )
        return prior
    if isinstance(prior, str) and prior in PRIORS:
        prior = PRIORS[prior]
    if not (isinstance(prior, type) and issubclass(prior, Prior)):
        raise ValueError(
            f"Unknown prior. Received: prior={prior!r}. Expected one of {sorted(PRIORS)}, a subclass of "
            "keras_gan.priors.Prior, or an object of one."
        )
    return prior(dim)  # type: ignore[arg-type]  # None is refused there


def interpolate(start: np.ndarray, end: np.ndarray, num: int, spherical: bool = False) -> np.ndarray:
    """Noise from one vector to another, in equal steps.

    Args:
        start: array of shape `(..., dim)`.
        end: array of that shape.
        num: number of vectors from start to end, both included, at least 2.
        spherical: whether to go along the great circle between them, with the length changing evenly, instead of the
            straight line. Half way along the line between two independent draws the noise is only 0.7 times as long,
            where a prior in 100 dimensions puts next to no mass. Where both ends point in the same or in opposite
            directions there is no such circle, and the vectors lie on the line.

    Returns:
        Array of shape `(..., num, dim)`, float32.

    Raises:
        ValueError: if the shapes differ or there are fewer than two steps.
    """
    start, end = np.asarray(start, "float64"), np.asarray(end, "float64")
    if start.shape != end.shape or num < 2:
        raise ValueError(
            f"A line needs two ends of the same shape and at least two vectors. Received: {start.shape}, {end.shape}, "
            f"num={num}. Pass ends of the same shape and num >= 2."
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
