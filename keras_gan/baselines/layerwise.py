"""Layers trained one after the other, each on what the layers below make of the data."""

from typing import Any

import keras
import numpy as np
from keras import ops

from keras_gan import backend
from keras_gan.baselines.chains import Chained
from keras_gan.models import checks
from keras_gan.optimizers import serialize


class Layerwise(Chained):
    """A stack that `fit` trains layer by layer: each for `epochs_per_layer` epochs, the top one for all that follow.

    The logs show which one as `layer`, from 1 on. Before all layers have been trained, `sample` uses those that have.
    A subclass makes the layers, which map a batch to `(n, units)`, and says how one learns: `gradients(layer, x)`.

    Attributes:
        stack: the layers, from below.
        epochs_done: epochs of all layers, an integer variable.
        depth: layers that samples are drawn with, an integer variable.
    """

    stack: list[Any]

    def _set_stack(self, layers):
        self.stack = list(layers)
        below = self.size
        for layer in self.stack:
            layer.build((None, below))
            below = layer.units
        self.epochs_done = self._count("epochs_done", 0)
        self.depth = self._count("depth", len(self.stack))
        self.layer_number = keras.metrics.Mean(name="layer")
        self._layer, self._depth = 0, len(self.stack)  # while a step or a move is compiled, these are not variables
        self.built = True

    def _count(self, name, value):
        constant = keras.initializers.Constant(value)
        return self.add_weight(shape=(), dtype="int32", initializer=constant, trainable=False, name=name)

    def gradients(self, layer: Any, x: Any) -> tuple[list[Any], Any]:
        """What a layer's optimizer gets for a batch of the layer's inputs, and the loss that is logged.

        Args:
            layer: one of `stack`.
            x: tensor of shape `(n, size)`.

        Returns:
            `(gradients, loss)`: a gradient for each of the layer's trainable variables, and a scalar.
        """
        raise NotImplementedError

    def loss_of(self, layer: Any, x: Any) -> Any:
        """The loss that is logged for data not trained on."""
        raise NotImplementedError

    def codes(self, x: Any, depth: int) -> Any:
        """What the lowest layers make of flat images."""
        for layer in self.stack[:depth]:
            x = layer(x)
        return x

    def decoded(self, h: Any, depth: int) -> Any:
        """The mean-field pass down from codes of the lowest layers to the pixels' means."""
        for layer in reversed(self.stack[:depth]):
            h = ops.sigmoid(layer.down(h))
        return h

    @property
    def top(self) -> Any:
        """The highest layer that samples are drawn with."""
        return self.stack[self._depth - 1]

    def compile(
        self,
        optimizer: Any = "adam",
        epochs_per_layer: int = 10,
        run_eagerly: bool = False,
        steps_per_execution: int = 1,
        jit_compile: bool | str = "auto",
    ) -> None:
        """Says how the layers learn.

        Args:
            optimizer: Keras optimizer, or its name: each layer gets one like it. Or a list of one per layer.
            epochs_per_layer: of all layers but the top one, which is trained for the rest.
            run_eagerly: as in Keras.
            steps_per_execution: as in Keras.
            jit_compile: as in Keras.

        Raises:
            ValueError: if there are more or fewer optimizers than layers, or `epochs_per_layer` is less than 1.
        """
        checks.check_number(epochs_per_layer, "epochs_per_layer")
        self.epochs_per_layer = epochs_per_layer
        if not isinstance(optimizer, LayerwiseOptimizer):
            if not isinstance(optimizer, (list, tuple)):
                optimizer = keras.optimizers.get(optimizer)
                optimizer = [type(optimizer).from_config(optimizer.get_config()) for _ in self.stack]
            optimizer = LayerwiseOptimizer(optimizer)
        if len(optimizer.optimizers) != len(self.stack):
            raise ValueError(
                f"Each layer has an optimizer. Received: {len(optimizer.optimizers)} for {len(self.stack)} layers. "
                "Pass one optimizer, of which each layer gets a copy, or a list of one per layer."
            )
        optimizer.build_layers([layer.trainable_variables for layer in self.stack])
        self._compile(
            optimizer,
            jit_compile,
            run_eagerly=run_eagerly,
            steps_per_execution=steps_per_execution,
            auto_scale_loss=False,
        )

    @backend.step
    def train_step(self, data: Any) -> dict[str, Any]:
        """One update of the layer whose turn it is."""
        with backend.without_gradient():
            x = self.codes(self.flat(data), self._layer)
        layer = self.stack[self._layer]
        gradients, loss = self.gradients(layer, x)
        backend.apply(self.optimizer.optimizers[self._layer], gradients, layer.trainable_variables)
        self.iterations.assign(self.iterations + 1)
        return self._log(loss)

    @backend.step
    def test_step(self, data: Any) -> dict[str, Any]:
        """The loss of that layer on images not trained on."""
        x = self.codes(self.flat(data), self._layer)
        return self._log(self.loss_of(self.stack[self._layer], x))

    def _log(self, loss):
        self.mean_loss.update_state(loss)
        self.layer_number.update_state(float(self._layer + 1))
        return self.get_metrics_result()

    def _in_minibatches(self, *args, **kwargs):
        arguments = super()._in_minibatches(*args, **kwargs)
        given = arguments.get("callbacks")
        return {**arguments, "callbacks": [_Turns(), *(keras.tree.flatten(given) if given else [])]}

    def begin_epoch(self) -> None:
        """Takes the layer whose turn it is; a step of another one is another program."""
        layer = min(int(self.epochs_done) // self.epochs_per_layer, len(self.stack) - 1)
        if layer != self._layer:
            self._layer = layer
            self.make_train_function(force=True)
            self.make_test_function(force=True)

    def end_epoch(self) -> None:
        """Counts the epoch; samples are drawn with the layer that was trained in it."""
        self.epochs_done.assign(self.epochs_done + 1)
        self.depth.assign(self._layer + 1)
        self._take_depth()

    def _take_depth(self):
        if self._depth != int(self.depth):
            self._depth, self._compiled_move = int(self.depth), None

    def load_own_variables(self, store: Any) -> None:
        super().load_own_variables(store)
        self._take_depth()

    @property
    def metrics(self):
        return [self.mean_loss, self.layer_number]

    def get_compile_config(self) -> dict[str, Any]:
        config = super().get_compile_config()
        return {**config, "epochs_per_layer": self.epochs_per_layer} if config else config


class _Turns(keras.callbacks.Callback):
    """Comes before other callbacks: what these save or sample knows the epoch that has ended."""

    def on_epoch_begin(self, epoch, logs=None):
        self.model.begin_epoch()

    def on_epoch_end(self, epoch, logs=None):
        self.model.end_epoch()


@keras.saving.register_keras_serializable("keras_gan")
class LayerwiseOptimizer(keras.optimizers.Optimizer):
    """Holds an optimizer for each layer, and is the one optimizer that Keras sees as `model.optimizer`.

    Args:
        optimizers: list of `keras.optimizers.Optimizer`, one per layer.
    """

    def __init__(self, optimizers: list[keras.optimizers.Optimizer], name: str = "layerwise_optimizer") -> None:
        super().__init__(learning_rate=0.0, name=name)
        self.optimizers = [keras.optimizers.get(optimizer) for optimizer in optimizers]
        if len({id(optimizer) for optimizer in self.optimizers}) < len(self.optimizers):
            raise ValueError(
                "Two layers were given the same optimizer object, but each keeps its own state. Make one for each, or "
                "pass one alone, of which each layer gets a copy."
            )

    @property
    def variables(self) -> list[keras.Variable]:
        return [variable for optimizer in self.optimizers for variable in optimizer.variables]

    @property
    def iterations(self) -> Any:
        """Number of updates of the lowest layer."""
        return self.optimizers[0].iterations

    @property
    def learning_rate(self) -> Any:
        """That of the lowest layer. Setting it sets all layers'."""
        return self.optimizers[0].learning_rate

    @learning_rate.setter
    def learning_rate(self, learning_rate: float) -> None:
        for optimizer in self.optimizers:
            optimizer.learning_rate = learning_rate

    def build_layers(self, layers: list[list[keras.Variable]]) -> None:
        """Creates the state of each layer's optimizer; `layers` are their variables."""
        for optimizer, variables in zip(self.optimizers, layers, strict=True):
            if not optimizer.built:
                optimizer.build(variables)
        super().build([variable for variables in layers for variable in variables])

    def finalize_variable_values(self, var_list):
        for optimizer in self.optimizers:
            own = {id(variable) for variable in optimizer._trainable_variables}
            optimizer.finalize_variable_values([variable for variable in var_list if id(variable) in own])

    def set_weights(self, weights):
        for variable, weight in zip(self.variables, weights, strict=True):
            variable.assign(np.asarray(weight))

    def get_config(self) -> dict[str, Any]:
        return {"optimizers": [serialize(optimizer) for optimizer in self.optimizers], "name": self.name}

    @classmethod
    def from_config(cls, config, custom_objects=None):
        return cls(
            [keras.saving.deserialize_keras_object(one, custom_objects=custom_objects) for one in config["optimizers"]],
            config["name"],
        )
