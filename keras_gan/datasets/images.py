"""A folder of a user's own pictures."""

import contextlib
import hashlib
import os
import warnings
from pathlib import Path

import keras
import numpy as np

from keras_gan import console
from keras_gan.datasets.dataset import Dataset, DatasetNotFoundError, Splits
from keras_gan.datasets.download import first_line

_SECONDS_BEFORE_BAR = 3
_ROWS = 1 << 20  # numbers scaled at once
_NEARLY_BLACK = 4096  # of 65536: 16-bit files whose pixels came from a camera of 12 bits or fewer


def load_images(path: str | Path, size: int | None = None, grayscale: bool = False) -> Dataset:
    """The pictures in a folder and its subfolders: eight tenths for training, one for validation, one for testing.

    Every picture becomes what a viewer shows on a white page. A picture is turned as its EXIF orientation says, its
    transparent parts become white, and of several frames, pages or layers the first (or the merged one) is read.
    Colours of CMYK, YCbCr, Lab and palettes become RGB; ICC profiles are ignored. Values of more than 8 bits are
    scaled, never cut off: 16 bits from 0 to 65535, floats from 0 to 1. Floats and 32-bit integers from 0 to 255 stay as
    they are. Files that cannot be read are left out, with a warning that names the first.

    Args:
        path: of the folder. Hidden files and folders of runs are left out.
        size: cut out the middle square of each picture and bring it to so many pixels a side. Default: as they are.
        grayscale: whether images have one channel; else they have three.

    Returns:
        `Dataset` of uint8 images of shape `(n, h, w, c)`.

    Raises:
        DatasetNotFoundError: if there is no such folder.
        ValueError: if fewer than three pictures can be read, they differ in size, or the range of a picture's values
            is not known.
    """
    if size is not None and (isinstance(size, bool) or not isinstance(size, int) or size < 1):
        raise ValueError(f"Pictures have a size of at least 1. Received: size={size!r}. Expected: an integer, or None.")
    if str(path) == "":
        raise ValueError("The folder of pictures has no name. Received: path=''. Expected: an existing folder.")
    folder = Path(path)
    if not folder.is_dir():
        raise DatasetNotFoundError(
            f"There is no folder {folder.absolute()}. Give path= (on the command line --data-path) the folder that "
            "holds the pictures."
        )
    files, unreadable, others = _listed(folder)
    pictures: list[np.ndarray] = []
    sizes: dict[tuple[int, ...], str] = {}
    scales: dict[str, str] = {}
    brightest, plain, copies = 0, [], []
    known: dict[bytes, str] = {}
    for file in _counted(files):
        name = repr(str(file.relative_to(folder)))
        try:
            picture, scale, largest = _read(file, size, grayscale)
        except _UnknownRangeError as error:
            raise ValueError(f"The picture {name} in {folder} {error}") from error
        except Exception as error:  # Pillow's readers raise whatever a broken file leads them to
            unreadable.append(f"{name} ({_reason(error)})")
            continue
        sizes.setdefault(picture.shape[1::-1], name)
        if len(sizes) > 1:
            (first, other), (a, b) = sizes.values(), sizes
            raise ValueError(
                f"The pictures in {folder} differ in size. Received: {first} of {a[0]}x{a[1]} pixels, {other} of "
                f"{b[0]}x{b[1]}. Pass size=, for example size={min(*a, *b)}: the middle square of each is then brought "
                "to so many pixels a side."
            )
        if scale is not None:
            scales.setdefault(scale, name)
        if len(scales) > 1:
            raise ValueError(
                f"The pictures in {folder} have floats on two scales. Received: {' and '.join(scales.values())}, with "
                f"values from {' and from '.join(scales)}. Bring all of them to 0 to 1, or save them with 8 bits."
            )
        brightest = max(brightest, largest)
        if picture.min() == picture.max():
            plain.append(name)
        digest = hashlib.sha256(picture.tobytes()).digest()
        if known.setdefault(digest, name) != name:
            copies.append(f"{name} of {known[digest]}")
        pictures.append(picture)
    if len(pictures) < 3:
        raise ValueError(
            f"A data set needs three pictures at least, for three splits. Received: {len(pictures)} readable ones of "
            f"{len(files)} in {folder}{_and_others(unreadable, others)}. Expected: files that Pillow reads, such as "
            ".png and .jpg."
        )
    if unreadable:
        _warn(
            f"Files in {folder} that cannot be read are left out: {len(unreadable)}, the first {unreadable[0]}. "
            "Replace or delete them."
        )
    if others:
        _warn(f"Other files in {folder} are left out: {len(others)} ({_endings(others)}).")
    if plain:
        _warn(
            f"Pictures in {folder} are of one plain colour: {len(plain)}, the first {plain[0]}. Transparent parts "
            "become white, so that white drawings on a transparent ground vanish."
        )
    if copies:
        _warn(
            f"Pictures in {folder} are copies of others: {len(copies)}, the first {copies[0]}. A copy may be tested on "
            "although it was trained on: delete the copies."
        )
    if 0 < brightest < _NEARLY_BLACK:
        _warn(
            f"The 16-bit pictures in {folder} have no value above {brightest} of 65535, so that they are nearly black. "
            "Scale their values up to 65535, or save them with 8 bits."
        )
    images = np.stack([pictures[i] for i in np.random.default_rng(0).permutation(len(pictures))])
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
            "description": f"{len(images):,} pictures, {'grey' if grayscale else 'colour'}, {resized}; "
            f"{len(train):,} for training, {len(validation):,} for validation, {len(test):,} for tests",
            "source": f"the folder {folder.name}",
            "rows": "sorted by name, shuffled once with a fixed seed; the last two tenths validation and test",
            "scale": "pixel / 255, in [0, 1]",
        },
    )


