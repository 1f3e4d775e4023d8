"""Pictures from arrays of samples."""

import functools
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from keras_gan.artifacts import files

_SMALLEST = 48  # an image with fewer pixels per side is enlarged, so that a person can see it


def grid(images: np.ndarray, columns: int, value_range: tuple[float, float] = (0.0, 1.0)) -> np.ndarray:
    """Tiles images into one, row by row, with a pixel of mid-grey between them.

    Args:
        images: array of shape `(n, h, w, c)`, c = 1 or 3.
        columns: number of images per row; the last row may be short.
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
    pixels = np.round(np.nan_to_num(np.clip((images - low) / (high - low), 0, 1)) * 255).astype("uint8")  # NaN is black
    scale = -(-_SMALLEST // min(pixels.shape[1:3]))
    pixels = pixels.repeat(scale, axis=1).repeat(scale, axis=2)
    num, height, width, channels = pixels.shape
    rows = -(-num // columns)
    tiled = np.full((rows * (height + 1) - 1, columns * (width + 1) - 1, channels), 128, "uint8")
    for i, image in enumerate(pixels):
        top, left = (i // columns) * (height + 1), (i % columns) * (width + 1)
        tiled[top : top + height, left : left + width] = image
    return tiled


def display_range(images: np.ndarray) -> tuple[float, float]:
    """The values to show as black and white.

    They are 0 and 1 for images within [0, 1], and otherwise -m and m, where m is the largest |value|. So zero is
    mid-grey in images of zero mean, as in the paper's pictures of CIFAR-10.
    """
    if images.min() >= 0 and images.max() <= 1:
        return 0.0, 1.0
    largest = float(np.abs(images).max())
    return -largest, largest


def save_grid(
    images: np.ndarray, path: str | Path, columns: int, value_range: tuple[float, float] | None = None
) -> None:
    """Writes `grid(images, columns, value_range)` as a PNG file; the default range is `display_range(images)`."""
    save(grid(images, columns, value_range or display_range(images)), path)


def save(pixels: np.ndarray, path: str | Path) -> None:
    """Writes uint8 pixels of shape `(height, width, 1)` or `(height, width, 3)` as a PNG file."""
    from PIL import Image

    picture = Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels)
    files.write(Path(path), picture.save)


def save_figure(figure: Any, path: str | Path, dpi: int) -> None:
    """Writes a matplotlib figure as a file of the kind that its name ends in, a PNG file if it says none."""
    path = Path(path)
    files.write(path, functools.partial(figure.savefig, dpi=dpi, format=path.suffix[1:] or "png"))


def beside_neighbours(samples: np.ndarray, neighbours: np.ndarray) -> np.ndarray:
    """Draws Figure 2 of the paper: rows of samples, and beside each row the training image nearest to its last sample.

    Args:
        samples: array of shape `(rows * columns, h, w, c)`, on the model's scale.
        neighbours: array of shape `(rows, h, w, c)`, on the same scale.

    Returns:
        uint8 array of shape `(height, width, c)`; a white gap separates the neighbours from the samples.
    """
    shown = display_range(samples)
    left = grid(samples, len(samples) // len(neighbours), shown)
    right = grid(neighbours, 1, shown)
    return np.concatenate([left, np.full((len(left), 8, left.shape[-1]), 255, "uint8"), right], axis=1)


def completions(images: np.ndarray, masks: np.ndarray, completed: np.ndarray) -> np.ndarray:
    """Draws a row per image: the image, what of it is observed, and its completions. What is hidden is grey.

    Args:
        images: array of shape `(n, h, w, c)`, on the model's scale.
        masks: array of shape `(n, h, w, 1)`: 1 where a pixel is observed.
        completed: array of shape `(num, n, h, w, c)`.

    Returns:
        uint8 array of shape `(height, width, c)`.
    """
    low, high = display_range(completed)
    columns = [images, np.where(masks > 0, images, (low + high) / 2), *completed]
    return grid(np.stack(columns, axis=1).reshape(-1, *images.shape[1:]), len(columns), (low, high))


def side_by_side(panels: Sequence[np.ndarray], gap: int = 24) -> np.ndarray:
    """Puts pictures into one row, on white. Grey ones get three channels if any of them has colour.

    Args:
        panels: uint8 arrays of shape `(height, width, 1)` or `(height, width, 3)`, of any sizes.
        gap: number of pixels between them.

    Returns:
        uint8 array of shape `(height, width, c)`.
    """
    channels = max(panel.shape[-1] for panel in panels)
    height = max(len(panel) for panel in panels)
    width = sum(panel.shape[1] for panel in panels) + gap * (len(panels) - 1)
    pixels = np.full((height, width, channels), 255, "uint8")
    left = 0
    for panel in panels:
        pixels[: len(panel), left : left + panel.shape[1]] = panel
        left += panel.shape[1] + gap
    return pixels


def save_strip(pictures: Sequence[str | Path], path: str | Path) -> None:
    """Writes picture files side by side as one PNG file, from left to right."""
    save(side_by_side([np.asarray(_read(picture)) for picture in pictures]), path)


def save_gif(pictures: Sequence[str | Path], path: str | Path, milliseconds: int = 200) -> None:
    """Writes picture files as an animation that shows the last one longest.

    Args:
        pictures: PNG files of the same size, in order.
        path: GIF file to write.
        milliseconds: how long each is shown; the last one is shown ten times as long.

    Raises:
        ValueError: if there is no picture.
    """
    if not pictures:
        raise ValueError("There are no pictures to animate. Pass those that a run wrote to its folder samples/.")
    frames = [_read(picture).quantize(64) for picture in pictures]
    durations = [milliseconds] * (len(frames) - 1) + [10 * milliseconds]
    animation = {"save_all": True, "append_images": frames[1:], "duration": durations, "loop": 0}
    files.write(Path(path), functools.partial(frames[0].save, **animation))


def save_animation(draw: Sequence[Callable[[Path], None]], path: str | Path, milliseconds: int = 100) -> None:
    """Writes frames as a GIF that shows the last one longest.

    Args:
        draw: one function per frame, which draws it to the PNG file it is given.
        path: GIF file to write.
        milliseconds: how long each is shown; the last one is shown ten times as long.
    """
    with tempfile.TemporaryDirectory() as folder:
        frames = [Path(folder) / f"{number:05d}.png" for number in range(len(draw))]
        for function, frame in zip(draw, frames, strict=True):
            function(frame)
        save_gif(frames, path, milliseconds)


def _read(picture):
    """A picture that a run wrote, as Pillow's."""
    from PIL import Image

    try:
        with Image.open(picture) as image:
            return image.convert("RGB")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:  # Pillow's for damaged files
        raise ValueError(f"{picture} cannot be read as a picture: {str(error).rstrip('.')}.") from error


def evenly(values: Sequence, num: int) -> list:
    """Chooses at most `num` of the values, evenly, with the first and the last among them."""
    chosen = np.linspace(0, len(values) - 1, min(num, len(values))).round().astype(int)
    return [values[i] for i in chosen]
