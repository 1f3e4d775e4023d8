"""How much a `.keras` file may unpack to, checked before it is unpacked: a small file must not fill the memory."""

import contextlib
import math
import threading
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import keras

_FREE = 64 << 20  # bytes that any file may unpack to, however small it is: untrained weights are zeros
_EXPANSION = 20  # bytes per byte of a larger file; trained weights hardly shrink when they are compressed
_TEXT = 2 << 20  # bytes of config.json that any file may hold: Python's objects take 50 times as much, and Keras copies
_TEXT_SHARE = 8  # a larger file may hold one byte of config.json per so many bytes
_METADATA = 1 << 20  # bytes
_OBJECTS = 200_000  # arrays and groups of a weights file
_PER_STORED = 6  # bytes of variables per byte stored: an optimizer that was never used is not stored
_DEFLATE, _SHUFFLE, _FLETCHER32, _LZF = 1, 2, 3, 32000  # HDF5's numbers of its filters


def allowed(path: Path) -> int:
    """Bytes that the weights in a file may unpack to: of its zip, and of the arrays in the HDF5 file within."""
    return _FREE + _EXPANSION * path.stat().st_size


def check_members(archive: zipfile.ZipFile, path: Path) -> None:
    """Refuses an archive whose parts say that they unpack to too much.

    Args:
        archive: a `.keras` file, opened.
        path: of the file.

    Raises:
        ValueError: that names the part.
    """
    for member in archive.infolist():
        if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise ValueError(
                f"{path} is refused: its {member.filename} is packed by another method than deflate, which Keras never "
                "uses."
            )
        text = {"config.json": max(_TEXT, path.stat().st_size // _TEXT_SHARE), "metadata.json": _METADATA}
        limit = text.get(member.filename, allowed(path))
        if member.file_size > limit:
            raise _too_large(path, member.filename, member.file_size, limit)


def check_weights(content: BinaryIO, path: Path) -> int:
    """Refuses a weights file whose arrays say that they unpack to too much, or lie elsewhere.

    Args:
        content: the HDF5 file, opened.
        path: of the `.keras` file it is from.

    Returns:
        The bytes of all its arrays.

    Raises:
        ValueError: that names the array.
    """
    import h5py  # takes its time, and Keras has not imported it yet

    limit, total, seen = allowed(path), 0, set()
    with h5py.File(content, "r") as file:
        waiting = [file["/"]]
        while waiting:
            group = waiting.pop()
            for name in group:
                if not isinstance(group.get(name, getlink=True), h5py.HardLink):
                    raise ValueError(f"{path} is refused: {group.name}/{name} in its weights is a link to elsewhere.")
                item = group[name]
                address = h5py.h5o.get_info(item.id).addr
                if address in seen:
                    continue
                seen.add(address)
                if len(seen) > _OBJECTS:
                    raise ValueError(f"{path} is refused: its weights hold more than {_OBJECTS:,} arrays and groups.")
                if isinstance(item, h5py.Group):
                    waiting.append(item)
                elif not isinstance(item, h5py.Dataset) or item.dtype.kind not in "biufcSV":
                    raise ValueError(f"{path} is refused: {item.name} in its weights is no array of numbers.")
                else:
                    total += _size(item, path)
                    if total > limit:
                        raise _too_large(path, f"model.weights.h5, up to {item.name},", total, limit)
    return total


def _size(item, path):
    """Bytes that reading an array takes."""
    if item.is_virtual or item.external:
        raise ValueError(f"{path} is refused: {item.name} in its weights lies in another file.")
    if not item.shape:
        return item.dtype.itemsize
    chunk = math.prod(item.chunks or ()) * item.dtype.itemsize  # is read whole, and may be larger than the array
    plist = item.id.get_create_plist()
    filters = [plist.get_filter(i)[0] for i in range(plist.get_nfilters())]
    deflated = filters.count(_DEFLATE)
    if deflated > 1 or set(filters) - {_DEFLATE, _SHUFFLE, _FLETCHER32, _LZF}:
        raise ValueError(f"{path} is refused: {item.name} in its weights is packed by a filter that Keras never uses.")
    size = max(math.prod(item.shape) * item.dtype.itemsize, chunk)
    if deflated and size <= allowed(path):
        _check_chunks(item, chunk, path)
    return size


def _check_chunks(item, size, path):
    """HDF5 inflates a chunk to its end, whatever the size of the chunk is said to be."""

    def check(info):
        _, content = item.id.read_direct_chunk(info.chunk_offset)
        if len(zlib.decompressobj().decompress(content, size + 1)) > size:
            raise ValueError(f"{path} is refused: a chunk of {item.name} in its weights unpacks to more than it says.")

    item.id.chunk_iter(check)


@contextlib.contextmanager
def variables_within(stored: int) -> Iterator[None]:
    """A context in which no more variables are made than a file can fill.

    A config of a few letters may ask for a layer of any width, and Keras makes its weights before it looks at those
    that are stored.

    Args:
        stored: bytes of the arrays stored in the file.

    Raises:
        ValueError: before the variable is made that is too much.
    """
    plain, thread, left = keras.Variable.__init__, threading.get_ident(), _FREE // 4 + _PER_STORED * stored
    refused: list[ValueError] = []

    def counted(self: Any, initializer: Any, shape: Any = None, dtype: Any = None, *args: Any, **named: Any) -> None:
        nonlocal left
        if thread == threading.get_ident() and isinstance(shape, (tuple, list)):
            left -= math.prod(side for side in shape if isinstance(side, int)) * (8 if "64" in str(dtype) else 4)
            if left < 0:
                refused.append(
                    ValueError(
                        f"its config asks for a variable of shape {tuple(shape)}, but the arrays stored hold "
                        f"{_megabytes(stored)} in all"
                    )
                )
                raise refused[-1]
        plain(self, initializer, shape, dtype, *args, **named)

    keras.Variable.__init__ = counted
    try:
        yield
    except Exception as error:
        if refused:  # Keras may have made another error of it
            raise refused[0] from error
        raise
    finally:
        keras.Variable.__init__ = plain


def _too_large(path, part, size, limit):
    return ValueError(
        f"{path} is refused: {part} unpacks to {_megabytes(size)}, which is more than a file of this size holds. "
        f"Expected: at most {_megabytes(limit)}."
    )


def _megabytes(size):
    return f"{size / (1 << 20):,.1f} MB"
