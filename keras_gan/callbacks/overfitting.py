"""Whether the discriminator learns its pictures by heart, and what is done about it."""

from typing import Any

import keras
import numpy as np

from keras_gan import backend
from keras_gan.callbacks.measurement import Measurement

_BATCH = 100


class Overfitting(Measurement):
    """Writes how far the discriminator overfits into the logs, and adapts the strength of the model's augmentation.

    The logs get `overfitting`: by how much less held-out pictures please the discriminator than training pictures do,
    as a share of how much less samples please it. 0: held-out pictures look as real as training pictures. 1: they look
    as false as samples. None of them is augmented here. The objective may be one, as the relativistic, that leaves the
    discriminator's zero open.

    Where the model has an `augmentation` with a `strength`, the logs get that, too. At each measurement it goes up if
    `overfitting` is above the target, and else down, by the share of `pictures` that were trained on since the last.

    Source: Karras et al. 2020 ("Training Generative Adversarial Networks with Limited Data"), section 3.1, r_v.

    Args:
        train: training images before preprocessing, shape `(n, ...)`.
        validation: validation images before preprocessing; never test images.
        labels: classes of both, `(train, validation)`, for a model that is told them.
        every: epochs between measurements; the first epoch of a `fit` is measured too.
        target: what the strength aims at, from 0 to 1.
        pictures: number of pictures within which the strength may go from 0 to 1.
        max_strength: from 0 to 1; above 0.8 or so, samples may come out augmented.
        max_images: the most of each kind that are judged.
        seed: of the samples' noise.
        num_train: pictures of an epoch, where `train` holds only some of them.
        adapt: whether the strength is adapted; else it stays as it is.

    Raises:
        ValueError: if a number is out of its range; at the first measurement, if there is nothing to adapt.
    """

    def __init__(
        self,
        train: np.ndarray,
        validation: np.ndarray,
        labels: tuple[np.ndarray, np.ndarray] | None = None,
        every: int = 1,
        target: float = 0.5,
        pictures: int = 100_000,
        max_strength: float = 0.8,
        max_images: int = 500,
        seed: int = 0,
        num_train: int | None = None,
        adapt: bool = True,
    ) -> None:
        super().__init__(every)
        if not (0 <= target <= 1 and 0 <= max_strength <= 1 and min(pictures, max_images) >= 1):
            raise ValueError(
                "Overfitting needs a target and a max_strength from 0 to 1, and pictures and max_images of 1 or more. "
                f"Received: target={target}, max_strength={max_strength}, pictures={pictures}, max_images={max_images}."
            )
        self.target, self.max_strength, self.adapt, self.seed = target, max_strength, adapt, seed
        self.names = ("overfitting", *(("augmentation",) if adapt else ()))
        self._step = every * (num_train or len(train)) / pictures
        num = min(len(train), len(validation), max_images)
        of_train, of_validation = ((), ()) if labels is None else labels
        self._shown = (train[:num], of_train[:num]), (validation[:num], of_validation[:num])

    def measure(self):
        (train, classes), (validation, held_out_classes) = self._shown
        asked = {"condition": classes} if len(classes) else {}
        samples = self.model.sample(len(train), seed=self.seed, averaged=False, **asked)
        of_train = self._judged(self.model.preprocess(train), classes)
        of_validation = self._judged(self.model.preprocess(validation), held_out_classes)
        of_samples = self._judged(samples, classes)
        told_apart = of_train - of_samples
        overfitting = (of_train - of_validation) / told_apart if told_apart > 0 else 0.0
        if not self.adapt:
            return {"overfitting": overfitting}
        variable = getattr(getattr(self.model, "augmentation", None), "strength", None)
        if variable is None:
            raise ValueError(
                "There is no augmentation whose strength could be adapted. Received: adapt=True, and a model without "
                "one. Pass adapt=False, or GAN(..., augmentation=keras_gan.layers.Augmentation())."
            )
        if np.isfinite(overfitting):
            strength = float(keras.ops.convert_to_numpy(variable))
            strength += self._step if overfitting > self.target else -self._step
            variable.assign(min(max(strength, 0.0), self.max_strength))
        return {"overfitting": overfitting, "augmentation": float(keras.ops.convert_to_numpy(variable))}

    def _judged(self, images: np.ndarray, classes: Any) -> float:
        """The mean of what the discriminator says of images."""
        told = self.model.condition.encode(classes, len(images)) if len(classes) else ()
        with backend.shuffling_untouched():
            output = self.model.discriminator.predict([images, *told] if told else images, _BATCH, verbose=0)
        return float(np.mean(keras.tree.flatten(output)[0], dtype="float64"))
