"""Conditions: what both players are told, besides noise and data, so that the game learns p(x | c)."""

import math
from typing import Any

import keras
import numpy as np
from keras import ops

from keras_gan import backend
from keras_gan.artifacts import sizes
from keras_gan.masks import MASKS as NAMED_MASKS
from keras_gan.masks import Mask
from keras_gan.masks import get as get_mask


class Condition(keras.layers.Layer):
    """What both players are told. Subclass it for conditions of your own.

    The generator is called with `[z, *c]` and the discriminator with `[x, *c]`, where c is the tuple that `tell`
    returns. This class is the simplest condition: what stands beside the data in a batch, as it is.

    Args:
        shape: shape of one condition, without the batch: that of `y` in `fit(x, y)`.

    Attributes:
        names: of the tensors of c, which name the inputs of an exported generator.
        can_draw: whether `draw` can draw conditions, for samples that none was asked for.
        completes: whether `complete` changes samples.
        value_range: the least and the largest value of a sample, which the model says where it is known; else None.
    """

    names: tuple[str, ...] = ("condition",)
    can_draw = completes = False
    value_range: tuple[float, float] | None = None

    def __init__(self, shape: tuple[int, ...] = (), **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.shape = tuple(shape)
        self.built = True

    def describe(self) -> dict[str, Any]:
        """What a card says of it: `restored` makes an equal condition of that."""
        return keras.saving.serialize_keras_object(self)

    def fit_to(self, sample_shape: tuple[int | None, ...]) -> None:
        """Is told the shape of one sample, once, before anything else is asked."""

    @property
    def shapes(self) -> tuple[tuple[int, ...], ...]:
        """The shape of each tensor of c, without the batch."""
        return (self.shape,)

    def tell(self, x: Any, y: Any, seed: keras.random.SeedGenerator) -> tuple[Any, ...]:
        """c for a batch, in a training step.

        Args:
            x: preprocessed data, shape `(batch, ...)`.
            y: what stands beside them in the batch, or None.
            seed: to draw from.

        Returns:
            Tuple of float tensors, the first axis of each the batch's.
        """
        del x, seed
        return (ops.cast(y, self.compute_dtype),)

    def count(self, condition: tuple[Any, ...]) -> None:
        """Takes note of a training batch's c, so that `draw` can draw as the data have it."""

    def draw(self, num: int, seed: int | None = None) -> tuple[np.ndarray, ...]:
        """c for samples, drawn as the data have it.

        Args:
            num: samples.
            seed: integer. Default: fresh draws.

        Returns:
            Tuple of NumPy arrays, float32, of `num` rows each.
        """
        raise ValueError(
            f"{type(self).__name__} cannot be drawn. Pass what the samples shall have: sample(num, condition=...), an "
            f"array of shape (num, {', '.join(map(str, self.shape))})."
        )

    def encode(self, values: Any, num: int) -> tuple[np.ndarray, ...]:
        """c for samples, from what a user asks for.

        Args:
            values: what `sample(condition=)` was given: one for all samples, or one for each.
            num: samples.

        Returns:
            Tuple of NumPy arrays, float32, of `num` rows each.

        Raises:
            ValueError: if the values do not fit.
        """
        try:
            array = np.asarray(values, "float32")
        except (TypeError, ValueError):
            array = np.zeros(())
        if array.shape == self.shape:
            array = np.broadcast_to(array, (num, *self.shape))
        if array.shape != (num, *self.shape):
            raise ValueError(
                f"The condition does not fit {num} samples. Received: {_describe(values)}. Expected: numbers of shape "
                f"{(num, *self.shape)}, or {self.shape} for all."
            )
        return (array,)

    def complete(self, samples: Any, condition: tuple[Any, ...]) -> Any:
        """Samples as the condition makes them whole, where `completes` says that it does; by default as they are."""
        del condition
        return samples

    def call(self, samples: Any, *condition: Any) -> Any:
        """`complete`, as a layer of an exported generator."""
        return self.complete(samples, condition)

    def check(self, x: Any, y: Any) -> None:
        """Checks data before training.

        Args:
            x: data before preprocessing, an array of shape `(n, ...)`.
            y: what stands beside them, or None.

        Raises:
            ValueError: that says what was received, what was expected and what to do.
        """
        if y is None:
            raise ValueError(
                f"This model learns p(x | c), and its condition {type(self).__name__} comes with the data. Received: "
                "data alone. Pass both: fit(x, y), and validation_data=(x, y)."
            )
        if len(y) != len(x) or tuple(np.shape(y)[1:]) != self.shape:
            raise ValueError(
                f"The condition does not fit the data. Received: {_describe(y)} for {len(x)} examples. Expected: shape "
                f"{(len(x), *self.shape)}."
            )

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "shape": self.shape}


