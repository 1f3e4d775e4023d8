"""Classifiers of real images, whose last hidden layer is what FID, KID, precision and recall look at.

They are no games: each is a small Keras network, trained on the training images alone. `best.keras` has the highest
accuracy on validation images. A run that is stopped and resumed sees the data in another order than one that is not.
"""

import dataclasses
from typing import ClassVar

from keras_gan.recipes import settings
from keras_gan.recipes.mnist import MnistData


@dataclasses.dataclass(frozen=True)
class Classifier(settings.Recipe):
    """A classifier of images of ten classes: Adam on the cross-entropy."""

    every: int = 1
    """Epochs between looks at the validation data; the model is saved after every epoch."""
    learning_rate: float = 1e-3
    """Adam's, constant."""

    monitor: ClassVar[str | None] = "val_accuracy"
    reported: ClassVar[tuple[str, ...]] = ("loss", "accuracy", "val_accuracy")
    limits: ClassVar[dict[str, settings.Limit]] = {"learning_rate": settings.NOT_NEGATIVE}

    def layers(self) -> list:
        """The layers from preprocessed images to the one called features, which has as many numbers as it should."""
        raise NotImplementedError

    def build(self, data, seed):
        import keras

        inputs = keras.Input(data.train.shape[1:], name="images")
        logits = keras.layers.Dense(10, name="logits")
        model = keras.Sequential([inputs, *self.layers(), logits], name=self.name)
        model.compile(
            keras.optimizers.Adam(self.learning_rate),
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


if __name__ == "__main__":
    settings.main(DigitsClassifier())
