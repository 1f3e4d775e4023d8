"""Both players as functions, saved during training. Figure 1 of the paper is drawn from these snapshots."""

import contextlib
import dataclasses
import zipfile
import zlib
from pathlib import Path

import keras
import numpy as np

from keras_gan import backend
from keras_gan.priors import Prior

_NODES = {1: 401, 2: 61}  # nodes per side, by dimension
_NOISES = 4001


@dataclasses.dataclass(frozen=True)
class Snapshot:
    """Both players at one moment.

    Attributes:
        points: where D was evaluated, shape `(n, d)`: evenly spaced on a line, or the nodes of a square grid in the
            plane.
        discriminator: D at these points, shape `(n,)`.
        noise: z, shape `(m, noise_dim)`. On a line (`is_line`) it rises with equal probability between neighbours;
            otherwise it is drawn from the prior.
        generated: G(z), shape `(m, d)`.
    """

    points: np.ndarray
    discriminator: np.ndarray
    noise: np.ndarray
    generated: np.ndarray

    @classmethod
    def load(cls, path: str | Path) -> "Snapshot":
        """Reads a file that the callback `Snapshots` wrote.

        Raises:
            ValueError: if it is damaged.
        """
        try:
            with np.load(path, allow_pickle=False) as file:
                return cls(**{field.name: file[field.name] for field in dataclasses.fields(cls)})
        except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile, zlib.error) as error:
            raise ValueError(f"{path} is no snapshot of a run: {error}.") from error


def take(gan: keras.Model, points: np.ndarray, seed: int = 0, averaged: bool = False) -> Snapshot:
    """Evaluates both players as they are now.

    Args:
        gan: `keras_gan.GAN`.
        points: where to evaluate D, shape `(n, d)`, on the scale of samples.
        seed: integer, for the noise where it is drawn.
        averaged: whether to show the averaged generator, where there is one.

    Returns:
        `Snapshot`.
    """
    z = _quantiles(gan.prior) if is_line(gan) else gan.prior.draw(_NOISES, seed)
    with backend.shuffling_untouched():
        with gan.averaged_weights() if averaged else contextlib.nullcontext():
            generated = gan.generator.predict(z, batch_size=len(z), verbose=0)
        logits = gan.discriminator.predict(points, batch_size=len(points), verbose=0)
    probability = np.exp(-np.logaddexp(0, -np.asarray(logits, "float64")[:, 0]))
    return Snapshot(points, probability, z, np.asarray(generated, "float32"))


def is_line(gan: keras.Model) -> bool:
    """Whether one noise value with known quantiles becomes a point on a line: then p_g is known exactly."""
    return gan.prior.independent and gan.prior.dim == 1 and gan.generator.output_shape[-1] == 1


def nodes(low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Evenly spaced points in a box: 401 on a line, 61 per side in the plane. Shape `(n, d)`, float32.

    Raises:
        ValueError: if the corners' shape is neither (1,) nor (2,).
    """
    low, high = np.asarray(low), np.asarray(high)
    if low.shape != high.shape or low.shape not in ((1,), (2,)):
        raise ValueError(
            f"Snapshots are made of data on a line or in the plane. Received: corners of shape {low.shape} and "
            f"{high.shape}. Expected: (1,) or (2,)."
        )
    sides = [np.linspace(a, b, _NODES[len(low)]) for a, b in zip(low, high, strict=True)]
    return np.stack(np.meshgrid(*sides, indexing="ij"), -1).reshape(-1, len(low)).astype("float32")


def _quantiles(prior: Prior) -> np.ndarray:
    """Noise values in rising order, equal probability between neighbours, shape `(n, 1)`, float32."""
    u = np.linspace(0, 1, _NOISES)[:, np.newaxis]
    if not np.isfinite(prior.quantile(u[[0, -1]])).all():  # an unbounded prior: no noise at the ends
        u = (np.arange(_NOISES)[:, np.newaxis] + 0.5) / _NOISES
    return prior.quantile(u).astype("float32")
