"""Why the alternating game collapses where the simultaneous one does not, and what mends it: its first epochs, watched.

    python benchmarks/alternating.py --epochs 3 --data-path mnist.npz

Plays the MNIST recipe's game from its first update in both orders, and alternating with the generator's first weights
from wider ranges. Every 100 updates it prints

    on data      mean logit of 500 validation images
    on samples   mean logit of 500 samples of the same noise
    spread       sum over pixels of the samples' variance (printed for validation images first)
    shared       share of the generator's gradient that is the same for all 500 samples: |mean g|^2 / mean |g|^2, for g
                 the gradient of -log D(x) in a sample x. At 1 every sample is told to change in the same way.

and at the end the Parzen log-likelihood of the first 1,000 validation images under 10,000 samples of the trained generator.
"""

import argparse

import keras
import numpy as np
from keras import ops
from keras_gan.recipes import mnist

import keras_gan as kg
from keras_gan import backend

GAMES = {
    "simultaneous, range 0.05 (released)": {"updates": "simultaneous", "generator_range": 0.05},
    "alternating, range 0.05": {"updates": "alternating", "generator_range": 0.05},
    "alternating, range 0.1": {"updates": "alternating", "generator_range": 0.1},
}


def watch(gan: kg.GAN, updates: int, images: np.ndarray) -> None:
    """Prints a line of the table."""
    samples = gan.sample(len(images), seed=0)
    on_samples, gradients = logits_and_gradients(gan, samples)
    on_data, _ = logits_and_gradients(gan, images)
    shared = np.square(gradients.mean(0)).sum() / np.square(gradients).sum(1).mean()
    print(
        f"{updates:8d}{on_data.mean():10.2f}{on_samples.mean():12.2f}{spread(samples):9.2f}{shared:9.2f}", flush=True
    )


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
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--data-path", help="npz file of MNIST, for the paper's rows")
    arguments = parser.parse_args()
    data = kg.datasets.load("mnist", path=arguments.data_path)
    for name, settings in GAMES.items():
        keras.utils.set_random_seed(arguments.seed)
        recipe = mnist.Mnist(epochs=arguments.epochs, ema=0.0, **settings)
        gan = mnist.build(recipe, data, arguments.seed)
        validation = gan.preprocess(data.validation[:1000])
        print(f"\n{name}; spread of validation images {spread(validation):.2f}")
        print(f"{'updates':>8s}{'on data':>10s}{'on samples':>12s}{'spread':>9s}{'shared':>9s}")
        random = np.random.default_rng(arguments.seed)
        updates = 0
        for _ in range(arguments.epochs):
            order = random.permutation(len(data.train))
            for start in range(0, len(order), recipe.batch_size):
                if updates % arguments.every == 0:
                    watch(gan, updates, validation[:500])
                gan.train_on_batch(data.train[order[start : start + recipe.batch_size]])
                updates += 1
        sigma, means = kg.evaluation.parzen.select_sigma(gan.sample(10_000, seed=0), validation)
        print(f"validation images' log-likelihood after {arguments.epochs} epochs: {means[sigma]:.1f} nats", flush=True)


if __name__ == "__main__":
    main()
