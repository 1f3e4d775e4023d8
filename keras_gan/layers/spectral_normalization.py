"""A layer whose kernel is divided by its largest singular value."""

from typing import Any

import keras
from keras import ops

_TINY = 1e-12  # a kernel of zeros stays one, in place of 0 / 0


@keras.saving.register_keras_serializable("keras_gan")
class SpectralNormalization(keras.layers.Wrapper):
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
        kwargs.setdefault("dtype", getattr(layer, "dtype_policy", None))
        super().__init__(layer, **kwargs)
        if not isinstance(power_iterations, int) or power_iterations < 1:
            raise ValueError(
                "SpectralNormalization needs a positive integer for `power_iterations`. Received: "
                f"power_iterations={power_iterations!r}."
            )
        self.power_iterations = power_iterations
        self.supports_masking = layer.supports_masking

    @property
    def kernel(self) -> keras.Variable:
        """The kernel as it is learnt, before the division."""
        return self.layer.kernel

    @property
    def activation(self) -> Any:
        """The layer's activation, or None if it has none."""
        return getattr(self.layer, "activation", None)

    def build(self, input_shape: Any) -> None:
        super().build(input_shape)
        if not isinstance(getattr(self.layer, "kernel", None), keras.Variable):
            raise ValueError(
                "SpectralNormalization divides the variable `kernel` of a layer. Received: a layer of type "
                f"{type(self.layer).__name__}, which has none. Wrap a Dense, convolutional or maxout layer."
            )
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
        kernel = ops.convert_to_tensor(self.kernel)
        kernel = ops.cast(kernel, keras.backend.result_type(kernel.dtype, "float32"))
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

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        kernel = self.normalized_kernel(bool(training))
        variables = self.layer.variables
        values = [kernel if variable is self.kernel else variable.value for variable in variables]
        # Not `stateless_call`, which leaves out what a layer's `__call__` does: casts, masks, activity regularizers.
        with keras.StatelessScope(list(zip(variables, values, strict=True)), collect_losses=True) as scope:
            before = [scope.get_current_value(variable) for variable in variables]
            outputs = self.layer(inputs)
            after = [scope.get_current_value(variable) for variable in variables]
        for variable, old, new in zip(variables, before, after, strict=True):
            if new is not old:
                variable.assign(new)
        for loss in scope.losses:
            self.add_loss(loss)
        return outputs

    def compute_output_shape(self, input_shape: Any) -> Any:
        return self.layer.compute_output_shape(input_shape)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "power_iterations": self.power_iterations}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> "SpectralNormalization":
        return super().from_config(dict(config), custom_objects)  # the wrapper's own takes the layer out of its dict


def _unit(vector):
    return vector / ops.maximum(ops.sqrt(ops.sum(ops.square(vector))), _TINY)
