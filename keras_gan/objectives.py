"""Objectives: what each player minimises, as pure functions of the discriminator's outputs.

With a = the logit, D = sigmoid(a): -log D = softplus(-a) and -log(1 - D) = softplus(a). Written so, every loss and
gradient is finite wherever the logits are.
"""

from collections.abc import Callable
from typing import Any

import keras
from keras import ops

from keras_gan import backend

_PROBABILITIES = ("sigmoid", "softmax", "hard_sigmoid")


class Objective:
    """Two losses, one for each player. Subclass it to play another game.

    Both methods are given the discriminator's outputs as they are (a tensor or a structure of tensors, float32) and
    return a scalar. A subclass that takes arguments returns them from `get_config`, and is registered with
    `keras.saving.register_keras_serializable` if models with it are saved.

    Attributes:
        pairs: whether the generator's loss compares samples with data: only then is `generator` given `real`.
        metric_names: names of what `metrics` returns.
    """

    pairs = False
    metric_names: tuple[str, ...] = ()

    def discriminator(self, real: Any, fake: Any) -> Any:
        """The loss that the discriminator minimises, given its outputs on data and on samples."""
        raise NotImplementedError

    def generator(self, fake: Any, real: Any = None) -> Any:
        """The loss that the generator minimises, given D's outputs on samples and, in pairs, on data."""
        raise NotImplementedError

    def metrics(self, real: Any, fake: Any) -> dict[str, Any]:
        """Scalars that show how the game stands, by name."""
        del real, fake
        return {}

    def check(self, output: Any, activation: str | None) -> None:
        """Raises a ValueError for a discriminator that this objective cannot use.

        Args:
            output: what the discriminator returns, as `keras.KerasTensor`s.
            activation: name of the activation that it ends in, or None if that is unknown.
        """

    def get_config(self) -> dict[str, Any]:
        return {}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "Objective":
        return cls(**config)


class ScalarObjective(Objective):
    """An objective of discriminators that say one number for each example, or for each patch of it.

    The output may be one tensor whose last axis is 1, or several of them (heads), which count alike. Of a dictionary
    only the entry `"logits"` counts: the others are there for losses of your own.

    Attributes:
        threshold: output above which the discriminator takes an example for data.
    """

    metric_names: tuple[str, ...] = ("d_on_data", "d_on_samples", "d_accuracy")
    threshold = 0.0

    def metrics(self, real: Any, fake: Any) -> dict[str, Any]:
        """Mean output on data and on samples, and the share of both that is told rightly."""
        right = average(lambda a: ops.cast(a > self.threshold, "float32"), real)
        right = right + average(lambda a: ops.cast(a < self.threshold, "float32"), fake)
        return {"d_on_data": average(None, real), "d_on_samples": average(None, fake), "d_accuracy": right / 2}

    def check(self, output: Any, activation: str | None) -> None:
        name = type(self).__name__
        for head in heads(output):
            if len(head.shape) < 2 or head.shape[-1] != 1:
                raise ValueError(
                    f"{name} takes a discriminator that says one number for each example, shape (batch, 1), or for "
                    f"each patch, shape (batch, rows, columns, 1). Received: {tuple(head.shape)}. End it with "
                    "keras.layers.Dense(1), return a dictionary whose 'logits' are so shaped, or pass an objective "
                    "of your own (keras_gan.objectives.Objective)."
                )
        if activation in _PROBABILITIES:
            raise ValueError(
                f"The discriminator must end in a logit, but its last activation is {activation!r}: the losses apply "
                "the sigmoid themselves, in a form that does not overflow. End it with keras.layers.Dense(1), no "
                "activation."
            )


@keras.saving.register_keras_serializable("keras_gan")
class Minimax(ScalarObjective):
    """The value function V(D, G) itself, maximised by D and minimised by G (paper, equation 1)."""

    metric_names = ("value", *ScalarObjective.metric_names)

    def discriminator(self, real: Any, fake: Any) -> Any:
        return -value(real, fake)

    def generator(self, fake: Any, real: Any = None) -> Any:
        return -average(ops.softplus, fake)  # mean log(1 - D(G(z)))

    def metrics(self, real: Any, fake: Any) -> dict[str, Any]:
        """V(D, G) in nats, mean D on data and on samples, and the share of both that is told rightly."""
        means = {"d_on_data": average(ops.sigmoid, real), "d_on_samples": average(ops.sigmoid, fake)}
        return super().metrics(real, fake) | means | {"value": value(real, fake)}


