"""Squared Euclidean distances between large sets of points, computed one block of rows at a time."""

import concurrent.futures
import os
from collections.abc import Callable, Iterator
from typing import Literal

import numpy as np

from keras_gan import backend

_BLOCK = 10_000_000  # entries: 40 MB in float32
_CHUNK = 2**17  # entries that fit a core's cache
_SMALL = 10**9  # with at most so many multiplications, products are in float64 from the start
_ROUNDING = 3e-6  # of a float32 distance, in units of |x| |s|; the largest seen for 784 values was 1.8e-6


class SquaredDistances:
    """|x - s|^2 for every point x and sample s, by matrix products of blocks.

    Both sets are first centred, then multiplied in float32 (on the GPU where there is one, without TF32). `error`
    bounds what float32 loses; `map` computes the entries that matter again, from their differences in float64.

    Args:
        points: array of shape `(n, ...)`, floats; each point is flattened to d values.
        samples: array of shape `(m, ...)`, on the same scale, flattened likewise.
        products: `"float64"` for products in float64 however large the sets are; every entry is then exact to
            rounding. It pays where d is small, as for features. Default: in float64 for small sets alone.

    Raises:
        ValueError: if points and samples differ in size, or an array is empty, of integers, or not finite.
    """

    def __init__(self, points: np.ndarray, samples: np.ndarray, products: Literal["auto", "float64"] = "auto") -> None:
        self.points, self.samples = flat("points", points), flat("samples", samples)
        if self.points.shape[1] != self.samples.shape[1]:
            raise ValueError(
                f"Points and samples differ in size. Received: {self.points.shape[1]} and {self.samples.shape[1]} "
                "values each. Give both in the same shape."
            )
        self.width = self.points.shape[1]
        self.center = self.samples.mean(axis=0, dtype="float64")  # small norms keep |x|^2 - 2 x s + |s|^2 exact
        self._rows = max(1, _BLOCK // len(self.samples))
        self._norms, self._sample_norms = self._norms_of(self.points), self._norms_of(self.samples)
        exact = products == "float64" or self.points.size * len(self.samples) <= _SMALL
        self.error = 0.0 if exact else _ROUNDING * float((self._norms.max() * self._sample_norms.max()) ** 0.5)
        self._type = "float64" if exact else "float32"
        centered = self._centered(self.samples, self._type)
        self._multiply = (lambda block: block @ centered.T) if exact else backend.product_with(centered)

    def __len__(self) -> int:
        """Number of blocks that `map` makes."""
        return -(-len(self.points) // self._rows)

    def map(
        self, function: Callable[[np.ndarray, np.ndarray], np.ndarray], refine: float = 0.0
    ) -> Iterator[tuple[slice, np.ndarray]]:
        """Yields `(rows, results)` per block of points: what the function makes of their distances, on every core.

        The function receives `smallest` and `excess` for some rows, whose distances are `smallest[:, None] + excess`,
        and returns an array whose last axis is those rows. `smallest`, float64, is each row's smallest distance, exact
        to float64's rounding. `excess`, of shape `(rows, m)`, float32 or float64, is not negative; the function may
        overwrite it.

        Args:
            function: function of `smallest` and `excess`; it is called in several threads.
            refine: entries of `excess` up to this are exact too. Every other is within `error` of the truth.
        """
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        step = max(1, _CHUNK // len(self.samples))
        with concurrent.futures.ThreadPoolExecutor(cores) as pool:
            for start in range(0, len(self.points), self._rows):
                stop = min(start + self._rows, len(self.points))
                products = self._multiply(self._centered(self.points[start:stop], self._type))

                def result(first, start=start, products=products):
                    chunk = products[first : first + step]
                    return function(*self._distances(slice(start + first, start + first + len(chunk)), chunk, refine))

                parts = list(pool.map(result, range(0, len(products), step)))
                yield slice(start, stop), np.concatenate(parts, axis=-1)

    def _distances(self, rows, products, refine):
        distances = self._assembled(rows, products)
        smallest = distances.min(axis=1)
        if not self.error:
            distances -= smallest[:, np.newaxis]
            return smallest, distances
        wanted = np.flatnonzero(distances <= (smallest + np.float32(refine + 2 * self.error))[:, np.newaxis])
        if len(wanted) > distances.size // 20:  # many are alike, as the samples of a collapsed generator are
            points = self.points[rows] - self.center
            exact = np.empty(distances.shape)
            for start in range(0, len(self.samples), 1000):
                exact[:, start : start + 1000] = points @ (self.samples[start : start + 1000] - self.center).T
            distances = self._assembled(rows, exact)
            smallest = distances.min(axis=1)
            distances -= smallest[:, np.newaxis]
            return smallest, distances
        near, far = np.divmod(wanted, distances.shape[1])
        points, exact = self.points[rows], np.empty(len(wanted))
        for start in range(0, len(wanted), 4096):
            part = slice(start, start + 4096)
            differences = points[near[part]].astype("float64") - self.samples[far[part]]
            exact[part] = np.einsum("nd,nd->n", differences, differences)
        smallest = np.full(len(distances), np.inf)
        np.minimum.at(smallest, near, exact)
        distances -= smallest[:, np.newaxis].astype(distances.dtype)
        np.maximum(distances, 0, out=distances)
        distances[near, far] = exact - smallest[near]
        return smallest, distances

    def _assembled(self, rows, products):
        products *= -2
        products += self._norms[rows].astype(products.dtype)[:, np.newaxis]
        products += self._sample_norms.astype(products.dtype)
        return np.maximum(products, 0, out=products)

    def _centered(self, array, dtype):
        centered = np.empty(array.shape, dtype)
        for start in range(0, len(array), 1000):
            centered[start : start + 1000] = array[start : start + 1000] - self.center
        return centered

    def _norms_of(self, array):
        norms = np.empty(len(array))
        for start in range(0, len(array), 1000):
            part = array[start : start + 1000] - self.center
            norms[start : start + 1000] = np.einsum("nd,nd->n", part, part)
        return norms


def nearest(points: np.ndarray, samples: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Finds the sample nearest to each point.

    Args:
        points: array of shape `(n, ...)`, floats.
        samples: array of shape `(m, ...)`, on the same scale.

    Returns:
        `(indices, distances)`, each of shape `(n,)`: int64, and Euclidean distances, float64.

    Raises:
        ValueError: as `SquaredDistances`.
    """
    pairs = SquaredDistances(points, samples)
    indices, distances = np.empty(len(points), "int64"), np.empty(len(points))
    for rows, found in pairs.map(lambda smallest, excess: np.stack([excess.argmin(axis=1), smallest])):
        indices[rows], distances[rows] = found[0], np.sqrt(found[1])
    return indices, distances


def flat(name: str, array: np.ndarray) -> np.ndarray:
    """The array with one row per point, after a check that it holds finite floats and is not empty."""
    array = np.asarray(array)
    if array.ndim < 2 or array.size == 0:
        raise ValueError(f"There is nothing to measure. Received: {name} of shape {array.shape}. Expected: (n, ...).")
    if array.dtype.kind in "iub":
        raise ValueError(
            f"Integers are not on the scale of samples. Received: {name} of dtype {array.dtype}. Preprocess them "
            "first, for example images / 255."
        )
    array = array.reshape(len(array), -1)
    finite = np.isfinite(array).all(axis=1)
    if not finite.all():
        raise ValueError(
            f"{name.capitalize()} hold NaN or infinite values. Received: {(~finite).sum()} such rows of {len(array)}."
        )
    return array
