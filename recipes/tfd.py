"""The paper's Toronto Face Database experiment, as its released code ran it: two adversarial games in turn.

First (`pretraining/` in the run's folder) a generator of three layers; then a new front of two layers before those
three, all of them trained, against a discriminator that starts afresh, as do the schedules. Max-norm 1.9365 on every
kernel.
"""

import dataclasses
from pathlib import Path
from typing import ClassVar, Literal

from keras_gan.recipes import settings


@dataclasses.dataclass(frozen=True)
class Tfd(settings.Released):
    """Train the paper's TFD networks (84,858,404 and 21,037,201 parameters), pretraining first."""

    name: settings.SaidByPreset[str] = "tfd"
    game: settings.SaidByPreset[Literal["pretraining", "final"]] = "final"
    """Which of the two games."""
    pretraining_epochs: int = 50
    """Passes over the training images of the first game."""
    epochs: int = 22
    """Passes over the training images of the second."""
    learning_rate: float = 0.05
    """Learning rate of both players, at the first update of each game."""
    width: float = 1.0
    """Factor on the hidden layers' sizes, for small machines."""
    data_path: str | None = None
    """TFD_48x48.mat, by default what KERAS_GAN_TFD says; or a folder of pictures, made grey and 48x48."""
    fold: int = 0
    """Whose validation images are looked at, 0 to 4; training images are the unlabeled ones, the same for all."""

    limits: ClassVar[dict[str, settings.Limit]] = {
        "pretraining_epochs": settings.COUNT,
        "width": settings.WIDTH,
        "fold": settings.integers(0, 4),
    }

    def data(self):
        import keras_gan as kg

        if self.data_path and Path(self.data_path).is_dir():
            return kg.datasets.load("images", path=self.data_path, size=48, grayscale=True)
        return kg.datasets.load("tfd", path=self.data_path, fold=self.fold)

    def before(self):
        if self.game == "pretraining":
            return None
        return "pretraining", dataclasses.replace(self, game="pretraining", epochs=self.pretraining_epochs)

    def build(self, data, seed, pretrained=None):
        import keras_gan as kg

        if self.game == "pretraining":
            networks = kg.networks.build("tfd_pretraining", pixel_mean=data.pixel_mean(), width=self.width)
        else:
            networks = kg.networks.build("tfd", pretrained=pretrained.generator, width=self.width)
        return self.compiled(networks, data, seed, kg.priors.Normal(100))


if __name__ == "__main__":
    settings.main(Tfd())
