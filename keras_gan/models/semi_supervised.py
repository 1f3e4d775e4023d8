"""A classifier of few labels and much data: the game with K + 1 classes (the paper's section 7, extension 4)."""

import contextlib
from typing import Any

import keras
import numpy as np
from keras import ops

from keras_gan import backend, conditions, objectives, priors
from keras_gan.models import checks
from keras_gan.models.averaging import Average
from keras_gan.models.gan import GAN
from keras_gan.models.step import Step


@keras.saving.register_keras_serializable("keras_gan")
class SemiSupervisedGAN(GAN):
    """A GAN whose discriminator is the classifier: a few examples have labels, all of them train it.

    The discriminator returns a dictionary of `"logits"`, one for each of the K classes, and `"features"`. Its loss is
    the cross-entropy on the labeled examples, and the game of `keras_gan.objectives.FeatureMatching`: samples are one
    class more, whose logit is 0 (Salimans et al. 2016).

    Labels stand beside the data in `fit(x, y)`: an integer for each example, -1 where it is not known. In every step a
    minibatch of labeled examples goes beside one of all examples. `evaluate(x, y)` reports the accuracy, and
    `classify(x)` gives the probabilities of the classes.

    Args:
        generator: as for `keras_gan.GAN`.
        discriminator: Keras model from a batch of data to a dictionary: `"logits"` of shape `(batch, K)`, K >= 2, and
            `"features"` of shape `(batch, ...)`, usually the layer below.
        prior: as for `keras_gan.GAN`.
        condition: none.
        preprocessing: as for `keras_gan.GAN`.
        seed: as for `keras_gan.GAN`.

    Raises:
        ValueError: if the networks do not fit each other or the prior, or a condition is given.

    Example:

    ```python
    data = keras_gan.datasets.load("digits")
    y = keras_gan.datasets.hide_labels(data.labels.train, keep=100, seed=0)
    generator, discriminator = keras_gan.networks.build("digits_semi_supervised")
    gan = keras_gan.SemiSupervisedGAN(generator, discriminator, preprocessing=data.preprocessing)
    gan.compile("adam", "adam")
    gan.fit(data.train, y, batch_size=100, epochs=10)
    classes = gan.classify(data.test).argmax(axis=1)
    ```
    """

    shares_steps = False  # the cross-entropy is a mean over the labeled examples alone

    def __init__(
        self,
        generator: keras.Model,
        discriminator: keras.Model,
        prior: priors.Prior | str | None = None,
        condition: conditions.Condition | None = None,
        preprocessing: keras.layers.Layer | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(generator, discriminator, prior, condition, preprocessing, seed, **kwargs)
        if self.condition is not None:
            raise ValueError(
                "A SemiSupervisedGAN is told nothing: its labels are what it learns to say. Received: "
                f"condition={self.condition!r}. Leave it out."
            )
        self.classifier_average: Average | None = None
        self.accuracy = keras.metrics.Mean(name="accuracy")

    def compile(  # type: ignore[override]
        self,
        generator_optimizer: keras.optimizers.Optimizer | str | None = None,
        discriminator_optimizer: keras.optimizers.Optimizer | str | None = None,
        objective: Any = None,
        discriminator_weight: float = 0.5,
        examples_per_label: int = 1,
        **settings: Any,
    ) -> None:
        """Says how the game is played.

        Args:
            generator_optimizer: as for `keras_gan.GAN.compile`.
            discriminator_optimizer: likewise.
            objective: of the examples without labels. Default: `keras_gan.objectives.FeatureMatching()`.
            discriminator_weight: factor on the discriminator's part of it; the cross-entropy of the labels counts 1.
            examples_per_label: a step of m examples has m / `examples_per_label` labeled ones beside them.
            **settings: what else `keras_gan.GAN.compile` takes. The average of `ema` is also one of the
                discriminator's weights, and `classify` and `evaluate` use it.

        Raises:
            ValueError: as for `keras_gan.GAN.compile`.
        """
        checks.check_examples_per_label(examples_per_label)
        self.examples_per_label = int(examples_per_label)
        objective = objectives.FeatureMatching() if objective is None else objective
        super().compile(
            generator_optimizer,
            discriminator_optimizer,
            objective,
            discriminator_weight=discriminator_weight,
            **settings,
        )

    def get_compile_config(self) -> dict[str, Any]:
        config = super().get_compile_config()
        return config and {**config, "examples_per_label": self.examples_per_label}

    def _set_average(self, ema, share):
        super()._set_average(ema, share)
        if self.classifier_average is not None:
            self._tracker.untrack(self.classifier_average)
        self.classifier_average = None if ema is None else Average(ema, self.discriminator, share)

    def _update_averages(self):
        super()._update_averages()
        if self.classifier_average is not None:
            self.classifier_average.update()

    @property
    def num_classes(self) -> int:
        """K, the number of classes."""
        return self.discriminator.output["logits"].shape[-1]

    # What labels add to the game.

    def compute_discriminator_loss(self, step: Step) -> Any:
        """The loss of all examples, and the cross-entropy of the labeled ones."""
        if isinstance(step.y, (tuple, list)):  # a minibatch of labeled examples
            images, classes = (part[:: self.examples_per_label] for part in step.y)
            output = self._judge(self._preprocess(images, step.training), (), training=step.training)[0]
        else:
            output, classes = step.real_output, step.y
        entropy, accuracy, count = supervised(output["logits"], classes)
        self.accuracy.update_state(accuracy, count)
        return super().compute_discriminator_loss(step) + entropy

    def _judge(self, x, condition, at=None, training=True):
        if training or self.classifier_average is None:
            return super()._judge(x, condition, at, training)
        output = self.classifier_average.apply(self.discriminator, x, training=False)
        return keras.tree.map_structure(lambda part: ops.cast(part, "float32"), output), 0.0

    def _beside(self, arrays):
        """Training arrays with a labeled example beside each example: a batch of the ones has as many of the others."""
        x, y = arrays
        y = np.asarray(y).reshape(-1)
        checks.check_every_class(y, self.num_classes)
        rows = np.resize(np.flatnonzero(y >= 0), len(y))
        return x, (x[rows], y[rows].astype("int32"))

    def check_training(self, x: Any, y: Any, validation: bool = False) -> Any:
        x = super().check_training(x, y, validation)
        if checks.are_arrays(x):
            checks.check_classes(y, int(checks.num_rows(x)), self.num_classes, needed=not validation)
        return x

    def check_batch(self, x: Any, y: Any) -> None:
        super().check_batch(x, y)
        if checks.are_arrays(x) and not isinstance(y, (tuple, list)):
            checks.check_classes(y, int(checks.num_rows(x)), self.num_classes)

    def evaluate(self, x: Any = None, y: Any = None, *args: Any, **kwargs: Any) -> Any:
        """The game's metrics and the accuracy on held-out data, as `keras.Model.evaluate`."""
        if checks.are_arrays(x):
            checks.check_classes(y, int(checks.num_rows(x)), self.num_classes, needed=False)
        return super().evaluate(x, y, *args, **kwargs)

    # The classifier.

    def classify(self, x: Any, averaged: bool = True, batch_size: int = 1000) -> np.ndarray:
        """Probabilities of the classes.

        Args:
            x: array of data before preprocessing, shape `(n, ...)`.
            averaged: whether to use the averaged weights, where there are any (`ema=`).
            batch_size: rows at once.

        Returns:
            NumPy array of shape `(n, K)`, float32, whose rows sum to 1.
        """
        x = self.preprocess(x, batch_size)
        checks.check_like_samples(x, self.generator)
        average = self.classifier_average if averaged else None
        with average.in_place() if average is not None else contextlib.nullcontext(), backend.shuffling_untouched():
            logits = self.discriminator.predict(x, batch_size=batch_size, verbose=0)["logits"]
        return ops.convert_to_numpy(ops.softmax(ops.cast(logits, "float32")))


def supervised(logits: Any, classes: Any) -> tuple[Any, Any, Any]:
    """The cross-entropy of the labeled examples, the share that is classified rightly, and how many they are.

    Args:
        logits: shape `(batch, K)`.
        classes: integers of shape `(batch,)` or `(batch, 1)`, -1 for an example without a label; or None for none.

    Returns:
        Three scalars; the first two are 0 where no example has a label.
    """
    if classes is None:
        return ops.zeros(()), ops.zeros(()), ops.zeros(())
    logits, classes = ops.convert_to_tensor(logits), ops.reshape(ops.cast(classes, "int32"), (-1,))
    known = ops.cast(classes >= 0, logits.dtype)
    count = ops.sum(known)
    log_probabilities = logits - ops.logsumexp(logits, axis=-1, keepdims=True)
    own = ops.sum(log_probabilities * ops.one_hot(classes, logits.shape[-1], dtype=logits.dtype), axis=-1)
    right = ops.cast(ops.equal(ops.cast(ops.argmax(logits, axis=-1), "int32"), classes), logits.dtype)
    share = 1.0 / ops.maximum(count, 1.0)
    return -share * ops.sum(known * own), share * ops.sum(known * right), count
