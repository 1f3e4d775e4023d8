"""Prints what each measure says of MNIST images whose fault is known: the table of docs/measures.md.

    KERAS_BACKEND=jax python benchmarks/measures.py                         # about half an hour on two cores
    KERAS_BACKEND=jax python benchmarks/measures.py runs/mnist-1            # with rows of your own: runs, files
    KERAS_BACKEND=jax python benchmarks/measures.py --num-samples 1000 --only "shipped generator"      # a quick look

All numbers come from `keras_gan.evaluation.evaluate`, with one sampling seed and the test images.
"""

import argparse
import sys
from collections.abc import Callable

import numpy as np
from scipy.ndimage import gaussian_filter

import keras_gan as kg
from keras_gan.evaluation import references

COLUMNS = {  # heading: measure, column, digits after the point
    "Parzen": ("parzen", "log_likelihood", 1),
    "class KL": ("modes", "kl", 3),
    "told apart": ("modes", "told_apart", 3),
    "nearest": ("modes", "nearest", 2),
    "FID": ("fid", "fid", 2),
    "at infinity": ("fid", "at_infinity", 2),
    "KID": ("kid", "kid", 3),
    "precision": ("precision_recall", "precision", 3),
    "recall": ("precision_recall", "recall", 3),
    "density": ("precision_recall", "density", 3),
    "coverage": ("precision_recall", "coverage", 3),
}


class Images:
    """A sampler of changed training images."""

    def __init__(self, data: kg.datasets.Dataset, change: Callable[[np.ndarray], np.ndarray]) -> None:
        self._real, self._change = references.RealImages(data), change

    def sample(self, num: int, seed: int) -> np.ndarray:
        return self._change(self._real.sample(num, seed))


class Narrowed:
    """A generator whose noise is changed before it samples."""

    def __init__(self, generator, change: Callable[[np.ndarray, np.random.Generator], np.ndarray]) -> None:
        self._generator, self._change = generator, change

    def sample(self, num: int, seed: int) -> np.ndarray:
        z = self._generator.prior.draw(num, seed)
        return self._generator(self._change(z, np.random.default_rng(seed)).astype("float32"))


def samplers(data: kg.datasets.Dataset, models: list[str]) -> dict:
    """Samplers by name."""
    generator = kg.load("mnist")

    def around_ten(z, random):
        return z[random.integers(10, size=len(z))] + 0.1 * random.normal(size=z.shape)

    def again(images):
        return np.resize(images[: max(1, len(images) // 10)], images.shape)

    return {
        "real training images": references.RealImages(data),
        "k-means centres": references.KMeansCentres(data),
        "shipped generator": generator,
        "the same, noise x 0.8": Narrowed(generator, lambda z, random: 0.8 * z),
        "the same, noise x 0.6": Narrowed(generator, lambda z, random: 0.6 * z),
        "collapsed to ten places": Narrowed(generator, around_ten),
        "real, blurred": Images(data, lambda images: gaussian_filter(images, (0, 1, 1, 0))),
        "real, black and white": Images(data, lambda images: (images > 0.5).astype("float32")),
        "a tenth, by heart": Images(data, again),
        **{model: kg.load(model) for model in models},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("models", nargs="*", help="folders of runs, files, as keras-gan evaluate takes them")
    parser.add_argument("--num-samples", type=int, default=10_000)
    parser.add_argument("--only", nargs="*", default=[], help="the rows to measure, by name")
    parser.add_argument("--data-path", help="Keras's mnist.npz")
    arguments = parser.parse_args()
    data = kg.datasets.load("mnist", path=arguments.data_path)
    rows = samplers(data, arguments.models)
    table = kg.evaluation.evaluate(
        {name: sampler for name, sampler in rows.items() if not arguments.only or name in arguments.only},
        data,
        num_samples=arguments.num_samples,
        num_seeds=1,
        references=False,
        progress=lambda line: print(line, file=sys.stderr, flush=True),
    )
    shown = [["", *COLUMNS]]
    for row in table.rows:
        if row.kind == "sampler":
            texts = []
            for measure, column, decimals in COLUMNS.values():
                cell = row.entries[measure].cells.get(column)
                texts.append("" if cell is None else f"{cell.value:.{decimals}f}")
            shown.append([row.name, *texts])
    widths = [max(map(len, column)) for column in zip(*shown, strict=True)]
    for name, *texts in shown:
        print("  ".join([name.ljust(widths[0]), *map(str.rjust, texts, widths[1:])]))
    print(f"\nFeatures: {table.captions['fid'].split('Features: ')[1]}")
    print(f"{arguments.num_samples} samples, {len(data.test)} test images; {data.card['rows']}.")


if __name__ == "__main__":
    main()