@keras.saving.register_keras_serializable("keras_gan")
class Given(Condition):
    """The condition is what stands beside the data in a batch, as it is: a picture, a vector of attributes.

    Both players are told y of `fit(x, y)`. Such conditions cannot be drawn: `sample(num, condition=)` needs them.
    """


@keras.saving.register_keras_serializable("keras_gan")
class Labels(Condition):
    """The condition is a class, one-hot: the players learn p(x | class).

    Samples may be asked for by class (an integer for all, or `num` of them) or by a mixture of classes (shape `(num,
    num_classes)`, floats). Without a wish the classes are drawn as often as the training data had them.

    Args:
        num_classes: classes are 0 to `num_classes - 1`; at least 2.

    Raises:
        ValueError: for another number.
    """

    can_draw = True

    def __init__(self, num_classes: int, **kwargs: Any) -> None:
        if not isinstance(num_classes, int) or num_classes < 2:
            raise ValueError(f"Labels need two classes or more. Received: num_classes={num_classes!r}.")
        kwargs.pop("shape", None)
        super().__init__((num_classes,), **kwargs)
        self.num_classes = num_classes
        self.counts = self.add_weight(shape=(num_classes,), initializer="zeros", trainable=False, name="counts")

    def describe(self) -> dict[str, Any]:
        return {**super().describe(), "counts": ops.convert_to_numpy(self.counts).tolist()}

    def tell(self, x: Any, y: Any, seed: keras.random.SeedGenerator) -> tuple[Any, ...]:
        classes = ops.reshape(ops.cast(y, "int32"), (-1,))
        return (ops.one_hot(classes, self.num_classes, dtype=self.compute_dtype),)

    def count(self, condition: tuple[Any, ...]) -> None:
        self.counts.assign(self.counts + backend.summed(ops.sum(ops.cast(condition[0], "float32"), axis=0)))

    def draw(self, num: int, seed: int | None = None) -> tuple[np.ndarray, ...]:
        counts = ops.convert_to_numpy(self.counts).astype("float64")
        shares = counts / counts.sum() if counts.sum() > 0 else None  # before any training: evenly
        random = np.random.default_rng(None if seed is None else [seed, 1])  # not what the noise is drawn from
        return self.encode(random.choice(self.num_classes, num, p=shares), num)

    def encode(self, values: Any, num: int) -> tuple[np.ndarray, ...]:
        try:
            array = np.asarray(values)
        except ValueError:  # rows of several lengths
            array = np.asarray(None)
        if array.dtype.kind == "f" and array.shape == (num, self.num_classes) and np.isfinite(array).all():
            return (array.astype("float32"),)
        if array.dtype.kind not in "iu" or array.shape not in ((), (num,), (num, 1)):
            raise ValueError(
                f"The classes do not fit {num} samples. Received: {_describe(values)}. Expected: an integer for "
                f"all, {num} integers, or mixtures of classes: finite floats of shape {(num, self.num_classes)}."
            )
        self._check_range(array)
        return (np.eye(self.num_classes, dtype="float32")[np.broadcast_to(array.reshape(-1), (num,))],)

    def check(self, x: Any, y: Any) -> None:
        if y is None:
            raise ValueError(
                "This model learns p(x | class). Received: data without labels. Pass both: fit(x, labels), and "
                "validation_data=(x, labels)."
            )
        if not hasattr(y, "dtype"):
            y = np.asarray(y)
        kind = str(y.dtype).split(".")[-1]
        if "int" not in kind:
            raise ValueError(
                f"Labels are integers. Received: {_describe(y)}. Expected: one class from 0 to {self.num_classes - 1} "
                "for each example. Names of classes become integers by numpy.unique(names, return_inverse=True)."
            )
        if tuple(y.shape) not in ((len(x),), (len(x), 1)):
            raise ValueError(
                f"Labels do not fit the data. Received: labels of shape {tuple(y.shape)} for {len(x)} examples. "
                f"Expected: one class for each example, shape ({len(x)},)."
            )
        self._check_range(ops.convert_to_numpy(y))

    def _check_range(self, classes):
        if classes.size and (classes.min() < 0 or classes.max() >= self.num_classes):
            raise ValueError(
                f"A class is out of range. Received: classes from {classes.min()} to {classes.max()}. Expected: 0 to "
                f"{self.num_classes - 1}, for Labels({self.num_classes})."
            )

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        del config["shape"]
        return {**config, "num_classes": self.num_classes}


