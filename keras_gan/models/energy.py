"""A game in which the generator also pays for what it gets wrong of the data that it is told a part of."""

from typing import Any

import keras
from keras import ops

from keras_gan import conditions, priors
from keras_gan.models import checks
from keras_gan.models.gan import GAN
from keras_gan.models.step import Step


@keras.saving.register_keras_serializable("keras_gan")
class EnergyGAN(GAN):
    """A GAN that is told a condition, and whose generator also pays the energy score of its samples.

    For an example x and its condition c the generator draws two samples, X and X', and pays

        energy * (|X - x| / 2 + |X' - x| / 2 - |X - X'| / 2)

    with Euclidean distances. In expectation no distribution pays less than p(x | c) itself (Gneiting and Raftery 2007):
    unlike a plain reconstruction error, whose best answer is one blurred mean, it asks for as much variety as the data
    have. It is computed on the first half of each minibatch, with the noise of the second half for X'.

    Args:
        generator: as in `GAN`.
        discriminator: as in `GAN`.
        prior: as in `GAN`.
        condition: as in `GAN`, but not optional.
        preprocessing: as in `GAN`.
        seed: as in `GAN`.
        energy: weight of the energy score in the generator's loss, at least 0; 0 for the game of `GAN`.

    Raises:
        ValueError: as `GAN`, or if there is no condition, or the weight is negative.
    """

    def __init__(
        self,
        generator: keras.Model,
        discriminator: keras.Model,
        prior: priors.Prior | str | None = None,
        condition: conditions.Condition | None = None,
        preprocessing: keras.layers.Layer | None = None,
        seed: int | None = None,
        energy: float = 1.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(generator, discriminator, prior, condition, preprocessing, seed, **kwargs)
        checks.check_energy(energy, self.condition)
        self.energy = energy

    def compute_generator_loss(self, step: Step) -> Any:
        loss = super().compute_generator_loss(step)
        if not self.energy or not step.training:
            return loss
        half = ops.shape(step.x)[0] // 2
        told = tuple(part[:half] for part in step.condition)
        others, costs = self._generate(step.z[half : 2 * half], told)
        x, samples = step.x[:half], step.samples[:half]
        off = _distance(samples, x) + _distance(others, x) - _distance(samples, others)
        return loss + costs + self.energy * ops.mean(off) / 2

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "energy": self.energy}


def _distance(a, b):
    """Euclidean distance of each example; the root has a finite slope where two are the same."""
    squares = ops.square(ops.cast(a, "float32") - ops.cast(b, "float32"))
    return ops.sqrt(ops.sum(ops.reshape(squares, (ops.shape(a)[0], -1)), axis=-1) + 1e-6)
