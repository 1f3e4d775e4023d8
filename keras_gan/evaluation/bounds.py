"""A lower bound on the Jensen-Shannon divergence between samples and data, from a discriminator trained for it."""

import dataclasses

import keras
import numpy as np

from keras_gan import backend
from keras_gan.evaluation.theory import Estimate, estimate_value
from keras_gan.models.minibatches import Minibatches

_SHARES = (0.6, 0.2)  # for training and for stopping; the rest is measured


@dataclasses.dataclass(frozen=True)
class Bound:
    """What `jensen_shannon_bound` found.

    Attributes:
        divergence: `Estimate` of log 2 + V/2 on held-out points, nats. It is a lower bound, apart from chance, and
            tight if the discriminator is optimal.
        epochs: number of epochs that the discriminator was trained for.
    """

    divergence: Estimate
    epochs: int

    def __str__(self) -> str:
        return f"JSD >= {self.divergence} nats (a fresh discriminator, {self.epochs} epochs)"


def jensen_shannon_bound(
    discriminator: keras.Model,
    data: np.ndarray,
    samples: np.ndarray,
    batch_size: int = 500,
    epochs: int = 100,
    patience: int = 6,
    learning_rate: float = 2e-3,
    seed: int = 0,
) -> Bound:
    """Trains a fresh discriminator against a frozen generator until held-out points tell it no more.

    V is largest at D*, where it is -log 4 + 2 JSD (Theorem 1), so the value that any D reaches on points it was not
    trained on bounds the JSD from below. Adam trains on 60% of the points, 20% decide when to halve the learning rate
    and when to stop, and the last 20% are measured.

    Args:
        discriminator: a new Keras model that ends in one logit; its weights are changed.
        data: array of shape `(n, ...)`, on the scale of samples.
        samples: array of shape `(m, ...)`; the larger set is cut to the smaller's size.
        batch_size: number of points per minibatch, half of them data on average.
        epochs: number of epochs, at most.
        patience: number of epochs without a better held-out loss after which training ends; after half as many the
            learning rate is halved.
        learning_rate: Adam's learning rate at the start.
        seed: integer, for the order of the points.

    Returns:
        `Bound`.

    Raises:
        ValueError: if there are fewer than 10 points of either kind.
    """
    num = min(len(data), len(samples))
    if num < 10:
        raise ValueError(
            f"The points are split three ways. Received: {len(data)} points of data, {len(samples)} samples. Expected: "
            "at least 10 of each, and thousands for a useful bound."
        )
    stops = np.cumsum([int(share * num) for share in _SHARES])
    parts = [np.split(np.asarray(points[:num], "float32"), stops) for points in (data, samples)]
    sets = [
        (np.concatenate(pair), np.repeat(np.array([[1.0], [0.0]], "float32"), len(pair[0]), axis=0))
        for pair in zip(*parts, strict=True)
    ]
    discriminator.compile(
        optimizer=keras.optimizers.Adam(learning_rate), loss=keras.losses.BinaryCrossentropy(from_logits=True)
    )
    halve = keras.callbacks.ReduceLROnPlateau("val_loss", factor=0.5, patience=max(1, patience // 2), min_delta=0)
    stop = keras.callbacks.EarlyStopping("val_loss", patience=patience, restore_best_weights=True)
    with backend.shuffling_untouched():
        history = discriminator.fit(
            backend.training_data(Minibatches(sets[0], batch_size, seed)),
            validation_data=sets[1],
            validation_batch_size=1000,
            epochs=epochs,
            shuffle=False,
            verbose=0,
            callbacks=[halve, stop],
        )
        logits = [discriminator.predict(part[2], batch_size=1000, verbose=0) for part in parts]
    value = estimate_value(*logits)
    bound = Estimate(float(np.log(2)) + value.mean / 2, value.standard_error / 2)
    return Bound(bound, len(history.epoch))
