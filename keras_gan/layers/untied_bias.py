"""A bias for each position of a map."""

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable("keras_gan")
class UntiedBias(keras.layers.Layer):
    """Adds a separate bias to every element of an example.

    A transposed convolution without bias, followed by this layer, is the "deconv" output of the paper's convolutional
    generator: Keras has one bias per channel, this layer one per channel and pixel. A mask passes on to the next layer.

    Args:
        initializer: initializer of the bias, whose shape is that of an example.
        regularizer: regularizer of the bias.
        constraint: constraint on the bias.

    Input shape:
        `(batch, ...)`; every axis but the first must be known.

    Output shape:
        That of the input.
    """

    simple = True  # `keras_gan.backend.simple_layers` says what that means

    def __init__(
        self, initializer: Any = "zeros", regularizer: Any = None, constraint: Any = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.initializer = keras.initializers.get(initializer)
        self.regularizer = keras.regularizers.get(regularizer)
        self.constraint = keras.constraints.get(constraint)
        self.supports_masking = True

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        if None in input_shape[1:]:
            raise ValueError(
                "UntiedBias needs to know the size of its input. Received: "
                f"input_shape={tuple(input_shape)}. Give the model an Input of that size."
            )
        self.bias = self.add_weight(
            name="bias",
            shape=input_shape[1:],
            initializer=self.initializer,
            regularizer=self.regularizer,
            constraint=self.constraint,
        )

    def call(self, inputs: Any) -> Any:
        return ops.add(inputs, self.bias)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "initializer": keras.initializers.serialize(self.initializer),
            "regularizer": keras.regularizers.serialize(self.regularizer),
            "constraint": keras.constraints.serialize(self.constraint),
        }
