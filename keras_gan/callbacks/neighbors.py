"""What an encoder's features are worth to a 1-NN classifier, while it learns."""

from typing import Any

import numpy as np

from keras_gan.callbacks.measurement import Measurement
from keras_gan.evaluation.probes import nearest_neighbor_accuracy


class NearestNeighborAccuracy(Measurement):
    """Writes the accuracy of 1-NN on the features of a `keras_gan.BiGAN` into the logs every few epochs.

    The logs get `val_neighbors`: the share of validation images whose nearest training image, by the distance of their
    features, has their label. The features are the layer before the encoder's output.

    Args:
        train: training images before preprocessing, shape `(n, ...)`.
        train_labels: their labels, shape `(n,)`.
        validation: validation images before preprocessing, shape `(m, ...)`; never test images.
        labels: their labels, shape `(m,)`.
        every: epochs between measurements; the first epoch of a `fit` is measured too.
        num_train: training images used, from the first on: with fewer the accuracy is lower.
        num_validation: validation images used, from the first on.
    """

    names = ("val_neighbors",)

    def __init__(
        self,
        train: np.ndarray,
        train_labels: Any,
        validation: np.ndarray,
        labels: Any,
        every: int = 5,
        num_train: int = 10_000,
        num_validation: int = 2000,
    ) -> None:
        super().__init__(every)
        self.train, self.train_labels = train[:num_train], train_labels[:num_train]
        self.validation, self.labels = validation[:num_validation], labels[:num_validation]

    def measure(self):
        known, unknown = self.model.features(self.train), self.model.features(self.validation)
        return {"val_neighbors": nearest_neighbor_accuracy(known, self.train_labels, unknown, self.labels)}
