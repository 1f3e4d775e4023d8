"""Momentum SGD as the paper ran it, a faster Adam, and the optimizer of two players."""

from typing import Any

import keras

from keras_gan import backend


@keras.saving.register_keras_serializable("keras_gan")
class SGD(keras.optimizers.Optimizer):
    """Gradient descent with classical momentum, where the momentum may follow a schedule.

    `velocity <- momentum * velocity - learning_rate * gradient; variable <- variable + velocity`. Keras's own SGD fixes
    the momentum when the step is compiled; here it can be set, scheduled and saved like the learning rate.

    Args:
        learning_rate: float, or a `LearningRateSchedule`.
        momentum: float in [0, 1), or a `LearningRateSchedule` such as `keras_gan.schedules.MomentumRamp`.
        **kwargs: what every Keras optimizer takes, for example `clipnorm`, `global_clipnorm` and `weight_decay`.

    Attributes:
        velocities: list of variables, one per trained variable, in the order in which they are trained.
    """

    def __init__(self, learning_rate: Any = 0.1, momentum: Any = 0.5, name: str = "sgd", **kwargs: Any) -> None:
        super().__init__(learning_rate=learning_rate, name=name, **kwargs)
        self.velocities: list[keras.Variable] = []
        if isinstance(momentum, keras.optimizers.schedules.LearningRateSchedule):
            self._momentum = momentum
        else:
            _check_momentum(momentum)
            self._momentum = self.add_variable(
                shape=(), initializer=keras.initializers.Constant(momentum), name="momentum"
            )

    @property
    def momentum(self) -> Any:
        """The current momentum, a scalar. Settable unless it follows a schedule."""
        if isinstance(self._momentum, keras.optimizers.schedules.LearningRateSchedule):
            return self._momentum(self.iterations)
        return self._momentum

    @momentum.setter
    def momentum(self, momentum: float) -> None:
        if isinstance(self._momentum, keras.optimizers.schedules.LearningRateSchedule):
            raise TypeError(
                "This optimizer's momentum follows a schedule and cannot be set. Make the optimizer with a float "
                "momentum to set it."
            )
        _check_momentum(momentum)
        self._momentum.assign(momentum)

    def build(self, variables: list[keras.Variable]) -> None:
        if self.built:
            return
        super().build(variables)
        self.velocities = self.add_optimizer_variables(variables, "velocity")

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        velocity = self.velocities[self._get_variable_index(variable)]
        backend.momentum_update(variable, velocity, gradient, learning_rate, self.momentum)

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        if isinstance(self._momentum, keras.optimizers.schedules.LearningRateSchedule):
            config["momentum"] = keras.saving.serialize_keras_object(self._momentum)
        else:
            config["momentum"] = float(self._momentum.numpy())
        return config

    @classmethod
    def from_config(cls, config, custom_objects=None):
        config = dict(config)
        if isinstance(config.get("momentum"), dict):
            config["momentum"] = keras.saving.deserialize_keras_object(
                config["momentum"], custom_objects=custom_objects
            )
        return super().from_config(config, custom_objects=custom_objects)


def _check_momentum(momentum):
    if not 0 <= momentum < 1:
        raise ValueError(
            f"The momentum must lie in [0, 1). Received: momentum={momentum}. Pass 0 for plain gradient descent."
        )


@keras.saving.register_keras_serializable("keras_gan")
class Adam(backend.Adam):  # type: ignore[misc, valid-type]
    """`keras.optimizers.Adam`, with the same arguments, state and updates, in less time.

    On TensorFlow, and on PyTorch with a CPU, Keras's own passes over memory for each of its operations; here the
    backend's fused kernel does all of them in one pass. The results differ by rounding. With `amsgrad=True`, on JAX
    (which fuses by itself) and on PyTorch with a GPU, it is Keras's own.

    The page docs/benchmark.md has the times.
    """


