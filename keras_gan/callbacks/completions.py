"""Completions of validation images while a model learns to complete: pictures, and how good they are."""

from pathlib import Path
from typing import Any

import numpy as np

from keras_gan import masks
from keras_gan.callbacks.measurement import Measurement
from keras_gan.callbacks.series import Series
from keras_gan.evaluation import completion
from keras_gan.figures import grids


class Completions(Series):
    """Writes a picture of completions: on each row a validation image, what of it is observed, and five completions.

    The hidden part is grey. From row to row the mask differs: halves, the centre, random pixels. The noise is the same
    in every picture, so that pictures of different epochs show progress.

    Args:
        folder: folder of the run; made if it is not there.
        images: validation images before preprocessing, shape `(n, h, w, c)`; the first 12 are shown.
        every: epochs between pictures; the last epoch always gets one.
        seed: of the noise and of random masks.
    """

    SUFFIX = ".png"

    def __init__(self, folder: str | Path, images: np.ndarray, every: int = 1, seed: int = 0) -> None:
        super().__init__(folder, every)
        self.images, self.seed = images[: 2 * len(masks.SHOWN)], seed

    def _write(self, path):
        images = self.model.preprocess(self.images)
        shown = masks.by_turns(masks.SHOWN, len(images), images.shape[1:], self.seed)
        made = completion.complete(self.model, images, shown, 5, self.seed)
        grids.save(grids.completions(images, shown, made), path)


class CompletionScores(Measurement):
    """Writes into the logs, every few epochs, how well validation images are completed of which half is hidden.

    The logs get `val_energy`, the energy score of the completions (the higher the better, see
    `keras_gan.evaluation.completion.energy_score`); `val_rmse`, the root mean squared error of a completion's hidden
    pixels; `val_spread`, their standard deviation from one completion to another; and, with a classifier,
    `val_agreement`, the share of completions that it puts into the image's own class.

    Args:
        validation: validation images before preprocessing, shape `(n, h, w, c)`; never test images.
        every: epochs between measurements; the first epoch of a `fit` is measured too.
        labels: their classes, shape `(n,)`, for the agreement.
        classifier: Keras model from preprocessed images to a score per class.
        num_validation: images used, from the first on: of each quarter of them another half is hidden.
        num_completions: completions of each.
        seed: of the noise, the same at every measurement.
    """

    names: tuple[str, ...] = ("val_energy", "val_rmse", "val_spread")

    def __init__(
        self,
        validation: np.ndarray,
        every: int = 5,
        labels: np.ndarray | None = None,
        classifier: Any = None,
        num_validation: int = 1000,
        num_completions: int = 3,
        seed: int = 0,
    ) -> None:
        super().__init__(every)
        if (labels is None) != (classifier is None):
            raise ValueError("An agreement with classes needs both labels and a classifier. Received: one of them.")
        self.validation = validation[:num_validation]
        self.labels, self.classifier = None if labels is None else labels[:num_validation], classifier
        self.num_completions, self.seed = num_completions, seed
        if classifier is not None:
            self.names = (*type(self).names, "val_agreement")

    def measure(self):
        images = self.model.preprocess(self.validation)
        hidden = masks.by_turns(masks.SIDES, len(images), images.shape[1:])
        made = completion.complete(self.model, images, hidden, self.num_completions, self.seed)
        found = {
            "val_energy": completion.energy_score(made, images),
            "val_rmse": completion.squared_error(made, images, hidden) ** 0.5,
            "val_spread": completion.spread(made, hidden),
        }
        if self.classifier is not None:
            said = [self.classifier.predict(each, verbose=0).argmax(axis=1) for each in made]
            found["val_agreement"] = float(np.mean(np.stack(said) == self.labels))
        return found