def read_picture(path: str | Path) -> np.ndarray:
    """One picture, as a viewer shows it on a white page: see `load_images`.

    Args:
        path: of the file.

    Returns:
        uint8 array of shape `(h, w, 3)`.

    Raises:
        ValueError: if there is no such file, or it cannot be read.
    """
    if not Path(path).is_file():  # to open a FIFO would wait for its writer
        raise ValueError(f"There is no picture {path}. Pass a file that Pillow reads, such as a .png, or a .npy file.")
    try:
        return _read(path, None, False)[0]
    except _UnknownRangeError as error:
        raise ValueError(f"The picture {path} {error}") from error
    except Exception as error:  # Pillow's readers raise whatever a broken file leads them to
        raise ValueError(f"The picture {path} cannot be read: {_reason(error).rstrip('.')}.") from error


class _UnknownRangeError(ValueError):
    """A sound picture whose values could mean anything."""


def _counted(files):
    """The files, one by one, with a bar."""
    with console.bar(len(files), "Reading pictures", "picture", delay=_SECONDS_BEFORE_BAR) as progress:
        for file in files:
            yield file
            progress.update()


def _listed(folder):
    """Pictures by their endings, folders that cannot be read, and other files."""
    from PIL import Image

    Image.init()
    files: list[Path] = []
    unreadable: list[str] = []
    others: list[str] = []
    seen = {os.path.realpath(folder)}  # folders may be linked into each other
    for root, folders, names in os.walk(
        folder, onerror=lambda error: unreadable.append(first_line(error)), followlinks=True
    ):
        folders[:] = [
            name for name in folders if not (name.startswith(".") or name == "__MACOSX" or _is_run(root, name))
        ]
        for name in [*folders]:
            if (real := os.path.realpath(os.path.join(root, name))) in seen:
                folders.remove(name)
            seen.add(real)
        for name in names:
            file = Path(root, name)
            if name.startswith("."):  # .DS_Store, and ._a.png beside a.png
                continue
            if file.suffix.lower() not in Image.EXTENSION:
                others.append(name)
            elif file.is_file():
                files.append(file)
            else:  # to open a FIFO would wait for its writer
                unreadable.append(f"{str(file.relative_to(folder))!r} (no regular file)")
    return sorted(files), unreadable, others


def _is_run(root, name):
    """Whether a folder is a run's, whose pictures of samples are not to be trained on."""
    names = {"config.json", "samples", "pretraining", "history.csv"} & set(_names(os.path.join(root, name)))
    return "config.json" in names and len(names) > 1


def _names(folder):
    try:
        return os.listdir(folder)
    except OSError:  # os.walk will say so
        return []


def _read(file, size, grayscale):
    """A picture as an array, the scale of its floats (or None), and its largest value of 16 bits (or 0)."""
    from PIL import Image, ImageOps

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow's notes on metadata
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        formats = [name for name in Image.OPEN if name != "EPS"]  # which is a program, and would be run
        with Image.open(file, formats=formats) as opened:
            opened.load()
            with contextlib.suppress(Exception):  # the pixels are there, and damaged metadata have no orientation
                ImageOps.exif_transpose(opened, in_place=True)
            picture, scale, largest = _eight_bits(opened)
            picture = _flat(picture, "L" if grayscale else "RGB")
        if 0 in picture.size:
            raise ValueError("it has no pixels")
        if size is not None:
            picture = _square(picture, size)
        return np.asarray(picture), scale, largest


