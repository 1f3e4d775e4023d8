"""Pictures from arrays of samples, and curves from runs."""

import csv
import itertools
from collections.abc import Sequence
from pathlib import Path

import numpy as np

_SMALLEST = 48  # pixels a side below which an image is enlarged, so that a person can see it


def grid(images: np.ndarray, columns: int, value_range: tuple[float, float] = (0.0, 1.0)) -> np.ndarray:
    """Tiles images into one, row by row, a pixel of mid-grey between them.

    Args:
        images: array of shape `(n, h, w, c)`, c = 1 or 3.
        columns: images in a row; a last row may be short.
        value_range: the values shown as black and white; values beyond are clipped.

    Returns:
        uint8 array of shape `(height, width, c)`.
    """
    images = np.asarray(images, "float64")
    if images.ndim != 4 or images.shape[-1] not in (1, 3):
        raise ValueError(
            f"A grid is made of images of shape (n, h, w, 1) or (n, h, w, 3). Received: {images.shape}. "
            "Reshape the samples first."
        )
    low, high = value_range
    pixels = np.round(np.clip((images - low) / (high - low), 0, 1) * 255).astype("uint8")
    scale = -(-_SMALLEST // min(pixels.shape[1:3]))
    pixels = pixels.repeat(scale, axis=1).repeat(scale, axis=2)
    num, height, width, channels = pixels.shape
    rows = -(-num // columns)
    tiled = np.full((rows * (height + 1) - 1, columns * (width + 1) - 1, channels), 128, "uint8")
    for i, image in enumerate(pixels):
        top, left = (i // columns) * (height + 1), (i % columns) * (width + 1)
        tiled[top : top + height, left : left + width] = image
    return tiled


def save_grid(
    images: np.ndarray, path: str | Path, columns: int, value_range: tuple[float, float] = (0.0, 1.0)
) -> None:
    """Writes `grid(images, columns, value_range)` as a PNG file."""
    from PIL import Image

    pixels = grid(images, columns, value_range)
    Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels).save(path)


def save_curves(runs: Sequence[str | Path], path: str | Path, levels: dict[str, float] | None = None) -> None:
    """Draws the validation images' Parzen log-likelihood over epochs and over seconds, from runs' history.csv.

    Solid: the generator that samples (the averaged one, where there is one); dashed: the trained one beside it.

    Args:
        runs: folders of runs that measured it.
        path: PNG file to write.
        levels: values to mark, by name, in nats.

    Raises:
        ValueError: if a folder holds no such history.
    """
    import matplotlib.figure

    figure = matplotlib.figure.Figure(figsize=(10, 4), layout="constrained")
    panels = figure.subplots(1, 2, sharey=True)
    for number, run in enumerate(map(Path, runs)):
        rows = _measured(run)
        values = {name: [float(row[name]) for row in rows] for name in rows[0] if name.startswith("val_parzen_ll")}
        for panel, x in zip(
            panels, ([int(row["epoch"]) + 1 for row in rows], [float(row["seconds"]) for row in rows]), strict=True
        ):
            for name, y in values.items():
                averaged = name == "val_parzen_ll"
                panel.plot(x, y, f"C{number}{'-' if averaged else '--'}", label=run.name if averaged else None)
    for panel, label in zip(panels, ("epochs", "seconds"), strict=True):
        for name, level in (levels or {}).items():
            panel.axhline(level, color="0.6", linewidth=0.8)
            panel.annotate(
                name, (0.01, level), xycoords=("axes fraction", "data"), va="bottom", color="0.4", fontsize=8
            )
        panel.set_xlabel(label)
        panel.set_ylim(bottom=-100)  # what has collapsed lies far below
        panel.grid(alpha=0.3)
    panels[0].set_ylabel("Parzen log-likelihood of validation images, nats")
    panels[0].legend(loc="lower right")
    figure.savefig(path, dpi=100)


def _measured(run):
    """The epochs of a run's history.csv at which the log-likelihood was measured anew."""
    file = run / "history.csv"
    if not file.exists():
        raise ValueError(f"There is no run. Received: {run}. Expected: a folder with history.csv.")
    with open(file, newline="") as history:
        rows = [row for row in csv.DictReader(history) if row.get("val_parzen_ll")]
    if not rows:
        raise ValueError(f"{run} measured no Parzen log-likelihood. The MNIST recipes do.")
    pairs = itertools.pairwise(rows)
    return [rows[0], *(row for before, row in pairs if row["val_parzen_ll"] != before["val_parzen_ll"])]
