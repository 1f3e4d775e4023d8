"""A folder of a user's own pictures."""

import contextlib
import functools
import hashlib
import itertools
import os
import stat
import threading
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from multiprocessing.pool import ThreadPool
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np

from keras_gan import console
from keras_gan.datasets.dataset import Dataset, DatasetNotFoundError, Splits
from keras_gan.datasets.download import first_line
from keras_gan.models.on_demand import OnDemand, num_cores

_SECONDS_BEFORE_BAR = 3
_ROWS = 1 << 20  # numbers scaled at once
_NEARLY_BLACK = 4096  # of 65536: 16-bit files whose pixels came from a camera of 12 bits or fewer
# Folders of more pictures, or of more bytes of pixels, are decoded as they are needed.
_FEW_PICTURES = 10_000
_FEW_BYTES = 256 << 20
_LOOKED_AT = 100  # of many pictures, before any is trained on: of 12 million pixels each, as many take five seconds
_MOST_HELD_OUT = 10_000  # for validation, and for tests: measures bring all of them into the memory, as floats


def load_images(path: str | Path, size: int | None = None, grayscale: bool = False, classes: bool = False) -> Dataset:
    """The pictures in a folder and its subfolders: eight tenths for training, one for validation, one for testing.

    Every picture becomes what a viewer shows on a white page. A picture is turned as its EXIF orientation says, its
    transparent parts become white, and of several frames, pages or layers the first (or the merged one) is read.
    Colours of CMYK, YCbCr, Lab and palettes become RGB; ICC profiles are ignored. Values of more than 8 bits are
    scaled, never cut off: 16 bits from 0 to 65535, floats from 0 to 1. Floats and 32-bit integers from 0 to 255 stay as
    they are. Files that cannot be read are left out, with a warning that names the first.

    More than 10,000 pictures, or 256 MiB of pixels, are decoded as they are needed, and kept in a file that is gone
    when the process ends (`keras_gan.models.on_demand.OnDemand`). Then a file that cannot be read is met late: the next
    one of its split and class takes its place. At most 10,000 pictures are held out for validation, and for testing.

    Args:
        path: of the folder. Hidden files and folders of runs are left out.
        size: cut out the middle square of each picture and bring it to so many pixels a side. Default: as they are.
        grayscale: whether images have one channel; else they have three.
        classes: whether the subfolders are classes: labels number them, sorted by name, and the card names them. Every
            class has a picture to train on.

    Returns:
        `Dataset` of uint8 images of shape `(n, h, w, c)`: arrays, or `OnDemand`.

    Raises:
        DatasetNotFoundError: if there is no such folder.
        ValueError: if fewer than three pictures can be read, they differ in size, the range of a picture's values is
            not known, or the subfolders are no classes: fewer than two, with a single picture, or with pictures beside
            them.
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
    files = _listed(folder)
    read = functools.partial(_read, size=size, grayscale=grayscale)
    shape = (size, size) if size is not None else _first_size(folder, files.names, read)
    pixels = len(files.names) * int(np.prod(shape)) * (1 if grayscale else 3)
    many = len(files.names) > _FEW_PICTURES or pixels > _FEW_BYTES
    labels, names_of_classes = _classes(folder, files.names) if classes else (np.full(len(files.names), -1), [])
    seen = _Seen(folder, size)
    unreadable = list(files.unreadable)
    images: Any = []
    kept: list[bool] = []
    looked_at = _some(files.names) if many else files.names
    with _attempts(folder, looked_at, read, bar=not many) as attempts:
        for name, picture in attempts:
            kept.append(isinstance(picture, _Picture))
            if isinstance(picture, _Picture):
                seen.note(name, picture)
                images += [] if many else [picture.pixels]
            else:
                unreadable.append(f"{name!r} ({_reason(picture)})")
    readable = len(files.names) if many and any(kept) else sum(kept)
    if readable < 3:
        raise ValueError(
            f"A data set needs three pictures at least, for three splits. Received: {readable} readable ones of "
            f"{len(kept)} in {folder}{_and_others(unreadable, files.others)}. Expected: files that Pillow reads, such "
            "as .png and .jpg."
        )
    left_out = list(files.unreadable) if many else unreadable
    if not many:
        labels = labels[np.array(kept, bool)]
    if classes:
        _check_classes(folder, labels, names_of_classes)
    if left_out:
        _warn(
            f"Files in {folder} that cannot be read are left out: {len(left_out)}, the first {left_out[0]}. "
            "Replace or delete them."
        )
    if files.others:
        _warn(f"Other files in {folder} are left out: {len(files.others)} ({_endings(files.others)}).")
    for line in seen.said(f" of {len(looked_at):,} looked at" if many else ""):
        _warn(line)
    order, held_out = _order(labels), min(max(1, len(labels) // 10), _MOST_HELD_OUT)
    cuts = [0, len(labels) - 2 * held_out, len(labels) - held_out, len(labels)]
    parts = list(itertools.pairwise(cuts))
    if many:
        names = [files.names[row] for row in order]
        make = _Decoder(folder, names, labels[order], cuts, read, seen, left_out)
        channels = 1 if grayscale else 3
        everything = OnDemand(make, (len(names), *shape, channels), files.fingerprint(size, grayscale))
        splits: list[Any] = [everything.part(*part) for part in parts]
    else:
        images = np.stack([images[row] for row in order])
        images = images.reshape(*images.shape[:3], -1)
        splits = [images[slice(*part)] for part in parts]
    resized = "as they are" if size is None else f"the middle square of each, resized to {size}x{size}"
    numbers = [f"{len(split):,}" for split in splits]
    return Dataset(
        train=splits[0],
        validation=splits[1],
        test=splits[2],
        labels=Splits(*(labels[order[slice(*part)]] for part in parts)),
        preprocessing=keras.layers.Rescaling(1 / 255, name="preprocessing"),
        card={
            "name": "images",
            "description": f"{len(labels):,} pictures{f' of {len(names_of_classes)} classes' if classes else ''}, "
            f"{'grey' if grayscale else 'colour'}, {resized}; "
            f"{numbers[0]} for training, {numbers[1]} for validation, {numbers[2]} for tests",
            "source": f"the folder {folder.name}",
            "rows": "sorted by name, shuffled once with a fixed seed; the last two "
            + ("tenths" if held_out == max(1, len(labels) // 10) else f"times {held_out:,}")
            + " validation and test"
            + ("; a picture of each class is trained on" if classes else "")
            + ("; the next picture stands in the place of one that cannot be read" if many else ""),
            "scale": "pixel / 255, in [0, 1]",
            **({"classes": names_of_classes} if classes else {}),
        },
        left_out=left_out,
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
        with _quiet():
            return _read(path, None, False).pixels
    except _UnknownRangeError as error:
        raise ValueError(f"The picture {path} {error}") from error
    except Exception as error:  # Pillow's readers raise whatever a broken file leads them to
        raise ValueError(f"The picture {path} cannot be read: {_reason(error).rstrip('.')}.") from error


class _UnknownRangeError(ValueError):
    """A sound picture whose values could mean anything."""


class _Picture(NamedTuple):
    """A picture, and what is known of it: its size in the file, the scale of its floats (or None), and its largest
    value of 16 bits (or 0)."""

    pixels: np.ndarray
    width: int
    height: int
    scale: str | None
    brightest: int


class _Files(NamedTuple):
    """What is in a folder: pictures by their endings, their sizes in bytes, what is no file, and other files."""

    names: list[str]
    num_bytes: list[int]
    unreadable: list[str]
    others: list[str]

    def fingerprint(self, size: int | None, grayscale: bool) -> str:
        """SHA-256 of names and sizes: to read a million files would take longer than to train on a batch."""
        digest = hashlib.sha256(f"{size} {grayscale}\n".encode())
        for name, num_bytes in zip(self.names, self.num_bytes, strict=True):
            digest.update(b"%b\0%d\0" % (os.fsencode(name), num_bytes))
        return digest.hexdigest()


def _listed(folder: Path) -> _Files:
    from PIL import Image

    Image.init()
    files: list[tuple[str, int]] = []
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
        within = os.path.relpath(root, folder)
        for name in names:
            if name.startswith("."):  # .DS_Store, and ._a.png beside a.png
                continue
            if os.path.splitext(name)[1].lower() not in Image.EXTENSION:
                others.append(name)
                continue
            relative = name if within == os.curdir else os.path.join(within, name)
            try:
                status = os.stat(os.path.join(root, name))
            except OSError:  # a link to itself, or to nothing
                status = None
            if status is not None and stat.S_ISREG(status.st_mode):
                files.append((relative, status.st_size))
            else:  # to open a FIFO would wait for its writer
                unreadable.append(f"{relative!r} (no regular file)")
    files.sort(key=lambda file: file[0].split(os.sep))
    return _Files([name for name, _ in files], [num_bytes for _, num_bytes in files], unreadable, others)


def _is_run(root, name):
    """Whether a folder is a run's, whose pictures of samples are not to be trained on."""
    names = {"config.json", "samples", "pretraining", "history.csv"} & set(_names(os.path.join(root, name)))
    return "config.json" in names and len(names) > 1