MASKS = ("pixels", "block", "half", "all")
_ROUNDING = 1e-5  # preprocessing in float32 may overshoot a range by rounding


@keras.saving.register_keras_serializable("keras_gan")
class Observed(Condition):
    """The condition is a part of the example itself: the players learn p(x_S | x_rest) for every set S of pixels.

    c is `(observed, mask)`: the example with zeros where it is hidden, and a map of 1 where it is observed and of 0
    where it is hidden. A sample keeps the observed pixels exactly. In training a mask is drawn anew for each example
    of each batch (paper, section 7, extension 3).

    Samples may be asked for by `condition=(images, masks)`, of shapes `(num, rows, columns, channels)` and `(num, rows,
    columns, 1)`, or one for all. Without a wish everything is hidden: then a sample is of p(x).

    Args:
        masks: the kinds of masks, one of which is drawn for each example: names of `keras_gan.masks.MASKS`, or objects
            of `keras_gan.masks`. A kind that stands twice is drawn twice as often. By default `"pixels"` hides each
            pixel with a probability that is itself drawn evenly, `"block"` hides a rectangle, `"half"` the left,
            right, upper or lower half, `"all"` everything.

    Raises:
        ValueError: for an unknown kind, or none.
    """

    names = ("observed", "mask")
    completes = can_draw = True

    def __init__(self, masks: Any = MASKS, **kwargs: Any) -> None:
        given = (masks,) if isinstance(masks, (str, Mask)) else tuple(masks)
        if not given:
            raise ValueError(f"Observed draws masks. Received: none. Expected some of {list(NAMED_MASKS)}.")
        kwargs.pop("shape", None)
        super().__init__((), **kwargs)
        self.masks = tuple(get_mask(mask) for mask in given)
        self._given = given

    def fit_to(self, sample_shape: tuple[int | None, ...]) -> None:
        if len(sample_shape) != 3 or None in sample_shape:
            raise ValueError(
                "Observed is a condition of images: its samples have shape (rows, columns, channels). Received: a "
                f"generator of samples of shape {tuple(sample_shape)}."
            )
        self.shape = tuple(side for side in sample_shape if side is not None)

    @property
    def shapes(self) -> tuple[tuple[int, ...], ...]:
        return (self.shape, (*self.shape[:2], 1))

    def tell(self, x: Any, y: Any, seed: keras.random.SeedGenerator) -> tuple[Any, ...]:
        mask = ops.cast(self.draw_masks(ops.shape(x)[0], seed), x.dtype)
        return x * mask, mask

    def draw_masks(self, num: Any, seed: keras.random.SeedGenerator) -> Any:
        """Masks of the chosen kinds.

        Args:
            num: masks.
            seed: to draw from.

        Returns:
            Tensor of shape `(num, rows, columns, 1)`, float32: 1 where a pixel is observed.
        """
        rows, columns, _ = self.shape

        def uniform(shape):
            return keras.random.uniform(shape, seed=seed)

        chosen = ops.floor(uniform((num, 1, 1)) * len(self.masks))
        mask = ops.zeros((num, rows, columns), "float32")
        for i, kind in enumerate(self.masks):
            observed = 1 - ops.cast(kind.hidden(num, rows, columns, uniform), "float32")
            mask = ops.where(chosen == float(i), observed, mask)
        return mask[..., None]

    def draw(self, num: int, seed: int | None = None) -> tuple[np.ndarray, ...]:
        del seed
        return tuple(np.zeros((num, *shape), "float32") for shape in self.shapes)

    def encode(self, values: Any, num: int) -> tuple[np.ndarray, ...]:
        if not isinstance(values, (tuple, list)) or len(values) != 2:
            raise ValueError(
                f"Observed is asked for by condition=(images, masks). Received: {_describe(values)}. Expected: two "
                f"arrays of shapes {(num, *self.shapes[0])} and {(num, *self.shapes[1])}."
            )
        if np.asarray(values[0]).dtype.kind in "iub":
            raise ValueError(
                f"Integers are not on the scale of samples. Received: images of dtype {np.asarray(values[0]).dtype}. "
                "Preprocess them first: model.preprocess(images), or images / 255 where pixels go from 0 to 255."
            )
        images, masks = (np.asarray(value, "float32") for value in values)
        masks = masks[..., np.newaxis] if masks.shape[-2:] == self.shape[:2] else masks
        arrays = []
        for name, array, shape in zip(("images", "masks"), (images, masks), self.shapes, strict=True):
            if array.shape not in (shape, (1, *shape), (num, *shape)):
                raise ValueError(
                    f"The {name} do not fit {num} samples. Received: shape {array.shape}. Expected: "
                    f"{(num, *shape)}, or {shape} for all."
                )
            arrays.append(np.broadcast_to(array.reshape(-1, *shape), (num, *shape)))
        images, masks = arrays
        if not np.isin(masks, (0, 1)).all():
            raise ValueError(
                f"A mask is 1 where a pixel is observed and 0 where it is hidden. Received: values from "
                f"{masks.min():g} to {masks.max():g}, and not these two alone. Pass masks > 0.5, for example."
            )
        if not np.isfinite(images[np.broadcast_to(masks > 0, images.shape)]).all():
            raise ValueError(
                "Observed pixels are finite numbers. Received: NaN or infinite ones. Hide such pixels by the mask, or "
                "mend them."
            )
        seen = images[np.broadcast_to(masks > 0, images.shape)]
        low, high = self.value_range or (-np.inf, np.inf)
        if seen.size and (seen.min() < low - _ROUNDING or seen.max() > high + _ROUNDING):
            raise ValueError(
                f"The images are on another scale than the samples. Received: observed values from {seen.min():g} to "
                f"{seen.max():g}. Expected: {low:g} to {high:g}. Preprocess them first: model.preprocess(images), or "
                "images / 255 where pixels go from 0 to 255."
            )
        return np.where(masks > 0, images, 0).astype("float32"), masks.astype("float32")

    def complete(self, samples: Any, condition: tuple[Any, ...]) -> Any:
        observed, mask = condition
        return ops.where(mask > 0, ops.cast(observed, samples.dtype), samples)

    def check(self, x: Any, y: Any) -> None:
        """Every image will do: what is observed of it is drawn."""

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        del config["shape"]
        kinds = [kind if isinstance(kind, str) else keras.saving.serialize_keras_object(kind) for kind in self._given]
        return {**config, "masks": kinds}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "Observed":
        kinds = config["masks"]
        kinds = [kind if isinstance(kind, str) else keras.saving.deserialize_keras_object(kind) for kind in kinds]
        return cls(**{**config, "masks": kinds})


