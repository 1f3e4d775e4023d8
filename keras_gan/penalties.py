"""Penalties: what the discriminator also pays, for the slope of its output.

Each is a function of the gradient of an example's output in the example itself, where the output is the sum of all
numbers that the discriminator says of it. The paper has none.
"""

from typing import Any

import keras
from keras import ops

from keras_gan.objectives import heads


class Penalty:
    """A cost of the discriminator's gradient at chosen points. Subclass it for points or costs of your own.

    Args:
        weight: factor, at least 0; or a schedule of `keras.optimizers.schedules` or `keras_gan.schedules`, which gives
            it for the number of the discriminator's updates so far.
        every: the penalty is computed in one of so many updates of the discriminator, at so many times its weight.

    Attributes:
        at: `"data"` or `"samples"` where the gradient is taken there; None where `points` says it.

    Raises:
        ValueError: for a negative or infinite weight, or `every` below 1.
    """

    at: str | None = None

    def __init__(self, weight: Any, every: int = 1) -> None:
        scheduled = isinstance(weight, keras.optimizers.schedules.LearningRateSchedule)
        if not scheduled and not 0 <= float(weight) < float("inf"):
            raise ValueError(
                f"{type(self).__name__} needs a finite weight of 0 or more. Received: weight={weight!r}. Leave the "
                "penalty out for none."
            )
        if not isinstance(every, int) or every < 1:
            raise ValueError(
                f"{type(self).__name__} is computed every so many updates, 1 or more. Received: every={every!r}."
            )
        self.weight, self.every = weight if scheduled else float(weight), every

    def points(self, real: Any, fake: Any, seed: keras.random.SeedGenerator) -> Any:
        """Where the gradient is taken.

        Args:
            real: preprocessed data, shape `(batch, ...)`, or a structure of them.
            fake: samples, shaped likewise.
            seed: to draw from.

        Returns:
            Points shaped likewise.
        """
        del seed
        return fake if self.at == "samples" else real

    def cost(self, squares: Any) -> Any:
        """What each example pays, before the weight, given the squared norm of its gradient, shape `(batch,)`."""
        raise NotImplementedError

    def of(self, gradient: Any, updates: Any = 0) -> Any:
        """The weighted mean cost of a batch of gradients, a scalar.

        Args:
            gradient: of each example's output in the example, or a structure of them.
            updates: how many updates the discriminator has had.
        """
        squares = sum(
            ops.sum(ops.square(ops.cast(part, "float32")), axis=tuple(range(1, len(part.shape))))
            for part in keras.tree.flatten(gradient)
        )
        weight = self.weight(updates) if callable(self.weight) else self.weight
        return weight * self.every * ops.mean(self.cost(squares))

    def get_config(self) -> dict[str, Any]:
        weight = keras.saving.serialize_keras_object(self.weight) if callable(self.weight) else self.weight
        return {"weight": weight, "every": self.every}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "Penalty":
        if isinstance(config.get("weight"), dict):
            config = {**config, "weight": keras.saving.deserialize_keras_object(config["weight"])}
        return cls(**config)


@keras.saving.register_keras_serializable("keras_gan")
class R1(Penalty):
    """gamma/2 * mean |gradient of the output in the data|^2 (Mescheder et al. 2018); `weight` is gamma."""

    at = "data"

    def cost(self, squares: Any) -> Any:
        return 0.5 * squares


@keras.saving.register_keras_serializable("keras_gan")
class R2(Penalty):
    """gamma/2 * mean |gradient of the output in the samples|^2 (Mescheder et al. 2018); `weight` is gamma."""

    at = "samples"

    def cost(self, squares: Any) -> Any:
        return 0.5 * squares


@keras.saving.register_keras_serializable("keras_gan")
class GradientPenalty(Penalty):
    """weight * mean (|gradient| - 1)^2 between data and samples (Gulrajani et al. 2017), with weight 10 there.

    Each point lies on the line from an example to a sample, at a place drawn evenly; both players' condition is kept.
    """

    def __init__(self, weight: Any = 10.0, every: int = 1) -> None:
        super().__init__(weight, every)

    def points(self, real: Any, fake: Any, seed: keras.random.SeedGenerator) -> Any:
        num = ops.shape(keras.tree.flatten(real)[0])[0]
        share = keras.random.uniform((num,), seed=seed)

        def between(a, b):
            part = ops.cast(ops.reshape(share, (-1, *[1] * (len(a.shape) - 1))), a.dtype)
            return part * a + (1 - part) * ops.cast(b, a.dtype)

        return keras.tree.map_structure(between, real, fake)

    def cost(self, squares: Any) -> Any:
        # The root of 0 has no slope: a discriminator that is flat somewhere would give NaN.
        return ops.square(ops.sqrt(squares + 1e-12) - 1.0)


def total(output: Any) -> Any:
    """The sum of all numbers that a discriminator says of a batch, a scalar: what a penalty differentiates."""
    return sum(ops.sum(head) for head in heads(output))


def get(penalties: Any) -> list[Penalty]:
    """A list of penalties from what `compile` is given: None, one, or several.

    Raises:
        ValueError: for anything that is no `Penalty`.
    """
    found = [] if penalties is None else list(penalties) if isinstance(penalties, (list, tuple)) else [penalties]
    for penalty in found:
        if not isinstance(penalty, Penalty):
            raise ValueError(
                f"Penalties are objects of keras_gan.penalties. Received: {penalty!r}. Expected, for example, "
                "penalties=[keras_gan.penalties.R1(2.0)], or None."
            )
    return found
