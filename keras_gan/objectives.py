"""What each player minimises, as pure functions of the discriminator's logits.

With a = the logit, D = sigmoid(a): -log D = softplus(-a) and -log(1 - D) = softplus(a). Written so, every loss and
gradient is finite wherever the logits are.
"""

from typing import Any

import keras
from keras import ops


class Objective:
    """Two losses, one a player. Subclass it to play another game.

    Both methods take logits of shape `(batch, 1)`, float32, and return a scalar. A subclass that takes arguments
    returns them from `get_config`.
    """

    def discriminator(self, real_logits: Any, fake_logits: Any) -> Any:
        """The loss that the discriminator minimises, given its logits on data and on samples."""
        raise NotImplementedError

    def generator(self, fake_logits: Any) -> Any:
        """The loss that the generator minimises, given the discriminator's logits on samples."""
        raise NotImplementedError

    def get_config(self) -> dict[str, Any]:
        return {}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "Objective":
        return cls(**config)


@keras.saving.register_keras_serializable("keras_gan")
class Minimax(Objective):
    """The value function V(D, G) itself, maximised by D and minimised by G (paper, equation 1)."""

    def discriminator(self, real_logits: Any, fake_logits: Any) -> Any:
        return -value(real_logits, fake_logits)

    def generator(self, fake_logits: Any) -> Any:
        return -ops.mean(ops.softplus(fake_logits))  # mean log(1 - D(G(z)))


@keras.saving.register_keras_serializable("keras_gan")
class NonSaturating(Minimax):
    """G maximises log D(G(z)) instead: same fixed point, stronger gradients early on (paper, section 3)."""

    def generator(self, fake_logits: Any) -> Any:
        return ops.mean(ops.softplus(-fake_logits))  # -mean log D(G(z))


@keras.saving.register_keras_serializable("keras_gan")
class LeastSquares(Objective):
    """Squared distance of the logits to 1 on data and 0 on samples (Mao et al. 2017, a = 0, b = c = 1)."""

    def discriminator(self, real_logits: Any, fake_logits: Any) -> Any:
        return 0.5 * (ops.mean(ops.square(real_logits - 1.0)) + ops.mean(ops.square(fake_logits)))

    def generator(self, fake_logits: Any) -> Any:
        return 0.5 * ops.mean(ops.square(fake_logits - 1.0))


@keras.saving.register_keras_serializable("keras_gan")
class Hinge(Objective):
    """D pushes logits beyond 1 on data and below -1 on samples; G raises its logits (Lim and Ye 2017)."""

    def discriminator(self, real_logits: Any, fake_logits: Any) -> Any:
        return ops.mean(ops.relu(1.0 - real_logits)) + ops.mean(ops.relu(1.0 + fake_logits))

    def generator(self, fake_logits: Any) -> Any:
        return -ops.mean(fake_logits)


def value(real_logits: Any, fake_logits: Any) -> Any:
    """V(D, G) = mean log D(x) + mean log(1 - D(G(z))), in nats; -log 4 = -1.386 where D is 1/2 everywhere."""
    return -ops.mean(ops.softplus(-real_logits)) - ops.mean(ops.softplus(fake_logits))


OBJECTIVES: dict[str, type[Objective]] = {
    "minimax": Minimax,
    "non_saturating": NonSaturating,
    "least_squares": LeastSquares,
    "hinge": Hinge,
}


def get(objective: str | Objective) -> Objective:
    """The `Objective` of that name, or the object itself.

    Args:
        objective: one of `"minimax"`, `"non_saturating"`, `"least_squares"`, `"hinge"`, or an `Objective`.

    Raises:
        ValueError: for anything else.
    """
    if isinstance(objective, Objective):
        return objective
    if isinstance(objective, str) and objective in OBJECTIVES:
        return OBJECTIVES[objective]()
    raise ValueError(
        f"Unknown objective. Received: objective={objective!r}. Expected one of {sorted(OBJECTIVES)}, or an object of "
        "keras_gan.objectives (a subclass of keras_gan.objectives.Objective)."
    )
