"""A folder of a user's own pictures."""

import warnings
from pathlib import Path

import keras
import numpy as np

from keras_gan.datasets.dataset import Dataset, DatasetNotFoundError, Splits


def load_images(path: str | Path, size: int | None = None, grayscale: bool = False) -> Dataset:
    """The pictures in a folder and its subfolders: eight tenths for training, one for validation, one for testing."""
    from PIL import Image

    folder = Path(path)
    if not folder.is_dir():
        raise DatasetNotFoundError(f"There is no folder {folder}. Give path= the folder that holds the pictures.")
    if size is not None and size < 1:
        raise ValueError(f"Pictures have a size of at least 1. Received: size={size}.")
    Image.init()
    files = sorted(file for file in folder.rglob("*") if file.suffix.lower() in Image.EXTENSION)
    pictures, unreadable = [], []
    sizes: dict[tuple[int, int], str] = {}
    for file in files:
        try:
            with Image.open(file) as opened:
                picture = opened.convert("L" if grayscale else "RGB")
            if size is not None:
                picture = _square(picture, size)
        except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):  # what Pillow raises on broken files
            unreadable.append(file.name)
            continue
        sizes.setdefault(picture.size, file.name)
        pictures.append(np.asarray(picture))
        if len(sizes) > 1:
            (first, other), (a, b) = sizes.values(), sizes
            raise ValueError(
                f"The pictures in {folder} differ in size. Received: {first} of {a[0]}x{a[1]} pixels, {other} of "
                f"{b[0]}x{b[1]}. Pass size=, for example size={min(*a, *b)}: the middle square of each is then brought "
                "to so many pixels a side."
            )
    if len(pictures) < 3:
        raise ValueError(
            f"A data set needs three pictures at least, for three splits. Received: {len(pictures)} readable ones of "
            f"{len(files)} in {folder}. Expected: files that Pillow reads, such as .png and .jpg."
        )
    if unreadable:
        warnings.warn(f"{len(unreadable)} pictures could not be read, {unreadable[0]} the first.", stacklevel=3)
    images = np.stack(pictures)[np.random.default_rng(0).permutation(len(pictures))]
    images = images.reshape(*images.shape[:3], -1)
    held_out = max(1, len(images) // 10)
    train, validation, test = np.split(images, [len(images) - 2 * held_out, len(images) - held_out])
    resized = "as they are" if size is None else f"the middle square of each, resized to {size}x{size}"
    return Dataset(
        train=train,
        validation=validation,
        test=test,
        labels=Splits(*(np.full(len(part), -1) for part in (train, validation, test))),
        preprocessing=keras.layers.Rescaling(1 / 255, name="preprocessing"),
        card={
            "name": "images",
            "description": f"{len(images):,} pictures, {'grey' if grayscale else 'colour'}, {resized}",
            "source": f"the folder {folder.name}",
            "rows": "sorted by name, shuffled once with a fixed seed; the last two tenths validation and test",
            "scale": "pixel / 255, in [0, 1]",
        },
    )


def _square(picture, size):
    side = min(picture.size)
    left, top = (picture.width - side) // 2, (picture.height - side) // 2
    return picture.crop((left, top, left + side, top + side)).resize((size, size))