@keras.saving.register_keras_serializable("keras_gan")
class NonSaturating(Minimax):
    """G maximises log D(G(z)) instead: same fixed point, stronger gradients early on (paper, section 3)."""

    def generator(self, fake: Any, real: Any = None) -> Any:
        return average(lambda a: ops.softplus(-a), fake)  # -mean log D(G(z))


@keras.saving.register_keras_serializable("keras_gan")
class LeastSquares(ScalarObjective):
    """Squared distance of the outputs to 1 on data and 0 on samples (Mao et al. 2017, a = 0, b = c = 1)."""

    threshold = 0.5

    def discriminator(self, real: Any, fake: Any) -> Any:
        return 0.5 * (average(lambda a: ops.square(a - 1.0), real) + average(ops.square, fake))

    def generator(self, fake: Any, real: Any = None) -> Any:
        return 0.5 * average(lambda a: ops.square(a - 1.0), fake)


@keras.saving.register_keras_serializable("keras_gan")
class Hinge(ScalarObjective):
    """D pushes outputs beyond 1 on data and below -1 on samples; G raises its outputs (Lim and Ye 2017)."""

    def discriminator(self, real: Any, fake: Any) -> Any:
        return average(lambda a: ops.relu(1.0 - a), real) + average(lambda a: ops.relu(1.0 + a), fake)

    def generator(self, fake: Any, real: Any = None) -> Any:
        return -average(None, fake)


@keras.saving.register_keras_serializable("keras_gan")
class Wasserstein(ScalarObjective):
    """The discriminator is a critic: its mean output on data minus that on samples (Arjovsky et al. 2017).

    That difference estimates a distance only while the critic's slope is bounded: add
    `keras_gan.penalties.GradientPenalty`. Outputs have no zero of their own, so `d_accuracy` is the share of pairs in
    which the critic puts the data above the sample.
    """

    def discriminator(self, real: Any, fake: Any) -> Any:
        return average(None, fake) - average(None, real)

    def generator(self, fake: Any, real: Any = None) -> Any:
        return -average(None, fake)

    def metrics(self, real: Any, fake: Any) -> dict[str, Any]:
        """Mean output on data and on samples, and the share of pairs in the right order."""
        return super().metrics(real, fake) | {"d_accuracy": _in_order(real, fake)}


@keras.saving.register_keras_serializable("keras_gan")
class Relativistic(ScalarObjective):
    """Pairs of an example and a sample: D raises the first above the second, G the second above the first.

    The losses are the mean of softplus(fake - real) and of softplus(real - fake) (Jolicoeur-Martineau 2019; with R1 and
    R2 the game of Huang et al. 2024). `d_on_data` is the mean of sigmoid(real - fake), `d_on_samples` what remains
    to 1, `d_accuracy` the share of pairs in the right order.
    """

    pairs = True

    def discriminator(self, real: Any, fake: Any) -> Any:
        return average(lambda a, b: ops.softplus(b - a), real, fake)

    def generator(self, fake: Any, real: Any = None) -> Any:
        return average(lambda a, b: ops.softplus(a - b), real, fake)

    def metrics(self, real: Any, fake: Any) -> dict[str, Any]:
        """What the discriminator says of pairs."""
        ahead = average(lambda a, b: ops.sigmoid(a - b), real, fake)
        return {"d_on_data": ahead, "d_on_samples": 1.0 - ahead, "d_accuracy": _in_order(real, fake)}


