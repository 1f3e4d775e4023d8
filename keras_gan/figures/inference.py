"""What an encoder and its generator make of real images, as pictures."""

from typing import Any

import numpy as np

from keras_gan.figures import grids


def reconstructions(model: Any, images: np.ndarray, refine: int = 0, columns: int = 10) -> np.ndarray:
    """Images, and below each row what the generator makes of their codes; with `refine`, refined codes in a third row.

    Args:
        model: a `keras_gan.InferenceNetwork` or a `keras_gan.BiGAN`.
        images: array of shape `(n, h, w, c)`, on the scale of samples.
        refine: steps of refinement.
        columns: images per row.

    Returns:
        uint8 array of shape `(height, width, c)`.
    """
    kinds = [images, model.reconstruct(images, preprocessed=True)]
    kinds += [model.reconstruct(images, refine=refine, preprocessed=True)] if refine else []
    rows = [kind[i : i + columns] for i in range(0, len(images), columns) for kind in kinds]
    return grids.grid(np.concatenate(rows), columns, grids.display_range(images))


def interpolations(model: Any, images: np.ndarray, steps: int = 10, refine: int = 0) -> np.ndarray:
    """Lines through z from one image to another, one line per pair of images, which stand at the two ends.

    Args:
        model: a `keras_gan.InferenceNetwork` or a `keras_gan.BiGAN`.
        images: array of shape `(2 n, h, w, c)`, on the scale of samples: the ends of the lines in turn.
        steps: samples between the two images: the first and the last are their reconstructions.
        refine: steps of refinement of the two codes.

    Returns:
        uint8 array of shape `(height, width, c)`.
    """
    first, last = images[0::2], images[1::2]
    codes = model.encode(images[: 2 * len(last)], refine=refine, preprocessed=True)
    share = np.linspace(0, 1, steps, dtype="float32")[:, np.newaxis]
    rows = []
    for start, end, code, other in zip(first, last, codes[0::2], codes[1::2], strict=False):
        between = model.generator.predict(code + share * (other - code), verbose=0)
        rows += [start[np.newaxis], np.asarray(between, "float32"), end[np.newaxis]]
    return grids.grid(np.concatenate(rows), steps + 2, grids.display_range(images))
