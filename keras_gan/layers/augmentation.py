"""Pictures changed at random before the discriminator sees them, data and samples alike."""

from typing import Any

import keras
from keras import ops

_SHIFT = 1 / 8  # of a side, at most
_HOLE = 1 / 2  # of a side


@keras.saving.register_keras_serializable("keras_gan")
class Augmentation(keras.layers.Layer):
    """Changes pictures at random, for a discriminator that has few of them: `GAN(..., augmentation=Augmentation())`.

    The discriminator is shown data and samples after the same random changes, and gradients flow through these to the
    generator. So the discriminator cannot learn single pictures by heart, and the generator's samples are still
    unchanged pictures, as long as some of what the discriminator sees is unchanged: each kind of change meets each
    picture with a probability, the `strength`.

    - `"color"`: another brightness (by up to a quarter of the range), contrast (by 1/2 to 3/2) and saturation (by 0 to
      2).
    - `"translation"`: shifted by up to an eighth of a side; the edge is repeated.
    - `"cutout"`: a square of half a side, anywhere, becomes grey.

    Source: Zhao et al. 2020, "Differentiable Augmentation for Data-Efficient GAN Training"; the probability is that of
    Karras et al. 2020, "Training Generative Adversarial Networks with Limited Data".

    Args:
        strength: probability of each kind of change, from 0 (none, exactly) to 1. `keras_gan.callbacks.Overfitting`
            adapts it.
        kinds: which of them; `KINDS` are all.
        flips: whether every second picture is mirrored left to right, whatever the strength. Then samples may be
            mirrored, too.
        value_range: values of black and white.
        seed: integer. Default: from Python's `random`, which `keras.utils.set_random_seed` sets.

    Attributes:
        strength: a variable that is saved and not trained.

    Input shape:
        `(batch, rows, columns, channels)`.

    Output shape:
        That of the input.

    Raises:
        ValueError: for a strength outside [0, 1] or an unknown kind.
    """

    KINDS = ("color", "translation", "cutout")

    def __init__(
        self,
        strength: float = 0.0,
        kinds: Any = ("color", "translation", "cutout"),
        flips: bool = False,
        value_range: tuple[float, float] = (0.0, 1.0),
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if isinstance(strength, bool) or not isinstance(strength, (int, float)) or not 0 <= strength <= 1:
            raise ValueError(
                f"The strength of an augmentation is a probability. Received: strength={strength!r}. Expected: a "
                "number from 0 to 1."
            )
        kinds = (kinds,) if isinstance(kinds, str) else tuple(kinds)
        if unknown := set(kinds) - set(self.KINDS):
            raise ValueError(
                f"Unknown kinds of augmentation. Received: {sorted(unknown)}. Expected some of {self.KINDS}."
            )
        self._first_strength, self.kinds, self.flips = float(strength), kinds, flips
        self.value_range = (float(value_range[0]), float(value_range[1]))
        self.seed_generator = keras.random.SeedGenerator(seed)
        self.strength = self.add_weight(
            shape=(),
            initializer=keras.initializers.Constant(strength),
            dtype="float32",
            trainable=False,
            autocast=False,  # it is compared with draws of 32 bits, in whatever precision the pictures are
            name="strength",
        )
        self.built = True

    def call(self, images: Any, training: bool = False) -> Any:
        if not training:
            return images
        num, rows, columns, _ = images.shape
        num = ops.shape(images)[0] if num is None else num
        draws = ops.unstack(keras.random.uniform((num, 11), dtype="float32", seed=self.seed_generator), axis=1)
        met = {kind: draws[i] < self.strength for i, kind in enumerate(self.KINDS)}
        down, right, top, left, mirrored, *colors = draws[3:]
        if "color" in self.kinds:
            images = ops.where(_each(met["color"]), self._recolored(images, colors), images)
        if "translation" in self.kinds or self.flips:
            moved = met["translation"] if "translation" in self.kinds else ops.zeros_like(met["translation"])
            images = _moved(images, _places(rows, ops.where(moved, 2 * down - 1, 0.0)), 1)
            places = _places(columns, ops.where(moved, 2 * right - 1, 0.0))
            if self.flips:
                places = ops.where((mirrored < 0.5)[:, None], columns - 1 - places, places)
            images = _moved(images, places, 2)
        if "cutout" in self.kinds:
            hole = _within(rows, top)[:, :, None, None] & _within(columns, left)[:, None, :, None]
            grey = ops.cast(sum(self.value_range) / 2, images.dtype)
            images = ops.where(hole & _each(met["cutout"]), grey, images)
        return images

    def _recolored(self, images, draws):
        brightness, contrast, saturation = (_each(ops.cast(draw, images.dtype)) for draw in draws)
        low, high = self.value_range
        images = images + (brightness - 0.5) * ((high - low) / 2)
        grey = ops.mean(images, axis=3, keepdims=True)
        images = grey + (images - grey) * (2 * saturation)
        mean = ops.mean(images, axis=(1, 2, 3), keepdims=True)
        return mean + (images - mean) * (contrast + 0.5)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "strength": self._first_strength,
            "kinds": list(self.kinds),
            "flips": self.flips,
            "value_range": list(self.value_range),
            "seed": self.seed_generator.get_config()["seed"],
        }


def _each(values):
    """Numbers of shape `(batch,)`, one per picture."""
    return ops.reshape(values, (-1, 1, 1, 1))


def _places(side, shift):
    """From where each row (or column) of a shifted picture comes, shape `(batch, side)`; shift is from -1 to 1."""
    pixels = ops.round(shift * (_SHIFT * side))
    return ops.clip(ops.arange(side, dtype="float32")[None] + pixels[:, None], 0, side - 1)


def _moved(images, places, axis):
    """Pictures whose rows (axis 1) or columns (axis 2) come from other places."""
    # A product with a matrix of zeros and ones is differentiable again and again on every backend; a gather is not so
    # everywhere.
    matrix = ops.one_hot(ops.cast(places, "int32"), images.shape[axis], dtype=images.dtype)
    return ops.einsum("nij,njkc->nikc" if axis == 1 else "nij,nkjc->nkic", matrix, images)


def _within(side, draw):
    """Which rows (or columns) lie in a hole whose middle is drawn from 0 to 1, shape `(batch, side)`."""
    distance = ops.abs(ops.arange(side, dtype="float32")[None] + 0.5 - side * draw[:, None])
    return distance < _HOLE * side / 2
