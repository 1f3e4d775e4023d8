"""Adversarial nets: the game of "Generative Adversarial Nets" (Goodfellow et al. 2014) as a Keras model."""

import contextlib
import inspect
import random
import warnings
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import ops

from keras_gan import backend, objectives, priors
from keras_gan.artifacts import files, formats
from keras_gan.models import checks
from keras_gan.models.minibatches import Minibatches
from keras_gan.models.preprocessing import preprocess
from keras_gan.optimizers import SGD, TwoPlayerOptimizer, serialize

UPDATES = ("alternating", "simultaneous")


@keras.saving.register_keras_serializable("keras_gan")
class GAN(keras.Model):
    """A generator and a discriminator, trained against each other by Algorithm 1 of the paper.

    One `train_step` is one iteration: k times, a step of the discriminator on a fresh minibatch of data and fresh
    noise; then a step of the generator on fresh noise. `model(z)` and `predict(z)` are the generator's samples for
    noise z.

    Args:
        generator: Keras model from noise, shape `(batch, dim)`, to samples shaped like (preprocessed) data.
        discriminator: Keras model from a batch of data to one logit an example, shape `(batch, 1)`, no sigmoid.
        prior: `keras_gan.priors` distribution of the noise. Default: `Uniform` of the generator's input width.
        preprocessing: Keras layer that takes a batch of data (uint8 images, say) to the scale of the generator's
            samples; saved with the model. Default: data are used as they are.
        seed: integer that fixes the noise of training and evaluation (dropout layers own their seeds). Default: from
            Python's `random`, which `keras.utils.set_random_seed` sets.

    Raises:
        ValueError: if the networks do not fit each other or the prior, or the discriminator does not end in one logit.

    Example:

    ```python
    data = keras_gan.datasets.load("digits")
    generator, discriminator = keras_gan.networks.build("digits")
    gan = keras_gan.GAN(generator, discriminator, preprocessing=data.preprocessing)
    gan.compile()
    gan.fit(data.train, batch_size=100, epochs=10)
    images = gan.sample(16, seed=0)
    ```
    """

    def __init__(
        self,
        generator: keras.Model,
        discriminator: keras.Model,
        prior: priors.Prior | None = None,
        preprocessing: keras.layers.Layer | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.generator = generator
        self.discriminator = discriminator
        self.prior = prior or priors.Uniform(checks.noise_width(generator))
        self.preprocessing = preprocessing
        self.averaged_generator: keras.Model | None = None
        self._seed = random.randint(1, 10**9) if seed is None else seed
        # Spread, for PyTorch adds seed and counter: adjacent seeds would share draws.
        seeds = np.random.SeedSequence(self._seed).generate_state(2) // 2
        self.noise_seed = keras.random.SeedGenerator(int(seeds[0]))
        self.evaluation_seed = keras.random.SeedGenerator(int(seeds[1]))
        self.game_metrics = GameMetrics()
        self._labels_ignored = False
        self._random_state_ahead: dict[str, np.ndarray] = {}
        checks.check_networks(generator, discriminator, self.prior)
        self.built = True

    def compile(
        self,
        generator_optimizer: keras.optimizers.Optimizer | str | None = None,
        discriminator_optimizer: keras.optimizers.Optimizer | str | None = None,
        objective: str | objectives.Objective = "minimax",
        updates: str = "alternating",
        discriminator_steps: int = 1,
        discriminator_weight: float = 1.0,
        r1_penalty: float = 0.0,
        ema: float | None = None,
        run_eagerly: bool = False,
        steps_per_execution: int = 1,
        jit_compile: bool | str = "auto",
        **kwargs: Any,
    ) -> None:
        """Says how the game is played. `compile()` alone is Algorithm 1 as the paper prints it, k = 1.

        Args:
            generator_optimizer: the generator's Keras optimizer. Default:
                `keras_gan.optimizers.SGD(0.1, momentum=0.5)`.
            discriminator_optimizer: the discriminator's, another object. Default: the same.
            objective: `"minimax"`, `"non_saturating"`, `"least_squares"`, `"hinge"`, or an object of
                `keras_gan.objectives`.
            updates: `"alternating"` (Algorithm 1: the generator answers the updated discriminator) or `"simultaneous"`
                (one batch of samples and one forward pass serve both gradients, taken at the current parameters, as
                the 2014 code ran).
            discriminator_steps: k, steps of the discriminator an iteration, each on a minibatch of its own.
            discriminator_weight: factor on the discriminator's loss; 0.5 in the 2014 code.
            r1_penalty: gamma of a penalty gamma/2 * mean |gradient of the logit in the data|^2, added to the
                discriminator's loss in training (R1, Mescheder et al. 2018): none in the paper.
            ema: decay in (0, 1) of an exponential moving average of the generator's weights, 0.999 for example. Then
                `sample`, `predict`, `evaluate` and `export` use the averaged generator.
            run_eagerly: as in Keras.
            steps_per_execution: as in Keras: iterations a call of the compiled function. It is not k.
            jit_compile: as in Keras.

        Raises:
            ValueError: for an unknown objective or mode, k < 1, simultaneous updates with k > 1, `ema` outside (0, 1),
                a negative penalty, or Keras's `optimizer=` and `loss=`, which a game of two players has no use for.
        """
        checks.check_compile_arguments(kwargs)
        if updates not in UPDATES:
            raise ValueError(f"Unknown updates. Received: updates={updates!r}. Expected one of {list(UPDATES)}.")
        if not isinstance(discriminator_steps, int) or discriminator_steps < 1:
            raise ValueError(
                f"The discriminator makes at least one step. Received: discriminator_steps={discriminator_steps!r}. "
                "Pass an integer k >= 1."
            )
        if updates == "simultaneous" and discriminator_steps > 1:
            raise ValueError(
                "Simultaneous updates are one step of each player at the same parameters. Received: "
                f"discriminator_steps={discriminator_steps}. Use updates='alternating' for k > 1."
            )
        if r1_penalty < 0:
            raise ValueError(f"A penalty is not negative. Received: r1_penalty={r1_penalty}. Pass 0 for none.")
        if ema is not None and not 0 < ema < 1:
            raise ValueError(f"An average needs a decay between 0 and 1. Received: ema={ema}. Try ema=0.999, or None.")
        self.objective = objectives.get(objective)
        self.updates = updates
        self.discriminator_steps = discriminator_steps
        self.discriminator_weight = discriminator_weight
        self.r1_penalty = r1_penalty
        self.ema = ema
        self._jit_compile_asked = jit_compile  # "auto" means another thing on another backend: save what was asked
        if ema is not None and self.averaged_generator is None:
            self.averaged_generator = _frozen_copy(self.generator)
        players = TwoPlayerOptimizer(
            self._with_loss_scale(keras.optimizers.get(generator_optimizer) or SGD()),
            self._with_loss_scale(keras.optimizers.get(discriminator_optimizer) or SGD()),
        )
        players.build_players(self.generator.trainable_variables, self.discriminator.trainable_variables)
        super().compile(
            optimizer=players,
            run_eagerly=run_eagerly,
            steps_per_execution=steps_per_execution,
            jit_compile=jit_compile,
            auto_scale_loss=False,  # each player's loss has a scale of its own
        )

    # The game.

    @backend.step
    def train_step(self, data: Any) -> dict[str, Any]:
        """One iteration of Algorithm 1 on a batch of k minibatches."""
        x = self._data_alone(data)
        if self.updates == "simultaneous":
            logs = self.simultaneous_step(x, self.prior(ops.shape(x)[0], self.noise_seed))
        else:
            minibatches = split(x, self.discriminator_steps)
            steps = [self.discriminator_step(m, self.prior(ops.shape(m)[0], self.noise_seed)) for m in minibatches]
            logs = {name: sum(step[name] for step in steps) / len(steps) for name in steps[0]}
            logs |= self.generator_step(self.prior(ops.shape(minibatches[0])[0], self.noise_seed))
        self._update_average()
        return self._log(logs, x)

    def discriminator_step(self, x: Any, z: Any) -> dict[str, Any]:
        """One step of the discriminator, up its gradient of mean [log D(x) + log(1 - D(G(z)))].

        Args:
            x: minibatch of data, before preprocessing, shape `(m, ...)`.
            z: minibatch of noise, shape `(m, dim)`.

        Returns:
            Dict of scalars: `d_loss`, `value`, `d_on_data`, `d_on_samples`, `d_accuracy`.
        """
        real = self._preprocess(x)
        with backend.without_gradient(), looking_on(self.generator):
            fake = self.generator(z, training=True)

        def loss():
            real_logits, r1 = self._logits_on_data(real)
            fake_logits = self._logits(fake)
            d_loss = self._discriminator_loss(real_logits, fake_logits) + r1
            return (self.optimizer.discriminator.scale_loss(d_loss),), (d_loss, real_logits, fake_logits)

        variables = self.discriminator.trainable_variables
        (gradients,), outputs = backend.differentiate(loss, [variables], self._state)
        self.optimizer.apply(gradients, variables)
        return discriminator_logs(*outputs)

    def generator_step(self, z: Any) -> dict[str, Any]:
        """One step of the generator, down its gradient of mean log(1 - D(G(z))) or what stands in for it.

        Args:
            z: minibatch of noise, shape `(m, dim)`.

        Returns:
            Dict with the scalar `g_loss`.
        """

        def loss():
            g_loss = self._generator_loss(self._logits(self.generator(z, training=True)))
            return (self.optimizer.generator.scale_loss(g_loss),), g_loss

        variables = self.generator.trainable_variables
        with looking_on(self.discriminator):
            (gradients,), g_loss = backend.differentiate(loss, [variables], self._state)
        self.optimizer.apply(gradients, variables)
        return {"g_loss": g_loss}

    def simultaneous_step(self, x: Any, z: Any) -> dict[str, Any]:
        """One step of both players at the current parameters, from one forward pass, as the 2014 code ran.

        Args:
            x: minibatch of data, before preprocessing, shape `(m, ...)`.
            z: minibatch of noise, shape `(m, dim)`; its samples, and the dropout masks on them, serve both losses.

        Returns:
            Dict of scalars: what both single steps return.
        """
        real = self._preprocess(x)

        def loss():
            real_logits, r1 = self._logits_on_data(real)
            fake_logits = self._logits(self.generator(z, training=True))
            d_loss = self._discriminator_loss(real_logits, fake_logits) + r1
            g_loss = self._generator_loss(fake_logits)
            scaled = self.optimizer.discriminator.scale_loss(d_loss), self.optimizer.generator.scale_loss(g_loss)
            return scaled, (d_loss, g_loss, real_logits, fake_logits)

        players = self.discriminator.trainable_variables, self.generator.trainable_variables
        gradients, (d_loss, g_loss, *logits) = backend.differentiate(loss, players, self._state)
        for gradient, variables in zip(gradients, players, strict=True):
            self.optimizer.apply(gradient, variables)
        return discriminator_logs(d_loss, *logits) | {"g_loss": g_loss}

    @backend.step
    def test_step(self, data: Any) -> dict[str, Any]:
        """Both losses and the value function on data not trained on, dropout off."""
        x = self._data_alone(data)
        z = self.prior(ops.shape(x)[0], self.evaluation_seed)
        real_logits = self._logits(self._preprocess(x), training=False)
        fake_logits = self._logits(self(z, training=False), training=False)
        logs = discriminator_logs(self._discriminator_loss(real_logits, fake_logits), real_logits, fake_logits)
        return self._log(logs | {"g_loss": self._generator_loss(fake_logits)}, x)

    def call(self, z: Any, training: bool | None = None) -> Any:
        """Samples for noise z, by the averaged generator if there is one."""
        return (self.averaged_generator or self.generator)(z, training=training)

    @property
    def _state(self):
        self._assert_compile_called()
        return [*self.variables, *self.optimizer.variables]

    def _logits(self, x, training=True):
        return ops.cast(self.discriminator(x, training=training), "float32")

    def _logits_on_data(self, real):
        """The logits on data in training, and the R1 penalty on their gradient in the data."""
        if not self.r1_penalty:
            return self._logits(real), 0.0
        logits, gradient = backend.input_gradient(self._logits, real, self._state)
        squares = ops.sum(ops.square(ops.cast(gradient, "float32")), axis=tuple(range(1, len(gradient.shape))))
        return logits, self.r1_penalty / 2 * ops.mean(squares)

    def _discriminator_loss(self, real_logits, fake_logits):
        loss = self.discriminator_weight * self.objective.discriminator(real_logits, fake_logits)
        return loss + penalty(self.discriminator.trainable_variables)

    def _generator_loss(self, fake_logits):
        return self.objective.generator(fake_logits) + penalty(self.generator.trainable_variables)

    def _preprocess(self, x):
        x = x if self.preprocessing is None else self.preprocessing(x)
        return ops.cast(x, self.discriminator.compute_dtype)

    def _update_average(self):
        if self.ema is None or self.averaged_generator is None:
            return
        # At first the last third of the updates, so that the untrained weights are forgotten.
        done = ops.cast(self.optimizer.iterations, "float32")
        decay = ops.minimum(self.ema, (1.0 + done) / (4.0 + done))
        with backend.without_gradient():
            for average, weight in zip(self.averaged_generator.variables, self.generator.variables, strict=True):
                if weight.trainable:
                    average.assign(average + ops.cast(1.0 - decay, average.dtype) * (weight - average))
                else:
                    average.assign(weight)

    # Keras: data, metrics, sampling.

    def fit(
        self, x: Any = None, y: Any = None, batch_size: int | None = None, *args: Any, **kwargs: Any
    ) -> keras.callbacks.History:
        """Trains, as `keras.Model.fit` does.

        Args:
            x: data: a NumPy array or tensor of shape `(n, ...)`, or a `tf.data.Dataset`, `PyDataset`, torch
                `DataLoader` or generator of batches. A stream supplies batches of k * m, split inside.
            y: labels; ignored, with a warning.
            batch_size: m, the size of a minibatch (default 32). With arrays an iteration takes k * m rows.
            *args: what follows in `keras.Model.fit`.
            **kwargs: what follows in `keras.Model.fit`.

        Raises:
            ValueError: before training begins, if the data are empty or not finite, are shaped unlike the generator's
                samples, or lie outside the range of a sigmoid or tanh generator (arrays are checked whole, streams at
                the first batch).
        """
        self._assert_compile_called("fit")
        arguments = inspect.signature(super().fit).bind(x, y, batch_size, *args, **kwargs).arguments
        arguments["x"] = checks.check_data(x, self)
        if checks.is_array(x):
            arguments = self._in_minibatches(**arguments)
        self._take_up_random_state()
        return super().fit(**arguments)

    def _in_minibatches(self, x, y=None, batch_size=None, sample_weight=None, **arguments):
        """Arguments of Keras's `fit` for arrays, in batches of k * m rows."""
        batch_size = batch_size or 32
        arguments["validation_batch_size"] = arguments.get("validation_batch_size") or batch_size
        arrays = tuple(array for array in (x, y, sample_weight) if array is not None)
        split_off = arguments.pop("validation_split", 0)
        if split_off and arguments.get("validation_data") is None:
            kept = int(len(x) * (1 - split_off))
            arguments["validation_data"] = tuple(array[kept:] for array in arrays)
            arrays = tuple(array[:kept] for array in arrays)
        minibatches = Minibatches(
            arrays,
            batch_size * self.discriminator_steps,
            seed=self._seed,
            first_batch=int(self.optimizer.iterations),
            shuffle=arguments.pop("shuffle", True),
        )
        return {"x": backend.training_data(minibatches), "shuffle": False, **arguments}

    def train_on_batch(self, x: Any, *args: Any, **kwargs: Any) -> Any:
        """One iteration on a batch of k minibatches, as `keras.Model.train_on_batch`."""
        self._build_preprocessing(x)
        self._take_up_random_state()
        return super().train_on_batch(x, *args, **kwargs)

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
        with backend.shuffling_untouched():
            return super().evaluate(x, *args, **kwargs)

    def _build_preprocessing(self, x):
        """Shows data to a preprocessing layer that met none: else Keras, on JAX, builds it by sampling from data."""
        if self.preprocessing is not None and not self.preprocessing.built and checks.is_array(x):
            self._preprocess(x[:1])

    def sample(self, num: int, seed: int | None = None, averaged: bool = True, batch_size: int = 1000) -> np.ndarray:
        """Draws samples.

        Args:
            num: number of samples.
            seed: integer; the same seed gives the same noise on every backend. Default: fresh noise.
            averaged: whether to use the averaged generator, where there is one (`ema=`).
            batch_size: samples generated at once.

        Returns:
            NumPy array of shape `(num, ...)`, float32, on the scale of the generator: that of preprocessed data.
        """
        generator = self.averaged_generator if averaged and self.averaged_generator is not None else self.generator
        z = self.prior.draw(num, seed)
        with backend.shuffling_untouched():
            return np.asarray(generator.predict(z, batch_size=batch_size, verbose=0), "float32")

    def preprocess(self, x: Any, batch_size: int = 1000) -> np.ndarray:
        """Data on the scale of samples.

        Args:
            x: array of data before preprocessing, shape `(n, ...)`.
            batch_size: rows preprocessed at once.

        Returns:
            NumPy array of shape `(n, ...)`, float32.
        """
        return preprocess(self.preprocessing, x, batch_size)

    @property
    def iterations(self):
        """Iterations of Algorithm 1 so far, a scalar integer variable."""
        return self.optimizer.iterations

    @property
    def metrics(self):
        return [self.game_metrics]

    def _log(self, logs, x):
        logs["loss"] = logs["d_loss"] + logs["g_loss"]
        self.game_metrics.update_state(logs, ops.shape(x)[0])
        return self.get_metrics_result()

    def _data_alone(self, data):
        x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(data)
        if not self._labels_ignored and (y is not None or sample_weight is not None):
            self._labels_ignored = True
            warnings.warn("This model learns p(x): labels and sample weights in the data are ignored.", stacklevel=2)
        return x

    # Keras: saving.

    def save(self, filepath: Any, overwrite: bool = True, zipped: bool | None = None, **kwargs: Any) -> None:
        """Saves everything that training goes on from, as `keras.Model.save`: both networks, both optimizers, the game,
        the prior, preprocessing, the average and the random state.

        A `.keras` file is written aside and renamed: a process that ends meanwhile leaves the file that was there.
        """
        path = Path(filepath)
        if path.suffix != ".keras" or zipped is False or (path.exists() and not overwrite):
            super().save(filepath, overwrite=overwrite, zipped=zipped, **kwargs)
        else:
            files.write(path, lambda partial: super(GAN, self).save(partial, **kwargs))

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "generator": keras.saving.serialize_keras_object(self.generator),
            "discriminator": keras.saving.serialize_keras_object(self.discriminator),
            "prior": keras.saving.serialize_keras_object(self.prior),
            "preprocessing": keras.saving.serialize_keras_object(self.preprocessing),
            "seed": self._seed,
        }

    @classmethod
    def from_config(cls, config, custom_objects=None):
        config = dict(config)
        for name in ("generator", "discriminator", "prior", "preprocessing"):
            config[name] = keras.saving.deserialize_keras_object(config[name], custom_objects=custom_objects)
        return cls(**config)

    def save_own_variables(self, store: Any) -> None:
        super().save_own_variables(store)
        for i, state in enumerate(self._random_state):  # Keras saves no layer's: a run would not go on as it was
            store[f"random_state_{i}"] = ops.convert_to_numpy(state)
        for device, state in backend.random_state().items():
            store[f"random_state_{device}"] = state

    def load_own_variables(self, store: Any) -> None:
        saved = {name: np.array(store[name]) for name in store.keys()}  # noqa: SIM118
        states = {name: saved.pop(name) for name in list(saved) if name.startswith("random_state_")}
        super().load_own_variables(saved)
        for i, state in enumerate(self._random_state):
            if (value := states.pop(f"random_state_{i}", None)) is not None:
                state.assign(value)
        self._random_state_ahead = {name.removeprefix("random_state_"): states[name] for name in states}

    def _take_up_random_state(self):
        """Training goes on with the backend's own random state as saved; a file read for samples alone changes none."""
        backend.set_random_state(self._random_state_ahead)
        self._random_state_ahead = {}

    @property
    def _random_state(self):
        return [variable for variable in self.variables if variable.name == "seed_generator_state"]

    def get_compile_config(self) -> dict[str, Any]:
        if not self.compiled:
            return {}
        return {
            "generator_optimizer": serialize(self.optimizer.generator),
            "discriminator_optimizer": serialize(self.optimizer.discriminator),
            "objective": keras.saving.serialize_keras_object(self.objective),
            "updates": self.updates,
            "discriminator_steps": self.discriminator_steps,
            "discriminator_weight": self.discriminator_weight,
            "r1_penalty": self.r1_penalty,
            "ema": self.ema,
            "run_eagerly": self.run_eagerly,
            "steps_per_execution": self.steps_per_execution,
            "jit_compile": self._jit_compile_asked,
        }

    def compile_from_config(self, config: dict[str, Any]) -> None:
        self.compile(**{name: keras.saving.deserialize_keras_object(value) for name, value in config.items()})

    def export(self, filepath: Any, format: str = "saved_model", card: dict[str, Any] | None = None) -> None:  # type: ignore[override]
        """Exports the generator (the averaged one, where there is one) as a program, and checks that it gives the same.

        Args:
            filepath: folder of a SavedModel, or file that ends in `.onnx`, `.tflite`, `.pt2` or `.keras`.
            format: `"saved_model"`, `"onnx"`, `"litert"`, `"torch"` or `"keras"`, from a model of any backend.
            card: what to tell of data and training, written beside it.

        Raises:
            ValueError: for an unknown format, another ending, or a package that is not installed.
            RuntimeError: if the program does not give the generator's samples.
        """
        format = "saved_model" if format == "tf_saved_model" else format  # Keras's name for it
        formats.export(self.averaged_generator or self.generator, self.prior, filepath, format, card)

    def _with_loss_scale(self, optimizer):
        half = any(_computes_in_float16(net) for net in (self.generator, self.discriminator))
        if half and not isinstance(optimizer, keras.optimizers.LossScaleOptimizer):
            return keras.optimizers.LossScaleOptimizer(optimizer)
        return optimizer