def restored(description: Any, shapes: list[tuple[int, ...]]) -> Condition:
    """The condition that a card describes.

    Args:
        description: what `describe` returned; None for a generator without a card.
        shapes: of the generator's inputs after the noise, without the rows.

    Raises:
        ValueError: if the description is none, or does not fit those inputs.
    """
    if description is None and len(shapes) == 1:
        return Given(shapes[0])
    try:
        counts = description.pop("counts", None)
        with sizes.variables_within(4 * sum(map(math.prod, shapes))):
            condition = keras.saving.deserialize_keras_object(description)
        condition.fit_to(shapes[0])
        if counts is not None:
            condition.counts.assign(np.asarray(counts, "float32"))
        fits = isinstance(condition, Condition) and [tuple(shape) for shape in condition.shapes] == shapes
    except Exception as error:  # Keras has many ways to say that a config is none
        raise ValueError(f"The card's condition cannot be read. Received: {str(description)[:200]}.") from error
    if not fits:
        raise ValueError(f"The card's condition does not fit the generator's inputs. Received: {shapes}.")
    return condition


def _describe(values):
    if hasattr(values, "shape") and hasattr(values, "dtype"):
        return f"an array of shape {tuple(values.shape)}, {values.dtype}"
    text = repr(values)
    return text if len(text) < 60 else f"a {type(values).__name__}"
