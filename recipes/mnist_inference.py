"""An inference network for a finished generator of MNIST digits (the paper's section 7, extension 2).

The encoder is as wide as the generator's hidden layers (1200 ReLU units, twice) and learns to predict z from G(z) on
samples that the generator draws anew in every update. The generator stays as it is.
"""

import dataclasses
from typing import ClassVar

from keras_gan.recipes import settings
from keras_gan.recipes.mnist import MnistData


@dataclasses.dataclass(frozen=True)
class MnistInference(MnistData):
    """Train an encoder that finds the noise of an image, for a finished MNIST generator."""

    name: settings.SaidByPreset[str] = "mnist-inference"
    generator: str = "mnist"
    """The generator: name of a shipped one, folder of a run or a .keras file; one without a condition."""
    epochs: int = 40
    """Times that the encoder is measured and saved."""
    updates: int = 500
    """Updates per epoch, each on fresh samples."""
    learning_rate: float = 1e-3
    """Adam's, at the first update; it falls to 0 along a cosine."""
    hidden: int = 1200
    """Units of each of the encoder's two hidden layers."""

    reported: ClassVar[tuple[str, ...]] = ("loss", "val_error", "val_distance")

    limits: ClassVar[dict[str, settings.Limit]] = {
        "updates": settings.COUNT,
        "learning_rate": settings.NOT_NEGATIVE,
        "hidden": settings.SIZE,
    }

    @property
    def extendable(self):
        return False  # the learning rate has reached 0

    def build(self, data, seed):
        import keras

        import keras_gan as kg

        generator, prior = trained_generator(self.generator)
        encoder = kg.networks.encoder(generator.output_shape[1:], prior.dim, self.hidden)
        inference = kg.InferenceNetwork(generator, encoder, prior, data.preprocessing, seed)
        rate = keras.optimizers.schedules.CosineDecay(self.learning_rate, self.epochs * self.updates)
        inference.compile(keras.optimizers.Adam(rate))
        return inference

    def fit_arguments(self, data):
        return {"steps_per_epoch": self.updates, "batch_size": self.batch_size}

    def updates_per_epoch(self, data):
        return self.updates

    def callbacks(self, data, folder):
        import keras_gan as kg

        return [
            kg.callbacks.InferenceErrors(data.validation, self.every),
            kg.callbacks.Reconstructions(folder, data.validation, self.every),
        ]


def trained_generator(name):
    """A trained generator as a Keras model, with its averaged weights, and its prior."""
    import keras_gan as kg

    loaded = kg.load(name)
    model, prior = loaded.model, getattr(loaded, "prior", None)
    if model is None or prior is None:
        raise ValueError(
            f"{name} holds no generator that can be differentiated. Pass the folder of a GAN's run, or a .keras file."
        )
    if isinstance(model, kg.GAN):
        with model.averaged_weights():
            weights = model.generator.get_weights()
        model.generator.set_weights(weights)
        model = model.generator
    return model, prior


if __name__ == "__main__":
    settings.main(MnistInference())
