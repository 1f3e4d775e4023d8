"""The averaged generator: a moving average of a network's weights."""

import contextlib
import numbers
from collections.abc import Iterator
from typing import Any

import keras
from keras import ops

from keras_gan import backend

SHARE = 1 / 3


class Average(keras.layers.Layer):
    """An exponential moving average of a network's trained weights, and ways to use it in their place.

    At first it covers a share of its updates, the last ones, so that the initial weights are forgotten; as soon as that
    is more than the decay's own horizon, it moves by `1 - decay` per update. The network's other variables (the
    statistics of batch normalization) are its current ones.

    Args:
        decay: in (0, 1).
        network: built Keras model.
        share: of its updates that it covers at first, in (0, 1]. With 1 all of them count alike.

    Raises:
        ValueError: for another decay or share.
    """

    def __init__(self, decay: float, network: keras.Model, share: float = SHARE) -> None:
        super().__init__(name="average")
        self.set_horizon(decay, share)
        variables = list(network.trainable_variables)
        self._of = lambda: variables  # hidden from Keras, which would save the network's weights once more
        self.updates = self.add_weight(shape=(), initializer="zeros", trainable=False, name="updates")
        self.averages = [
            self.add_weight(shape=v.shape, dtype=v.dtype, initializer="zeros", trainable=False, name=f"average_{i}")
            for i, v in enumerate(variables)
        ]
        for average, weight in zip(self.averages, variables, strict=True):
            average.assign(ops.copy(weight.value))  # JAX gives its buffers away: no two variables may share one
        self.built = True

    def is_of(self, network: keras.Model) -> bool:
        """Whether this is the average of the weights that the network trains now."""
        return list(map(id, self._of())) == list(map(id, network.trainable_variables))

    def set_horizon(self, decay: float, share: float) -> None:
        """Another one for the updates to come."""
        if isinstance(decay, bool) or not isinstance(decay, numbers.Real) or not 0 < decay < 1:
            raise ValueError(
                f"An average needs a decay between 0 and 1. Received: ema={decay!r}. Try ema=0.999, or None."
            )
        if isinstance(share, bool) or not isinstance(share, numbers.Real) or not 0 < share <= 1:
            raise ValueError(
                "An average covers at most all of its updates, and some. Received: "
                f"ema_share={share!r}. Expected: a number above 0, and at most 1."
            )
        self.decay: float = decay
        self.share: float = share

    def update(self) -> None:
        """Moves the average towards the network's weights."""
        with backend.without_gradient():
            self.updates.assign(self.updates + 1.0)
            decay = ops.minimum(self.decay, (1.0 + self.updates) / (1.0 + 1.0 / self.share + self.updates))
            for average, weight in zip(self.averages, self._of(), strict=True):
                backend.move(average, weight, 1.0 - decay)

    def apply(self, network: keras.Model, inputs: Any, training: bool | None = None) -> Any:
        """What the network makes of inputs with the averaged weights, inside a compiled step too."""
        own = {id(variable) for variable in self._of()}
        mapping = [(variable, average.value) for variable, average in self._pairs()]
        mapping += [(variable, variable.value) for variable in network.variables if id(variable) not in own]
        with keras.StatelessScope(state_mapping=mapping):
            return network(inputs, training=training)

    @contextlib.contextmanager
    def in_place(self) -> Iterator[None]:
        """A context in which the network itself holds the averaged weights; afterwards it has its own again."""
        before = [ops.copy(variable.value) for variable in self._of()]
        for variable, average in self._pairs():
            variable.assign(ops.copy(average.value))
        try:
            yield
        finally:
            for variable, value in zip(self._of(), before, strict=True):
                variable.assign(value)

    def _pairs(self):
        return list(zip(self._of(), self.averages, strict=True))
