"""The Frechet distance of features while training goes on."""

from typing import Any

import numpy as np

from keras_gan.callbacks.measurement import Measurement
from keras_gan.evaluation import features as networks
from keras_gan.evaluation import fid, parzen


class FID(Measurement):
    """Writes the Frechet distance of samples and validation images into the logs every few epochs: lower is better.

    The logs get `val_fid`, from the first epoch on and in every epoch: between two measurements they keep the last
    value. So `CSVLogger`, `ModelCheckpoint` and `EarlyStopping` can follow it, with `mode="min"`; put this callback
    before those in the list. Training is bit-identical with and without it.

    It is a number to choose a checkpoint by, not to publish: for that `keras_gan.evaluation.evaluate` compares with
    test images.

    Args:
        validation: validation images before preprocessing, shape `(n, ...)`; never test images.
        features: the network: `"mnist"`, `"digits"`, a Keras model or what else `keras_gan.evaluation.features.get`
            takes.
        every: epochs between measurements; the first epoch of a `fit` is measured too.
        num_samples: samples drawn, at least 2; with more of them the distance is smaller.
        seed: seed of the noise, the same at every measurement.
        averaged: whether the averaged generator is measured, where there is one.
        suffix: ends the name in the logs, where two of these callbacks measure different things.

    Raises:
        ValueError: if `every` is less than 1, `num_samples` less than 2, or there are no such features.
    """

    def __init__(
        self,
        validation: np.ndarray,
        features: Any,
        every: int = 10,
        num_samples: int = parzen.PUBLISHED_NUM_SAMPLES,
        seed: int = 0,
        averaged: bool = True,
        suffix: str = "",
    ) -> None:
        if every < 1 or num_samples < 2:
            raise ValueError(
                f"FID needs every >= 1 and num_samples >= 2. Received: every={every}, num_samples={num_samples}."
            )
        super().__init__(every)
        self.validation, self.features = validation, networks.get(features)
        self.num_samples, self.seed, self.averaged = num_samples, seed, averaged
        self.names = (f"val_fid{suffix}",)
        self._real: np.ndarray | None = None

    def measure(self):
        if self._real is None:
            self._real = self.features.reference(self.model.preprocess(self.validation))
        samples = self.model.sample(self.num_samples, seed=self.seed, averaged=self.averaged)
        if not np.isfinite(samples).all():  # training has failed: let TerminateOnNaN and the logs say so
            return dict.fromkeys(self.names, float("nan"))
        return {self.names[0]: fid.frechet_distance(self.features(samples), self._real)}
