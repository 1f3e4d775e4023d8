"""The deep belief network of Table 1: restricted Boltzmann machines, one on top of the other."""

from typing import Any

import keras
from keras import ops

from keras_gan.baselines.chains import drawn, uniform
from keras_gan.baselines.layerwise import Layerwise
from keras_gan.baselines.tied import Tied
from keras_gan.models import checks


@keras.saving.register_keras_serializable("keras_gan")
class RBM(Tied):
    """A restricted Boltzmann machine of binary units: p(v, h) proportional to exp(v.W h + b.v + c.h).

    The units of a layer are independent given the other layer: p(h = 1 | v) = sigmoid(v W + c), which is `rbm(v)`, and
    p(v = 1 | h) = sigmoid(h W^T + b). The gradient of the log-likelihood is the difference of the mean of v h, h and v
    under the data and under the model; what stands in for the model is the business of the learning rule.

    Values of v between 0 and 1 are taken for probabilities.

    Args:
        units: hidden units.
    """

    def __init__(self, units: int, **kwargs: Any) -> None:
        initializer = keras.initializers.RandomNormal(stddev=0.01)
        super().__init__(units, **{"activation": "sigmoid", "kernel_initializer": initializer, **kwargs})

    def free_energy(self, v: Any) -> Any:
        """F(v), where p(v) is proportional to exp(-F(v)): shape `(n,)`, of v of shape `(n, size)`."""
        return -ops.matmul(v, self.visible_bias) - ops.sum(ops.softplus(self.up(v)), axis=1)

    def gibbs(self, v: Any, chance: Any) -> tuple[Any, Any]:
        """One step of Gibbs sampling, v to h to v.

        Args:
            v: shape `(n, size)`.
            chance: `(for h, for v)`, uniform values of shapes `(n, units)` and `(n, size)`.

        Returns:
            `(v, means)`: the new v, and p(v = 1 | h) that it was drawn with.
        """
        h = drawn(ops.sigmoid(self.up(v)), chance[0])
        means = ops.sigmoid(self.down(h))
        return drawn(means, chance[1]), means

    def gradients(self, data: Any, model: Any) -> tuple[list[Any], Any]:
        """The gradient of the negative mean log-likelihood, where v of the model stand in for its distribution.

        It is the mean of v h, of h and of v under the model, less the same under the data.

        Args:
            data: shape `(n, size)`.
            model: shape `(m, size)`.

        Returns:
            `(gradients, codes)`: a list of tensors, shaped as `trainable_variables`, and p(h = 1 | data), shape
            `(n, units)`, which they were computed with.
        """
        # One product for all rows is faster than one for each kind, and leaves no differences of matrices to take.
        v = ops.concatenate([model, data])
        h = ops.sigmoid(self.up(v))
        m, n = (ops.shape(part)[0] for part in (model, data))
        weighted = ops.concatenate([h[:m] / ops.cast(m, h.dtype), h[m:] / -ops.cast(n, h.dtype)])
        of_visible = ops.mean(model, axis=0) - ops.mean(data, axis=0)
        return [ops.matmul(ops.transpose(v), weighted), ops.sum(weighted, axis=0), of_visible], h[m:]


@keras.saving.register_keras_serializable("keras_gan")
class DBN(Layerwise):
    """Deep belief network (Hinton, Osindero and Teh, 2006): each layer an `RBM` of the codes of the one below.

    The layers are trained one after the other, by stochastic gradient ascent on the likelihood. In place of the model
    stand v from `gibbs_steps` steps of Gibbs sampling that start

    - from the batch (`particles=0`): contrastive divergence, CD-k (Hinton, 2002);
    - from where the last update left them (`particles=100`, say): persistent contrastive divergence, PCD (Tieleman,
      2008).

    A chain makes Gibbs steps in the top RBM, from the codes of training images; its p(v = 1 | h) goes down through the
    lower layers as means. With one layer this is an RBM.

    The sizes and training of the DBN in Table 1 were not found: these are choices.

    Args:
        image_shape: shape of an image.
        hidden: units of each layer.
        gibbs_steps: k.
        particles: persistent chains per layer; 0 for contrastive divergence.
        burn_in: moves of a chain before its first sample.
        preprocessing: Keras layer that takes images to [0, 1]. Default: they are used as they are.
        seed: integer that fixes noise and order of the data. Default: from Python's `random`.
        num_starts: training images that chains may start from.

    Raises:
        ValueError: if a number is out of its range.

    Example:

    ```python
    data = keras_gan.datasets.load("digits")
    dbn = keras_gan.baselines.DBN((8, 8, 1), hidden=(60, 60), preprocessing=data.preprocessing)
    dbn.compile(keras.optimizers.SGD(0.05, 0.5), epochs_per_layer=2)
    dbn.fit(data.train, epochs=4)
    samples = dbn.sample(100, seed=0)
    ```
    """

    def __init__(
        self,
        image_shape: Any,
        hidden: Any = (1000, 1000),
        gibbs_steps: int = 1,
        particles: int = 0,
        burn_in: int = 100,
        preprocessing: keras.layers.Layer | None = None,
        seed: int | None = None,
        num_starts: int = 1000,
        **kwargs: Any,
    ) -> None:
        super().__init__(image_shape, burn_in, preprocessing, seed, num_starts, **kwargs)
        checks.check_number(gibbs_steps, "gibbs_steps")
        checks.check_number(particles, "particles", 0)
        if not hidden:
            raise ValueError(f"A DBN has layers. Received: hidden={hidden}. Pass (1000, 1000), for example.")
        self.hidden, self.gibbs_steps, self.particles = tuple(hidden), gibbs_steps, particles
        self._set_stack(RBM(units, name=f"layer_{i}") for i, units in enumerate(hidden, 1))
        self.persistent = [
            self.add_weight((particles, size), initializer="zeros", trainable=False, name=f"particles_{i}")
            for i, size in enumerate((self.size, *hidden[:-1]), 1)
            if particles
        ]

    def gradients(self, layer: Any, x: Any) -> tuple[list[Any], Any]:
        chains = self.persistent[self.stack.index(layer)] if self.particles else None
        v = x if chains is None else ops.convert_to_tensor(chains)
        for _ in range(self.gibbs_steps):
            v, _ = layer.gibbs(v, self._chance(layer, ops.shape(v), self.noise_seed))
        if chains is not None:
            chains.assign(v)
        gradients, codes = layer.gradients(x, v)
        return gradients, self._reconstruction_loss(layer, x, codes)

    def loss_of(self, layer: Any, x: Any) -> Any:
        """The mean cross-entropy, summed over inputs, of x and its mean-field reconstruction.

        It is not what is minimised: that has no value that can be computed.
        """
        return self._reconstruction_loss(layer, x, layer(x))

    def _reconstruction_loss(self, layer, x, codes):
        logits = layer.down(codes)
        return ops.mean(ops.sum(ops.softplus(logits) - x * logits, axis=1))

    def begin(self, x: Any, source: Any) -> Any:
        return self.codes(x, self._depth - 1)

    def noise(self, num: int, source: Any) -> Any:
        below = self.stack[self._depth - 2].units if self._depth > 1 else self.size
        return self._chance(self.top, (num, below), source)

    def _chance(self, layer, shape, source):
        return uniform((shape[0], layer.units), source), uniform(tuple(shape), source)

    def move(self, state: Any, noise: Any) -> tuple[Any, Any]:
        state, means = self.top.gibbs(state, noise)
        return state, self.decoded(means, self._depth - 1)

    def get_config(self) -> dict[str, Any]:
        names = ("hidden", "gibbs_steps", "particles")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}
