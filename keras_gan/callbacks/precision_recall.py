"""Precision and recall of samples while training goes on."""

from typing import Any

import numpy as np

from keras_gan.callbacks.measurement import Measurement
from keras_gan.evaluation import features as networks
from keras_gan.evaluation.precision_recall import precision_recall


class PrecisionRecall(Measurement):
    """Writes the precision and the recall of samples against validation images into the logs every few epochs.

    The logs get `val_precision` (the share of samples that look like data) and `val_recall` (the share of the data that
    samples look like), from the first epoch on and in every epoch: between two measurements they keep the last values.
    As many samples are drawn as there are validation images. Training is bit-identical with and without it.

    Args:
        validation: validation images before preprocessing, shape `(n, ...)`, at least 4; never test images.
        features: the network, what `keras_gan.evaluation.features.get` takes by itself.
        every: epochs between measurements; the first epoch of a `fit` is measured too.
        max_samples: the most validation images, and samples, that are compared.
        seed: seed of the noise, the same at every measurement.

    Raises:
        ValueError: if `every` is less than 1, there are too few images, or there are no such features.
    """

    names = ("val_precision", "val_recall")

    def __init__(
        self, validation: np.ndarray, features: Any, every: int = 10, max_samples: int = 2000, seed: int = 0
    ) -> None:
        super().__init__(every)
        self.validation, self.features, self.seed = validation[:max_samples], networks.get(features), seed
        if len(self.validation) < 4:
            raise ValueError(
                f"Precision and recall need 4 validation images or more. Received: {len(self.validation)}. Leave the "
                "callback out."
            )
        self._real: np.ndarray | None = None

    def measure(self):
        if self._real is None:
            self._real = self.features.reference(self.model.preprocess(self.validation))
        samples = self.model.sample(len(self.validation), seed=self.seed)
        if not np.isfinite(samples).all():
            return dict.fromkeys(self.names, float("nan"))
        report = precision_recall(self._real, self.features(samples))
        return {"val_precision": report.precision, "val_recall": report.recall}
