"""The paper's measure while training goes on."""

from typing import Any

import numpy as np

from keras_gan.callbacks.measurement import Measurement
from keras_gan.evaluation import parzen


class ParzenLogLikelihood(Measurement):
    """Writes the Parzen-window log-likelihood of validation images into the logs every few epochs.

    The logs get `val_parzen_ll` (mean, nats), `val_parzen_se` (its standard error over the validation images) and
    `parzen_sigma` (the bandwidth those images choose), from the first epoch on and in every epoch: between two
    measurements they keep the last values. So `CSVLogger`, `ModelCheckpoint` and `EarlyStopping` can follow them; put
    this callback before those in the list.

    Sigma is chosen on the images it is measured on, so this is a number to choose a checkpoint by, not to publish:
    for that give test images to `keras_gan.evaluation.parzen.log_likelihood`. Training is bit-identical with and
    without it.

    Args:
        validation: validation images before preprocessing, shape `(n, ...)`; never test images.
        every: epochs between measurements; the first epoch of a `fit` is measured too.
        num_samples: samples drawn; published numbers use 10,000.
        num_validation: validation images used, from the first on.
        seed: seed of the noise, the same at every measurement.
        averaged: whether the averaged generator is measured, where there is one.
        grid: bandwidths to choose from.
        suffix: ends the three names in the logs, where two of these callbacks measure different things.
        chains: how many Markov chains the samples come from, of a model that has some (`keras_gan.baselines`). Default:
            the model's own.

    Raises:
        ValueError: if `every`, `num_samples` or `num_validation` is less than 1.
    """

    def __init__(
        self,
        validation: np.ndarray,
        every: int = 10,
        num_samples: int = parzen.PUBLISHED_NUM_SAMPLES,
        num_validation: int = 1000,
        seed: int = 0,
        averaged: bool = True,
        grid: tuple[float, ...] = parzen.GRID,
        suffix: str = "",
        chains: int | None = None,
    ) -> None:
        if min(every, num_samples, num_validation) < 1:
            raise ValueError(
                "ParzenLogLikelihood needs every, num_samples and num_validation of at least 1. Received: "
                f"every={every}, num_samples={num_samples}, num_validation={num_validation}."
            )
        super().__init__(every)
        self.validation = validation[:num_validation]
        self.num_samples, self.seed, self.grid = num_samples, seed, grid
        self.asked: dict[str, Any] = {} if averaged else {"averaged": False}
        if chains is not None:
            self.asked["chains"] = chains
        self.names = tuple(name + suffix for name in ("val_parzen_ll", "val_parzen_se", "parzen_sigma"))

    def measure(self):
        samples = self.model.sample(self.num_samples, seed=self.seed, **self.asked)
        if not np.isfinite(samples).all():  # training has failed: let TerminateOnNaN and the logs say so
            return dict.fromkeys(self.names, float("nan"))
        sigma, curve = parzen.sigma_curve(samples, self.model.preprocess(self.validation), self.grid)
        mean, error = float(curve[sigma].mean()), parzen.standard_error(curve[sigma])
        return dict(zip(self.names, (mean, error, sigma), strict=True))
