"""The stacked contractive autoencoder of Table 1, and the chain that moves where its codes can."""

from typing import Any

import keras
from keras import ops

from keras_gan import backend
from keras_gan.baselines.chains import normal
from keras_gan.baselines.layerwise import Layerwise
from keras_gan.baselines.tied import Tied


@keras.saving.register_keras_serializable("keras_gan")
class ContractiveAutoencoder(Tied):
    """A tied autoencoder of values in [0, 1] that also keeps its code from moving with its input.

    Code f(x) = sigmoid(x W + c), reconstruction g(h) = sigmoid(h W^T + b). The loss of an example is

        cross-entropy(x, g(f(x))), summed over the inputs, + contraction * sum_j (h_j (1 - h_j))^2 |W_j|^2

    where the last sum is |df/dx|^2 (Frobenius), and W_j the incoming weights of unit j.

    Source: Rifai, Vincent, Muller, Glorot and Bengio, 2011; the defaults are those of their code, cae.py.

    Args:
        units: width of the code.
        contraction: lambda, 0 or more.

    Raises:
        ValueError: if a number is out of its range.
    """

    def __init__(self, units: int, contraction: float = 0.1, **kwargs: Any) -> None:
        # U(-4 sqrt(6 / (in + out)), ...): variance 32 / (in + out)
        initializer = keras.initializers.VarianceScaling(16.0, "fan_avg", "uniform")
        super().__init__(units, **{"activation": "sigmoid", "kernel_initializer": initializer, **kwargs})
        if contraction < 0:
            raise ValueError(f"A contraction is 0 or more. Received: contraction={contraction}. Pass 0.1, for example.")
        self.contraction = contraction

    def penalty(self, h: Any) -> Any:
        """|df/dx|^2 of each example, shape `(n,)`, at codes of shape `(n, units)`."""
        return ops.matmul(ops.square(h * (1 - h)), ops.sum(ops.square(self.kernel), axis=0))

    def loss(self, x: Any) -> Any:
        """Mean loss of examples, shape `(n, size)`: a scalar."""
        x = ops.convert_to_tensor(x)
        h = ops.sigmoid(self.up(x))
        logits = self.down(h)
        errors = ops.sum(ops.softplus(logits) - x * logits, axis=1)  # -x log g - (1 - x) log(1 - g)
        return ops.mean(errors + self.contraction * self.penalty(h))

    def move(self, x: Any, epsilon: Any) -> Any:
        """One step of a chain: g(f(x) + J J^T epsilon), with J = df/dx: far only where the code reacts to the input.

        Args:
            x: shape `(n, size)`.
            epsilon: noise of the code's shape, `(n, units)`.
        """
        h = ops.sigmoid(self.up(x))
        slope = h * (1 - h)  # J = diag(slope) W^T
        moved = slope * ops.matmul(ops.matmul(ops.multiply(slope, epsilon), ops.transpose(self.kernel)), self.kernel)
        return ops.sigmoid(self.down(h + moved))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "contraction": self.contraction}


@keras.saving.register_keras_serializable("keras_gan")
class StackedCAE(Layerwise):
    """Stacked contractive autoencoder (Rifai, Bengio, Dauphin and Vincent, 2012).

    Each layer is a `ContractiveAutoencoder` of the codes of the one below, trained one after the other. A chain lives
    on the inputs x of the top layer, and moves by

        x <- g(f(x) + J J^T epsilon),   epsilon ~ N(0, step_deviation^2)

    so it drifts along the directions to which the code reacts, and the reconstruction pulls it back to where data are.
    A sample is what the lower layers decode from x. With one layer x is the image itself.

    Which layer the published chain lived on is not known, nor are the sizes: these are choices. The deviation of the
    step is to be chosen on validation images.

    Args:
        image_shape: shape of an image.
        hidden: units of each layer.
        contraction: lambda of each layer.
        step_deviation: standard deviation of epsilon.
        burn_in: moves of a chain before its first sample.
        preprocessing: Keras layer that takes images to [0, 1]. Default: they are used as they are.
        seed: integer that fixes noise and order of the data. Default: from Python's `random`.
        num_starts: training images that chains may start from.

    Raises:
        ValueError: if a number is out of its range.

    Example:

    ```python
    data = keras_gan.datasets.load("digits")
    cae = keras_gan.baselines.StackedCAE((8, 8, 1), hidden=(60, 60), preprocessing=data.preprocessing)
    cae.compile("adam", epochs_per_layer=2)
    cae.fit(data.train, epochs=4)
    samples = cae.sample(100, seed=0)
    ```
    """

    def __init__(
        self,
        image_shape: Any,
        hidden: Any = (1024, 1024),
        contraction: float = 0.1,
        step_deviation: float = 0.1,
        burn_in: int = 20,
        preprocessing: keras.layers.Layer | None = None,
        seed: int | None = None,
        num_starts: int = 1000,
        **kwargs: Any,
    ) -> None:
        super().__init__(image_shape, burn_in, preprocessing, seed, num_starts, **kwargs)
        if step_deviation < 0 or not hidden:
            raise ValueError(
                "A StackedCAE has layers, and a step_deviation of 0 or more. Received: "
                f"hidden={hidden}, step_deviation={step_deviation}."
            )
        self.hidden, self.contraction, self.step_deviation = tuple(hidden), contraction, step_deviation
        self._set_stack(
            ContractiveAutoencoder(units, contraction, name=f"layer_{i}") for i, units in enumerate(hidden, 1)
        )

    def gradients(self, layer: Any, x: Any) -> tuple[list[Any], Any]:
        def loss():
            found = layer.loss(x)
            return (found,), found

        (gradients,), found = backend.differentiate(loss, [layer.trainable_variables], self._state)
        return gradients, found

    def loss_of(self, layer: Any, x: Any) -> Any:
        return layer.loss(x)

    def begin(self, x: Any, source: Any) -> Any:
        return self.codes(x, self._depth - 1)

    def noise(self, num: int, source: Any) -> Any:
        return self.step_deviation * normal((num, self.top.units), source)

    def move(self, state: Any, noise: Any) -> tuple[Any, Any]:
        state = self.top.move(state, noise)
        return state, self.decoded(state, self._depth - 1)

    def get_config(self) -> dict[str, Any]:
        names = ("hidden", "contraction", "step_deviation")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}
