"""Pictures of what an inference network makes of images."""

from pathlib import Path

import numpy as np

from keras_gan.callbacks.series import Series
from keras_gan.figures import grids, inference


class Reconstructions(Series):
    """Writes a picture of validation images, and below each row what G makes of their codes.

    Args:
        folder: folder of the run; made if it is not there.
        images: validation images before preprocessing, shape `(n, h, w, c)`; the first 50 are shown.
        every: epochs between pictures; the last epoch always gets one.
    """

    SUFFIX = ".png"

    def __init__(self, folder: str | Path, images: np.ndarray, every: int = 1) -> None:
        super().__init__(folder, every)
        self.images = images[:50]

    def _write(self, path):
        images = self.model.preprocess(self.images)
        grids.save(inference.reconstructions(self.model, images), path)