@keras.saving.register_keras_serializable("keras_gan")
class TwoPlayerOptimizer(keras.optimizers.Optimizer):
    """Holds both players' optimizers, and is the one optimizer that Keras sees as `model.optimizer`.

    Keras passes on and saves only `model.optimizer.variables`, which here are the variables of both. Each player's own
    optimizer, with its learning rate, schedule, clipping and state, is at `.generator` and `.discriminator`.

    Args:
        generator: the generator's `keras.optimizers.Optimizer`.
        discriminator: the discriminator's. It must be another object, because each keeps its own state.
    """

    def __init__(
        self,
        generator: keras.optimizers.Optimizer,
        discriminator: keras.optimizers.Optimizer,
        name: str = "two_player_optimizer",
    ) -> None:
        super().__init__(learning_rate=0.0, name=name)
        if generator is discriminator:
            raise ValueError(
                "Both players were given the same optimizer object, but each keeps its own state. Make two, such as "
                "generator_optimizer=SGD(0.1), discriminator_optimizer=SGD(0.1)."
            )
        self.generator = generator
        self.discriminator = discriminator

    @property
    def optimizers(self) -> list[keras.optimizers.Optimizer]:
        """The two players' optimizers, generator first; Keras's `LearningRateScheduler` sets each of them."""
        return [self.generator, self.discriminator]

    @property
    def variables(self) -> list[keras.Variable]:
        return [*self.generator.variables, *self.discriminator.variables]

    @property
    def iterations(self) -> Any:
        """Number of the generator's updates so far, which is the number of iterations of Algorithm 1."""
        return self.generator.iterations

    @property
    def learning_rate(self) -> Any:
        """The generator's learning rate. Setting it sets both players'; `.generator.learning_rate` sets one alone."""
        return self.generator.learning_rate

    @learning_rate.setter
    def learning_rate(self, learning_rate: float) -> None:
        for optimizer in self.optimizers:
            optimizer.learning_rate = learning_rate

    def build_players(
        self, generator_variables: list[keras.Variable], discriminator_variables: list[keras.Variable]
    ) -> None:
        """Creates each player's state. Variables are told apart by identity, not by name or path."""
        for optimizer, variables in (
            (self.generator, generator_variables),
            (self.discriminator, discriminator_variables),
        ):
            if not optimizer.built:
                optimizer.build(variables)
        self._player_of = {id(variable): self.generator for variable in generator_variables}
        self._player_of.update({id(variable): self.discriminator for variable in discriminator_variables})
        super().build([*generator_variables, *discriminator_variables])

    def apply(self, grads, trainable_variables=None):
        """Updates each variable by its own player's optimizer; a player without a variable here stays as it is."""
        variables = self._trainable_variables if trainable_variables is None else trainable_variables
        pairs = list(zip(grads, variables, strict=True))
        for optimizer in self.optimizers:
            own = [(gradient, variable) for gradient, variable in pairs if self._player_of[id(variable)] is optimizer]
            if own:
                backend.apply(optimizer, *map(list, zip(*own, strict=True)))

    def finalize_variable_values(self, var_list):
        for optimizer in self.optimizers:
            optimizer.finalize_variable_values([v for v in var_list if self._player_of.get(id(v)) is optimizer])

    def set_weights(self, weights):
        for variable, weight in zip(self.variables, weights, strict=True):
            variable.assign(weight)

    def get_config(self) -> dict[str, Any]:
        return {
            "generator": serialize(self.generator),
            "discriminator": serialize(self.discriminator),
            "name": self.name,
        }

    @classmethod
    def from_config(cls, config, custom_objects=None):
        config = dict(config)
        for player in ("generator", "discriminator"):
            config[player] = keras.saving.deserialize_keras_object(config[player], custom_objects=custom_objects)
        return cls(**config)


def pair(
    generator: keras.optimizers.Optimizer | str | None,
    discriminator: keras.optimizers.Optimizer | str | None,
    scaled: bool = False,
) -> list[keras.optimizers.Optimizer]:
    """The two players' optimizers from what `GAN.compile` is given.

    Args:
        generator: optimizer, its name, or None.
        discriminator: likewise. A player that is given none gets one like the other's; if both are, `SGD()`.
        scaled: whether each is to scale its loss, for networks that compute in float16.

    Returns:
        `[generator's, discriminator's]`.
    """
    given = [
        optimizer if optimizer is None else keras.optimizers.get(optimizer) for optimizer in (generator, discriminator)
    ]
    example = next((optimizer for optimizer in given if optimizer is not None), SGD())
    found = [type(example).from_config(example.get_config()) if one is None else one for one in given]
    if not scaled:
        return found
    wrap = keras.optimizers.LossScaleOptimizer
    return [one if isinstance(one, wrap) else wrap(one) for one in found]


def serialize(optimizer: keras.optimizers.Optimizer) -> dict[str, Any]:
    """Keras's description of an optimizer, in a form that every backend can read.

    On PyTorch, Keras names its subclasses for PyTorch, which TensorFlow and JAX cannot load.
    """

    def portable(value):
        if not isinstance(value, dict):
            return value
        value = {key: portable(inner) for key, inner in value.items()}
        if str(value.get("module")).startswith("keras.src.backend.torch.optimizers."):
            value |= {"module": "keras.optimizers", "registered_name": None}
        return value

    return portable(keras.saving.serialize_keras_object(optimizer))
