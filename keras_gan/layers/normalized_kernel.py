"""A layer that is applied with another kernel than the one it learns."""

from typing import Any

import keras
from keras import ops


class NormalizedKernel(keras.layers.Wrapper):
    """Applies a layer with what `normalized_kernel` makes of its kernel, which a call never changes.

    Regularizers, constraints and optimizers see the kernel as it is learnt.

    Args:
        layer: layer with one `kernel`: `Dense`, a convolution, `Maxout` or `MaxoutConv2D`, for example.

    Raises:
        ValueError: when it is built, if the layer has no kernel.
    """

    def __init__(self, layer: keras.layers.Layer, **kwargs: Any) -> None:
        kwargs.setdefault("dtype", getattr(layer, "dtype_policy", None))
        super().__init__(layer, **kwargs)
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
                f"{type(self).__name__} divides the variable `kernel` of a layer. Received: a layer of type "
                f"{type(self.layer).__name__}, which has none. Wrap a Dense, convolutional or maxout layer."
            )

    def normalized_kernel(self, training: bool = False) -> Any:
        """The kernel that the layer is applied with, a tensor of the kernel's shape, float32 or wider.

        Args:
            training: whether this is a training call.
        """
        raise NotImplementedError

    def _wide_kernel(self):
        kernel = ops.convert_to_tensor(self.kernel)
        return ops.cast(kernel, keras.backend.result_type(kernel.dtype, "float32"))

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

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> "NormalizedKernel":
        return super().from_config(dict(config), custom_objects)  # the wrapper's own takes the layer out of its dict
