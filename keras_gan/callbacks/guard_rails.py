"""What goes wrong with few pictures, said in a plain sentence with the remedy."""

from typing import Any

import numpy as np

from keras_gan import console
from keras_gan.callbacks.measurement import Measurement
from keras_gan.evaluation import features as networks
from keras_gan.evaluation.distances import nearest

FEW = 1000  # training pictures; the smallest sets of Karras et al. 2020 that give faces are of this size
_LEAST_VARIETY = 0.3
_NEAREST = 0.5
_OVERFITTING = 0.9


class GuardRails(Measurement):
    """Says once, with the remedy, what goes wrong: collapse, memorised pictures, overfitting, few pictures.

    The logs get `variety` and `nearness`, from the first epoch on and in every epoch. `variety` is the variance of the
    samples' features as a share of that of training pictures: 1 is right, and it nears 0 as the samples become all
    alike. `nearness` is the median distance of a sample's features to the nearest training picture's, as a share of
    the same distance of held-out pictures: 1 is right, and near 0 the samples are copies. What `Overfitting` writes is
    looked at, too, if it stands before this callback. Training is bit-identical with and without it.

    Args:
        train: training images before preprocessing, shape `(n, ...)`.
        validation: validation images before preprocessing, at least 2; never test images.
        features: the network, what `keras_gan.evaluation.features.get` takes by itself.
        every: epochs between measurements; the first epoch of a `fit` is measured too.
        after: epochs before which nothing is said of the samples.
        max_images: the most training images that are looked at, and half the most samples and validation images.
        seed: seed of the noise, the same at every measurement.
        num_train: pictures that are trained on, where `train` holds only some of them.
    """

    names = ("variety", "nearness")

    def __init__(
        self,
        train: np.ndarray,
        validation: np.ndarray,
        features: Any,
        every: int = 5,
        after: int = 0,
        max_images: int = 10_000,
        seed: int = 0,
        num_train: int | None = None,
    ) -> None:
        super().__init__(every)
        self.train, self.validation = train[:max_images], validation[: max_images // 20]
        self.features, self.after, self.seed = networks.get(features), after, seed
        self._num_train = num_train or len(train)
        self._said: set[str] = set()
        self._real: Any = None

    def on_train_begin(self, logs=None):
        super().on_train_begin(logs)
        self._said = set()
        if self._num_train < FEW:
            self._say(
                "few",
                f"There are only {self._num_train:,} training pictures: samples may become copies of them. More "
                "pictures help most; the augmentation of what the discriminator sees helps, too.",
            )

    def on_epoch_end(self, epoch, logs=None):
        super().on_epoch_end(epoch, logs)
        if logs is None or epoch + 1 <= self.after:
            return
        if logs["variety"] < _LEAST_VARIETY:
            self._say(
                "collapse",
                f"The samples are nearly all alike (they have {100 * logs['variety']:.0f}% of the pictures' variety): "
                "the generator has collapsed. Begin a new run with twice the penalties or half the learning rate.",
            )
        if logs["nearness"] < _NEAREST:
            self._say(
                "copies",
                "The samples are copies of training pictures (twice as near to them as held-out pictures are). Add "
                "pictures, or begin a new run with fewer epochs or narrower networks.",
            )
        if logs.get("overfitting", 0.0) > _OVERFITTING:
            self._say(
                "overfitting",
                "The discriminator knows the training pictures by heart: held-out pictures look nearly as false to it "
                "as samples. Add pictures or augmentation; training for longer will not help.",
            )

    def measure(self):
        if self._real is None:
            train = self.features.reference(self.model.preprocess(self.train))
            held_out = self.features(self.model.preprocess(self.validation))
            self._real = train, float(train.var(axis=0).sum()), float(np.median(nearest(held_out, train)[1]))
        train, variance, distance = self._real
        samples = self.model.sample(max(100, len(self.validation)), seed=self.seed)
        if not np.isfinite(samples).all():
            return dict.fromkeys(self.names, float("nan"))
        found = self.features(samples)
        nearness = float(np.median(nearest(found, train)[1])) / distance if distance > 0 else 1.0
        return {"variety": float(found.var(axis=0).sum()) / variance, "nearness": nearness}

    def _say(self, what, sentence):
        if what not in self._said:
            self._said.add(what)
            console.tell(sentence)
