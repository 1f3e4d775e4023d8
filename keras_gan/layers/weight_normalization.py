"""A layer whose kernel has columns of a given length."""

import math
import numbers
from typing import Any

import keras
from keras import ops

from keras_gan.layers.normalized_kernel import NormalizedKernel

_TINY = 1e-12  # a column of zeros stays one, in place of 0 / 0


@keras.saving.register_keras_serializable("keras_gan")
class WeightNormalization(NormalizedKernel):
    """Applies a layer with each output's kernel scaled to a length of its own: `gain * kernel / |kernel|`.

    The kernel as it is learnt says a direction alone, so steps of an optimizer turn it by less and less as it grows.
    Where the gain is fixed, a network cannot answer noise between its layers by larger activations.

    From "Weight Normalization" (Salimans and Kingma 2016); the fixed gain from "Improved Techniques for Training GANs"
    (Salimans et al. 2016), whose code sets it from one batch of data and this layer by an argument.

    Args:
        layer: layer with one `kernel`, whose last axis is that of its outputs.
        gain: initial length, a finite number above 0.
        trainable_gain: whether the lengths are learnt too.

    Input shape:
        That of the layer.

    Output shape:
        That of the layer.

    Raises:
        ValueError: if the gain is no such number, or the layer has no kernel.

    Example:

    >>> layer = keras_gan.layers.WeightNormalization(keras.layers.Dense(10))
    >>> layer(np.ones((2, 5))).shape
    (2, 10)
    """

    def __init__(
        self, layer: keras.layers.Layer, gain: float = 1.0, trainable_gain: bool = True, **kwargs: Any
    ) -> None:
        super().__init__(layer, **kwargs)
        if isinstance(gain, bool) or not isinstance(gain, numbers.Real) or not 0 < gain < math.inf:
            raise ValueError(
                f"WeightNormalization needs a finite number above 0 for `gain`. Received: gain={gain!r}. Pass 1.0, the "
                "default, for columns of length 1."
            )
        self.initial_gain: float = float(gain)
        self.trainable_gain: bool = trainable_gain

    def build(self, input_shape: Any) -> None:
        super().build(input_shape)
        self.gain = self.add_weight(
            name="gain",
            shape=(self.kernel.shape[-1],),
            initializer=keras.initializers.Constant(self.initial_gain),
            trainable=self.trainable_gain,
            dtype="float32",
            autocast=False,
        )

    def normalized_kernel(self, training: bool = False) -> Any:
        kernel = self._wide_kernel()
        squares = ops.sum(ops.square(kernel), axis=tuple(range(len(kernel.shape) - 1)))
        return kernel * (ops.cast(self.gain, kernel.dtype) / ops.sqrt(ops.maximum(squares, _TINY)))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "gain": self.initial_gain, "trainable_gain": self.trainable_gain}
