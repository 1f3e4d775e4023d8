"""The numbers that show how the game stands."""

from typing import Any

import keras
from keras import ops


class GameMetrics(keras.metrics.Metric):
    """Running means over the examples of an epoch.

    Args:
        names: of the numbers, in the order of the logs.
    """

    def __init__(self, names: tuple[str, ...]) -> None:
        super().__init__(name="loss")  # so that `loss` comes first where Keras makes a list of its logs
        self.names = names
        # One vector: metrics of their own would cost a launch each in every step.
        self.total = self.add_variable((len(names),), initializer="zeros", name="total")
        self.count = self.add_variable((), initializer="zeros", name="count")

    def update_state(self, logs: dict[str, Any], num_examples: Any) -> None:
        """Takes in the numbers of a batch.

        Args:
            logs: scalars by name.
            num_examples: of the batch.
        """
        num_examples = ops.cast(num_examples, self.dtype)
        values = ops.stack([ops.cast(logs[name], self.dtype) for name in self.names])
        # One of several devices may be left without examples by the last batch of an evaluation: a mean of nothing.
        self.total.assign(self.total + ops.where(num_examples > 0, num_examples * values, 0.0))
        self.count.assign(self.count + num_examples)

    def result(self) -> dict[str, Any]:
        """The means by name."""
        mean = ops.divide_no_nan(self.total, self.count)
        return {name: mean[i] for i, name in enumerate(self.names)}
