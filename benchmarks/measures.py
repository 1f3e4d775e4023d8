"""Prints what each measure says of MNIST images whose fault is known: the table of docs/measures.md.

    KERAS_BACKEND=jax python benchmarks/measures.py                         # about half an hour on two cores
    KERAS_BACKEND=jax python benchmarks/measures.py runs/mnist-1            # with rows of your own: runs, files
    KERAS_BACKEND=jax python benchmarks/measures.py --ais                   # with AIS: nine minutes more per generator
    KERAS_BACKEND=jax python benchmarks/measures.py --num-samples 1000 --only "shipped generator"      # a quick look

All numbers come from `keras_gan.evaluation.evaluate`, with one sampling seed and the test images. AIS needs a generator
that can be differentiated: the other rows have no such number.
"""

import argparse
import sys
from collections.abc import Callable

import keras
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
    "AIS": ("ais", "log_likelihood", 1),
}


class Images:
    """A sampler of changed training images."""

    def __init__(self, data: kg.datasets.Dataset, change: Callable[[np.ndarray], np.ndarray]) -> None:
        self._real, self._change = references.RealImages(data), change

    def sample(self, num: int, seed: int) -> np.ndarray:
        return self._change(self._real.sample(num, seed))


class Narrowed:
    """A generator that is fed its prior's noise times a factor: a generator of its own, which can be differentiated."""

    def __init__(self, generator, factor: float) -> None:
        self.prior = generator.prior
        noise = keras.Input((self.prior.dim,))
        self.model = keras.Model(noise, generator.model(keras.layers.Rescaling(factor)(noise)))

    def sample(self, num: int, seed: int) -> np.ndarray:
        return self.model.predict(self.prior.draw(num, seed), verbose=0)


class Collapsed:
    """A generator around ten points of its noise."""

    def __init__(self, generator) -> None:
        self._generator = generator

    def sample(self, num: int, seed: int) -> np.ndarray:
        z, random = self._generator.prior.draw(num, seed), np.random.default_rng(seed)
        return self._generator((z[random.integers(10, size=num)] + 0.1 * random.normal(size=z.shape)).astype("float32"))


def samplers(data: kg.datasets.Dataset, models: list[str]) -> dict:
    """Samplers by name."""
    generator = kg.load("mnist")

    def again(images):
        return np.resize(images[: max(1, len(images) // 10)], images.shape)

    return {
        "real training images": references.RealImages(data),
        "k-means centres": references.KMeansCentres(data),
        "shipped generator": generator,
        "the same, noise x 0.8": Narrowed(generator, 0.8),
        "the same, noise x 0.6": Narrowed(generator, 0.6),
        "collapsed to ten places": Collapsed(generator),
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
    parser.add_argument("--ais", action="store_true", help="measure AIS, too, of rows that are generators")
    parser.add_argument("--data-path", help="Keras's mnist.npz")
    arguments = parser.parse_args()
    data = kg.datasets.load("mnist", path=arguments.data_path)
    rows = samplers(data, arguments.models)
    rows = {name: sampler for name, sampler in rows.items() if not arguments.only or name in arguments.only}

    def evaluated(rows, **asked):
        return kg.evaluation.evaluate(
            rows,
            data,
            num_samples=arguments.num_samples,
            num_seeds=1,
            references=False,
            progress=lambda line: print(line, file=sys.stderr, flush=True),
            **asked,
        )

    table = evaluated(rows)
    found = {row.name: row.entries for row in table.rows if row.kind == "sampler"}
    generators = {name: sampler for name, sampler in rows.items() if getattr(sampler, "prior", None)}
    if arguments.ais and generators:
        for row in evaluated(generators, measures=["ais"]).rows:
            found[row.name] = {**found[row.name], **row.entries}
    shown = [["", *COLUMNS]]
    for name, entries in found.items():
        texts = []
        for measure, column, decimals in COLUMNS.values():
            cell = entries[measure].cells.get(column) if measure in entries else None
            texts.append("" if cell is None else f"{cell.value:.{decimals}f}")
        shown.append([name, *texts])
    widths = [max(map(len, column)) for column in zip(*shown, strict=True)]
    for name, *texts in shown:
        print("  ".join([name.ljust(widths[0]), *map(str.rjust, texts, widths[1:])]))
    print(f"\nFeatures: {table.captions['fid'].split('Features: ')[1]}")
    print(f"{arguments.num_samples} samples, {len(data.test)} test images; {data.card['rows']}.")


if __name__ == "__main__":
    main()
