"""Two layers of units with one kernel between them, which is used in both directions."""

from typing import Any

import keras
from keras import ops

from keras_gan import backend


@keras.saving.register_keras_serializable("keras_gan")
class Tied(keras.layers.Layer):
    """A dense layer that can be run backwards: up by `x W + c`, down by `h W^T + b`.

    Args:
        units: width of the upper layer.
        activation: of the upper layer, as Keras takes it, for `layer(x)`.
        kernel_initializer: of W.
        use_visible_bias: whether there is a b.

    Example:

    ```python
    layer = keras_gan.baselines.Tied(30, "sigmoid")
    codes = layer(keras.ops.zeros((5, 64)))
    logits = layer.down(codes)  # shape (5, 64)
    ```
    """

    def __init__(
        self,
        units: int,
        activation: Any = None,
        kernel_initializer: Any = "glorot_uniform",
        use_visible_bias: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if units < 1:
            raise ValueError(f"A layer has 1 unit or more. Received: units={units}. Pass a positive integer.")
        self.units, self.use_visible_bias = units, use_visible_bias
        self.activation = keras.activations.get(activation)
        self.kernel_initializer = keras.initializers.get(kernel_initializer)

    def build(self, input_shape: Any) -> None:
        size = input_shape[-1]
        self.kernel = self.add_weight((size, self.units), initializer=self.kernel_initializer, name="kernel")
        self.bias = self.add_weight((self.units,), initializer="zeros", name="bias")
        if self.use_visible_bias:
            self.visible_bias = self.add_weight((size,), initializer="zeros", name="visible_bias")

    def up(self, x: Any) -> Any:
        """`x W + c`, shape `(n, units)`, of x of shape `(n, size)`."""
        return ops.matmul(x, self.kernel) + self.bias

    def down(self, h: Any) -> Any:
        """`h W^T + b`, shape `(n, size)`, of h of shape `(n, units)`."""
        product = backend.times_transpose(h, self.kernel)
        return product + self.visible_bias if self.use_visible_bias else product

    def call(self, x: Any) -> Any:
        return self.activation(self.up(x))

    def compute_output_shape(self, input_shape: Any) -> tuple[Any, ...]:
        return (*input_shape[:-1], self.units)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "units": self.units,
            "activation": keras.activations.serialize(self.activation),
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
            "use_visible_bias": self.use_visible_bias,
        }