def _names(folder):
    try:
        return os.listdir(folder)
    except OSError:  # os.walk will say so
        return []


@contextlib.contextmanager
def _attempts(
    folder: Path, names: Sequence[str], read: Any, bar: bool = False
) -> Iterator[Iterator[tuple[str, "_Picture | Exception"]]]:
    """A context of each picture, or why it cannot be read; Pillow leaves Python's lock, so that several are decoded."""

    def attempt(name):
        try:
            return read(folder / name)
        except Exception as error:  # Pillow's readers raise whatever a broken file leads them to
            return error

    def results(threads, shown):
        for name, picture in zip(names, threads.imap(attempt, names, chunksize=8), strict=True):
            if isinstance(picture, _UnknownRangeError):
                raise ValueError(f"The picture {name!r} in {folder} {picture}") from picture
            yield name, picture
            if shown is not None:
                shown.update()

    shows = console.bar(len(names), "Reading pictures", "picture", _SECONDS_BEFORE_BAR) if bar else None
    with ThreadPool(num_cores()) as threads, shows or contextlib.nullcontext() as shown, _quiet():
        yield results(threads, shown)


def _some(names):
    """Some of the names, in order; at random, since every thousandth may be of the same camera."""
    chosen = np.random.default_rng(0).permutation(len(names))[:_LOOKED_AT]
    return [names[row] for row in sorted(chosen)]


