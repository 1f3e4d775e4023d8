"""Draws the paper's figures from runs of the recipes: everything that `keras-gan figures` writes."""

from pathlib import Path
from typing import Any

import numpy as np

from keras_gan.datasets import Dataset
from keras_gan.evaluation.distances import nearest
from keras_gan.figures import curves, grids, inference
from keras_gan.mixtures import figure1
from keras_gan.mixtures.snapshots import is_line
from keras_gan.models.checks import check_samples
from keras_gan.models.preprocessing import preprocess
from keras_gan.runs.saved import load_best, load_data

_ROWS, _COLUMNS = 4, 5  # of Figure 2, which shows samples in the order they were drawn, none left out
_CHUNK = 10_000  # training images preprocessed at once
_REFINE = 300  # steps of refinement of codes


def draw(
    runs: list[str], folder: str | Path, seed: int = 0, steps: int = 12, data_path: str | None = None
) -> list[Path]:
    """Writes figure2.png and figure3.png with all runs side by side, and curves, a GIF and four of its frames per run.

    A run whose data are points gets Figure 1 (on a line, one noise value) or the plane, instead of Figures 2 and 3. A
    run with an encoder gets test images with their reconstructions, and lines from one test image to another.

    Args:
        runs: folders of runs.
        folder: folder to write to; it is created if it does not exist.
        seed: integer, for the noise.
        steps: number of images from one end of a line of noise to the other in Figure 3.
        data_path: where the runs' data are now. Default: where the runs found them.

    Returns:
        List of the files written.

    Raises:
        ValueError: if a folder is not that of a run, or its data cannot be loaded.
    """
    folder = Path(folder)
    elsewhere = {} if data_path is None else {"data_path": data_path}
    models = [(run, load_best(run), load_data(run, **elsewhere)) for run in map(Path, runs)]
    images = [(model, data) for _, model, data in models if not _is_points(data) and hasattr(model, "sample")]
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    if images:
        written = [folder / "figure2.png"]
        grids.save(grids.side_by_side([figure2(model, data, seed) for model, data in images]), written[0])
    if walkable := [model for model, _ in images if hasattr(model, "interpolate")]:  # a sampler may have no noise
        for name, spherical in (("figure3.png", False), ("figure3-spherical.png", True)):
            written.append(folder / name)
            grids.save(grids.side_by_side([figure3(model, steps, seed, spherical) for model in walkable]), written[-1])
    for run, gan, data in models:
        name = run.resolve().name
        if hasattr(gan, "reconstruct"):
            written += _of_encoder(gan, data, folder / name, steps)
        course, animation = folder / f"{name}-curves.png", folder / f"{name}-training.gif"
        curves.save_game(run, course)
        if _is_points(data):
            written.append(folder / f"{name}-{'figure1' if is_line(gan) else 'plane'}.png")
            figure1.draw_points(run, written[-1], animation, is_line(gan))
        else:
            pictures = sorted((run / "samples").glob("epoch_*.png"))
            grids.save_gif(pictures, animation)
            written.append(folder / f"{name}-progress.png")
            grids.save_strip(_evenly_in_epochs(pictures, 4), written[-1])
        written += [course, animation]
    return written


def figure2(sampler: Any, data: Dataset, seed: int = 0) -> np.ndarray:
    """Unselected samples, and beside each row the training image nearest to its last one, on the model's own scale.

    Args:
        sampler: anything with `sample(num, seed)`.
        data: what it was trained on.
        seed: of the samples.

    Returns:
        uint8 array of shape `(height, width, c)`.
    """
    samples = sampler.sample(_ROWS * _COLUMNS, seed=seed)
    check_samples(samples, sampler)
    last = samples[_COLUMNS - 1 :: _COLUMNS]
    neighbours = data.train[nearest_training(data, last)]
    return grids.beside_neighbours(samples, preprocess(data.preprocessing, neighbours))


def nearest_training(data: Dataset, images: np.ndarray) -> np.ndarray:
    """Indices of the training images nearest to images on the model's scale, by Euclidean distance, shape `(n,)`."""
    indices, distances = np.zeros(len(images), "int64"), np.full(len(images), np.inf)
    for start in range(0, len(data.train), _CHUNK):
        found, away = nearest(images, preprocess(data.preprocessing, data.train[start : start + _CHUNK]))
        closer = away < distances
        indices[closer], distances[closer] = start + found[closer], away[closer]
    return indices


def figure3(model: Any, steps: int = 12, seed: int = 0, spherical: bool = False, rows: int = 2) -> np.ndarray:
    """Samples along lines in the noise, one row per line, between ends drawn from the prior.

    Args:
        model: a `keras_gan.GAN`, or whatever else has `interpolate`.
        steps: samples on a line.
        seed: of the ends.
        spherical: whether to go along great circles.
        rows: lines.

    Returns:
        uint8 array of shape `(height, width, c)`.
    """
    samples = model.interpolate(rows, steps, seed, spherical)
    check_samples(samples, model)
    return grids.grid(samples, steps, grids.display_range(samples))


def _of_encoder(model, data, path, steps):
    """The pictures of a run with an encoder."""
    images = model.preprocess(data.test[:40])
    pictures = {
        "reconstructions": inference.reconstructions(model, images, _REFINE),
        "interpolations": inference.interpolations(model, images[:12], steps, _REFINE),
    }
    for name, picture in pictures.items():
        grids.save(picture, path.parent / f"{path.name}-{name}.png")
    return [path.parent / f"{path.name}-{name}.png" for name in pictures]


def _evenly_in_epochs(pictures, num):
    """The first, the last and those between that are nearest to even steps: early epochs have more pictures."""
    epochs = np.array([int(picture.stem.removeprefix("epoch_")) for picture in pictures])
    wanted = np.linspace(epochs[0], epochs[-1], num)
    return [pictures[i] for i in sorted({int(abs(epochs - epoch).argmin()) for epoch in wanted})]


def _is_points(data):
    return data.train.ndim == 2
