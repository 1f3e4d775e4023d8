"""Pictures from arrays of samples."""

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
