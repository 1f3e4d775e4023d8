"""Initializers of the released recipes that Keras does not have."""

from typing import Any

import keras
import numpy as np
from keras import ops


@keras.saving.register_keras_serializable("keras_gan")
class PixelMeanLogit(keras.initializers.Initializer):
    """Bias of a sigmoid output layer that starts at the training pixels' means: log(mean / (1 - mean)).

    With near-zero weights the generator then begins as the mean image. Means are clipped to [1e-7, 1 - 1e-7], so a
    pixel that is never lit starts at -16.118.

    Args:
        mean: array of any shape with as many elements as the layer has units, values in [0, 1].
    """

    def __init__(self, mean: Any) -> None:
        mean = np.asarray(mean, "float64").reshape(-1)
        if mean.size == 0 or not np.all((mean >= 0) & (mean <= 1)):
            raise ValueError(
                "Pixel means lie in [0, 1]. Received values from "
                f"{mean.min() if mean.size else 'nowhere'} to {mean.max() if mean.size else 'nowhere'}: "
                "scale the images to [0, 1] before averaging (for uint8 images, divide by 255)."
            )
        self.mean = mean

    def __call__(self, shape: tuple[int, ...], dtype: str | None = None) -> Any:
        if int(np.prod(shape)) != self.mean.size:
            raise ValueError(
                f"The layer has {int(np.prod(shape))} biases, but {self.mean.size} pixel means were given. "
                "Give one mean an output unit."
            )
        mean = np.clip(self.mean, 1e-7, 1 - 1e-7)
        return ops.convert_to_tensor((np.log(mean) - np.log1p(-mean)).reshape(shape), dtype=dtype or "float32")

    def get_config(self) -> dict[str, Any]:
        return {"mean": self.mean.tolist()}
