"""Two networks that play: what they make and say of each other, and how they are sampled, kept and exported."""

import contextlib
import inspect
import random
from collections.abc import Iterator
from typing import Any

import keras
import numpy as np
from keras import ops

from keras_gan import backend, conditions, priors
from keras_gan.artifacts import formats
from keras_gan.backend.simple_layers import are_simple
from keras_gan.models import checks
from keras_gan.models.averaging import Average
from keras_gan.models.fitting import Fitted
from keras_gan.models.lines import Lines
from keras_gan.models.minibatches import in_order
from keras_gan.models.parts import Composed
from keras_gan.models.preprocessing import preprocess


class Players(Lines, Composed, Fitted):
    """A generator and a discriminator with what they share: prior, condition, preprocessing. `GAN` lets them play."""

    parts: tuple[str, ...] = ("generator", "discriminator", "prior", "condition", "preprocessing", "augmentation")
    judges_noise = False
    """Whether the discriminator is called with `[x, z]`: then `judged` says which z stands beside data."""

    def __init__(
        self,
        generator: keras.Model,
        discriminator: keras.Model,
        prior: priors.Prior | str | None = None,
        condition: conditions.Condition | None = None,
        preprocessing: keras.layers.Layer | None = None,
        seed: int | None = None,
        augmentation: keras.layers.Layer | None = None,
        **kwargs: Any,
    ) -> None:
        self._seed = random.randint(1, 10**9) if seed is None else seed
        super().__init__(seed=self._seed, **kwargs)
        self.generator, self.discriminator = generator, discriminator
        if not isinstance(prior, priors.Prior):
            prior = priors.get(prior or "uniform", checks.noise_dim(generator, condition))
        self.prior = prior
        self.condition, self.preprocessing, self.augmentation = condition, preprocessing, augmentation
        self.average: Average | None = None
        # Spread, for PyTorch adds seed and counter: adjacent seeds would share draws.
        seeds = [int(state) for state in np.random.SeedSequence(self._seed).generate_state(3) // 2]
        self.noise_seed = keras.random.SeedGenerator(seeds[0])
        self.evaluation_seed = keras.random.SeedGenerator(seeds[1])
        self.step_seed = keras.random.SeedGenerator(seeds[2])  # of conditions, and of points between data and samples
        spec = checks.check_networks(generator, discriminator, self.prior, condition, self.judges_noise)
        checks.check_augmentation(augmentation, condition, self.judges_noise)
        self._spec = lambda: spec  # as it is: Keras would wrap a structure
        self.built = True

    @property
    def sample_spec(self) -> Any:
        """A batch of samples as `keras.KerasTensor`, or a structure of them."""
        return self._spec()

    # Who trains what.

    @property
    def generator_networks(self) -> list[keras.Model]:
        """The networks that the generator's step trains. Override it to add one, an encoder for example."""
        return [self.generator]

    @property
    def discriminator_networks(self) -> list[keras.Model]:
        """The networks that the discriminator's step trains. Override it to add one."""
        return [self.discriminator]

    @property
    def generator_variables(self) -> list[keras.Variable]:
        """What the generator's step trains."""
        return _trained(self.generator_networks)

    @property
    def discriminator_variables(self) -> list[keras.Variable]:
        """What the discriminator's step trains."""
        return _trained(self.discriminator_networks)

    @property
    def own_seeds(self) -> list[keras.Variable]:
        """The states of the seeds that each replica shifts in a step: all but those of noise, which they share."""
        shared = {id(seed.state) for seed in (self.noise_seed, self.evaluation_seed)}
        return [v for v in {id(v): v for v in self._random_state}.values() if id(v) not in shared]

    # What they make and say.

    def judged(self, x: Any, z: Any = None, training: bool = True) -> Any:
        """What the discriminator is shown, besides a condition. Override it for a game of pairs (`judges_noise`).

        Args:
            x: preprocessed data, or samples.
            z: the samples' noise; None for data.
            training: False in `evaluate`.

        Returns:
            A tensor, or a structure of them: here x itself.
        """
        del z, training
        return x

    def _preprocess(self, x, training=True):
        if self.preprocessing is not None:
            x = self.preprocessing(x, training=training)
        return keras.tree.map_structure(lambda part: ops.cast(part, self.discriminator.compute_dtype), x)

    def _generate(self, z, condition, training=True):
        """Samples, and what the generator's own `add_loss` asks for them."""
        samples = backend.call(self.generator, told(z, condition), training)
        costs = added_losses([self.generator])
        return samples if self.condition is None else self.condition.complete(samples, condition), costs

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        """Samples for noise z, or for `[z, *c]`, by the averaged weights if there are any."""
        if self.average is not None:
            samples = self.average.apply(self.generator, inputs, training)
        else:
            samples = self.generator(inputs, training=training)
        return samples if self.condition is None else self.condition.complete(samples, tuple(inputs[1:]))

    @property
    def computes_in_float16(self) -> bool:
        """Whether either network does, so that losses need a scale."""
        return any(_computes_in_float16(network) for network in (self.generator, self.discriminator))

    @property
    def ema(self) -> float | None:
        """Decay of the averaged weights, or None."""
        return None if self.average is None else self.average.decay

    def _set_average(self, ema, share):
        if ema is not None and self.average is not None and self.average.is_of(self.generator):
            self.average.set_horizon(ema, share)
            return
        if self.average is not None:
            self._tracker.untrack(self.average)  # or Keras would go on saving and carrying its weights
        self.average = None if ema is None else Average(ema, self.generator, share)

    def _update_averages(self):
        if self.average is not None:
            self.average.update()

    @contextlib.contextmanager
    def averaged_weights(self) -> Iterator[None]:
        """A context in which the generator holds the averaged weights, if there are any."""
        with contextlib.nullcontext() if self.average is None else self.average.in_place():
            yield

    def sample(
        self,
        num: int,
        seed: int | None = None,
        condition: Any = None,
        averaged: bool = True,
        batch_size: int = 1000,
    ) -> Any:
        """Draws samples.

        Args:
            num: number of samples.
            seed: integer; the same seed gives the same noise on every backend. Default: fresh noise.
            condition: what the samples shall have, as the model's condition takes it: one for all, or `num` of them.
                Default: drawn as the training data had it.
            averaged: whether to use the averaged weights, where there are any (`ema=`).
            batch_size: samples generated at once.

        Returns:
            NumPy array of shape `(num, ...)`, float32 (or a structure of them), on the scale of the generator: that of
            preprocessed data.

        Raises:
            ValueError: if the number is less than 1, the condition does not fit, or there is none to fit.
        """
        checks.check_number(num)
        condition = checks.asked_for(self.condition, condition, num, seed)
        return self.samples_of(self.prior.draw(num, seed), condition, averaged, batch_size)

    def samples_of(
        self, z: np.ndarray, told: tuple[np.ndarray, ...], averaged: bool = True, batch_size: int = 1000
    ) -> Any:
        inputs = [z, *told] if told else z
        with self.averaged_weights() if averaged else contextlib.nullcontext(), backend.shuffling_untouched():
            samples = self.generator.predict(inputs, batch_size=batch_size, verbose=0)
        if self.condition is not None:
            samples = self.condition.complete(samples, told)
        return keras.tree.map_structure(lambda part: ops.convert_to_numpy(part).astype("float32"), samples)

    def preprocess(self, x: Any, batch_size: int = 1000) -> np.ndarray:
        """Data on the scale of samples.

        Args:
            x: array of data before preprocessing, shape `(n, ...)`.
            batch_size: rows preprocessed at once.

        Returns:
            NumPy array of shape `(n, ...)`, float32.
        """
        return preprocess(self.preprocessing, x, batch_size)

    def export(  # type: ignore[override]
        self,
        filepath: Any,
        format: str = "saved_model",
        card: dict[str, Any] | None = None,
        weights: str = "float32",
    ) -> None:
        """Exports the generator (with averaged weights, if any) as a program, and checks that it gives the same.

        Args:
            filepath: folder of a SavedModel or an OpenVINO program, or file that ends in `.onnx`, `.tflite`, `.pt2`,
                `.html` or `.keras`.
            format: `"saved_model"`, `"onnx"`, `"litert"`, `"openvino"`, `"torch"`, `"page"` or `"keras"`, on any
                backend.
            card: what to tell of data and training, written beside it.
            weights: `"float32"`, or `"int8"` for kernels of 8 bits, in a program of a quarter of the size.

        Raises:
            ValueError: for an unknown format, another ending, a package that is not installed, or a layer that cannot
                be quantised.
            RuntimeError: if the program does not give the generator's samples.
        """
        format = "saved_model" if format == "tf_saved_model" else format  # Keras's name for it
        with self.averaged_weights(), backend.alone():
            formats.export(
                self.generator, self.prior, filepath, format, card, self.condition, self.discriminator, weights
            )

    # What Keras asks of a model.

    def check_training(self, x: Any, y: Any, validation: bool = False) -> Any:
        """Checks data before training, and returns x as training takes it."""
        checks.check_unchanged(self)
        self._build_preprocessing(x)
        return checks.check_data(x, y, self, validation)

    def check_batch(self, x: Any, y: Any) -> None:
        """What is checked before a single batch is trained on, too."""
        checks.check_unchanged(self)
        checks.check_single_batch(x)
        self._build_preprocessing(x)
        if self.condition is not None and checks.are_arrays(x):
            self.condition.check(keras.tree.flatten(x)[0], y)

    def _build_preprocessing(self, x):
        """Shows data to a preprocessing layer that met none: else Keras, on JAX, builds it by sampling from data."""
        if self.preprocessing is not None and not self.preprocessing.built and checks.are_arrays(x):
            self._preprocess(keras.tree.map_structure(lambda part: part[:1], x))

    def test_on_batch(self, x: Any, *args: Any, **kwargs: Any) -> Any:
        """The game's metrics on a batch, as `keras.Model.test_on_batch`."""
        self._build_preprocessing(x)
        return super().test_on_batch(x, *args, **kwargs)

    def evaluate(self, x: Any = None, *args: Any, **kwargs: Any) -> Any:
        """The game's metrics on held-out data, as `keras.Model.evaluate`.

        The noise comes from a seed of its own that starts again each time: equal weights give equal values.
        """
        self._build_preprocessing(x)
        self.evaluation_seed.state.assign(self.evaluation_seed.state * np.array([1, 0], "uint32"))
        bound = inspect.signature(super().evaluate).bind(x, *args, **kwargs)
        given = tuple(bound.arguments.get(name) for name in ("x", "y", "sample_weight"))
        if (batches := in_order(given, bound.arguments.get("batch_size") or 32)) is not given:
            bound.arguments |= {"x": batches, "y": None, "sample_weight": None}
        with backend.shuffling_untouched():
            return super().evaluate(*bound.args, **bound.kwargs)


def told(first: Any, condition: tuple[Any, ...]) -> Any:
    """A network's input: noise or data, with the condition if there is one."""
    return [first, *condition] if condition else first


def tensors(*arrays: Any) -> list[Any]:
    """Arrays, or structures of them, as tensors; None stays None."""
    return [x if x is None else keras.tree.map_structure(ops.convert_to_tensor, x) for x in arrays]


def added_losses(networks: list[keras.Model]) -> Any:
    """The sum of what `add_loss` and activity regularizers said in the networks' last calls, a scalar."""
    total: Any = 0.0
    for network in networks:
        if are_simple(network):  # and adds none
            continue
        regularized = sum(variable.regularizer is not None for variable in network.trainable_weights)
        losses = network.losses  # first those of calls, then those of weights
        for loss in losses[: len(losses) - regularized]:
            total = total + ops.sum(ops.cast(loss, "float32"))
    return total


def regularization(variables: list[keras.Variable]) -> Any:
    """Sum of the variables' own regularizers."""
    return sum((v.regularizer(v) for v in variables if v.regularizer is not None), 0.0)


@contextlib.contextmanager
def looking_on(networks: list[keras.Model]) -> Iterator[None]:
    """While the other player learns, these networks' moving averages (batch norm) stay; only their seeds go on."""
    averages = [v for network in networks for v in network.non_trainable_variables if "float" in v.dtype]
    before = [ops.copy(v.value) for v in averages]
    yield
    for variable, value in zip(averages, before, strict=True):
        variable.assign(value)


def _computes_in_float16(layer):
    return layer.compute_dtype == "float16" or any(map(_computes_in_float16, getattr(layer, "layers", [])))


def _trained(networks):
    variables = [variable for network in networks for variable in network.trainable_variables]
    return list({id(variable): variable for variable in variables}.values())  # a layer of two networks counts once
