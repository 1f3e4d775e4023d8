"""The convolutional maxout layer."""

from typing import Any

import keras
from keras import ops

from keras_gan import backend


@keras.saving.register_keras_serializable("keras_gan")
class MaxoutConv2D(keras.layers.Layer):
    """A convolution, then the maximum over groups of channels, then the maximum over windows of pixels.

    The input is padded with zeros and convolved with stride 1 into `filters * pieces` channels, each with a bias. Each
    filter is the largest of `pieces` consecutive channels. Then windows of `pool_size` pixels per side, `pool_strides`
    apart, keep their largest value. Windows that overhang the lower or right edge count the pixels they have ("ceil
    mode"). The paper's convolutional discriminator is made of this layer. As Keras's convolutions do, it drops masks.

    Args:
        filters: number of output channels, at least 1.
        pieces: number of linear functions per output channel, at least 1.
        kernel_size: side of the square kernel.
        zero_padding: number of rows and columns of zeros on each side.
        pool_size: side of the square windows; 1 pools nothing.
        pool_strides: number of pixels from one window to the next, at most `pool_size`. Default: `pool_size`.
        kernel_initializer: initializer of the kernel, shape `(kernel_size, kernel_size, channels, filters * pieces)`.
        bias_initializer: initializer of the bias, shape `(filters * pieces,)`.
        kernel_regularizer: regularizer of the kernel.
        bias_regularizer: regularizer of the bias.
        kernel_constraint: constraint on the kernel.
        bias_constraint: constraint on the bias.

    Input shape:
        `(batch, rows, columns, channels)`.

    Output shape:
        `(batch, new_rows, new_columns, filters)`, where `new = ceil((detected - pool_size) / pool_strides) + 1` and
        `detected = old + 2 * zero_padding - kernel_size + 1`.

    Raises:
        ValueError: if a size is not a positive integer, windows leave gaps, or the input is smaller than a window.
    """

    simple = True  # `keras_gan.backend.simple_layers` says what that means

    def __init__(
        self,
        filters: int,
        pieces: int,
        kernel_size: int,
        zero_padding: int = 0,
        pool_size: int = 1,
        pool_strides: int | None = None,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.filters = filters
        self.pieces = pieces
        self.kernel_size = kernel_size
        self.zero_padding = zero_padding
        self.pool_size = pool_size
        self.pool_strides = pool_size if pool_strides is None else pool_strides
        for name in ("filters", "pieces", "kernel_size", "pool_size", "pool_strides"):
            if not isinstance(number := getattr(self, name), int) or number < 1:
                raise ValueError(f"MaxoutConv2D needs a positive integer for `{name}`. Received: {name}={number!r}.")
        if not isinstance(zero_padding, int) or zero_padding < 0:
            raise ValueError(
                f"MaxoutConv2D needs `zero_padding` to be 0 or more. Received: zero_padding={zero_padding!r}."
            )
        if self.pool_strides > pool_size:
            raise ValueError(
                f"Windows of {pool_size} pixels that start {self.pool_strides} apart leave gaps. Received: "
                f"pool_size={pool_size}, pool_strides={self.pool_strides}. Pass strides of at most the size."
            )
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.bias_initializer = keras.initializers.get(bias_initializer)
        self.kernel_regularizer = keras.regularizers.get(kernel_regularizer)
        self.bias_regularizer = keras.regularizers.get(bias_regularizer)
        self.kernel_constraint = keras.constraints.get(kernel_constraint)
        self.bias_constraint = keras.constraints.get(bias_constraint)
        self.input_spec = keras.layers.InputSpec(ndim=4)

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        if None in input_shape[1:]:
            raise ValueError(
                "MaxoutConv2D needs to know the size of its input. Received: "
                f"input_shape={tuple(input_shape)}. Give the model an Input of that size."
            )
        self.compute_output_shape(input_shape)
        self.kernel = self.add_weight(
            name="kernel",
            shape=(self.kernel_size, self.kernel_size, input_shape[-1], self.filters * self.pieces),
            initializer=self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
        )
        self.bias = self.add_weight(
            name="bias",
            shape=(self.filters * self.pieces,),
            initializer=self.bias_initializer,
            regularizer=self.bias_regularizer,
            constraint=self.bias_constraint,
        )
        self.input_spec = keras.layers.InputSpec(ndim=4, axes=dict(enumerate(input_shape[1:], start=1)))

    def call(self, inputs: Any) -> Any:
        detected = backend.convolve(inputs, self.kernel, self.bias, self.zero_padding)
        batch, rows, columns, _ = ops.shape(detected)
        largest = backend.largest(ops.reshape(detected, (batch, rows, columns, self.filters, self.pieces)))
        return largest if self.pool_size == 1 else backend.pool(largest, self.pool_size, self.pool_strides)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        batch, *sides, _ = input_shape
        detected = [side and side + 2 * self.zero_padding - self.kernel_size + 1 for side in sides]
        if any(side is not None and side < self.pool_size for side in detected):
            raise ValueError(
                f"The input is too small. Received: input_shape={tuple(input_shape)}, kernel_size={self.kernel_size}, "
                f"zero_padding={self.zero_padding}, pool_size={self.pool_size}. Pad more, or choose smaller "
                "kernels and windows."
            )
        return (batch, *(side and self._windows(side) for side in detected), self.filters)

    def _windows(self, side):
        return -(-(side - self.pool_size) // self.pool_strides) + 1

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "filters": self.filters,
            "pieces": self.pieces,
            "kernel_size": self.kernel_size,
            "zero_padding": self.zero_padding,
            "pool_size": self.pool_size,
            "pool_strides": self.pool_strides,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
            "bias_initializer": keras.initializers.serialize(self.bias_initializer),
            "kernel_regularizer": keras.regularizers.serialize(self.kernel_regularizer),
            "bias_regularizer": keras.regularizers.serialize(self.bias_regularizer),
            "kernel_constraint": keras.constraints.serialize(self.kernel_constraint),
            "bias_constraint": keras.constraints.serialize(self.bias_constraint),
        }
