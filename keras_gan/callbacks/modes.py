"""Lost modes and copied data, seen while training goes on."""

import numpy as np

from keras_gan.callbacks.measurement import Measurement
from keras_gan.evaluation import modes


class Modes(Measurement):
    """Writes what `keras_gan.evaluation.modes` finds into the logs every few epochs.

    The logs get `modes_kl`, `modes_fewest`, `modes_confidence`, `modes_near_duplicates`, `modes_nearest_training` and
    `modes_two_sample_accuracy` (see `ModesReport`), from the first epoch on and in every epoch: between two
    measurements they keep the last values. Training is bit-identical with and without it.

    Args:
        train: training images before preprocessing, shape `(n, ...)`.
        labels: their classes, shape `(n,)`.
        validation: validation images before preprocessing; never test images.
        every: epochs between measurements; the first epoch of a `fit` is measured too.
        num_samples: samples measured, and the most validation images used.
        seed: of the noise and of the classifiers.

    Raises:
        ValueError: if `every` or `num_samples` is less than 1.
    """

    names = tuple(
        f"modes_{name}"
        for name in ("kl", "fewest", "confidence", "near_duplicates", "nearest_training", "two_sample_accuracy")
    )

    def __init__(
        self,
        train: np.ndarray,
        labels: np.ndarray,
        validation: np.ndarray,
        every: int = 10,
        num_samples: int = 2000,
        seed: int = 0,
    ) -> None:
        if min(every, num_samples) < 1:
            raise ValueError(
                f"Modes needs every >= 1 and num_samples >= 1. Received: every={every}, num_samples={num_samples}."
            )
        super().__init__(every)
        self.num_samples, self.seed = num_samples, seed
        self._data = train, labels, validation
        self._measures: modes.Detector | None = None

    def measure(self):
        if self._measures is None:
            train, labels, validation = self._data
            preprocess = self.model.preprocess
            self._measures = modes.Detector(
                preprocess(train), labels, preprocess(validation), self.num_samples, self.seed
            )
        samples = self.model.sample(self.num_samples, seed=self.seed)
        if not np.isfinite(samples).all():
            return dict.fromkeys(self.names, float("nan"))
        report = self._measures.measure(samples)
        return {name: getattr(report, name.removeprefix("modes_")) for name in self.names}
