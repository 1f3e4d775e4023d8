"""Learned approximate inference: z from x, for a finished generator (the paper's section 7, extension 2)."""

import random
from typing import Any

import keras
import numpy as np
from keras import ops

from keras_gan import backend, priors
from keras_gan.models import checks
from keras_gan.models.parts import Composed
from keras_gan.models.preprocessing import preprocess
from keras_gan.models.random_state import Resumable

_EDGE = 1e-6  # refined noise keeps this far, in probability, inside the prior's support


@keras.saving.register_keras_serializable("keras_gan")
class InferenceNetwork(Composed, Resumable):
    """An encoder E that finds the noise z of an image x = G(z), for a generator G that stays as it is.

    It learns from samples of the generator alone, drawn anew in every step: E minimises the mean of |E(G(z)) - z|^2 /
    dim (the paper's section 7: "training an auxiliary network to predict z given x"). It never sees real data, which
    lie off the generator's range: `encode(x, refine=...)` goes on from E's answer, downhill on |x - G(z)|^2.
    `model(x)` and `predict(x)` are E's answer, for images on the scale of the generator.

    Args:
        generator: Keras model from noise, shape `(batch, dim)`, to samples, shape `(batch, ...)`. Training does not
            change it by a bit.
        encoder: Keras model from samples to noise, shape `(batch, dim)`, no activation.
        prior: `keras_gan.priors` distribution of the noise, or its name. Default: `Uniform`, of the generator's input.
        preprocessing: Keras layer that takes images to the scale of samples, for `encode` and `reconstruct`. Default:
            they are used as they are.
        seed: integer that fixes the noise. Default: from Python's `random`.

    Raises:
        ValueError: if the networks do not fit each other or the prior, or share weights.

    Example:

    ```python
    data = keras_gan.datasets.load("digits")
    generator, _ = keras_gan.networks.build("digits")  # here one that was trained
    encoder = keras_gan.networks.encoder((8, 8, 1), noise_dim=32)
    inference = keras_gan.InferenceNetwork(generator, encoder, preprocessing=data.preprocessing)
    inference.compile()
    inference.fit(steps_per_epoch=100, epochs=3)
    codes = inference.encode(data.test)
    ```
    """

    parts = ("generator", "encoder", "prior", "preprocessing")

    def __init__(
        self,
        generator: keras.Model,
        encoder: keras.Model,
        prior: priors.Prior | str | None = None,
        preprocessing: keras.layers.Layer | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self._seed = random.randint(1, 10**9) if seed is None else seed
        self.generator, self.encoder, self.preprocessing = generator, encoder, preprocessing
        if not isinstance(prior, priors.Prior):
            prior = priors.get(prior or "uniform", checks.noise_dim(generator))
        self.prior = prior
        checks.check_encoder(generator, encoder, prior)
        seeds = [int(state) for state in np.random.SeedSequence(self._seed).generate_state(2) // 2]
        self.noise_seed, self.evaluation_seed = map(keras.random.SeedGenerator, seeds)
        self.iterations = self.add_weight(
            shape=(), dtype="int32", initializer="zeros", trainable=False, name="iterations"
        )
        self.mean_loss = keras.metrics.Mean(name="loss")
        self.built = True

    def compile(
        self,
        optimizer: Any = "adam",
        run_eagerly: bool = False,
        steps_per_execution: int = 1,
        jit_compile: bool | str = "auto",
    ) -> None:
        """Says how the encoder learns. The loss is the squared error in z.

        Args:
            optimizer: Keras optimizer, or its name.
            run_eagerly: as in Keras.
            steps_per_execution: as in Keras.
            jit_compile: as in Keras.
        """
        self._jit_asked = jit_compile  # "auto" means another thing on another backend: save what was asked
        super().compile(
            optimizer=optimizer,
            run_eagerly=run_eagerly,
            steps_per_execution=steps_per_execution,
            jit_compile=jit_compile,
        )
        self.optimizer.build(self.encoder.trainable_variables)

    def fit(  # type: ignore[override]
        self, x: Any = None, *, steps_per_epoch: int = 500, batch_size: int = 100, **kwargs: Any
    ) -> keras.callbacks.History:
        """Trains the encoder on samples that the generator draws.

        Args:
            x: none: there are no data to learn from.
            steps_per_epoch: updates per epoch.
            batch_size: samples per update.
            **kwargs: `epochs`, `callbacks`, `initial_epoch` and `verbose`, as in Keras.

        Raises:
            ValueError: if data are given, or a number is out of its range.
        """
        if x is not None or "validation_data" in kwargs:
            raise ValueError(
                "An InferenceNetwork learns from samples that its own generator draws. Received: data. Leave them out: "
                "fit(steps_per_epoch=500, epochs=10)."
            )
        checks.check_fit_arguments({"steps_per_epoch": steps_per_epoch, "batch_size": batch_size, **kwargs})
        checks.check_replicas(self)
        if self.preprocessing is not None and not self.preprocessing.built:  # else Keras builds all by calling it all
            self.preprocessing(ops.zeros((1, *self.generator.output_shape[1:])))
        self.take_up_random_state()
        steps = np.zeros((steps_per_epoch * batch_size, 1), "float32")  # how many samples, and nothing else
        return super().fit(steps, batch_size=batch_size, shuffle=False, **kwargs)

    @backend.step
    def train_step(self, data: Any) -> dict[str, Any]:
        """One update of the encoder, on as many fresh samples as there are rows."""
        z = self._noise(data, self.noise_seed)
        with backend.without_gradient():
            samples = self.generator(z, training=False)

        def loss():
            error = self._error(samples, z, training=True)
            return (self.optimizer.scale_loss(error),), error

        variables = self.encoder.trainable_variables
        (gradients,), error = backend.differentiate(loss, [variables], self._state)
        backend.apply(self.optimizer, gradients, variables)
        self.iterations.assign(self.iterations + 1)
        return self._log(error)

    @backend.step
    def test_step(self, data: Any) -> dict[str, Any]:
        """The loss on fresh samples."""
        z = self._noise(data, self.evaluation_seed)
        return self._log(self._error(self.generator(z, training=False), z, training=False))

    def _noise(self, data, seed):
        x, _, _ = keras.utils.unpack_x_y_sample_weight(data)
        return self.prior(checks.num_rows(x), seed)

    def _error(self, samples, z, training):
        return ops.mean(ops.square(ops.cast(self.encoder(samples, training=training), "float32") - z))

    def _log(self, loss):
        self.mean_loss.update_state(loss)
        return self.get_metrics_result()

    @property
    def _state(self):
        return [*self.variables, *self.optimizer.variables, *self.metrics_variables]

    @property
    def metrics(self):
        return [self.mean_loss]

    def call(self, x: Any, training: bool | None = None) -> Any:
        """The encoder's noise for images on the scale of the generator."""
        return self.encoder(x, training=training)

    def preprocess(self, x: Any, batch_size: int = 1000) -> np.ndarray:
        """Images, shape `(n, ...)`, on the scale of samples: a NumPy array, float32."""
        return preprocess(self.preprocessing, x, batch_size)

    def encode(
        self, x: Any, refine: int = 0, learning_rate: float = 0.05, batch_size: int = 1000, preprocessed: bool = False
    ) -> np.ndarray:
        """The noise of images.

        Args:
            x: array of images before preprocessing, shape `(n, ...)`.
            refine: steps of Adam from the encoder's answer, downhill on |x - G(z)|^2 within the prior's support.
            learning_rate: of these steps.
            batch_size: images encoded at once.
            preprocessed: whether the images are on the scale of samples already.

        Returns:
            NumPy array of shape `(n, dim)`, float32.

        Raises:
            ValueError: if the images are shaped or scaled unlike the generator's samples.
        """
        x = np.asarray(x, "float32") if preprocessed else self.preprocess(x, batch_size)
        checks.check_like_samples(x, self.generator)
        with backend.shuffling_untouched():
            codes = ops.convert_to_numpy(self.encoder.predict(x, batch_size=batch_size, verbose=0)).astype("float32")
        if not refine:
            return codes
        parts = range(0, len(x), batch_size)
        return np.concatenate(
            [self._refined(x[i : i + batch_size], codes[i : i + batch_size], refine, learning_rate) for i in parts]
        )

    def _refined(self, x, codes, steps, learning_rate):
        lowest, highest = self._support()

        def step(x, z, mean, square, number):  # of Adam, on every image's noise by itself
            def distance(z):
                return ops.sum(ops.square(ops.cast(self.generator(z, training=False), "float32") - x)), ()

            _, slope = backend.input_gradient(distance, z, self.generator.variables, again=False)
            mean, square = 0.9 * mean + 0.1 * slope, 0.999 * square + 0.001 * ops.square(slope)
            size = learning_rate * ops.sqrt(1 - 0.999**number) / (1 - 0.9**number)
            return ops.clip(z - size * mean / (ops.sqrt(square) + 1e-8), lowest, highest), mean, square

        step = backend.compiled(step, self.generator.variables)
        place = np.clip(codes, lowest, highest).astype("float32"), np.zeros_like(codes), np.zeros_like(codes)
        for number in range(1, steps + 1):
            place = step(x, *place, np.float32(number))
        return ops.convert_to_numpy(place[0])

    def _support(self):
        if not self.prior.independent:
            return -np.inf, np.inf
        ends = self.prior.quantile(np.broadcast_to([[_EDGE], [1 - _EDGE]], (2, self.prior.dim)))
        return ends[0, 0], ends[1, 0]

    def reconstruct(self, x: Any, refine: int = 0, **kwargs: Any) -> np.ndarray:
        """Images as the generator makes them again: G of `encode`, whose arguments these are.

        Returns:
            NumPy array of shape `(n, ...)`, float32, on the scale of samples.
        """
        codes = self.encode(x, refine, **kwargs)
        with backend.shuffling_untouched():
            return ops.convert_to_numpy(self.generator.predict(codes, batch_size=1000, verbose=0)).astype("float32")

    def errors(self, num: int = 10_000, seed: int | None = None) -> np.ndarray:
        """How far the encoder is off on fresh samples, in each coordinate of z.

        Args:
            num: samples.
            seed: of their noise.

        Returns:
            NumPy array of shape `(dim,)`, float64: the mean of (E(G(z)) - z)^2. Priors have variance 1: an encoder
            that knows nothing has an error of 1 in each coordinate.
        """
        z = self.prior.draw(num, seed)
        with backend.shuffling_untouched():
            samples = self.generator.predict(z, batch_size=1000, verbose=0)
        codes = self.encode(ops.convert_to_numpy(samples), preprocessed=True)
        return np.mean((codes.astype("float64") - z) ** 2, axis=0)

    def get_compile_config(self) -> dict[str, Any]:
        if not self.compiled:
            return {}
        names = ("run_eagerly", "steps_per_execution")
        asked = {"optimizer": keras.saving.serialize_keras_object(self.optimizer), "jit_compile": self._jit_asked}
        return {**asked, **{name: getattr(self, name) for name in names}}
