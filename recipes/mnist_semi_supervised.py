"""MNIST with 100 or 1,000 labels: the game with K + 1 classes and feature matching (Salimans et al. 2016).

The discriminator is the classifier, and samples are a class more. All 50,000 training images train it; of `labels` of
them, as many of each class, the label is used. The 10,000 validation images are for the curve alone: nothing is chosen
by them. The networks are those of the 2016 code. What differs: the learning rate falls to 0 within the run, the scale
of hidden layers is an argument and not set from a batch, and fewer labeled images go into a step.
"""

import dataclasses
from typing import ClassVar

from keras_gan.recipes import settings
from keras_gan.recipes.mnist import MnistData


@dataclasses.dataclass(frozen=True)
class MnistSemiSupervised(MnistData):
    """Train a classifier of MNIST from few labels: samples of a generator are one class more."""

    name: settings.SaidByPreset[str] = "mnist-semi-supervised"
    epochs: int = 100
    """Passes over the 50,000 training images."""
    width: float = 1.0
    """Scale of every hidden layer of both networks."""
    labels: int = 100
    """How many training images have a label: a multiple of 10, as many of each class."""
    labels_seed: int = 0
    """Which images these are."""
    learning_rate: float = 3e-3
    """Adam's, of both players at the first update; it falls to 0 along a cosine."""
    beta_1: float = 0.5
    """Adam's decay of the gradient's average."""
    epsilon: float = 1e-4
    """Adam's floor under the size of gradients: a discriminator that is right makes small steps."""
    discriminator_weight: float = 0.5
    """Factor on the discriminator's loss of images without labels and samples; that of the labels counts 1."""
    examples_per_label: int = 2
    """A labeled image goes beside each so many images of a minibatch."""
    ema: float = 0.9999
    """Decay of averaged weights, of the classifier and of the generator; 0 for none."""

    reported: ClassVar[tuple[str, ...]] = ("d_on_data", "d_on_samples", "accuracy", "val_accuracy")
    limits: ClassVar[dict[str, settings.Limit]] = {
        "labels": settings.Limit("a multiple of 10 from 10 to 10,000", lambda n: n in range(10, 10_001, 10)),
        "labels_seed": settings.integers(0),
        "width": settings.WIDTH,
        "learning_rate": settings.POSITIVE,
        "examples_per_label": settings.COUNT,
        **dict.fromkeys(("beta_1", "ema"), settings.BELOW_ONE),
        **dict.fromkeys(("discriminator_weight", "epsilon"), settings.NOT_NEGATIVE),
    }
    following: ClassVar[tuple[str, ...]] = ("sample {model}",)
    exports: ClassVar[bool] = True

    @property
    def extendable(self):
        return False  # the learning rate has reached 0

    def build(self, data, seed):
        import keras

        import keras_gan as kg

        def optimizer():
            updates = self.epochs * self.updates_per_epoch(data)
            rate = keras.optimizers.schedules.CosineDecay(self.learning_rate, updates)
            return kg.optimizers.Adam(rate, beta_1=self.beta_1, epsilon=self.epsilon)

        networks = kg.networks.build("mnist_semi_supervised", width=self.width)
        gan = kg.SemiSupervisedGAN(*networks, preprocessing=data.preprocessing, seed=seed)
        gan.compile(
            optimizer(),
            optimizer(),
            discriminator_weight=self.discriminator_weight,
            examples_per_label=self.examples_per_label,
            ema=self.ema or None,
        )
        return gan

    def fit_arguments(self, data):
        import keras_gan as kg

        labels = kg.datasets.hide_labels(data.labels.train, self.labels, self.labels_seed)
        validation = data.validation, data.labels.validation
        return {**super().fit_arguments(data), "y": labels, "validation_data": validation}


if __name__ == "__main__":
    settings.main(MnistSemiSupervised())
