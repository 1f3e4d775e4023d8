"""The paper's section 4 in numbers: the optimal discriminator, the value of the game, a model's distance from data.

Everything here is computed from two distributions, given as arrays: the probabilities of a discrete one, or a density
at points that each stand for a volume. The logarithm is natural, values are in nats, and 0 log 0 is 0.

    x = np.linspace(-8, 9, 2001)
    p_data, p_g = scipy.stats.norm.pdf(x), scipy.stats.norm.pdf(x, 1)
    jensen_shannon(p_data, p_g, volume=x[1] - x[0])  # 0.1114
"""

import dataclasses
from typing import Any

import keras
import numpy as np

from keras_gan import backend, objectives

_TOTAL_TOLERANCE = 0.02  # how far from 1 the sum of a distribution, or the integral of a density, may lie


@dataclasses.dataclass(frozen=True)
class Estimate:
    """A mean over held-out points, with its standard error.

    Attributes:
        mean: mean, in nats.
        standard_error: standard error of the mean, in nats.
    """

    mean: float
    standard_error: float

    def __str__(self) -> str:
        return f"{self.mean:.4f} +- {self.standard_error:.4f}"


def optimal_discriminator(p_data: np.ndarray, p_g: np.ndarray) -> np.ndarray:
    """D* = p_data / (p_data + p_g), the best answer to a fixed generator (Proposition 1).

    Args:
        p_data: probabilities or density of the data, an array of any shape, not negative.
        p_g: the same of the samples, at the same points.

    Returns:
        float64 array of that shape. Where both are 0 the game does not depend on D, and D* is given as 1/2.

    Raises:
        ValueError: if shapes differ, or a value is negative or not finite.
    """
    p_data, p_g = _pair(p_data, p_g)
    total = p_data + p_g
    return np.divide(p_data, total, out=np.full(total.shape, 0.5), where=total > 0)


def value(discriminator: np.ndarray, p_data: np.ndarray, p_g: np.ndarray, volume: Any = 1.0) -> float:
    """V(D, G) = sum p_data log D + p_g log(1 - D), equation 1.

    Args:
        discriminator: array of D(x) in [0, 1], shaped like the distributions.
        p_data: probabilities, or density of the data at points.
        p_g: the same of the samples.
        volume: what a point stands for: 1 for a discrete distribution, the spacing for a density on a line, an array
            where it differs.

    Returns:
        Nats; minus infinity where D is 0 on data or 1 on samples.

    Raises:
        ValueError: as `jensen_shannon`, or if D lies outside [0, 1] or has another shape.
    """
    p_data, p_g = _distributions(p_data, p_g, volume)
    discriminator = np.asarray(discriminator, "float64")
    if discriminator.shape != p_data.shape or not ((discriminator >= 0) & (discriminator <= 1)).all():
        raise ValueError(
            "D is a probability at each point. Received: an array of shape "
            f"{discriminator.shape} for distributions of shape {p_data.shape}, with values from {discriminator.min()} "
            f"to {discriminator.max()}. Expected: that shape, values in [0, 1]; give sigmoid(logits), not logits."
        )
    with np.errstate(divide="ignore"):
        logs = np.log(discriminator), np.log1p(-discriminator)
    terms = [_times(p, log) * volume for p, log in zip((p_data, p_g), logs, strict=True)]
    return float(np.sum(terms[0]) + np.sum(terms[1]))


def kullback_leibler(p: np.ndarray, q: np.ndarray, volume: Any = 1.0) -> float:
    """KL(p || q) = sum p log(p / q), in nats; infinite where q is 0 and p is not.

    With p of the data and q of the samples this is the forward divergence, which lost modes make large. With p of the
    samples and q of the data it is the reverse one, which samples away from the data make large. Arguments and errors
    are those of `jensen_shannon`.
    """
    p, q = _distributions(p, q, volume)
    return max(0.0, float(np.sum(_divergence_terms(p, q) * volume)))


def jensen_shannon(p_data: np.ndarray, p_g: np.ndarray, volume: Any = 1.0) -> float:
    """The divergence of Theorem 1: (KL(p_data || M) + KL(p_g || M)) / 2 for M = (p_data + p_g) / 2.

    Args:
        p_data: probabilities, or density of the data at points; any shape.
        p_g: the same of the samples, at the same points.
        volume: what a point stands for: 1 for a discrete distribution, the spacing for a density on a line, an array
            where it differs.

    Returns:
        Nats, from 0 (the same distribution) to log 2 (nothing in common).

    Raises:
        ValueError: if shapes differ, a value is negative or not finite, or a distribution does not sum to 1 within 2%.
    """
    p_data, p_g = _distributions(p_data, p_g, volume)
    middle = (p_data + p_g) / 2
    terms = _divergence_terms(p_data, middle) + _divergence_terms(p_g, middle)
    return max(0.0, float(np.sum(terms * volume)) / 2)


def virtual_criterion(p_data: np.ndarray, p_g: np.ndarray, volume: Any = 1.0) -> float:
    """C(G) = max over D of V(D, G) = -log 4 + 2 JSD (Theorem 1): -log 4 where the generator has won, 0 at most.

    Arguments and errors are those of `jensen_shannon`.
    """
    return 2 * jensen_shannon(p_data, p_g, volume) - float(np.log(4))