def _eight_bits(picture):
    """A picture of at most 8 bits per value; and, of the one given, the floats' scale and the largest 16-bit value."""
    from PIL import Image

    if not (picture.mode.startswith("I") or picture.mode == "F"):
        return picture, None, 0
    tags, hidden = getattr(picture, "tag_v2", {}), picture.info.get("transparency")
    sixteen = picture.mode.startswith("I;16") or (picture.mode == "I" and picture.format in ("PNG", "PPM"))
    sixteen = sixteen and picture.format != "FITS"  # measurements, whose zero and unit are the header's to say
    if picture.mode.startswith("I;16") and picture.mode != "I;16":  # big-endian, which Pillow hardly knows
        picture = picture.convert("I")
    smallest, largest = picture.getextrema()
    scale, brightest = None, 0
    if sixteen:
        bits = 12 if tags.get(258) == (12,) else 16
        factor, brightest = 255 / (2**bits - 1), largest if bits == 16 else 0
    elif picture.mode == "F" and 0 <= smallest <= largest <= 1:
        factor, scale = 255, "0 to 1"
    elif 0 <= smallest <= largest <= 255:
        factor, scale = 1, "0 to 255" if picture.mode == "F" else None
    else:
        raise _unknown_range(picture, smallest, largest)
    pixels = np.empty((picture.height, picture.width), "uint8")
    rows = max(1, _ROWS // picture.width)
    for top in range(0, picture.height, rows):
        values = np.asarray(picture.crop((0, top, picture.width, min(top + rows, picture.height))))
        if not np.isfinite(values).all():
            raise _unknown_range(picture, smallest, largest)
        pixels[top : top + rows] = np.round(values * factor)
    if tags.get(262) == 0:  # WhiteIsZero, which Pillow heeds in pictures of 8 bits alone
        pixels = 255 - pixels
    grey = Image.fromarray(pixels)
    if isinstance(hidden, int):
        grey.putalpha(Image.fromarray(np.where(np.asarray(picture) == hidden, 0, 255).astype("uint8")))
    # A picture of nothing but zeros has no scale of its own.
    return grey, scale if largest > 0 else None, brightest


def _unknown_range(picture, smallest, largest):
    kind = "floats" if picture.mode == "F" else "integers"
    return _UnknownRangeError(
        f"has values of an unknown range. Received: {kind} from {smallest:g} to {largest:g}, or not finite. Expected: "
        f"{'0 to 1, or 0 to 255' if picture.mode == 'F' else '0 to 255'}. Scale the values of all pictures alike, or "
        "save them with 8 or 16 bits."
    )


def _flat(picture, mode):
    """A picture in mode L or RGB, as it looks on a white page."""
    from PIL import Image, ImageCms

    if picture.mode == "LAB":
        lab, rgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
        picture = ImageCms.profileToProfile(picture, lab, rgb, outputMode="RGB")
    if not picture.has_transparency_data:
        return picture.convert(mode)
    if picture.mode != "RGBA":  # or a large one would be copied
        picture = picture.convert("RGBA")
    page = Image.new(mode, picture.size, "white")
    page.paste(picture, mask=picture.getchannel("A"))
    return page


def _square(picture, size):
    side = min(picture.size)
    left, top = (picture.width - side) // 2, (picture.height - side) // 2
    if picture.width != picture.height:
        picture = picture.crop((left, top, left + side, top + side))
    return picture.resize((size, size))


def _reason(error):
    from PIL import Image, UnidentifiedImageError

    if isinstance(error, UnidentifiedImageError):
        return "no picture that Pillow knows"
    if isinstance(error, (Image.DecompressionBombWarning, Image.DecompressionBombError)):
        return f"more than {Image.MAX_IMAGE_PIXELS:,} pixels, Pillow's limit: make it smaller"
    return first_line(error)


def _endings(names):
    endings = sorted({Path(name).suffix.lower() or "no ending" for name in names})
    return ", ".join(endings[:5]) + (", ..." if len(endings) > 5 else "")


def _and_others(unreadable, others):
    said = f"; could not be read: {unreadable[0]}" if unreadable else ""
    return said + (f"; files with other names: {len(others)} ({_endings(others)})" if others else "")


def _warn(text):
    warnings.warn(text, stacklevel=4)
