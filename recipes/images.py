"""A folder of pictures of your own, through convolutional residual networks: what to use if you have no reason not to.

The networks, the objective and the penalties are those of Huang et al. 2024 (R3GAN): residual blocks without
normalization, each sample compared with a picture, and a penalty on the discriminator's slope at pictures and at
samples. The networks are small enough for a CPU; `--width` makes them larger.
"""

import dataclasses
from typing import ClassVar, Literal

from keras_gan.recipes import settings

_SHOWN = 60_000  # pictures that training is shown by default
_FEWEST_EPOCHS, _LOOKS = 10, 20
_SAMPLES = 1000  # that are drawn to be measured
_VALUES = 1 << 26  # of the pictures that are looked at, all together: as floats they take four times as many bytes


@dataclasses.dataclass(frozen=True)
class Images(settings.Game):
    """Train on a folder of pictures of your own: colour or grey, 32 to 256 pixels a side."""

    name: settings.SaidByPreset[str] = "images"
    data_path: str | None = None
    """The folder of pictures; those in subfolders are used, too."""
    size: Literal[32, 64, 128, 256] = 32
    """Pixels per side: the middle square of each picture is brought to so many."""
    grayscale: bool = False
    """Whether pictures are made grey."""
    width: float = 1.0
    """Factor on the networks' channels: 1 is meant for a CPU, 4 for a GPU."""
    conditional: bool = False
    """Whether the subfolders are classes that both networks are told, so that samples can be asked for by class."""
    flips: bool = False
    """Whether a mirrored picture is as good as the picture: so for faces and landscapes, and not for writing."""
    augment: bool = True
    """Whether the discriminator is shown changed pictures and samples, the more of them the more it overfits."""
    features: str = "cifar10"
    """The network of FID, precision and recall: cifar10 (the classifier of photographs that ships), random (never
    trained), inception (88 MB are downloaded), or a .keras file that makes vectors of pictures."""
    epochs: int = 0
    """Passes over the training pictures; by default (0) as many as show 60,000 pictures, and at least 10."""
    batch_size: int = 32
    every: int = 0
    """Epochs between pictures and looks at held-out data; by default (0) there are 20 of them."""
    learning_rate: float = 5e-4
    """Adam's, for both players."""
    objective: settings.Objective = "relativistic"
    r1_penalty: float = 0.5
    r2_penalty: float = 0.5
    """gamma of a penalty as R1, at samples; 0 for none."""
    ema: float = 0.999

    limits: ClassVar[dict[str, settings.Limit]] = {
        "size": settings.Limit(
            "32, 64, 128 or 256", lambda size: not isinstance(size, bool) and size in (32, 64, 128, 256)
        ),
        "width": settings.WIDTH,
        **dict.fromkeys(("epochs", "every"), settings.integers(0)),
        **dict.fromkeys(("learning_rate", "r2_penalty"), settings.NOT_NEGATIVE),
    }

    monitor: ClassVar[str | None] = "val_fid"
    monitor_mode: ClassVar[Literal["max", "min"]] = "min"
    reported = ("val_fid", "val_precision", "val_recall", "overfitting")
    unit = "pictures"
    bar_per_epoch = False
    outlook = "Something can be recognised after about a third of the training."

    def data(self):
        import keras_gan as kg

        classes = {"classes": True} if self.conditional else {}
        return kg.datasets.load("images", path=self.data_path, size=self.size, grayscale=self.grayscale, **classes)

    def settled(self, data):
        epochs = self.epochs or max(_FEWEST_EPOCHS, round(_SHOWN / len(data.train)))
        return dataclasses.replace(self, epochs=epochs, every=self.every or max(1, epochs // _LOOKS))

    def build(self, data, seed):
        import keras_gan as kg

        classes = self._num_classes(data)
        networks = kg.networks.build(
            "residual",
            image_shape=data.train.shape[1:],
            width=self.width,
            pixel_mean=data.pixel_mean(),
            num_classes=classes,
        )
        condition = kg.conditions.Labels(classes) if classes else None
        return self.compiled(networks, data, seed, kg.priors.Normal(64), condition)

    def _num_classes(self, data):
        return int(max(data.labels.train)) + 1 if self.conditional else 0

    def fit_arguments(self, data):
        arguments = super().fit_arguments(data)
        if self.conditional:
            arguments |= {"y": data.labels.train, "validation_data": (data.validation, data.labels.validation)}
        return arguments

    def gan(self, *networks, **arguments):
        import keras_gan as kg

        if not (self.augment or self.flips):
            return kg.GAN(*networks, **arguments)
        kinds = kg.layers.Augmentation.KINDS if self.augment else ()
        changes = kg.layers.Augmentation(kinds=kinds, flips=self.flips, seed=arguments["seed"])
        return kg.GAN(*networks, augmentation=changes, **arguments)

    def penalties(self):
        import keras_gan as kg

        return [*super().penalties(), *([kg.penalties.R2(self.r2_penalty)] if self.r2_penalty else [])]

    def callbacks(self, data, folder):
        import numpy as np

        import keras_gan as kg

        features = kg.evaluation.features.get(self.features, data)
        most = max(100, _VALUES // int(np.prod(data.train.shape[1:])))  # pictures that are looked at
        train, validation = data.train[:most], data.validation[:most]
        # A covariance needs more pictures than there are features: few held-out ones give way to those trained on.
        real = validation if len(validation) > features.dim else train
        labels = (data.labels.train, data.labels.validation) if self.conditional else None
        rows = [row % self._num_classes(data) for row in range(10)] if self.conditional else []
        grid = {"condition": np.repeat(rows, 10)} if rows else {}
        return [
            kg.callbacks.FID(real, features, self.every, num_samples=min(most, _SAMPLES)),
            kg.callbacks.PrecisionRecall(real, features, self.every, max_samples=min(most, _SAMPLES)),
            kg.callbacks.Overfitting(
                train, validation, labels, self.every, num_train=len(data.train), adapt=self.augment
            ),
            kg.callbacks.GuardRails(
                train, validation, features, self.every, after=self.epochs // 4, num_train=len(data.train)
            ),
            kg.callbacks.SampleGrid(folder, self.every, **grid),
        ]

    def optimizers(self, data):
        import keras_gan as kg

        return tuple(kg.optimizers.Adam(self.learning_rate, beta_1=0.0, beta_2=0.99) for _ in range(2))


if __name__ == "__main__":
    settings.main(Images())
