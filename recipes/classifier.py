"""Classifiers of real images, whose last hidden layer is what FID, KID, precision and recall look at.

They are no games: each is a small Keras network, trained on the training images alone. `best.keras` has the highest
accuracy on validation images. A run that is stopped and resumed sees the data in another order than one that is not.
"""

import dataclasses
from typing import TYPE_CHECKING, ClassVar

from keras_gan.recipes import settings
from keras_gan.recipes.cifar10_dense import Cifar10Data
from keras_gan.recipes.mnist import MnistData

if TYPE_CHECKING:
    import keras

    import keras_gan as kg


@dataclasses.dataclass(frozen=True)
class Classifier(settings.Recipe):
    """A classifier of images of ten classes: Adam on the cross-entropy."""

    every: int = 1
    """Epochs between looks at the validation data; the model is saved after every epoch."""
    learning_rate: float = 1e-3
    """Adam's."""

    monitor: ClassVar[str | None] = "val_accuracy"
    reported: ClassVar[tuple[str, ...]] = ("loss", "accuracy", "val_accuracy")
    limits: ClassVar[dict[str, settings.Limit]] = {"learning_rate": settings.NOT_NEGATIVE}

    def layers(self) -> list:
        """The layers from preprocessed images to the one called features, which has as many numbers as it should."""
        raise NotImplementedError

    def optimizer(self, data: "kg.datasets.Dataset") -> "keras.optimizers.Optimizer":
        """Adam at a constant rate; override it for another."""
        import keras_gan as kg

        del data
        return kg.optimizers.Adam(self.learning_rate)

    def build(self, data, seed):
        import keras

        inputs = keras.Input(data.train.shape[1:], name="images")
        logits = keras.layers.Dense(10, name="logits")
        model = keras.Sequential([inputs, *self.layers(), logits], name=self.name)
        model.compile(
            self.optimizer(data),
            loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
            metrics=[keras.metrics.SparseCategoricalAccuracy(name="accuracy")],
        )
        return model

    def callbacks(self, data, folder):
        return []  # it draws no samples

    def fit_arguments(self, data):
        return {
            "x": data.preprocess(data.train),
            "y": data.labels.train,
            "batch_size": self.batch_size,
            "validation_data": (data.preprocess(data.validation), data.labels.validation),
        }


@dataclasses.dataclass(frozen=True)
class DigitsClassifier(Classifier):
    """Train a classifier of the bundled 8x8 digits, for FID and its kin (no download)."""

    name: settings.SaidByPreset[str] = "digits-classifier"
    epochs: int = 60
    """Passes over the 1,297 training images."""

    def data(self):
        import keras_gan as kg

        return kg.datasets.load("digits")

    def layers(self):
        import keras

        return [
            keras.layers.Flatten(),
            keras.layers.Dense(128, "relu"),
            keras.layers.Dense(32, "relu", name="features"),  # few: there are only 250 test images
        ]


@dataclasses.dataclass(frozen=True)
class MnistClassifier(Classifier, MnistData):
    """Train a small convolutional classifier of MNIST, for FID and its kin."""

    name: settings.SaidByPreset[str] = "mnist-classifier"
    epochs: int = 12
    """Passes over the 50,000 training images."""

    def layers(self):
        import keras

        return [
            keras.layers.Conv2D(16, 3, 2, "same", activation="relu"),
            keras.layers.Conv2D(32, 3, 2, "same", activation="relu"),
            keras.layers.Flatten(),
            keras.layers.Dropout(0.5),
            keras.layers.Dense(128, "relu", name="features"),
        ]


@dataclasses.dataclass(frozen=True)
class Cifar10Classifier(Classifier, Cifar10Data):
    """Train a small residual classifier of CIFAR-10, for FID and its kin.

    Its first layer is the data's own preprocessing, which changes nothing the second time: so it takes samples on the
    scale from 0 to 1, too. It is shown images that are shifted by up to four pixels and mirrored.
    """

    name: settings.SaidByPreset[str] = "cifar10-classifier"
    epochs: int = 30
    """Passes over the 40,000 training images; the learning rate falls to 0 at the end of the last."""
    batch_size: int = 128
    learning_rate: float = 2e-3
    """Adam's highest, which it has after the first epoch."""
    weight_decay: float = 0.05
    """What every update takes from the weights, as a share of them, times the learning rate."""

    limits: ClassVar[dict[str, settings.Limit]] = {"weight_decay": settings.NOT_NEGATIVE}

    @property
    def extendable(self):
        return False  # the rate is 0 at the end

    def optimizer(self, data):
        import keras

        updates = self.updates_per_epoch(data)
        rate = keras.optimizers.schedules.CosineDecay(
            0.0, max(1, self.epochs - 1) * updates, warmup_target=self.learning_rate, warmup_steps=updates
        )
        return keras.optimizers.AdamW(rate, weight_decay=self.weight_decay)

    def layers(self):
        import keras

        import keras_gan as kg
        from keras_gan.networks.parts import scaled

        first, second, third = (scaled(channels, self.width) for channels in (32, 64, 128))
        return [
            kg.layers.GlobalContrastNormalization(55.0),
            kg.layers.Augmentation(1.0, "translation", flips=True),
            *_convolution(first),
            *_convolution(second, 2),
            _residual(second, 16),
            *_convolution(third, 2),
            _residual(third, 8),
            keras.layers.GlobalAveragePooling2D(name="features"),
        ]


def _convolution(filters, strides=1):
    import keras

    return [
        keras.layers.Conv2D(filters, 3, strides, "same", use_bias=False),
        keras.layers.BatchNormalization(),
        keras.layers.Activation("relu"),
    ]


def _residual(filters, size):
    """x plus what two convolutions make of it."""
    import keras

    x = y = keras.Input((size, size, filters))
    for layer in [*_convolution(filters), *_convolution(filters)]:
        y = layer(y)
    return keras.Model(x, keras.layers.Add()([x, y]), name=f"block_{size}")


if __name__ == "__main__":
    settings.main(DigitsClassifier())
