"""From an image to its noise (the paper's section 7, extension 2): for a finished generator, and learnt with it.

`mnist-inference`: the encoder is as wide as the generator's hidden layers (1200 ReLU units, twice) and learns to
predict z from G(z) on samples that the generator draws anew in every update. The generator stays as it is.

`mnist-bigan`: the joint form (Donahue et al. 2017). The discriminator judges pairs of image and noise, and the encoder
learns beside the generator. Prior and number of layers are theirs (two hidden layers, 50 uniform noise values); the
objective and the two gradient penalties are those of R3GAN (Huang et al. 2024). Generator and encoder also pay for the
errors of reconstructions (Li et al. 2017) and of codes.
"""

import dataclasses
from typing import ClassVar, Literal

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
        from keras_gan.artifacts import loading

        generator, prior = loading.trained_generator(self.generator)
        encoder = kg.networks.encoder(generator.output_shape[1:], prior.dim, self.hidden)
        inference = kg.InferenceNetwork(generator, encoder, prior, data.preprocessing, seed)
        rate = keras.optimizers.schedules.CosineDecay(self.learning_rate, self.epochs * self.updates)
        inference.compile(kg.optimizers.Adam(rate), steps_per_execution=self.updates_per_call)
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


@dataclasses.dataclass(frozen=True)
class MnistBiGAN(settings.Game, MnistData):
    """Train a generator and an encoder of MNIST digits together: a discriminator judges pairs of image and noise."""

    name: settings.SaidByPreset[str] = "mnist-bigan"
    epochs: int = 8
    """Passes over the 50,000 training images."""
    every: int = 2
    learning_rate: float = 5e-4
    """Adam's for both players, constant."""
    beta_1: float = 0.5
    """Adam's decay of the gradient's average."""
    hidden: int = 512
    """Units of each of the two hidden layers of the generator, the encoder and the discriminator."""
    noise: int = 50
    """Noise values."""
    objective: settings.Objective = "relativistic"
    r1_penalty: float = 2.0
    r2_penalty: float = 2.0
    """gamma of a penalty as R1, at samples; 0 for none."""
    penalty_every: int = 4
    """The penalties are computed in one of so many updates, at so many times their weight."""
    reconstruction: float = 0.12
    """What the generator and the encoder also pay for the squared distance of reconstructions to their images."""
    code: float = 0.4
    """What they also pay for the mean squared error of the noise that the encoder finds of a sample; 0 for nothing."""

    monitor: ClassVar[str | None] = "val_error"
    monitor_mode: ClassVar[Literal["max", "min"]] = "min"

    limits: ClassVar[dict[str, settings.Limit]] = {
        "learning_rate": settings.NOT_NEGATIVE,
        "beta_1": settings.BELOW_ONE,
        **dict.fromkeys(("hidden", "noise"), settings.SIZE),
        "r2_penalty": settings.NOT_NEGATIVE,
        "penalty_every": settings.COUNT,
        **dict.fromkeys(("reconstruction", "code"), settings.NOT_NEGATIVE),
    }

    def build(self, data, seed):
        import keras_gan as kg

        shape = data.train.shape[1:]
        gan = kg.BiGAN(
            *kg.networks.pairs(shape, self.noise, self.hidden, data.pixel_mean()),
            kg.networks.encoder(shape, self.noise, self.hidden),
            preprocessing=data.preprocessing,
            seed=seed,
        )
        penalties = [
            penalty(weight, self.penalty_every)
            for penalty, weight in ((kg.penalties.R1, self.r1_penalty), (kg.penalties.R2, self.r2_penalty))
            if weight
        ]
        gan.compile(
            *self.optimizers(data),
            objective=self.objective,
            updates=self.updates,
            discriminator_steps=self.discriminator_steps,
            discriminator_weight=self.discriminator_weight,
            penalties=penalties,
            ema=self.ema or None,
            reconstruction_weight=self.reconstruction,
            code_weight=self.code,
            steps_per_execution=self.updates_per_call,
        )
        return gan

    def optimizers(self, data):
        import keras_gan as kg

        return tuple(kg.optimizers.Adam(self.learning_rate, beta_1=self.beta_1) for _ in range(2))

    def callbacks(self, data, folder):
        import keras_gan as kg

        labels = data.labels
        return [
            kg.callbacks.NearestNeighborAccuracy(
                data.train, labels.train, data.validation, labels.validation, self.every
            ),
            kg.callbacks.InferenceErrors(data.validation, self.every),
            *super().callbacks(data, folder),
        ]


if __name__ == "__main__":
    settings.main(MnistInference())
