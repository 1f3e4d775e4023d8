"""Initializers of the released recipes that Keras does not have."""

import random
from typing import Any

import keras
import numpy as np
from keras import ops


@keras.saving.register_keras_serializable("keras_gan")
class PixelMeanLogit(keras.initializers.Initializer):
    """Starts the bias of a sigmoid output layer at the training pixels' means: log(mean / (1 - mean)).

    With near-zero weights the generator then begins as the mean image. Means are clipped to [1e-7, 1 - 1e-7], so a
    pixel that is never lit starts at -16.118.

    Args:
        mean: array of any shape with as many elements as the layer has units, values in [0, 1].
    """

    def __init__(self, mean: Any) -> None:
        mean = np.asarray(mean, "float64").reshape(-1)
        if mean.size == 0 or not np.all((mean >= 0) & (mean <= 1)):
            raise ValueError(
                "Pixel means must lie in [0, 1]. Received: values from "
                f"{mean.min() if mean.size else 'nowhere'} to {mean.max() if mean.size else 'nowhere'}. "
                "Scale the images to [0, 1] before averaging (for uint8 images, divide by 255)."
            )
        self.mean = mean

    def __call__(self, shape: tuple[int, ...], dtype: str | None = None) -> Any:
        if int(np.prod(shape)) != self.mean.size:
            raise ValueError(
                f"The layer has {int(np.prod(shape))} biases, but {self.mean.size} pixel means were given. "
                "Give one mean per output unit."
            )
        mean = np.clip(self.mean, 1e-7, 1 - 1e-7)
        return ops.convert_to_tensor((np.log(mean) - np.log1p(-mean)).reshape(shape), dtype=dtype or "float32")

    def get_config(self) -> dict[str, Any]:
        return {"mean": self.mean.tolist()}


@keras.saving.register_keras_serializable("keras_gan")
class SparseNormal(keras.initializers.Initializer):
    """Draws a fixed number of each unit's incoming weights from N(0, 1), and sets the others to 0.

    The output layer of the TFD generator's pretraining starts so, with 100 weights per unit (Martens 2010).

    Args:
        nonzero: number of weights per unit that are not 0; all of them where the layer has fewer inputs.
        seed: integer. Default: from Python's `random`, which `keras.utils.set_random_seed` sets.
    """

    def __init__(self, nonzero: int = 100, seed: int | None = None) -> None:
        if not isinstance(nonzero, int) or nonzero < 1:
            raise ValueError(
                f"A unit needs at least one weight. Received: nonzero={nonzero!r}. Pass a positive integer."
            )
        self.nonzero = nonzero
        self.seed = random.randint(1, 10**9) if seed is None else seed

    def __call__(self, shape: tuple[int, ...], dtype: str | None = None) -> Any:
        if len(shape) != 2:
            raise ValueError(
                f"SparseNormal is for kernels of shape (inputs, units), as Dense has. Received: shape={shape}."
            )
        inputs, units = shape
        seeds = keras.random.SeedGenerator(self.seed)
        order = ops.argsort(keras.random.uniform((units, inputs), seed=seeds), axis=-1)
        chosen = ops.argsort(order, axis=-1) < min(self.nonzero, inputs)  # ranks: exactly so many, also at ties
        weights = keras.random.normal((units, inputs), seed=seeds)
        return ops.cast(ops.transpose(ops.where(chosen, weights, 0.0)), dtype or "float32")

    def get_config(self) -> dict[str, Any]:
        return {"nonzero": self.nonzero, "seed": self.seed}


@keras.saving.register_keras_serializable("keras_gan")
class Constrained(keras.initializers.Initializer):
    """Initial weights that meet a constraint from the start: Keras applies constraints only after updates.

    Args:
        initializer: Keras initializer, or its name.
        constraint: Keras constraint, or its name.
    """

    def __init__(self, initializer: Any, constraint: Any) -> None:
        self.initializer = keras.initializers.get(initializer)
        self.constraint = keras.constraints.get(constraint)

    def __call__(self, shape: tuple[int, ...], dtype: str | None = None) -> Any:
        return self.constraint(self.initializer(shape, dtype=dtype))

    def get_config(self) -> dict[str, Any]:
        return {
            "initializer": keras.initializers.serialize(self.initializer),
            "constraint": keras.constraints.serialize(self.constraint),
        }

    @classmethod
    def from_config(cls, config):
        return cls(
            keras.initializers.deserialize(config["initializer"]), keras.constraints.deserialize(config["constraint"])
        )