@keras.saving.register_keras_serializable("keras_gan")
class FeatureMatching(Objective):
    """G matches the mean of D's features on data; D tells K classes of data from one of samples (Salimans et al. 2016).

    The discriminator returns a dictionary: `"logits"` of shape `(batch, K)`, and `"features"`. The logit of the class
    of samples is fixed at 0, so D(x) = Z / (Z + 1) with Z the sum of exp(logits), and log Z stands for the logit of an
    ordinary discriminator. The discriminator's loss is -mean log D(x) - mean log(1 - D(G(z))). The generator's is the
    mean squared difference between the mean features of data and of samples.
    """

    pairs = True
    metric_names = ("d_on_data", "d_on_samples")

    def discriminator(self, real: Any, fake: Any) -> Any:
        return ops.mean(ops.softplus(-_evidence(real))) + ops.mean(ops.softplus(_evidence(fake)))

    def generator(self, fake: Any, real: Any = None) -> Any:
        return ops.mean(ops.square(backend.batch_mean(real["features"]) - backend.batch_mean(fake["features"])))

    def metrics(self, real: Any, fake: Any) -> dict[str, Any]:
        """Mean D on data and on samples."""
        return {
            "d_on_data": ops.mean(ops.sigmoid(_evidence(real))),
            "d_on_samples": ops.mean(ops.sigmoid(_evidence(fake))),
        }

    def check(self, output: Any, activation: str | None) -> None:
        parts = set(output) if isinstance(output, dict) else set()
        if not {"logits", "features"} <= parts or len(output["logits"].shape) != 2:
            raise ValueError(
                "FeatureMatching takes a discriminator that returns a dictionary of 'logits', shape (batch, classes), "
                f"and 'features'. Received: {keras.tree.map_structure(lambda part: tuple(part.shape), output)}. Build "
                "it as keras.Model(x, {'logits': logits, 'features': hidden})."
            )
        if activation in _PROBABILITIES:
            raise ValueError(
                f"The discriminator must end in logits, but its last activation is {activation!r}. End it with "
                "keras.layers.Dense(classes), no activation."
            )


def _evidence(output):
    return ops.logsumexp(output["logits"], axis=-1)


def value(real: Any, fake: Any) -> Any:
    """V(D, G) = mean log D(x) + mean log(1 - D(G(z))), in nats; -log 4 = -1.386 where D is 1/2 everywhere."""
    return -average(lambda a: ops.softplus(-a), real) - average(ops.softplus, fake)


def heads(output: Any) -> list[Any]:
    """The tensors of a discriminator's output that an objective judges by: all, but of a dictionary its `"logits"`."""
    if isinstance(output, dict):
        if "logits" not in output:
            raise ValueError(
                f"A discriminator that returns a dictionary names what the objective judges 'logits'. Received: "
                f"{sorted(output)}. Rename an entry, or pass an objective of your own "
                "(keras_gan.objectives.Objective)."
            )
        output = output["logits"]
    return keras.tree.flatten(output) if isinstance(output, (dict, list, tuple)) else [output]


def average(function: Callable[..., Any] | None, *outputs: Any) -> Any:
    """The mean of a function of outputs, taken element by element; several heads count alike.

    Args:
        function: of one tensor for each of the outputs. Default: what it is given.
        *outputs: of the discriminator.
    """
    means = [
        ops.mean(function(*tensors) if function else tensors[0]) for tensors in zip(*map(heads, outputs), strict=True)
    ]
    return means[0] if len(means) == 1 else sum(means) / len(means)


def _in_order(real, fake):
    return average(lambda a, b: ops.cast(a > b, "float32"), real, fake)


OBJECTIVES: dict[str, type[Objective]] = {
    "minimax": Minimax,
    "non_saturating": NonSaturating,
    "least_squares": LeastSquares,
    "hinge": Hinge,
    "wasserstein": Wasserstein,
    "relativistic": Relativistic,
}


def get(objective: Any) -> Any:
    """The objective of that name, of that class, or the object itself.

    Args:
        objective: a name of `OBJECTIVES`; a class of this module; or any object with the methods `discriminator(real,
            fake)` and `generator(fake)`, an `Objective` for example.

    Raises:
        ValueError: for anything else.
    """
    if isinstance(objective, str) and objective in OBJECTIVES:
        return OBJECTIVES[objective]()
    if isinstance(objective, type) and issubclass(objective, Objective):
        return objective()
    if callable(getattr(objective, "discriminator", None)) and callable(getattr(objective, "generator", None)):
        return objective
    raise ValueError(
        f"Unknown objective. Received: objective={objective!r}. Expected one of {sorted(OBJECTIVES)}, or an object "
        "with the methods discriminator(real, fake) and generator(fake), for example a subclass of "
        "keras_gan.objectives.Objective."
    )
