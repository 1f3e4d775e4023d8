"""Images with holes, read from files: what a completing model is asked for on the command line."""

from pathlib import Path

import numpy as np

from keras_gan.datasets.images import read_picture

_LARGEST = 1 << 30  # bytes of an .npy file


def read_image(path: str | Path, shape: tuple[int, ...], value_range: tuple[float, float] | None) -> np.ndarray:
    """An image on the scale of a model's samples.

    Args:
        path: a picture, whose pixels from 0 to 255 are brought to the range; or an .npy file: floats on the scale of
            the samples, or bytes from 0 to 255. It may lack the axis of a single channel.
        shape: of a sample, `(rows, columns, channels)`.
        value_range: the samples' values for black and white, or None where they are not known.

    Returns:
        float32 array of that shape.

    Raises:
        ValueError: if there is no such file, or its image has another size, other channels or another scale.
    """
    if Path(path).suffix == ".npy":
        pixels = _fitted(_array(path), shape, f"The image {path}")
        if pixels.dtype.kind == "f":
            return _in_range(path, pixels.astype("float32"), value_range)
        if pixels.dtype != "uint8":
            raise ValueError(
                f"The image {path} holds {pixels.dtype}. Expected: floats on the scale of the samples, or uint8 from 0 "
                "to 255. Convert it with numpy's astype."
            )
    else:
        pixels = read_picture(path)
        if shape[-1] == 1:
            if (pixels != pixels[..., :1]).any():
                raise ValueError(
                    f"The image {path} has colours, and the model's images are grey. Convert it to grey first."
                )
            pixels = pixels[..., :1]
        pixels = _fitted(pixels, shape, f"The image {path}")
    if value_range is None:
        raise ValueError(
            f"It is not known which values are black and white on the scale of the samples. Received: {path}, with "
            "pixels from 0 to 255. Pass an .npy file of floats on that scale."
        )
    low, high = value_range
    return (low + (high - low) * (pixels / 255)).astype("float32")


def read_mask(path: str | Path, shape: tuple[int, ...]) -> np.ndarray:
    """A mask: which pixels are observed.

    Args:
        path: a picture, white where a pixel is observed and black where it is hidden, or an .npy file of 1 and 0.
        shape: of a sample, `(rows, columns, channels)`.

    Returns:
        float32 array of shape `(rows, columns, 1)`.

    Raises:
        ValueError: if there is no such file, or its mask has another size or other values.
    """
    is_array = Path(path).suffix == ".npy"
    found = _array(path) if is_array else read_picture(path)
    if not is_array and (found == found[..., :1]).all():
        found = found[..., :1]
    found = _fitted(found, (*shape[:2], 1), f"The mask {path}")
    white = 1 if is_array or found.max() <= 1 else 255
    if not np.isin(found, (0, white)).all():
        expected = "1 where a pixel is observed, 0" if is_array else "white where a pixel is observed, black"
        raise ValueError(
            f"The mask {path} has values between. Received: values from {found.min():g} to {found.max():g}. Expected: "
            f"{expected} where it is hidden, and nothing else. Save it without grey, as a .png."
        )
    return (found / white).astype("float32")


def _array(path):
    if not Path(path).is_file():
        raise ValueError(f"There is no file {path}. Pass an .npy file, or a picture.")
    if (size := Path(path).stat().st_size) > _LARGEST:
        raise ValueError(f"{path} has {size:,} bytes. Expected: one image. Save a single one with numpy.save.")
    try:
        found = np.load(path, allow_pickle=False)
    except (ValueError, OSError, EOFError, MemoryError) as error:
        raise ValueError(f"{path} cannot be read as an .npy file of numbers. Write it with numpy.save.") from error
    if not isinstance(found, np.ndarray) or found.dtype.kind not in "biuf":
        raise ValueError(f"{path} holds no array of numbers. Write it with numpy.save.")
    return found


def _fitted(pixels, shape, what):
    if pixels.shape == shape[:2] and shape[-1] == 1:
        pixels = pixels[..., np.newaxis]
    if pixels.shape != shape:
        raise ValueError(
            f"{what} does not fit the model. Received: shape {pixels.shape}. Expected: {shape}, which is (rows, "
            "columns, channels). Resize or convert it first."
        )
    return pixels


def _in_range(path, pixels, value_range):
    low, high = value_range or (-np.inf, np.inf)
    if not np.isfinite(pixels).all() or pixels.min() < low or pixels.max() > high:
        raise ValueError(
            f"The image {path} is on another scale than the samples. Received: floats from {pixels.min():g} to "
            f"{pixels.max():g}. Expected: {low:g} to {high:g}. Rescale it, or save it as uint8 from 0 to 255."
        )
    return pixels