class GameMetrics(keras.metrics.Metric):
    """Running means, over the examples of an epoch, of the numbers that show how the game stands."""

    NAMES = ("loss", "d_loss", "g_loss", "value", "d_on_data", "d_on_samples", "d_accuracy")

    def __init__(self, name="game", **kwargs):
        super().__init__(name=name, **kwargs)
        # One vector: seven metrics of their own would cost a launch each, every step.
        self.total = self.add_variable((len(self.NAMES),), initializer="zeros", name="total")
        self.count = self.add_variable((), initializer="zeros", name="count")

    def update_state(self, logs, num_examples):
        num_examples = ops.cast(num_examples, self.dtype)
        values = ops.stack([ops.cast(logs[name], self.dtype) for name in self.NAMES])
        self.total.assign(self.total + num_examples * values)
        self.count.assign(self.count + num_examples)

    def result(self):
        mean = ops.divide_no_nan(self.total, self.count)
        return {name: mean[i] for i, name in enumerate(self.NAMES)}


def discriminator_logs(d_loss, real_logits, fake_logits):
    """How well the discriminator tells data from samples, from its logits on each."""
    correct = ops.mean(ops.cast(real_logits > 0, "float32")) + ops.mean(ops.cast(fake_logits < 0, "float32"))
    return {
        "d_loss": d_loss,
        "value": objectives.value(real_logits, fake_logits),
        "d_on_data": ops.mean(ops.sigmoid(real_logits)),
        "d_on_samples": ops.mean(ops.sigmoid(fake_logits)),
        "d_accuracy": correct / 2,
    }


