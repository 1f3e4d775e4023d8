"""Draws the paper's figures from runs of the recipes: everything that `keras-gan figures` writes."""

from pathlib import Path

import numpy as np

from keras_gan import priors
from keras_gan.datasets import Dataset
from keras_gan.evaluation.distances import nearest
from keras_gan.figures import curves, grids
from keras_gan.mixtures import figure1
from keras_gan.mixtures.snapshots import is_line
from keras_gan.models.gan import GAN
from keras_gan.runs.training import load_best, load_data

_ROWS, _COLUMNS = 4, 5  # of Figure 2, which shows samples in the order they were drawn, none left out
_CHUNK = 10_000  # training images preprocessed at once


def draw(runs: list[str], folder: str | Path, seed: int = 0, steps: int = 12) -> list[Path]:
    """Writes figure2.png and figure3.png with all runs side by side, and curves, a GIF and four of its frames per run.

    A run whose data are points gets Figure 1 (on a line, one noise value) or the plane, instead of Figures 2 and 3.

    Args:
        runs: folders of runs.
        folder: folder to write to; it is created if it does not exist.
        seed: integer, for the noise.
        steps: number of images from one end of a line of noise to the other in Figure 3.

    Returns:
        List of the files written.

    Raises:
        ValueError: if a folder is not that of a run, or its data cannot be loaded.
    """
    folder = Path(folder)
    models = [(run, load_best(run), load_data(run)) for run in map(Path, runs)]
    images = [(gan, data) for _, gan, data in models if not _is_points(data)]
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    if images:
        written = [folder / name for name in ("figure2.png", "figure3.png", "figure3-spherical.png")]
        grids.save(grids.side_by_side([figure2(gan, data, seed) for gan, data in images]), written[0])
        for path, spherical in zip(written[1:], (False, True), strict=True):
            grids.save(grids.side_by_side([figure3(gan, steps, seed, spherical) for gan, _ in images]), path)
    for run, gan, data in models:
        name = run.resolve().name
        course, animation = folder / f"{name}-curves.png", folder / f"{name}-training.gif"
        curves.save_game(run, course)
        if _is_points(data):
            written.append(folder / f"{name}-{'figure1' if is_line(gan) else 'plane'}.png")
            figure1.draw_points(run, written[-1], animation, is_line(gan))
        else:
            pictures = sorted((run / "samples").glob("epoch_*.png"))
            grids.save_gif(pictures, animation)
            written.append(folder / f"{name}-progress.png")
            grids.save_strip(grids.evenly(pictures, 4), written[-1])
        written += [course, animation]
    return written


def figure2(gan: GAN, data: Dataset, seed: int = 0) -> np.ndarray:
    """Unselected samples, and beside each row the training image nearest to its last one on the model's scale.

    Returns:
        uint8 array of shape `(height, width, c)`.
    """
    samples = gan.sample(_ROWS * _COLUMNS, seed=seed)
    last = samples[_COLUMNS - 1 :: _COLUMNS]
    return grids.beside_neighbours(samples, gan.preprocess(data.train[nearest_training(gan, data, last)]))


def nearest_training(gan: GAN, data: Dataset, images: np.ndarray) -> np.ndarray:
    """Indices of the training images nearest to images on the model's scale, by Euclidean distance, shape `(n,)`."""
    indices, distances = np.zeros(len(images), "int64"), np.full(len(images), np.inf)
    for start in range(0, len(data.train), _CHUNK):
        found, away = nearest(images, gan.preprocess(data.train[start : start + _CHUNK]))
        closer = away < distances
        indices[closer], distances[closer] = start + found[closer], away[closer]
    return indices


def figure3(gan: GAN, steps: int = 12, seed: int = 0, spherical: bool = False, rows: int = 2) -> np.ndarray:
    """Samples along lines in the noise, one row per line, between ends drawn from the prior.

    Returns:
        uint8 array of shape `(height, width, c)`.
    """
    ends = gan.prior.draw(2 * rows, seed)
    z = priors.interpolate(ends[::2], ends[1::2], steps, spherical)
    samples = np.asarray(gan.predict(z.reshape(-1, gan.prior.dim), verbose=0), "float32")
    return grids.grid(samples, steps, grids.display_range(samples))


def _is_points(data):
    return data.train.ndim == 2
