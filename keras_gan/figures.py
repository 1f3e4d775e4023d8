"""The paper's figures, drawn from runs of the recipes: all that `keras-gan figures` writes."""

from pathlib import Path

import numpy as np

from keras_gan import noise, plotting
from keras_gan.datasets import Dataset
from keras_gan.evaluation.distances import nearest
from keras_gan.gan import GAN
from keras_gan.runs import load_best, load_data

_ROWS, _COLUMNS = 4, 5  # of figure 2: samples drawn in this order, none left out
_CHUNK = 10_000  # training images preprocessed at once


def draw(runs: list[str], folder: str | Path, seed: int = 0, steps: int = 12) -> list[Path]:
    """Writes figure2.png and figure3.png of runs side by side and, of each run, its game's curves and a GIF.

    Args:
        runs: folders of runs.
        folder: where to; made if it is not there.
        seed: of the noise.
        steps: images from one end of a line of noise to the other in figure 3.

    Returns:
        The files written.

    Raises:
        ValueError: if a folder is not that of a run, or its data cannot be loaded.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    models = [(load_best(run), load_data(run)) for run in runs]
    written = [folder / name for name in ("figure2.png", "figure3.png", "figure3-spherical.png")]
    plotting.save(plotting.side_by_side([figure2(gan, images, seed) for gan, images in models]), written[0])
    for path, spherical in zip(written[1:], (False, True), strict=True):
        plotting.save(plotting.side_by_side([figure3(gan, steps, seed, spherical) for gan, _ in models]), path)
    for run in map(Path, runs):
        for suffix in ("curves.png", "training.gif"):
            written.append(folder / f"{run.resolve().name}-{suffix}")
        plotting.save_game(run, written[-2])
        plotting.save_gif(sorted((run / "samples").glob("epoch_*.png")), written[-1])
    return written


def figure2(gan: GAN, data: Dataset, seed: int = 0) -> np.ndarray:
    """Unselected samples, and beside each row the training image nearest to its last one, on the model's own scale.

    Returns:
        uint8 array of shape `(height, width, c)`.
    """
    samples = gan.sample(_ROWS * _COLUMNS, seed=seed)
    last = samples[_COLUMNS - 1 :: _COLUMNS]
    return plotting.beside_neighbours(samples, gan.preprocess(data.train[nearest_training(gan, data, last)]))


def nearest_training(gan: GAN, data: Dataset, images: np.ndarray) -> np.ndarray:
    """Indices of the training images nearest to images on the model's scale, by Euclidean distance, shape `(n,)`."""
    indices, distances = np.zeros(len(images), "int64"), np.full(len(images), np.inf)
    for start in range(0, len(data.train), _CHUNK):
        found, away = nearest(images, gan.preprocess(data.train[start : start + _CHUNK]))
        closer = away < distances
        indices[closer], distances[closer] = start + found[closer], away[closer]
    return indices


def figure3(gan: GAN, steps: int = 12, seed: int = 0, spherical: bool = False, rows: int = 2) -> np.ndarray:
    """Samples along lines in the noise, a row a line, between ends drawn from the prior.

    Returns:
        uint8 array of shape `(height, width, c)`.
    """
    ends = gan.prior.draw(2 * rows, seed)
    z = noise.interpolate(ends[::2], ends[1::2], steps, spherical)
    samples = np.asarray(gan.predict(z.reshape(-1, gan.prior.dim), verbose=0), "float32")
    return plotting.grid(samples, steps, plotting.display_range(samples))
