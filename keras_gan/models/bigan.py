"""The joint form of inference: an encoder that is trained with the game (Donahue et al. 2017, Dumoulin et al. 2017)."""

import math
from typing import Any

import keras
import numpy as np
from keras import ops

from keras_gan import backend, priors
from keras_gan.models import checks
from keras_gan.models.gan import GAN
from keras_gan.models.inference import InferenceNetwork
from keras_gan.objectives import LeastSquares


@keras.saving.register_keras_serializable("keras_gan")
class BiGAN(GAN):
    """A game of pairs: the discriminator tells `(x, E(x))` of data from `(G(z), z)`, and E learns beside G.

    G and E together play against the discriminator. Where they win, E is the inverse of G on the data, although no
    error in x or z need be measured; `compile` may let them pay for both. `encode` and `reconstruct` are those of an
    `InferenceNetwork` of the two.

    Args:
        generator: Keras model from noise, shape `(batch, dim)`, to samples shaped like (preprocessed) data.
        discriminator: Keras model from `[x, z]`, a batch of data or samples and one of noise, to a logit for each pair.
        encoder: Keras model from data to noise, shape `(batch, dim)`, no activation. The generator's step trains it.
        prior: as in `GAN`.
        preprocessing: as in `GAN`.
        seed: as in `GAN`.

    Raises:
        ValueError: if the networks do not fit each other or the prior, or share weights.

    Source: Donahue, Krähenbühl, Darrell: "Adversarial Feature Learning", 2017; Dumoulin et al.: "Adversarially Learned
    Inference", 2017.
    """

    parts = ("generator", "discriminator", "encoder", "prior", "preprocessing")
    judges_noise = True

    def __init__(
        self,
        generator: keras.Model,
        discriminator: keras.Model,
        encoder: keras.Model,
        prior: priors.Prior | str | None = None,
        preprocessing: keras.layers.Layer | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(generator, discriminator, prior, preprocessing=preprocessing, seed=seed, **kwargs)
        self.encoder = encoder
        checks.check_encoder(generator, encoder, self.prior)

    def compile(self, *args: Any, reconstruction_weight: float = 0.0, code_weight: float = 0.0, **kwargs: Any) -> None:
        """Says how the game is played, as `GAN.compile`.

        Args:
            *args: those of `GAN.compile`.
            reconstruction_weight: what G and E also pay for |x - G(E(x))|^2, the squared distance between data and
                their reconstructions, summed over an example's values. The game alone hardly ties a code to its own
                image; Li et al. 2017 ("ALICE") say why, and add such a term.
            code_weight: what they also pay for the squared error of E(G(z)), a mean over the coordinates of z.
            **kwargs: those of `GAN.compile`.

        Raises:
            ValueError: as `GAN.compile`, for `"least_squares"`, whose two targets are not each other's mirror, and for
                a negative or infinite weight.
        """
        checks.check_error_weights(reconstruction_weight=reconstruction_weight, code_weight=code_weight)
        self.reconstruction_weight, self.code_weight = float(reconstruction_weight), float(code_weight)
        super().compile(*args, **kwargs)
        if isinstance(self.objective, LeastSquares):
            raise ValueError(
                "The encoder plays the generator's game with the roles of data and samples exchanged, which "
                "least_squares does not allow. Received: objective='least_squares'. Use 'non_saturating' or "
                "'relativistic'."
            )

    @property
    def generator_networks(self) -> list[keras.Model]:
        return [self.generator, self.encoder]

    def judged(self, x: Any, z: Any = None, training: bool = True) -> Any:
        return [x, self.encoder(x, training=training) if z is None else z]

    def compute_generator_loss(self, step: Any) -> Any:
        loss = super().compute_generator_loss(step)
        if not getattr(self.objective, "pairs", False):  # which compare both kinds of pairs already
            loss = loss + self.objective.generator(-step.real_output)  # E wants its pairs to be taken for samples
        if self.reconstruction_weight:
            again = self.generator(self.encoder(step.x, training=step.training), training=step.training)
            num_values = math.prod(step.x.shape[1:])
            loss = loss + self.reconstruction_weight * num_values * _mean_square(again, step.x)
        if self.code_weight:
            code = self.encoder(step.samples, training=step.training)
            loss = loss + self.code_weight * _mean_square(code, step.z)
        return loss

    def get_compile_config(self) -> dict[str, Any]:
        config = super().get_compile_config()
        weights = {"reconstruction_weight": self.reconstruction_weight, "code_weight": self.code_weight}
        return config and {**config, **weights}

    @property
    def inference(self) -> InferenceNetwork:
        """The generator and the encoder as an inference network, which shares their weights."""
        return InferenceNetwork(self.generator, self.encoder, self.prior, self.preprocessing, seed=self._seed)

    def encode(self, x: Any, **kwargs: Any) -> np.ndarray:
        """The noise of images: arguments and result as those of `InferenceNetwork.encode`."""
        return self.inference.encode(x, **kwargs)

    def reconstruct(self, x: Any, **kwargs: Any) -> np.ndarray:
        """Images as the generator makes them again: arguments and result as those of `InferenceNetwork.reconstruct`."""
        return self.inference.reconstruct(x, **kwargs)

    def errors(self, num: int = 10_000, seed: int | None = None) -> np.ndarray:
        """How far the encoder is off on fresh samples: arguments and result as those of `InferenceNetwork.errors`."""
        return self.inference.errors(num, seed)

    def features(self, x: Any, batch_size: int = 1000) -> np.ndarray:
        """What the encoder makes of images in the layer before its output.

        Args:
            x: array of images before preprocessing, shape `(n, ...)`.
            batch_size: images at once.

        Returns:
            NumPy array of shape `(n, ...)`, float32.

        Raises:
            ValueError: if the images are shaped or scaled unlike the generator's samples.
        """
        x = self.preprocess(x, batch_size)
        checks.check_like_samples(x, self.generator)
        network = keras.Model(self.encoder.inputs, self.encoder.layers[-1].input)
        with backend.shuffling_untouched():
            return ops.convert_to_numpy(network.predict(x, batch_size=batch_size, verbose=0)).astype("float32")


def _mean_square(a, b):
    return ops.mean(ops.square(ops.cast(a, "float32") - ops.cast(b, "float32")))
