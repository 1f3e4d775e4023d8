"""CIFAR-10 by four pairs of networks, which get the same seconds of the processor each.

    python benchmarks/folders.py cifar10 pictures
    python benchmarks/cifar10.py pictures runs/cifar10-games

`images` is the recipe for pictures of one's own, as it is. `dense` and `conv` are the paper's two pairs of networks a
quarter as wide, as the recipes cifar10-r1-dense and cifar10-r1-conv train them. `dcgan` has the networks, the optimizer
and the batch of keras.io's DCGAN example, without its noise on labels; they begin from 4x4 places for pictures of 32x32
pixels. A game that the folder holds already is not played again: so each can run by itself, with --only. The table
compares samples with 10,000 test images, in the features of the classifier that ships.
"""

import argparse
import dataclasses
import time
from pathlib import Path
from typing import Any

import keras
from keras_gan.recipes.cifar10_r1 import Cifar10R1
from keras_gan.recipes.images import Images

import keras_gan as kg
from keras_gan.evaluation import evaluate
from keras_gan.runs.training import prepare

NAMES = ("images", "dense", "conv", "dcgan")
_SEED = 1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pictures", help="the training images as a folder of pictures")
    parser.add_argument("folder", type=Path, help="of the trained games")
    parser.add_argument("--seconds", type=float, default=600, help="of the processor, all its cores together")
    parser.add_argument("--only", nargs="+", choices=NAMES, default=NAMES, help="which games are played")
    arguments = parser.parse_args()
    data = kg.datasets.load("cifar10")
    for name in arguments.only:
        if not (path := arguments.folder / f"{name}.keras").exists():
            prepare(seed=_SEED)
            play(name, path, arguments.pictures, data, arguments.seconds)
    trained = {name: arguments.folder / f"{name}.keras" for name in NAMES}
    games = {name: kg.load(path) for name, path in trained.items() if path.exists()}
    print(evaluate(games, data, ["fid", "kid", "precision_recall"], num_seeds=1, progress=print))


def play(name: str, path: Path, pictures: str, data: Any, seconds: float) -> None:
    """Trains one of the games for some seconds of the processor, and saves it."""
    if name == "images":
        recipe: Any = Images(data_path=pictures)
        data = recipe.data()
        gan, batch_size = recipe.build(data, _SEED), recipe.batch_size
    elif name == "dcgan":
        gan, batch_size = dcgan(), 32
    else:
        recipe = dataclasses.replace(Cifar10R1.dense() if name == "dense" else Cifar10R1.conv(), width=0.25)
        gan, batch_size = recipe.build(data, _SEED), recipe.batch_size
    budget = Budget(seconds)
    gan.fit(data.train, batch_size=batch_size, epochs=10_000, callbacks=[budget], verbose=0)
    path.parent.mkdir(parents=True, exist_ok=True)
    gan.save(path)
    print(
        f"{name}: {budget.updates:,} updates of {batch_size} images, {budget.used:.0f} s of the processor, "
        f"{gan.generator.count_params():,} and {gan.discriminator.count_params():,} parameters",
        flush=True,
    )


def dcgan() -> kg.GAN:
    """The networks and the optimizers of keras.io/examples/generative/dcgan_overriding_train_step."""
    layers = keras.layers
    discriminator = keras.Sequential([keras.Input((32, 32, 3))])
    for filters in (64, 128, 128):
        discriminator.add(layers.Conv2D(filters, 4, 2, "same"))
        discriminator.add(layers.LeakyReLU(0.2))
    for layer in (layers.Flatten(), layers.Dropout(0.2), layers.Dense(1)):
        discriminator.add(layer)
    generator = keras.Sequential([keras.Input((128,)), layers.Dense(4 * 4 * 128), layers.Reshape((4, 4, 128))])
    for filters in (128, 256, 512):
        generator.add(layers.Conv2DTranspose(filters, 4, 2, "same"))
        generator.add(layers.LeakyReLU(0.2))
    generator.add(layers.Conv2D(3, 5, padding="same", activation="sigmoid"))
    gan = kg.GAN(generator, discriminator, kg.priors.Normal(128), preprocessing=layers.Rescaling(1 / 255), seed=_SEED)
    gan.compile(
        generator_optimizer=keras.optimizers.Adam(1e-4),
        discriminator_optimizer=keras.optimizers.Adam(1e-4),
        objective="non_saturating",
        updates="alternating",
    )
    return gan


class Budget(keras.callbacks.Callback):
    """Ends training after some seconds of the processor; the first update, which compiles, is left out."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.seconds, self.used, self.updates, self._begun = seconds, 0.0, 0, 0.0

    def on_train_batch_end(self, batch, logs=None):
        self.updates += 1
        if self.updates == 1:
            self._begun = time.process_time()
        self.used = time.process_time() - self._begun
        self.model.stop_training = self.used >= self.seconds


if __name__ == "__main__":
    main()
