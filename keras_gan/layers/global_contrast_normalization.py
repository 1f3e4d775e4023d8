"""Brings all images to the same brightness and contrast."""

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable("keras_gan")
class GlobalContrastNormalization(keras.layers.Layer):
    """Subtracts each example's mean and scales the example to a norm: `norm * (x - mean(x)) / |x - mean(x)|`.

    This is the preprocessing of the paper's CIFAR-10 models, with norm 55 over all 3,072 values, a root mean square of
    0.99. There is no epsilon and no whitening; an example whose values are all the same becomes zeros. A mask passes on
    to the next layer, but the mean and the norm count masked values too.

    Args:
        norm: Euclidean norm of an example after this layer, positive.

    Input shape:
        `(batch, ...)`; integers or floats, on any scale.

    Output shape:
        That of the input; the dtype is the layer's compute dtype.
    """

    def __init__(self, norm: float = 55.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if norm <= 0:
            raise ValueError(
                f"GlobalContrastNormalization needs a positive norm. Received: norm={norm}. The paper's is 55."
            )
        self.norm = norm
        self.supports_masking = True
        self.built = True

    def call(self, inputs: Any) -> Any:
        x = ops.cast(inputs, "float32")  # sums of thousands of squares: half precision would overflow
        axes = tuple(range(1, len(x.shape)))
        x = x - ops.mean(x, axis=axes, keepdims=True)
        length = ops.sqrt(ops.sum(ops.square(x), axis=axes, keepdims=True))
        return ops.cast(ops.divide_no_nan(self.norm * x, length), self.compute_dtype)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "norm": self.norm}