@contextlib.contextmanager
def looking_on(player):
    """While the other player learns, this one's moving averages (batch norm) stay; only its seeds go on."""
    averages = [v for v in player.non_trainable_variables if "float" in v.dtype]
    before = [ops.copy(v.value) for v in averages]
    yield
    for variable, value in zip(averages, before, strict=True):
        variable.assign(value)


def penalty(variables):
    """Sum of the variables' own regularizers."""
    return sum((v.regularizer(v) for v in variables if v.regularizer is not None), 0.0)


def split(x, parts):
    """Splits a batch into minibatches of nearly equal size; one too small to split gives a row to several."""
    if parts == 1:
        return [x]
    size = ops.shape(x)[0]
    largest = max if isinstance(size, int) else ops.maximum
    starts = [size * i // parts for i in range(parts)]
    stops = [size * (i + 1) // parts for i in range(parts)]
    return [x[start : largest(stop, start + 1)] for start, stop in zip(starts, stops, strict=True)]


def _computes_in_float16(layer):
    return layer.compute_dtype == "float16" or any(map(_computes_in_float16, getattr(layer, "layers", [])))


def _frozen_copy(model):
    copy = type(model).from_config({**model.get_config(), "name": f"averaged_{model.name}"})
    copy.build(model.input_shape)
    copy.set_weights(model.get_weights())
    copy.trainable = False
    return copy