def _first_size(folder, names, read):
    """Height and width of the first picture that can be read of some."""
    with _attempts(folder, _some(names), read) as attempts:
        return next((picture.pixels.shape[:2] for _, picture in attempts if isinstance(picture, _Picture)), (0, 0))


@contextlib.contextmanager
def _quiet():
    """Without Pillow's notes on metadata."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


class _Seen:
    """What was seen of the pictures so far: their sizes and scales, which must agree, and what looks spoiled."""

    def __init__(self, folder: Path, size: int | None) -> None:
        self._folder, self._size = folder, size
        self._sizes: dict[tuple[int, ...], str] = {}
        self._scales: dict[str, str] = {}
        self._brightest, self._number = 0, 0
        self._plain: list[str] = []
        self._copies: list[str] = []
        self._enlarged: list[str] = []
        self._cut: list[str] = []
        self._known: dict[bytes, str] = {}
        self._lock = threading.Lock()

    def check(self, name: str, picture: _Picture) -> None:
        """Raises a ValueError if the picture does not fit those before."""
        with self._lock:
            self._sizes.setdefault(picture.pixels.shape[1::-1], repr(name))
            if picture.scale is not None:
                self._scales.setdefault(picture.scale, repr(name))
        if len(self._sizes) > 1:
            (first, other), (a, b) = self._sizes.values(), self._sizes
            raise ValueError(
                f"The pictures in {self._folder} differ in size. Received: {first} of {a[0]}x{a[1]} pixels, {other} of "
                f"{b[0]}x{b[1]}. Pass size=, for example size={min(*a, *b)}: the middle square of each is then brought "
                "to so many pixels a side."
            )
        if len(self._scales) > 1:
            raise ValueError(
                f"The pictures in {self._folder} have floats on two scales. Received: "
                f"{' and '.join(self._scales.values())}, with values from {' and from '.join(self._scales)}. Bring all "
                "of them to 0 to 1, or save them with 8 bits."
            )

    def note(self, name: str, picture: _Picture) -> None:
        """Checks a picture, and keeps in mind how it looks."""
        self.check(name, picture)
        pixels, name = picture.pixels, repr(name)
        self._number += 1
        self._brightest = max(self._brightest, picture.brightest)
        if pixels.min() == pixels.max():
            self._plain.append(name)
        if (first := self._known.setdefault(hashlib.sha256(pixels.tobytes()).digest(), name)) != name:
            self._copies.append(f"{name} of {first}")
        short, long = sorted((picture.width, picture.height))
        of = f"{name} of {picture.width}x{picture.height} pixels"
        if self._size is not None and short < self._size:
            self._enlarged.append(of)
        if self._size is not None and long > 2 * short:
            self._cut.append(of)

    def said(self, of: str) -> Iterator[str]:
        """A line on each thing to know before training.

        Args:
            of: what stands behind a number, such as " of 100 looked at".
        """
        if self._plain:
            yield (
                f"Pictures in {self._folder} are of one plain colour: {len(self._plain)}{of}, the first "
                f"{self._plain[0]}. Transparent parts become white, so that white drawings on a transparent ground "
                "vanish."
            )
        if self._copies and len(self._known) == 1:
            yield (
                f"The pictures in {self._folder} are all alike: {self._number}{of}. A generator would learn this one "
                "picture: give it pictures that differ."
            )
        elif self._copies:
            yield (
                f"Pictures in {self._folder} are copies of others: {len(self._copies)}{of}, the first "
                f"{self._copies[0]}. A copy may be tested on although it was trained on: delete the copies."
            )
        if 0 < self._brightest < _NEARLY_BLACK:
            yield (
                f"The 16-bit pictures in {self._folder} have no value above {self._brightest} of 65535, so that they "
                "are nearly black. Scale their values up to 65535, or save them with 8 bits."
            )
        if self._enlarged:
            yield (
                f"Pictures in {self._folder} are smaller than {self._size}x{self._size} and are enlarged: "
                f"{len(self._enlarged)}{of}, the first {self._enlarged[0]}. A smaller size= (on the command line "
                "--size) leaves them sharp."
            )
        if self._cut:
            yield (
                f"Pictures in {self._folder} are more than twice as long as wide, and less than half of each is in the "
                f"middle square: {len(self._cut)}{of}, the first {self._cut[0]}. Cut out yourself what matters."
            )


class _Decoder:
    """The picture of a row, decoded when it is asked for; the next one of its split and class if it cannot be read.

    So the value of a row follows from the files alone, and not from the order in which the rows are asked for.

    Args:
        folder: of the pictures.
        names: of the files, in the order of the rows.
        labels: classes of the rows, shape `(n,)`; -1 for none.
        cuts: where the splits begin, and the end.
        read: function from a path to a `_Picture`.
        seen: of the pictures looked at before.
        left_out: list to which files that cannot be read are added.
    """

    def __init__(
        self,
        folder: Path,
        names: list[str],
        labels: np.ndarray,
        cuts: list[int],
        read: Any,
        seen: _Seen,
        left_out: list[str],
    ) -> None:
        self._folder, self._names, self._labels, self._cuts = folder, names, labels, cuts
        self._read, self._seen, self._left_out = read, seen, left_out
        self._unreadable: set[int] = set()
        self._lock = threading.Lock()
        # For good: to catch warnings for a while would touch those of other threads.
        warnings.filterwarnings("ignore", module=r"PIL\.")  # notes on metadata

    def __call__(self, row: int) -> np.ndarray:
        for other in self._in_turn(row):
            if other in self._unreadable:
                continue
            try:
                picture = self._read(self._folder / self._names[other])
            except _UnknownRangeError as error:
                raise ValueError(f"The picture {self._names[other]!r} in {self._folder} {error}") from error
            except Exception as error:  # Pillow's readers raise whatever a broken file leads them to
                self._leave_out(other, error)
                continue
            self._seen.check(self._names[other], picture)
            return picture.pixels.reshape(*picture.pixels.shape[:2], -1)
        raise ValueError(
            f"None of the pictures of a split or class in {self._folder} can be read: {self._left_out[-1]}, for "
            "example. Replace them by files that Pillow reads, such as .png and .jpg."
        )

    def _in_turn(self, row):
        """The row, and those that may stand in its place."""
        yield row
        split = int(np.searchsorted(self._cuts, row, side="right")) - 1
        start, stop = self._cuts[split : split + 2]
        alike = start + np.flatnonzero(self._labels[start:stop] == self._labels[row])
        place = int(np.searchsorted(alike, row))
        yield from (int(other) for other in np.roll(alike, -place)[1:])

    def _leave_out(self, row, error):
        with self._lock:
            if row in self._unreadable:
                return
            self._unreadable.add(row)
            self._left_out.append(f"{self._names[row]!r} ({_reason(error)})")
            number = len(self._unreadable)
        if str(number).strip("0") == "1":  # 1, 10, 100, ...
            warnings.warn(
                f"Files in {self._folder} that cannot be read, so far: {number}, the last {self._left_out[-1]}. "
                "The next picture takes the place of each. Replace or delete them.",
                stacklevel=2,
            )


def _classes(folder, names):
    """Class of each picture, by the first level of subfolders, and the classes' names."""
    tops = [name.split(os.sep)[0] if os.sep in name else None for name in names]
    if outside := [name for name, top in zip(names, tops, strict=True) if top is None]:
        raise ValueError(
            f"With classes, each picture lies in the subfolder of its class. Received: {len(outside)} of {len(names)} "
            f"pictures beside the subfolders of {folder}, the first {outside[0]!r}. Move them into a subfolder, or "
            "train without classes."
        )
    known = sorted({top for top in tops if top is not None})
    if len(known) < 2:
        raise ValueError(
            f"Classes are two subfolders or more. Received: {f'one, {known[0]!r},' if known else 'none'} with pictures "
            f"in {folder}. Put the pictures of each class into a subfolder of its own, or train without classes."
        )
    numbers = {name: number for number, name in enumerate(known)}
    return np.array([numbers[top] for top in tops]), known


