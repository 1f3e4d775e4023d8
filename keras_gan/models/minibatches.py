"""Minibatches of arrays, in a fresh order every pass, the same on every backend."""

from typing import Any

import keras
import numpy as np
from keras import ops

from keras_gan.models.on_demand import OnDemand

_AHEAD = 4  # batches whose rows are made, where they are made on demand, while a step runs


class Minibatches(keras.utils.PyDataset):
    """Arrays as minibatches: one fresh shuffle per pass, no row twice, a short last batch used, as in the 2014 code.

    The order of a pass follows from the seed and the number of the batch that the pass starts with, nothing else. So a
    run that is resumed from a saved model sees the orders it would have seen without the stop, and on TensorFlow, where
    Keras's own shuffling of arrays repeats one order in every epoch once `keras.utils.set_random_seed` was called, each
    pass has its own.

    Args:
        arrays: structure of arrays of shape `(n, ...)`, or of rows that are made on demand (`OnDemand`).
        batch_size: rows of a batch.
        seed: integer.
        first_batch: batches made before this pass, a non-negative integer.
        shuffle: True: all rows; `"batch"`: only within each batch; False: not at all.
        drop_remainder: whether a short last batch is left out.
        divisor: of the rows of a short last batch: those that are too many are left out.
        parts: minibatches of a batch.
        replicas: copies of the model that share each batch. They are dealt the rows of every minibatch evenly, and in
            a batch the rows of one replica stand together.
        replica: the one whose rows alone are in the batches. Default: those of all.
    """

    def __init__(
        self,
        arrays: Any,
        batch_size: int,
        seed: int = 0,
        first_batch: int = 0,
        shuffle: bool | str = True,
        drop_remainder: bool = False,
        divisor: int = 1,
        parts: int = 1,
        replicas: int = 1,
        replica: int | None = None,
    ) -> None:
        super().__init__()
        self.divisor = divisor
        self.parts, self.replicas, self.replica = parts, replicas, replica
        self.arrays = keras.tree.map_structure(_as_numpy, arrays)
        self.batch_size, self.drop_remainder = batch_size, drop_remainder
        self._seed, self._first_batch, self._shuffle = seed, first_batch, shuffle
        self._num_rows = len(keras.tree.flatten(self.arrays)[0])
        self._order: Any = np.arange(self._num_rows)
        self._pass_ahead = False

    @property
    def num_batches(self) -> int:
        whole, rest = divmod(self._num_rows, self.batch_size)
        return whole + (rest > 0 and not self.drop_remainder)

    def on_epoch_begin(self) -> None:
        self._pass_ahead = True

    def __getitem__(self, index: int) -> Any:
        # With steps_per_epoch a pass may last several epochs: the order changes only as a pass begins. Keras may look
        # at the first batches before any epoch: that is no pass.
        if index == 0 and self._pass_ahead:
            self._order = self.next_order()
        self._pass_ahead = False
        return self.taken(self._order, index)

    def taken(self, order: np.ndarray, index: int) -> Any:
        """A batch of the pass that has this order, or this replica's part of it."""
        rows = self._rows_of(order, index)
        for array in keras.tree.flatten(self.arrays):
            if isinstance(array, OnDemand):
                array.expect(np.concatenate([rows, *(self._rows_of(order, index + i) for i in range(1, 1 + _AHEAD))]))
        return keras.tree.map_structure(lambda array: array[rows], self.arrays)

    def _rows_of(self, order, index):
        """The rows of a batch, or of this replica's part of it; none after the last batch."""
        rows = order[index * self.batch_size : (index + 1) * self.batch_size]
        if self.replica is None or not len(rows):
            return rows
        return np.split(rows, self.replicas)[self.replica]

    def next_order(self, looking: bool = False) -> np.ndarray:
        """The rows in the order of the next pass, shape `(n,)`, int64. `looking`: it stays the next."""
        order = np.arange(self._num_rows)
        if self._shuffle:
            random = np.random.default_rng([self._seed, self._first_batch])
            if self._shuffle == "batch":
                for start in range(0, self._num_rows, self.batch_size):
                    random.shuffle(order[start : start + self.batch_size])
            else:
                random.shuffle(order)
        if not looking:
            self._first_batch += self.num_batches
        order = order[: self._num_rows - self._num_rows % self.batch_size % self.divisor]
        return order if self.replicas == 1 or self.parts == 1 else self._dealt(order)

    def _dealt(self, order):
        batches = [
            order[i : i + self.batch_size] for i in range(0, self.num_batches * self.batch_size, self.batch_size)
        ]
        shares = [rows.reshape(self.parts, self.replicas, -1).swapaxes(0, 1).reshape(-1) for rows in batches]
        return np.concatenate(shares)


def _as_numpy(array):
    return array if isinstance(array, (np.ndarray, OnDemand)) else keras.ops.convert_to_numpy(array)


def in_order(data: Any, batch_size: int) -> Any:
    """Data `x`, `(x, y)` or `(x, y, weights)` as Keras takes them: batches, if rows are made on demand."""
    if not any(isinstance(array, OnDemand) for array in keras.tree.flatten(data)):
        return data
    arrays = tuple(array for array in keras.utils.unpack_x_y_sample_weight(data) if array is not None)
    return Minibatches(arrays, batch_size, shuffle=False)


def part(arrays: Any, start: int, stop: int) -> Any:
    """So many rows of each array; rows that are made on demand are still to be made."""
    return keras.tree.map_structure(
        lambda array: array.part(start, stop) if isinstance(array, OnDemand) else array[start:stop], arrays
    )


def split(x: Any, y: Any, parts: int) -> list[tuple[Any, Any]]:
    """Splits a batch into minibatches of nearly equal size; one too small to split gives a row to several.

    Args:
        x: data: a tensor or a structure of tensors.
        y: what stands beside them, or None.
        parts: how many.

    Returns:
        List of `(x, y)`.
    """
    if parts == 1:
        return [(x, y)]
    size = ops.shape(keras.tree.flatten(x)[0])[0]
    largest = max if isinstance(size, int) else ops.maximum
    starts = [size * i // parts for i in range(parts)]
    stops = [largest(size * (i + 1) // parts, start + 1) for i, start in enumerate(starts)]

    def cut(batch, start, stop):
        return None if batch is None else keras.tree.map_structure(lambda rows: rows[start:stop], batch)

    return [(cut(x, start, stop), cut(y, start, stop)) for start, stop in zip(starts, stops, strict=True)]


def updates_per_epoch(num_examples: int, batch_size: int, discriminator_steps: int = 1) -> int:
    """Updates of the generator in a pass over the data.

    Args:
        num_examples: rows of the data.
        batch_size: rows of a minibatch.
        discriminator_steps: k, minibatches that an iteration consumes.
    """
    return -(-num_examples // (batch_size * discriminator_steps))
