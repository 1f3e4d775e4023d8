"""What the systems of Table 1 have in common: images in [0, 1], drawn by Markov chains."""

import math
import random
from typing import Any

import keras
import numpy as np
from keras import ops

from keras_gan import backend
from keras_gan.models import checks
from keras_gan.models.fitting import Fitted
from keras_gan.models.parts import Composed
from keras_gan.models.preprocessing import preprocess
from keras_gan.optimizers import serialize

_CHAINS_AT_ONCE = 1000
_ROUNDING = 1e-5  # preprocessing in float32 may overshoot a range by rounding


class Chained(Composed, Fitted):
    """A model of images in [0, 1] that draws them by Markov chains. It computes in float32.

    A chain starts from one of `num_starts` training images that the model keeps. A subclass says how it goes on:
    `begin(x, source)` is its first state, `noise(num, source)` what chance gives one move of `num` chains, and
    `move(state, noise)` the next state and the conditional means of the pixels there. States and noise are structures
    of tensors whose rows are chains. A source of chance is what `uniform` and `normal` take.

    Args:
        image_shape: shape of an image.
        burn_in: moves of a chain that `sample` makes before it keeps the first one.
        preprocessing: Keras layer that takes images to [0, 1]. Default: they are used as they are.
        seed: integer that fixes noise and order of the data. Default: from Python's `random`.
        num_starts: training images that chains may start from.

    Attributes:
        starts: those images, flat, a variable of shape `(num_starts, size)`, which `fit` fills.
    """

    parts = ("preprocessing",)

    def __init__(
        self,
        image_shape: Any,
        burn_in: int,
        preprocessing: keras.layers.Layer | None = None,
        seed: int | None = None,
        num_starts: int = 1000,
        **kwargs: Any,
    ) -> None:
        self._seed = random.randint(1, 10**9) if seed is None else seed
        super().__init__(seed=self._seed, **kwargs)
        checks.check_number(num_starts, "num_starts")
        checks.check_number(burn_in, "burn_in", 0)
        self.image_shape, self.burn_in, self.num_starts = tuple(image_shape), burn_in, num_starts
        self.preprocessing = preprocessing
        seeds = [int(state) for state in np.random.SeedSequence(self._seed).generate_state(2) // 2]
        self.noise_seed, self.evaluation_seed = map(keras.random.SeedGenerator, seeds)
        self.starts = self.add_weight(
            shape=(num_starts, self.size), initializer="zeros", trainable=False, name="starts"
        )
        self.mean_loss = keras.metrics.Mean(name="loss")
        self._compiled_move: Any = None

    @property
    def size(self) -> int:
        """Pixels of an image."""
        return math.prod(self.image_shape)

    @property
    def sample_spec(self) -> Any:
        """A batch of samples as `keras.KerasTensor`."""
        return keras.KerasTensor((None, *self.image_shape))

    # What a subclass defines.

    def begin(self, x: Any, source: Any) -> Any:
        """The first state of chains that start from flat images, shape `(n, size)`."""
        raise NotImplementedError

    def noise(self, num: int, source: Any) -> Any:
        """What chance gives one move of so many chains."""
        raise NotImplementedError

    def move(self, state: Any, noise: Any) -> tuple[Any, Any]:
        """The next state, and the conditional means of its pixels, shape `(n, size)`."""
        raise NotImplementedError

    # How it is sampled.

    def sample(
        self,
        num: int,
        seed: int | None = None,
        chains: int | None = None,
        burn_in: int | None = None,
        means: bool = True,
    ) -> np.ndarray:
        """Draws samples by Markov chains.

        Args:
            num: number of samples.
            seed: integer; the same seed gives the same noise on every backend. Default: fresh noise.
            chains: how many chains they come from, one after the other, each with as many consecutive states. Default:
                as many as samples, so that these are independent draws. With 1, as was published.
            burn_in: moves of each chain before its first sample. Default: the model's.
            means: whether to give the pixels' conditional means, as was published, or black and white pixels drawn
                with these probabilities.

        Returns:
            NumPy array of shape `(num, *image_shape)`, float32, in [0, 1].

        Raises:
            ValueError: if a number is less than 1, or `burn_in` less than 0.
        """
        checks.check_number(num)
        chains = num if chains is None else chains
        checks.check_number(chains, "chains")
        burn_in = self.burn_in if burn_in is None else burn_in
        checks.check_number(burn_in, "burn_in", 0)
        source = np.random.default_rng(seed)
        length = -(-num // chains)
        parts = [
            self._chains(min(_CHAINS_AT_ONCE, chains - done), burn_in, length, source)
            for done in range(0, chains, _CHAINS_AT_ONCE)
        ]
        images = np.concatenate(parts)[:num]
        if not means:
            images = source.random(images.shape, dtype="float32") < images
        return images.astype("float32").reshape(num, *self.image_shape)

    def _chains(self, num, burn_in, length, source):
        """The states of so many chains, shape `(num * length, size)`, chain by chain."""
        if self._compiled_move is None:
            self._compiled_move = backend.compiled(self.move, self.variables)
        starts = ops.convert_to_numpy(self.starts)[source.integers(self.num_starts, size=num)]
        images = np.empty((num, length, self.size), "float32")
        with backend.without_gradient():
            state = self.begin(ops.convert_to_tensor(starts), source)
            for i in range(-burn_in, length):
                state, means = self._compiled_move(state, self.noise(num, source))
                if i >= 0:
                    images[:, i] = ops.convert_to_numpy(means)
        return images.reshape(num * length, self.size)

    # How it is trained.

    def preprocess(self, x: Any, batch_size: int = 1000) -> np.ndarray:
        """Images, shape `(n, *image_shape)`, on the scale of samples: a NumPy array, float32."""
        return preprocess(self.preprocessing, x, batch_size)

    def flat(self, data: Any) -> Any:
        """What Keras gives a step, as flat images in [0, 1], shape `(n, size)`."""
        x, _, _ = keras.utils.unpack_x_y_sample_weight(data)
        if self.preprocessing is not None:
            x = self.preprocessing(x)
        return ops.reshape(ops.cast(x, "float32"), (-1, self.size))

    def check_training(self, x: Any, y: Any, validation: bool = False) -> Any:
        """Checks images before training, and keeps some that chains will start from."""
        del y
        if isinstance(x, list):
            x = np.asarray(x)
        if not checks.are_arrays(x):
            raise ValueError(
                f"{type(self).__name__} trains on an array of images. Received: {type(x).__name__}. Expected: shape "
                f"(n, {', '.join(map(str, self.image_shape))})."
            )
        self.check_batch(x, None)
        for start in range(0, int(checks.num_rows(x)), 1000):
            self._check_values(self.preprocess(x[start : start + 1000]))
        if not validation and int(self.iterations) == 0:
            rows = np.random.default_rng(self._seed).integers(len(x), size=self.num_starts)
            chosen = np.asarray(ops.convert_to_numpy(x))[rows] if not isinstance(x, np.ndarray) else x[rows]
            self.starts.assign(self.preprocess(chosen).reshape(self.num_starts, self.size))
        return x

    def check_batch(self, x: Any, y: Any) -> None:
        """Checks that a batch has rows, each an image."""
        del y
        checks.check_single_batch(x)
        if tuple(x.shape[1:]) != self.image_shape:
            raise ValueError(
                f"The images are not shaped as {type(self).__name__} was built for. Received: {tuple(x.shape)}. "
                f"Expected: (n, {', '.join(map(str, self.image_shape))}). Pass image_shape={tuple(x.shape[1:])}, or "
                "reshape them."
            )

    def _check_values(self, x):
        if not (np.isfinite(x).all() and x.min() >= -_ROUNDING and x.max() <= 1 + _ROUNDING):
            raise ValueError(
                f"{type(self).__name__} takes pixels for probabilities: they lie in [0, 1]. Received: values from "
                f"{x.min():g} to {x.max():g}, after preprocessing. Pass preprocessing=keras.layers.Rescaling(1 / 255) "
                "for pixels 0 to 255."
            )

    @property
    def metrics(self):
        return [self.mean_loss]

    def call(self, x: Any, training: bool | None = None) -> Any:
        """One move of chains that start from images: their conditional means, shaped like the images."""
        flat = self.flat(x)
        source = self.noise_seed if training else self.evaluation_seed
        num = ops.shape(flat)[0]
        _, means = self.move(self.begin(flat, source), self.noise(num, source))
        return ops.reshape(means, (-1, *self.image_shape))

    @property
    def _state(self):
        return [*self.variables, *self.optimizer.variables, *self.metrics_variables]

    def get_config(self) -> dict[str, Any]:
        names = ("image_shape", "burn_in", "num_starts")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}

    def get_compile_config(self) -> dict[str, Any]:
        if not self.compiled:
            return {}
        names = ("run_eagerly", "steps_per_execution")
        asked = {"optimizer": serialize(self.optimizer), "jit_compile": self._jit_asked}
        return {**asked, **{name: getattr(self, name) for name in names}}

    def _compile(self, optimizer, jit_compile, **arguments):
        self._jit_asked = jit_compile  # "auto" means another thing on another backend: save what was asked
        super().compile(optimizer=optimizer, jit_compile=jit_compile, **arguments)


def uniform(shape: Any, source: Any) -> Any:
    """Uniform values in [0, 1), float32.

    Args:
        shape: of the array or tensor.
        source: `numpy.random.Generator`, or a `keras.random.SeedGenerator`.
    """
    if isinstance(source, np.random.Generator):
        return source.random(shape, "float32")
    return keras.random.uniform(shape, seed=source)


def normal(shape: Any, source: Any) -> Any:
    """Standard normal values, float32, with the arguments of `uniform`."""
    if isinstance(source, np.random.Generator):
        return source.standard_normal(shape, "float32")
    return keras.random.normal(shape, seed=source)


def drawn(probabilities: Any, chance: Any) -> Any:
    """0 or 1, float32, where uniform `chance` falls below the probabilities; without a gradient."""
    return ops.cast(ops.less(chance, ops.stop_gradient(probabilities)), "float32")
