"""Watches the first epochs of the alternating game: why it may collapse, and what keeps it alive.

    python benchmarks/alternating.py --epochs 3 --seeds 1 2 3 4 5 --data-path mnist.npz

It plays three games on the MNIST networks, all with the non-saturating loss and without an average: the released one
(simultaneous updates, half weight on the discriminator's loss, dropout), the same with alternating updates, and
`mnist-alternating` with its own values. Every `--every` updates it prints

    on data      mean logit of 500 validation images
    on samples   mean logit of 500 samples of the same noise
    spread       sum over pixels of the samples' variance (printed for validation images first)
    swing        root mean square change, from one update to the next, of the mean logit of 100 validation images,
                 over the updates since the last line
    falls        share of those updates after which that logit fell: 0.5 where the players overshoot each other, less
                 where the discriminator only grows surer
    shared       share of the generator's gradient that is the same for all 500 samples: |mean g|^2 / mean |g|^2, for g
                 the gradient of -log D(x) in a sample x. At 1 every sample is told to change in the same way.

and at the end the Parzen log-likelihood of the first 1,000 validation images under 10,000 samples of the trained
generator. The mean image alone scores -48 on these images; a game that ends far below has collapsed.
"""

import argparse
import dataclasses

import keras
import numpy as np
from keras import ops
from keras_gan.recipes.mnist import Mnist

import keras_gan as kg
from keras_gan import backend

GAMES = {
    "simultaneous, as released": Mnist(),
    "alternating": Mnist(updates="alternating"),
    "mnist-alternating": Mnist.alternating(),
}


def watch(gan: kg.GAN, updates: int, images: np.ndarray, track: list[float]) -> None:
    """Prints a line of the table."""
    samples = gan.sample(len(images), seed=0)
    on_samples, gradients = logits_and_gradients(gan, samples)
    on_data, _ = logits_and_gradients(gan, images)
    shared = np.square(gradients.mean(0)).sum() / np.square(gradients).sum(1).mean()
    changes = np.diff(track)
    swing, falls = (np.sqrt(np.mean(changes**2)), np.mean(changes < 0)) if len(changes) else (np.nan, np.nan)
    numbers = (
        f"{on_data.mean():10.2f}{on_samples.mean():12.2f}{spread(samples):9.2f}{swing:9.3f}{falls:9.2f}{shared:9.2f}"
    )
    print(f"{updates:8d}{numbers}", flush=True)


def logits_and_gradients(gan: kg.GAN, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Logits of images, shape `(n, 1)`, and gradients of -log D(x) in them, shape `(n, pixels)`."""

    def logits(x):
        return gan.discriminator(x, training=False)

    value, gradient = backend.input_gradient(logits, ops.convert_to_tensor(x), gan.variables)
    value, gradient = (ops.convert_to_numpy(array) for array in (value, gradient))
    return value, -(1 / (1 + np.exp(value))) * gradient.reshape(len(x), -1)


def spread(images: np.ndarray) -> float:
    """Sum over pixels of the variance over images."""
    return float(images.reshape(len(images), -1).var(axis=0).sum())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--every", type=int, default=100, help="updates between two lines")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1])
    parser.add_argument("--data-path", help="npz file of MNIST, for the paper's rows")
    arguments = parser.parse_args()
    data = kg.datasets.load("mnist", path=arguments.data_path)
    summary = []
    for seed in arguments.seeds:
        for name, game in GAMES.items():
            print(f"\nseed {seed}: {name}")
            recipe = dataclasses.replace(game, epochs=arguments.epochs, ema=0.0)
            gan, validation = play(recipe, data, seed, arguments.every)
            sigma, means = kg.evaluation.parzen.select_sigma(gan.sample(10_000, seed=0), validation)
            summary.append(f"{seed:5d}  {name:36s}{spread(gan.sample(500, seed=0)):8.2f}{means[sigma]:16.1f}")
            print(f"log-likelihood {means[sigma]:.1f}", flush=True)
    print(f"\nAfter {arguments.epochs} epochs; spread of validation images {spread(validation):.2f}")
    print(f"{'seed':>5s}  {'game':36s}{'spread':>8s}{'log-likelihood':>16s}", *summary, sep="\n")


def play(recipe: Mnist, data: kg.datasets.Dataset, seed: int, every: int) -> tuple[kg.GAN, np.ndarray]:
    """Trains, printing the table; returns the GAN and 1,000 preprocessed validation images."""
    keras.utils.set_random_seed(seed)
    gan = recipe.build(data, seed)
    validation = gan.preprocess(data.validation[:1000])
    print(f"{'updates':>8s}{'on data':>10s}{'on samples':>12s}{'spread':>9s}{'swing':>9s}{'falls':>9s}{'shared':>9s}")
    track: list[float] = []
    random = np.random.default_rng(seed)
    updates = 0
    for _ in range(recipe.epochs):
        order = random.permutation(len(data.train))
        for start in range(0, len(order), recipe.batch_size):
            if updates % every == 0:
                watch(gan, updates, validation[:500], track)
                track = track[-1:]
            gan.train_on_batch(data.train[order[start : start + recipe.batch_size]])
            track.append(float(gan.discriminator.predict_on_batch(validation[:100]).mean()))
            updates += 1
    return gan, validation


if __name__ == "__main__":
    main()