def descend(p_data: np.ndarray, p_g: np.ndarray, num_steps: int, step_size: float = 1.0) -> np.ndarray:
    """Proposition 2 at work: gradient descent on p_g itself, with D = D* before every step.

    p_g is the softmax of its logits, and a step follows the gradient of V(D*, G) in these logits. The gradient of V in
    p_g is log(1 - D*), because the maximum over D adds no term of its own.

    Args:
        p_data: probabilities, shape `(n,)`.
        p_g: probabilities to start from, shape `(n,)`, positive.
        num_steps: number of steps.
        step_size: factor on the gradient.

    Returns:
        float64 array of shape `(num_steps + 1,)`: C(G) + log 4 = 2 JSD before the first step and after each.

    Raises:
        ValueError: as `jensen_shannon`, or if p_g is 0 somewhere, where a softmax cannot start.
    """
    p_data, p_g = _distributions(p_data, p_g, 1.0)
    if p_g.min() <= 0:
        raise ValueError(f"A softmax is positive everywhere. Received: p_g={p_g}. Start from probabilities above 0.")
    logits = np.log(p_g)
    excess = np.empty(num_steps + 1)
    for step in range(num_steps + 1):
        p_g = np.exp(logits - logits.max())
        p_g /= p_g.sum()
        excess[step] = 2 * jensen_shannon(p_data, p_g)
        gradient = np.log1p(-optimal_discriminator(p_data, p_g))
        logits -= step_size * p_g * (gradient - p_g @ gradient)
    return excess


def estimate_value(data_logits: np.ndarray, sample_logits: np.ndarray) -> Estimate:
    """V(D, G) on held-out data, from a discriminator's logits.

    Args:
        data_logits: logits on data that neither player was trained on, shape `(n, ...)`, n at least 2.
        sample_logits: logits on fresh samples, shape `(m, ...)`, m at least 2.

    Returns:
        `Estimate`. With an optimal D it estimates C(G), and log 2 + V/2 estimates the Jensen-Shannon divergence. With
        any other D these are lower bounds, because D* maximises V.

    Raises:
        ValueError: if there are fewer than two logits of either kind.
    """
    logs = [
        -np.logaddexp(0, sign * np.ravel(a).astype("float64")) for sign, a in ((-1, data_logits), (1, sample_logits))
    ]
    if min(map(len, logs)) < 2:
        raise ValueError(
            f"A standard error needs two logits of each kind. Received: {len(logs[0])} on data and {len(logs[1])} on "
            "samples. Give more."
        )
    variance = sum(log.var(ddof=1) / len(log) for log in logs)
    return Estimate(float(logs[0].mean() + logs[1].mean()), float(variance**0.5))


def generator_gradient(objective: str | objectives.Objective, logits: np.ndarray) -> np.ndarray:
    """The gradient of the generator's loss in the logit of a sample, computed from the loss that trains it.

    With D = sigmoid(logit) it is -D for `"minimax"`, which vanishes where D is sure of a sample, and -(1 - D) for
    `"non_saturating"`, which does not (section 3).

    Args:
        objective: name, or object of `keras_gan.objectives`.
        logits: array of shape `(n,)`.

    Returns:
        float32 array of shape `(n,)`: n times the gradient of the mean loss.
    """
    loss = objectives.get(objective).generator
    column = keras.ops.convert_to_tensor(np.asarray(logits, "float32")[:, np.newaxis])
    _, gradient = backend.input_gradient(lambda a: (loss(a) * len(logits), ()), column, [])
    return keras.ops.convert_to_numpy(gradient)[:, 0]


def _pair(p, q):
    p, q = np.asarray(p, "float64"), np.asarray(q, "float64")
    if p.shape != q.shape:
        raise ValueError(
            f"Two distributions are compared point by point. Received: shapes {p.shape} and {q.shape}. Give both at "
            "the same points."
        )
    for each in (p, q):
        if not np.isfinite(each).all() or each.min() < 0:
            raise ValueError(
                "Probabilities and densities must be finite and not negative. Received: values from "
                f"{each.min()} to {each.max()}. Give densities, not their logarithms."
            )
    return p, q


def _distributions(p, q, volume):
    p, q = _pair(p, q)
    for each in (p, q):
        total = float(np.sum(each * volume))
        if abs(total - 1) > _TOTAL_TOLERANCE:
            raise ValueError(
                f"A distribution must sum to 1. Received: one that sums to {total:.4g} with volume="
                f"{'an array' if np.ndim(volume) else volume}. Pass the volume that each point stands for (the spacing "
                "of a grid), and a grid that holds all of both densities."
            )
    return p, q


def _times(p, log):
    """p * log, 0 where p is 0."""
    return np.multiply(p, log, out=np.zeros(p.shape), where=p > 0)


def _divergence_terms(p, q):
    ratio = np.divide(p, q, out=np.full(p.shape, np.inf), where=q > 0)
    log = np.log(ratio, out=np.zeros(p.shape), where=p > 0)
    return _times(p, log)
