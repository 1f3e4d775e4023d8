"""Gives each principal component of the data a weight of its own: the opposite of whitening."""

import math
from typing import Any

import keras
import numpy as np
from keras import ops

_ROWS = 1000  # that are looked at in one go


@keras.saving.register_keras_serializable("keras_gan")
class Coloring(keras.layers.Layer):
    """A coloring transform: `scale * (C / v + epsilon I)^power (x - mean)`, with the data's covariance C.

    v is the mean variance of a value, and scale keeps the total variance of the data. With a power of 1/2 each
    principal component is multiplied by its own standard deviation, so that a network learns first what images differ
    in most. (A power of -1/2 would be whitening, after which all components are alike.) The recipe `mnist-fast` has it
    in front of its discriminator, and docs/mnist.md says what that gives.

    The transform is linear and does not learn. A Dense layer behind it could compute the same without it; what changes
    is which directions that layer learns soon.

    ```python
    import numpy as np

    images = np.random.default_rng(0).random((500, 8, 8, 1))
    layer = keras_gan.layers.Coloring()
    layer.adapt(images)
    print(layer(images[:2]).shape)
    ```

    Args:
        power: of the covariance, positive.
        epsilon: what is added to every component's variance, as a share of v, 0 or more: a floor for the small ones.

    Input shape:
        `(batch, ...)`, floats.

    Output shape:
        That of the input; the dtype is the layer's compute dtype.
    """

    simple = True  # `keras_gan.backend.simple_layers` says what that means

    def __init__(self, power: float = 0.5, epsilon: float = 0.15, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if power <= 0 or epsilon < 0:
            raise ValueError(
                f"Coloring needs a positive power, and no negative epsilon. Received: power={power}, "
                f"epsilon={epsilon}. Expected: for example power=0.5, epsilon=0.15."
            )
        self.power, self.epsilon = power, epsilon

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        sizes = [size for size in input_shape[1:] if size is not None]
        if len(sizes) < len(input_shape) - 1:
            raise ValueError(
                f"Coloring needs to know how many values an example has. Received: input_shape={input_shape}. Give "
                "keras.Input the images' whole shape."
            )
        size = math.prod(sizes)
        self.mean = self.add_weight(name="mean", shape=(size,), initializer="zeros", trainable=False)
        self.matrix = self.add_weight(name="matrix", shape=(size, size), initializer="identity", trainable=False)

    def adapt(self, data: Any) -> None:
        """Computes mean and covariance, which are part of the layer from then on. Until then it changes nothing.

        Args:
            data: array of shape `(n, ...)`, n at least 2, on the scale of what the layer will see.

        Raises:
            ValueError: if all examples are the same, or are not finite.
        """
        if not self.built:
            self.build((None, *data.shape[1:]))
        size = self.mean.shape[0]
        rows = [np.asarray(data[i : i + _ROWS], "float64").reshape(-1, size) for i in range(0, len(data), _ROWS)]
        mean = sum(part.sum(axis=0) for part in rows) / len(data)
        covariance = sum((part - mean).T @ (part - mean) for part in rows) / len(data)
        total = np.trace(covariance)
        if not np.isfinite(total) or total <= 0:
            raise ValueError(
                f"Coloring needs data that differ from one another. Received: {len(data)} examples with a total "
                f"variance of {total}. Expected: finite numbers, of which some differ."
            )
        variances, components = np.linalg.eigh(covariance)
        weights = (np.maximum(variances, 0) * size / total + self.epsilon) ** self.power
        weights *= np.sqrt(total / np.sum(weights**2 * np.maximum(variances, 0)))
        self.mean.assign(mean)
        self.matrix.assign((components * weights) @ components.T)

    def call(self, inputs: Any) -> Any:
        shape = ops.shape(inputs)
        x = ops.reshape(inputs, (-1, self.mean.shape[0])) - ops.cast(self.mean, self.compute_dtype)
        return ops.reshape(ops.matmul(x, ops.cast(self.matrix, self.compute_dtype)), shape)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "power": self.power, "epsilon": self.epsilon}
