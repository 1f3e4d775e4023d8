"""Masks: which pixels of an image are hidden, for `keras_gan.conditions.Observed` and for completing images.

Each mask is a small object. `conditions.Observed(["block", "right", masks.Pixels(0.75)])` draws one of three for every
example of a batch; a name stands for the object that `MASKS` holds. For masks of your own, subclass `Mask`.
"""

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

Uniform = Callable[[tuple[Any, ...]], Any]


class Mask:
    """Base class of masks: override `hidden`, and `get_config` if the mask has settings.

    So that files can hold it, a subclass is registered by `@keras.saving.register_keras_serializable()`.
    """

    def hidden(self, num: Any, rows: int, columns: int, uniform: Uniform) -> Any:
        """Says which pixels are hidden.

        Args:
            num: images; in a training step it may be a tensor.
            rows: rows of an image.
            columns: columns of an image.
            uniform: function from a shape to numbers drawn evenly from [0, 1); the only source of chance.

        Returns:
            Boolean tensor of shape `(num, rows, columns)`, or one that broadcasts to it; True where a pixel is hidden.
        """
        raise NotImplementedError

    def draw(self, num: int, shape: tuple[int, ...], seed: int = 0) -> np.ndarray:
        """Masks as arrays, the same on every backend.

        Args:
            num: masks.
            shape: of an image, `(rows, columns, channels)`.
            seed: integer.

        Returns:
            NumPy array of shape `(num, rows, columns, 1)`, float32: 1 where a pixel is observed, 0 where it is hidden.
        """
        (rows, columns), random = shape[:2], np.random.default_rng(seed)
        hidden = self.hidden(num, rows, columns, lambda size: ops.convert_to_tensor(random.random(size, "float32")))
        hidden = np.broadcast_to(ops.convert_to_numpy(hidden), (num, rows, columns))
        return 1 - hidden.astype("float32")[..., np.newaxis]

    def get_config(self) -> dict[str, Any]:
        """The arguments of `__init__`."""
        return {}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "Mask":
        return cls(**config)


@keras.saving.register_keras_serializable("keras_gan")
class Pixels(Mask):
    """Hides each pixel by itself.

    Args:
        rate: probability that a pixel is hidden, in [0, 1]. Default: drawn evenly for each image.

    Raises:
        ValueError: for another rate.
    """

    def __init__(self, rate: float | None = None) -> None:
        if rate is not None and not 0 <= rate <= 1:
            raise ValueError(f"A rate is a probability. Received: rate={rate!r}. Expected: a number from 0 to 1.")
        self.rate = rate

    def hidden(self, num: Any, rows: int, columns: int, uniform: Uniform) -> Any:
        rate = uniform((num, 1, 1)) if self.rate is None else self.rate
        return uniform((num, rows, columns)) < rate

    def get_config(self) -> dict[str, Any]:
        return {"rate": self.rate}


@keras.saving.register_keras_serializable("keras_gan")
class Block(Mask):
    """Hides a rectangle, of sides drawn evenly from one pixel to all, somewhere in the image."""

    def hidden(self, num: Any, rows: int, columns: int, uniform: Uniform) -> Any:
        def inside(position, size):
            length = ops.ceil((1 - uniform((num, 1, 1))) * size)
            first = ops.floor(uniform((num, 1, 1)) * (size - length + 1))
            return ops.logical_and(position >= first, position < first + length)

        down, across = _positions(rows, columns)
        return ops.logical_and(inside(down, rows), inside(across, columns))


@keras.saving.register_keras_serializable("keras_gan")
class Side(Mask):
    """Hides the half of the image on one side.

    Args:
        side: `"right"`, `"left"`, `"top"` or `"bottom"`. Of an odd number of columns or rows, right and bottom hide the
            smaller half.

    Raises:
        ValueError: for another side.
    """

    def __init__(self, side: str) -> None:
        if side not in SIDES:
            raise ValueError(f"Unknown side. Received: side={side!r}. Expected one of {SIDES}.")
        self.side = side

    def hidden(self, num: Any, rows: int, columns: int, uniform: Uniform) -> Any:
        down, across = _positions(rows, columns)
        late = across * 2 >= columns if self.side in ("right", "left") else down * 2 >= rows
        return late if self.side in ("right", "bottom") else ops.logical_not(late)

    def get_config(self) -> dict[str, Any]:
        return {"side": self.side}


@keras.saving.register_keras_serializable("keras_gan")
class Half(Mask):
    """Hides the right, left, upper or lower half, each as often."""

    def hidden(self, num: Any, rows: int, columns: int, uniform: Uniform) -> Any:
        chosen = ops.floor(uniform((num, 1, 1)) * len(SIDES))
        hidden = Side(SIDES[0]).hidden(num, rows, columns, uniform)
        for i, side in enumerate(SIDES[1:], 1):
            hidden = ops.where(chosen == float(i), Side(side).hidden(num, rows, columns, uniform), hidden)
        return hidden


@keras.saving.register_keras_serializable("keras_gan")
class Center(Mask):
    """Hides the middle of the image, half its height and half its width."""

    def hidden(self, num: Any, rows: int, columns: int, uniform: Uniform) -> Any:
        def inside(position, size):
            return ops.logical_and(position >= size // 4, position < size // 4 + (size + 1) // 2)

        down, across = _positions(rows, columns)
        return ops.logical_and(inside(down, rows), inside(across, columns))


@keras.saving.register_keras_serializable("keras_gan")
class All(Mask):
    """Hides everything: the image is then drawn from p(x)."""

    def hidden(self, num: Any, rows: int, columns: int, uniform: Uniform) -> Any:
        return ops.ones((1, rows, columns), "bool")


SIDES = ("right", "left", "top", "bottom")
MASKS: dict[str, Mask] = {
    "pixels": Pixels(),
    "block": Block(),
    "half": Half(),
    "all": All(),
    **{side: Side(side) for side in SIDES},
    "center": Center(),
}
"""Masks by name."""
SHOWN = (*SIDES, "center", "pixels")
"""The names that stand for all in pictures."""


def get(mask: Any) -> Mask:
    """The mask of that name; a `Mask` as it is.

    Args:
        mask: name, or `Mask`.

    Raises:
        ValueError: if it is neither.
    """
    if isinstance(mask, Mask):
        return mask
    if isinstance(mask, str) and mask in MASKS:
        return MASKS[mask]
    raise ValueError(f"Unknown masks. Received: {mask!r}. Expected: one of {list(MASKS)}, or an object of kg.masks.")


def by_turns(kinds: Sequence[Any], num: int, shape: tuple[int, ...], seed: int = 0) -> np.ndarray:
    """Masks of several kinds, one kind after the other and then from the first again.

    Args:
        kinds: names, or objects of this module.
        num: masks.
        shape: of an image, `(rows, columns, channels)`.
        seed: integer.

    Returns:
        NumPy array as `Mask.draw` returns it.
    """
    drawn = [get(kind).draw(num, shape, seed) for kind in kinds]
    return np.stack([drawn[i % len(drawn)][i] for i in range(num)])


def _positions(rows, columns):
    """The row and the column of each pixel, of shapes that broadcast to `(num, rows, columns)`."""
    down, across = np.arange(rows, dtype="float32"), np.arange(columns, dtype="float32")
    return ops.convert_to_tensor(down.reshape(1, -1, 1)), ops.convert_to_tensor(across.reshape(1, 1, -1))