def _check_classes(folder, labels, names):
    counts = Counter(labels.tolist())
    if few := [name for number, name in enumerate(names) if counts[number] < 2]:
        raise ValueError(
            f"A class needs two pictures at least. Received: {counts[names.index(few[0])]} readable ones in the "
            f"subfolder {few[0]!r} of {folder}{f', and {len(few) - 1} other such classes' if len(few) > 1 else ''}. "
            "Add pictures, or remove the subfolder."
        )


def _order(labels):
    """The rows in the order of the splits: shuffled, with a picture of each class in front, for training."""
    order = np.random.default_rng(0).permutation(len(labels))
    if len(labels) and labels.max() >= 0:
        first = np.sort(np.unique(labels[order], return_index=True)[1])
        order = np.concatenate([order[first], np.delete(order, first)])
    return order


def _read(file: str | Path, size: int | None, grayscale: bool) -> _Picture:
    from PIL import Image, ImageOps

    with Image.open(file, formats=_formats()) as opened:
        # Pillow itself refuses twice as many, and warns of these.
        if Image.MAX_IMAGE_PIXELS and opened.width * opened.height > Image.MAX_IMAGE_PIXELS:
            raise Image.DecompressionBombError
        opened.load()
        with contextlib.suppress(Exception):  # the pixels are there, and damaged metadata have no orientation
            ImageOps.exif_transpose(opened, in_place=True)
        picture, scale, largest = _eight_bits(opened)
        picture = _flat(picture, "L" if grayscale else "RGB")
    width, height = picture.size
    if 0 in picture.size:
        raise ValueError("it has no pixels")
    if size is not None:
        picture = _square(picture, size)
    return _Picture(np.asarray(picture), width, height, scale, largest)


@functools.cache
def _formats():
    """Formats that Pillow reads, besides EPS, which is a program, and would be run."""
    from PIL import Image

    Image.init()
    return [name for name in Image.OPEN if name != "EPS"]


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
