"""The maxout layer."""

from typing import Any

import keras
from keras import ops

from keras_gan import backend


@keras.saving.register_keras_serializable("keras_gan")
class Maxout(keras.layers.Layer):
    """Each unit is the largest of several linear functions of the input.

    `output[..., j] = max over i of (inputs @ kernel + bias)[..., j * pieces + i]`: consecutive, disjoint groups.
    With one piece it is a linear `Dense` layer. A mask passes on to the next layer.

    From "Maxout Networks" (Goodfellow et al. 2013). The discriminators of the paper are made of this layer.

    Args:
        units: number of outputs, at least 1.
        pieces: number of linear functions per unit, at least 1.
        use_bias: whether to add a bias to each linear function.
        kernel_initializer: initializer of the kernel, shape `(input_dim, units * pieces)`.
        bias_initializer: initializer of the bias, shape `(units * pieces,)`.
        kernel_regularizer: regularizer of the kernel.
        bias_regularizer: regularizer of the bias.
        kernel_constraint: constraint on the kernel; one that works on columns treats each piece as a unit of its own.
        bias_constraint: constraint on the bias.

    Input shape:
        `(batch, ..., input_dim)`, any rank of at least 2.

    Output shape:
        `(batch, ..., units)`.

    Raises:
        ValueError: if `units` or `pieces` is not a positive integer, or the last axis of the input is unknown.

    Example:

    >>> keras_gan.layers.Maxout(240, pieces=5)(np.zeros((2, 784))).shape
    (2, 240)
    """

    simple = True  # `keras_gan.backend.simple_layers` says what that means

    def __init__(
        self,
        units: int,
        pieces: int,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        for name, number in (("units", units), ("pieces", pieces)):
            if not isinstance(number, int) or number < 1:
                raise ValueError(f"Maxout needs a positive integer for `{name}`. Received: {name}={number!r}.")
        self.units = units
        self.pieces = pieces
        self.use_bias = use_bias
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.bias_initializer = keras.initializers.get(bias_initializer)
        self.kernel_regularizer = keras.regularizers.get(kernel_regularizer)
        self.bias_regularizer = keras.regularizers.get(bias_regularizer)
        self.kernel_constraint = keras.constraints.get(kernel_constraint)
        self.bias_constraint = keras.constraints.get(bias_constraint)
        self.input_spec = keras.layers.InputSpec(min_ndim=2)
        self.supports_masking = True

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        input_dim = input_shape[-1]
        if input_dim is None:
            raise ValueError(
                f"Maxout needs to know the last axis of its input. Received: input_shape={tuple(input_shape)}. "
                "Give the model an Input with that axis, or reshape before the layer."
            )
        self.kernel = self.add_weight(
            name="kernel",
            shape=(input_dim, self.units * self.pieces),
            initializer=self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
        )
        self.bias = None
        if self.use_bias:
            self.bias = self.add_weight(
                name="bias",
                shape=(self.units * self.pieces,),
                initializer=self.bias_initializer,
                regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
            )
        self.input_spec = keras.layers.InputSpec(min_ndim=2, axes={-1: input_dim})

    def call(self, inputs: Any) -> Any:
        pieces = ops.matmul(inputs, self.kernel)
        if self.bias is not None:
            pieces = ops.add(pieces, self.bias)
        leading = ops.shape(pieces)[:-1]
        return backend.largest(ops.reshape(pieces, (*leading, self.units, self.pieces)))

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        return (*input_shape[:-1], self.units)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "units": self.units,
            "pieces": self.pieces,
            "use_bias": self.use_bias,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
            "bias_initializer": keras.initializers.serialize(self.bias_initializer),
            "kernel_regularizer": keras.regularizers.serialize(self.kernel_regularizer),
            "bias_regularizer": keras.regularizers.serialize(self.bias_regularizer),
            "kernel_constraint": keras.constraints.serialize(self.kernel_constraint),
            "bias_constraint": keras.constraints.serialize(self.bias_constraint),
        }
