"""How well an inference network finds the noise, while it learns."""

import numpy as np

from keras_gan.callbacks.measurement import Measurement


class InferenceErrors(Measurement):
    """Writes the errors of a `keras_gan.InferenceNetwork` into the logs every few epochs.

    The logs get `val_error`, the mean of (E(G(z)) - z)^2 per coordinate on fresh samples (1 for an encoder that knows
    nothing), and `val_distance`, the root mean squared distance per image between validation images and their
    reconstructions.

    Args:
        validation: validation images before preprocessing, shape `(n, ...)`; never test images.
        every: epochs between measurements; the first epoch of a `fit` is measured too.
        num_samples: fresh samples.
        num_validation: validation images used, from the first on.
        seed: of the fresh samples' noise, the same at every measurement.
    """

    names = ("val_error", "val_distance")

    def __init__(
        self, validation: np.ndarray, every: int = 5, num_samples: int = 5000, num_validation: int = 1000, seed: int = 0
    ) -> None:
        super().__init__(every)
        self.validation = validation[:num_validation]
        self.num_samples, self.seed = num_samples, seed

    def measure(self):
        images = self.model.preprocess(self.validation)
        off = (self.model.reconstruct(images, preprocessed=True) - images).reshape(len(images), -1).astype("float64")
        error = self.model.errors(self.num_samples, self.seed).mean()
        return {"val_error": float(error), "val_distance": float(np.sqrt(np.mean(np.sum(off**2, axis=1))))}
