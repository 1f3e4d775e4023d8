"""Rows that are made when they are asked for, in parallel, and kept on the disk: data larger than the memory."""

import contextlib
import functools
import math
import operator
import os
import shutil
import tempfile
import threading
import warnings
from collections.abc import Callable
from multiprocessing.pool import AsyncResult, ThreadPool
from typing import Any

import numpy as np

_BLOCK = 1024  # rows that are taken at once, where many are asked for
_TASK = 8  # rows that a thread makes at a time: with single ones, the handing over took a fifth of the time


class OnDemand:
    """An array of uint8 whose rows are made when they are first asked for.

    A slice, an array of integers or a mask of booleans gives a NumPy array of these rows, and an integer one row.
    `numpy.asarray` makes all of them, which have to fit into the memory. Several threads make the rows that are asked
    for, so that the function should be one that leaves Python's lock to others, as Pillow's decoders do. What was made
    is kept in a file without a name, which is gone when the process ends: in the folder that the environment variable
    TMPDIR names, else in `/var/tmp` where there is one, for `/tmp` may lie in the memory. It takes half of the free
    space at most; rows beyond are made anew each time.

    Args:
        make: function from the number of a row to the row. It is called by several threads at once.
        shape: `(n, ...)`.
        fingerprint: text that tells whether the rows are still the same, without making them.

    Attributes:
        shape: `(n, ...)`.
        dtype: uint8.
    """

    dtype = np.dtype("uint8")

    def __init__(self, make: Callable[[int], np.ndarray], shape: tuple[int, ...], fingerprint: str = "") -> None:
        self.shape, self.fingerprint = tuple(shape), fingerprint
        self._start, self._rows = 0, _Rows(make, self.shape)

    @property
    def ndim(self) -> int:
        return len(self.shape)

    def __len__(self) -> int:
        return self.shape[0]

    def part(self, start: int, stop: int) -> "OnDemand":
        """These rows, still to be made."""
        part = object.__new__(OnDemand)
        part.shape, part.fingerprint = (stop - start, *self.shape[1:]), self.fingerprint
        part._start, part._rows = self._start + start, self._rows
        return part

    def expect(self, rows: np.ndarray) -> None:
        """Begins to make rows that will be asked for.

        Args:
            rows: int64 array of shape `(m,)`. They stay in the memory where the disk is full, so that m is small.
        """
        self._rows.expect(self._start + rows)

    def __getitem__(self, rows: Any) -> np.ndarray:
        if isinstance(rows, tuple):
            first = self[rows[0]]
            return first[rows[1:]] if first.ndim < self.ndim else first[(slice(None), *rows[1:])]
        single = not isinstance(rows, slice) and np.ndim(rows) == 0
        chosen = self._start + self._chosen(rows)
        found = np.empty((len(chosen), *self.shape[1:]), self.dtype)
        for start in range(0, len(chosen), _BLOCK):
            self._rows.expect(chosen[start : start + 2 * _BLOCK])
            self._rows.take(chosen[start : start + _BLOCK], found[start : start + _BLOCK])
        return found[0] if single else found

    def _chosen(self, rows):
        if isinstance(rows, slice):
            return np.arange(*rows.indices(len(self)))
        chosen = np.asarray(rows) if np.ndim(rows) else np.array([operator.index(rows)])
        if chosen.dtype == bool:
            if chosen.shape != (len(self),):
                raise IndexError(f"A mask has one value per row. Received: shape {chosen.shape}, {len(self)} rows.")
            return np.flatnonzero(chosen)
        if chosen.ndim != 1 or (chosen.dtype.kind not in "iu" and len(chosen)):
            raise IndexError(
                f"Rows are chosen by integers. Received: {chosen.dtype} of shape {chosen.shape}. Expected: shape (m,)."
            )
        chosen = chosen.astype("int64")
        chosen = np.where(chosen < 0, chosen + len(self), chosen)
        if len(chosen) and (chosen.min() < 0 or chosen.max() >= len(self)):
            raise IndexError(f"There are {len(self)} rows. Received: {rows}.")
        return chosen

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        if copy is False:
            raise ValueError("Rows that are made on demand cannot be seen without a copy. Pass copy=None.")
        found = self[:]
        return found if dtype is None else found.astype(dtype, copy=False)

    def __repr__(self) -> str:
        return f"OnDemand(shape={self.shape}, dtype={self.dtype})"


class _Rows:
    """What parts share: the rows being made, and the file of those that were."""

    def __init__(self, make, shape):
        self._make, self._shape = make, shape[1:]
        self._bytes = math.prod(self._shape)
        self._known = np.zeros(shape[0], bool)
        self._pending: dict[int, AsyncResult] = {}
        self._lock = threading.Lock()
        folder, self._room = _folder(), 0
        with contextlib.suppress(OSError):
            self._file = tempfile.TemporaryFile(buffering=0, dir=folder)  # noqa: SIM115 - as long as the rows
            self._room = shutil.disk_usage(folder).free // 2 // self._bytes
        if self._room < shape[0]:
            warnings.warn(
                f"The disk of {folder} has room for {self._room:,} of {shape[0]:,} decoded pictures; the others are "
                f"decoded anew in every pass. Free {2 * shape[0] * self._bytes / 1e9:.1f} GB there, or set TMPDIR to a "
                "folder on another disk.",
                stacklevel=5,
            )

    def expect(self, rows):
        """What is making those of the rows that are not in the file, by row."""
        with self._lock:
            missing = rows[~self._known[rows]].tolist()
            new = [row for row in dict.fromkeys(missing) if row not in self._pending]
            for start in range(0, len(new), _TASK):
                task = new[start : start + _TASK]
                self._pending |= dict.fromkeys(task, _threads().apply_async(self._made, (task,)))
            return {row: self._pending[row] for row in missing}

    def take(self, rows, found):
        """Writes the rows into an array."""
        results = self.expect(rows)
        try:
            made = {row: result.get()[row] for row, result in results.items()}
        finally:
            with self._lock:
                for row in results:
                    self._pending.pop(row, None)
        for row, place in zip(rows.tolist(), found, strict=True):
            if row in made:
                place[...] = made[row]
            else:
                with self._lock:
                    self._file.seek(row * self._bytes)
                    if self._file.readinto(place) != self._bytes:
                        raise OSError("The file of decoded pictures is damaged. Resume the run.")

    def _made(self, rows):
        """Makes rows, and keeps them; called by the threads."""
        made = {}
        for row in rows:
            made[row] = np.ascontiguousarray(self._make(row))
            with self._lock:
                self._keep(row, made[row])
        return made

    def _keep(self, row, values):
        if row >= self._room:
            return
        try:
            self._file.seek(row * self._bytes)
            if self._file.write(values) != self._bytes:
                return
        except OSError:  # the disk is full: what was kept stays
            self._room = 0
            return
        self._known[row] = True
        self._pending.pop(row, None)


def _folder():
    if os.environ.get("TMPDIR") or not os.path.isdir("/var/tmp"):
        return tempfile.gettempdir()
    return "/var/tmp"


@functools.cache
def _threads():
    """One pool for all: its threads end with the process, whatever they are doing."""
    return ThreadPool(num_cores())


def num_cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
