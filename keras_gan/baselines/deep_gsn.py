"""The deep generative stochastic network of Table 1: a denoising autoencoder of several layers that walks back."""

from typing import Any

import keras
from keras import ops

from keras_gan import backend
from keras_gan.baselines.chains import Chained, drawn, normal, uniform
from keras_gan.baselines.tied import Tied
from keras_gan.models import checks


@keras.saving.register_keras_serializable("keras_gan")
class DeepGSN(Chained):
    """Deep generative stochastic network (Bengio, Thibodeau-Laufer, Alain and Yosinski, 2014).

    The state is a corrupted image x and hidden layers h_1, ..., h_K, zero at first. One update computes the odd layers,
    then the even ones, image included, each from the layers beside it, with one kernel per pair of layers:

        h_i = tanh(h_(i-1) W_i + h_(i+1) W_(i+1)^T + b_i + n) + n',   n, n' ~ N(0, noise_deviation^2), none for i = 1
        p = sigmoid(h_1 W_1^T + b_0)                                  the image's conditional means
        x = salt_and_pepper(Bernoulli(p))                             each pixel to 0 or 1 with probability `corruption`

    Training starts from a corrupted image, makes `walkbacks` updates, and lowers the mean cross-entropy between each
    p and the clean image, summed over the updates: the network learns to walk back from wherever its own noise takes
    it. Sampling is the same update over and over. With one hidden layer this is a denoising autoencoder, which does not
    walk back if `walkbacks=1`.

    Source: the authors' code, github.com/yaoli/GSN, run_gsn; its defaults on MNIST are the ones here.

    Args:
        image_shape: shape of an image.
        hidden: units of each hidden layer.
        walkbacks: updates per training example.
        corruption: probability that a pixel is replaced by 0 or 1, each as likely.
        noise_deviation: standard deviation of the hidden noise.
        burn_in: moves of a chain before its first sample.
        preprocessing: Keras layer that takes images to [0, 1]. Default: they are used as they are.
        seed: integer that fixes noise and order of the data. Default: from Python's `random`.
        num_starts: training images that chains may start from.

    Raises:
        ValueError: if a number is out of its range.

    Example:

    ```python
    data = keras_gan.datasets.load("digits")
    gsn = keras_gan.baselines.DeepGSN((8, 8, 1), hidden=(100, 100), preprocessing=data.preprocessing)
    gsn.compile("adam")
    gsn.fit(data.train, epochs=2)
    independent = gsn.sample(100, seed=0)
    published = gsn.sample(100, seed=0, chains=1)
    ```
    """

    def __init__(
        self,
        image_shape: Any,
        hidden: Any = (1500, 1500),
        walkbacks: int = 4,
        corruption: float = 0.4,
        noise_deviation: float = 2.0,
        burn_in: int = 20,
        preprocessing: keras.layers.Layer | None = None,
        seed: int | None = None,
        num_starts: int = 1000,
        **kwargs: Any,
    ) -> None:
        super().__init__(image_shape, burn_in, preprocessing, seed, num_starts, **kwargs)
        checks.check_number(walkbacks, "walkbacks")
        if not 0 <= corruption <= 1 or noise_deviation < 0 or not hidden:
            raise ValueError(
                "A DeepGSN has hidden layers, a corruption in [0, 1] and a noise_deviation of 0 or more. Received: "
                f"hidden={hidden}, corruption={corruption}, noise_deviation={noise_deviation}."
            )
        self.hidden, self.walkbacks = tuple(hidden), walkbacks
        self.corruption, self.noise_deviation = corruption, noise_deviation
        self.tied = [Tied(units, use_visible_bias=i == 0, name=f"tied_{i + 1}") for i, units in enumerate(hidden)]
        for layer, below in zip(self.tied, (self.size, *hidden), strict=False):
            layer.build((None, below))
        self.built = True

    def corrupted(self, x: Any, chance: Any) -> Any:
        """Images with salt and pepper, where uniform `chance`, shaped like them, is near 0 or 1."""
        edge = self.corruption / 2
        return ops.where(chance < edge, 0.0, ops.where(chance > 1 - edge, 1.0, x))

    def noise(self, num: int, source: Any) -> Any:
        deep = self.hidden[1:]
        return {
            "before": [self.noise_deviation * normal((num, units), source) for units in deep],
            "after": [self.noise_deviation * normal((num, units), source) for units in deep],
            "pixels": uniform((num, self.size), source),
            "salt": uniform((num, self.size), source),
        }

    def begin(self, x: Any, source: Any) -> Any:
        num = ops.shape(x)[0]
        return self.corrupted(x, uniform((num, self.size), source)), [ops.zeros((num, units)) for units in self.hidden]

    def update(self, state: Any, noise: Any) -> tuple[Any, Any]:
        """One update of all layers.

        Args:
            state: `(x, hidden)`: corrupted images, shape `(n, size)`, and a list of hidden layers, `(n, units)` each.
            noise: what `noise` draws for n chains.

        Returns:
            `(state, logits)`: logits of the conditional means of the image, shape `(n, size)`.
        """
        x, hidden = state
        layers = [x, *hidden]
        for i in range(1, len(layers), 2):
            layers[i] = self._hidden(i, layers, noise)
        logits = self.tied[0].down(layers[1])
        layers[0] = self.corrupted(drawn(ops.sigmoid(logits), noise["pixels"]), noise["salt"])
        for i in range(2, len(layers), 2):
            layers[i] = self._hidden(i, layers, noise)
        return (layers[0], layers[1:]), logits

    def logits(self, state: Any) -> Any:
        """Logits of the image's conditional means in a state, the same that `update` draws its pixels with."""
        x, hidden = state
        return self.tied[0].down(self._hidden(1, [x, *hidden], None))

    def _hidden(self, i, layers, noise):
        inputs = self.tied[i - 1].up(layers[i - 1])
        if i < len(self.tied):
            inputs = inputs + self.tied[i].down(layers[i + 1])
        if i == 1:
            return ops.tanh(inputs)
        before, after = (ops.convert_to_tensor(noise[name][i - 2]) for name in ("before", "after"))
        return ops.tanh(inputs + before) + after

    def move(self, state: Any, noise: Any) -> tuple[Any, Any]:
        state, logits = self.update(state, noise)
        return state, ops.sigmoid(logits)

    def walkback_loss(self, x: Any, state: Any, noises: Any) -> Any:
        """The mean cross-entropy between x and each update's conditional means, summed over the updates.

        Args:
            x: clean images, flat, shape `(n, size)`.
            state: what `begin` made of them.
            noises: for each update but the last, whose images need no noise, what `noise` draws.

        Returns:
            Scalar.
        """
        total: Any = 0.0
        for noise in noises:
            state, logits = self.update(state, noise)
            total = total + self._error(x, logits)
        return total + self._error(x, self.logits(state))

    def _error(self, x, logits):
        return ops.mean(ops.softplus(logits) - x * logits)  # -x log p - (1 - x) log(1 - p)

    def compile(
        self,
        optimizer: Any = "adam",
        run_eagerly: bool = False,
        steps_per_execution: int = 1,
        jit_compile: bool | str = "auto",
    ) -> None:
        """Says how the network learns.

        Args:
            optimizer: Keras optimizer, or its name.
            run_eagerly: as in Keras.
            steps_per_execution: as in Keras.
            jit_compile: as in Keras.
        """
        self._compile(optimizer, jit_compile, run_eagerly=run_eagerly, steps_per_execution=steps_per_execution)
        self.optimizer.build(self.trainable_variables)

    @backend.step
    def train_step(self, data: Any) -> dict[str, Any]:
        """One update of the weights."""
        x = self.flat(data)
        state, noises = self._chance(x, self.noise_seed)

        def loss():
            found = self.walkback_loss(x, state, noises)
            return (found,), found

        (gradients,), found = backend.differentiate(loss, [self.trainable_variables], self._state)
        backend.apply(self.optimizer, gradients, self.trainable_variables)
        self.iterations.assign(self.iterations + 1)
        self.mean_loss.update_state(found)
        return self.get_metrics_result()

    @backend.step
    def test_step(self, data: Any) -> dict[str, Any]:
        """The loss on images not trained on."""
        x = self.flat(data)
        self.mean_loss.update_state(self.walkback_loss(x, *self._chance(x, self.evaluation_seed)))
        return self.get_metrics_result()

    def _chance(self, x, source):
        """The start of training examples, and the noise of their updates."""
        return self.begin(x, source), [self.noise(ops.shape(x)[0], source) for _ in range(self.walkbacks - 1)]

    def get_config(self) -> dict[str, Any]:
        names = ("hidden", "walkbacks", "corruption", "noise_deviation")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}
