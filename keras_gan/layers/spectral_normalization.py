"""A layer whose kernel is divided by its largest singular value."""

from typing import Any

import keras
from keras import ops

from keras_gan.layers.normalized_kernel import NormalizedKernel

_TINY = 1e-12  # a kernel of zeros stays one, in place of 0 / 0


@keras.saving.register_keras_serializable("keras_gan")
class SpectralNormalization(NormalizedKernel):
    """Applies a layer with its kernel divided by the kernel's largest singular value.

    The layer's map from input to output (bias aside) then has a Lipschitz constant of about 1, which keeps a
    discriminator's gradients bounded. The singular value is estimated by power iteration on the kernel as a matrix,
    flattened to `(-1, last axis)`: for the vector u, `v = normalize(kernel u)`, `u = normalize(v kernel)`, and the
    estimate is `v kernel u`. Gradients flow through the division; u and v count as constants.

    The kernel variable itself is never changed by a call, so regularizers, constraints and optimizers see the kernel as
    it is learnt. Only u changes, and only with `training=True`.

    From "Spectral Normalization for Generative Adversarial Networks" (Miyato et al. 2018).

    Args:
        layer: layer with one `kernel`: `Dense`, a convolution, `Maxout` or `MaxoutConv2D`, for example.
        power_iterations: steps of power iteration per training call, at least 1.

    Input shape:
        That of the layer.

    Output shape:
        That of the layer.

    Raises:
        ValueError: if `power_iterations` is not a positive integer, or the layer has no kernel.

    Example:

    >>> layer = keras_gan.layers.SpectralNormalization(keras.layers.Dense(10))
    >>> layer(np.ones((2, 5)), training=True).shape
    (2, 10)
    """

    def __init__(self, layer: keras.layers.Layer, power_iterations: int = 1, **kwargs: Any) -> None:
        super().__init__(layer, **kwargs)
        if not isinstance(power_iterations, int) or power_iterations < 1:
            raise ValueError(
                "SpectralNormalization needs a positive integer for `power_iterations`. Received: "
                f"power_iterations={power_iterations!r}."
            )
        self.power_iterations = power_iterations

    def build(self, input_shape: Any) -> None:
        super().build(input_shape)
        self.u = self.add_weight(
            name="u",
            shape=(self.kernel.shape[-1],),
            initializer="random_normal",
            trainable=False,
            dtype="float32",
            autocast=False,
        )

    def normalized_kernel(self, training: bool = False) -> Any:
        """The kernel that the layer is applied with.

        Args:
            training: whether to take `power_iterations` steps and keep the new u.

        Returns:
            Tensor of the kernel's shape, float32 or wider.
        """
        kernel = self._wide_kernel()
        matrix = ops.reshape(kernel, (-1, kernel.shape[-1]))
        constant = ops.stop_gradient(matrix)
        # The unit vector is a new tensor: PyTorch may need it for a gradient after u has been assigned in place.
        u = _unit(ops.cast(self.u, matrix.dtype))
        for _ in range(self.power_iterations if training else 0):
            u = _unit(ops.matmul(_unit(ops.matmul(constant, u)), constant))
        v = _unit(ops.matmul(constant, u))
        if training:
            self.u.assign(ops.cast(u, "float32"))
        u, v = ops.stop_gradient(u), ops.stop_gradient(v)
        return kernel / ops.maximum(ops.matmul(v, ops.matmul(matrix, u)), _TINY)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "power_iterations": self.power_iterations}


def _unit(vector):
    return vector / ops.maximum(ops.sqrt(ops.sum(ops.square(vector))), _TINY)
