"""What a step of a player sees, and what it is made of."""

import dataclasses
import functools
import warnings
from collections.abc import Callable
from typing import Any

import keras
from keras import ops

from keras_gan import backend
from keras_gan.backend.simple_layers import are_simple
from keras_gan.models import checks
from keras_gan.models.players import Players, added_losses, regularization, told
from keras_gan.penalties import total


@dataclasses.dataclass
class Step:
    """Everything that a player's loss may be a function of.

    Attributes:
        x: preprocessed data, shape `(m, ...)`, or a structure of such tensors; None in a step of the generator that was
            given none.
        samples: G(z), shaped likewise.
        z: noise, shape `(m, dim)`.
        condition: tuple of what both players are told; empty without a condition.
        y: what stands beside the data in the batch, labels for example, or None.
        fake_output: the discriminator's output on the samples, float32.
        training: False in `evaluate`.
        real_output: its output on the data. In a step of the generator it is computed when it is first asked for.
    """

    x: Any
    samples: Any
    z: Any
    condition: tuple[Any, ...]
    y: Any
    fake_output: Any
    judge_data: Callable[[], Any]
    training: bool = True

    @functools.cached_property
    def real_output(self) -> Any:
        """The discriminator's output on the data."""
        return self.judge_data()


class Stepping(Players):
    """Players with the parts of a step: a minibatch, a judgement with its penalties, a loss with its regularizers."""

    _warned_of_labels = False
    objective: Any
    updates: str
    penalties: list[Any]

    def _data_and_labels(self, data):
        x, y, weights = keras.utils.unpack_x_y_sample_weight(data)
        used = self.condition is not None or checks.has_losses_of_its_own(self)
        if not self._warned_of_labels and ((y is not None and not used) or weights is not None):
            self._warned_of_labels = True
            what = "sample weights" if used else "labels and sample weights"
            warnings.warn(f"This model learns p(x): {what} in the data are ignored.", stacklevel=2)
        return x, y

    def _noise(self, x):
        return backend.own_rows(lambda num: self.prior(num, self.noise_seed), checks.num_rows(x))

    def _minibatch(self, x, y, training=True):
        """`(x, y, condition)` of a minibatch, x preprocessed."""
        self._assert_compile_called()
        x = None if x is None else self._preprocess(x, training)
        if self.condition is None:
            return x, y, ()
        if x is None:
            raise ValueError("With a condition the generator's step is told it too. Pass: generator_step(z, x, y).")
        return x, y, self.condition.tell(x, y, self.step_seed if training else self.evaluation_seed)

    def _count(self, condition):
        if self.condition is not None:
            self.condition.count(condition)

    @property
    def _generator_sees_data(self):
        """Whether the generator's loss may be a function of the data: else its step need not preprocess them."""
        pairs = getattr(getattr(self, "objective", None), "pairs", False)
        return pairs or self.condition is not None or checks.has_losses_of_its_own(self)

    def _judge(self, x, condition, at=None, training=True):
        """The discriminator's output on x, and what its `add_loss` and the penalties on data or samples ask for it."""
        if x is None:
            raise ValueError("This game's generator compares samples with data. Pass them: generator_step(z, x).")

        def judge(x):
            # Here, and not before: penalties are on the slope at what x was before it was augmented.
            shown = x if self.augmentation is None else self.augmentation(x, training=training)
            output = backend.call(self.discriminator, told(shown, condition), training)
            output = keras.tree.map_structure(lambda part: ops.cast(part, "float32"), output)
            return output, added_losses([self.discriminator])

        penalties = [p for p in self.penalties if p.every == 1 and p.at and at in (p.at, "both")]
        if not penalties:
            return judge(x)

        def judge_in_total(x):
            output, costs = judge(x)
            return total(output), (output, costs)

        (output, costs), gradient = backend.input_gradient(judge_in_total, x, self._state)
        updates = self.optimizer.discriminator.iterations
        for penalty in penalties:
            part = gradient if at != "both" else _halves(gradient)[penalty.at == "samples"]
            costs += penalty.of(part, updates)
        return output, costs

    def _judge_both(self, real, fake, condition):
        """The discriminator's outputs on data and on samples, and what is asked for both.

        Where each row is judged by itself, both are one batch: the same game, in fewer and larger products.
        """
        if not self._judges_rows_alone:
            real_output, real_costs = self._judge(real, condition, at="data")
            fake_output, fake_costs = self._judge(fake, condition, at="samples")
            return real_output, fake_output, real_costs + fake_costs
        both = keras.tree.map_structure(lambda a, b: ops.concatenate([a, b]), real, fake)
        output, costs = self._judge(both, tuple(ops.concatenate([part, part]) for part in condition), at="both")
        return *_halves(output), costs

    @property
    def _judges_rows_alone(self):
        if self.updates == "simultaneous" and not backend.CALLS_COST_TIME:
            return False  # the generator's gradient would go through the data's rows, too
        at = {penalty.at for penalty in self.penalties if penalty.at and penalty.every == 1}
        return (
            len(at) != 1  # a penalty on one half would be computed for both
            and self.augmentation is None
            and keras.distribution.distribution() is None  # or rows would move between devices
            and are_simple(self.discriminator)
        )

    def _further_penalties(self, step):
        """The penalties at points of their own, and those that are not computed in every update."""
        costs, updates = 0.0, self.optimizer.discriminator.iterations
        for penalty in self.penalties:
            if penalty.at and penalty.every == 1:
                continue

            def compute(penalty=penalty):
                shown = self.judged(step.x), self.judged(step.samples, step.z)
                points = penalty.points(*shown, self.step_seed)
                points = keras.tree.map_structure(ops.stop_gradient, points)
                judged = lambda x: (total(self._judge(x, step.condition)[0]), ())  # noqa: E731
                return penalty.of(backend.input_gradient(judged, points, self._state)[1], updates)

            due = ops.equal(updates % penalty.every, 0)
            costs += compute() if penalty.every == 1 else backend.now_and_then(due, compute, self._state)
        return costs

    def _discriminator_loss(self, step):
        loss = self.compute_discriminator_loss(step) + added_losses(self.discriminator_networks[1:])
        return loss + regularization(self.discriminator_variables)

    def _generator_loss(self, step):
        loss = self.compute_generator_loss(step) + added_losses(self.generator_networks[1:])
        return loss + regularization(self.generator_variables)

    def _standing(self, step):
        metrics = getattr(self.objective, "metrics", None)
        return metrics(step.real_output, step.fake_output) if metrics else {}

    def _log(self, logs, x):
        logs = {"loss": logs["d_loss"] + logs["g_loss"], **logs}
        self.game_metrics.update_state(logs, checks.num_rows(x))
        means = self.get_metrics_result()
        return means | {name: value for name, value in logs.items() if name not in means}

    @property
    def _state(self):
        self._assert_compile_called()
        return [*self.variables, *self.optimizer.variables, *self.metrics_variables]

    @property
    def metrics(self):
        # Neither the game's, which comes first, nor Keras's own mean of one loss.
        own = [metric for metric in super().metrics if metric.name != "loss"]
        return [self.game_metrics, *own] if self.compiled else own


def _halves(both):
    """The first and the last half of the rows of a tensor, or of each of a structure."""
    half = lambda part: ops.shape(part)[0] // 2  # noqa: E731
    return (
        keras.tree.map_structure(lambda part: part[: half(part)], both),
        keras.tree.map_structure(lambda part: part[half(part) :], both),
    )
