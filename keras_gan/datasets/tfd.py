"""The Toronto Face Database, from the MATLAB file that its owners give to those who sign its licence."""

import dataclasses
import math
import os
import struct
import zlib
from pathlib import Path

import keras
import numpy as np

from keras_gan.datasets.dataset import Dataset, DatasetNotFoundError, Splits
from keras_gan.datasets.download import first_line

NUM_FOLDS = 5
_SIDE = 48
_FIELDS = ("images", "labs_ex", "labs_id", "folds")
_UNLABELED, _TRAIN, _VALIDATION, _TEST = range(4)  # what `folds` says of an image
_SIZE_OF_TFD = 102_236
# Table 1 of the paper: mean and standard error over folds, in nats.
_PUBLISHED: dict[str, dict[str, tuple[float, float]]] = {
    "parzen": {
        "DBN": (1909, 66),
        "Stacked CAE": (2110, 50),
        "Deep GSN": (1890, 29),
        "Adversarial nets": (2057, 26),
    }
}
_STAND_IN = "Not measured on the Toronto Face Database: not to be compared with the paper's TFD column."
_MOST_IMAGES = 4 * _SIZE_OF_TFD  # or a small compressed file could ask for all memory there is
_DTYPES = {"double": "float64", "single": "float32"}  # from MATLAB's names
_COMPRESSED = 15  # miCOMPRESSED, in the MAT-file format, version 5
_HEADERS = 1 << 20  # bytes that names and tags may take
_HOW = (
    "Give path= (on the command line --data-path), or set KERAS_GAN_TFD, to the file TFD_48x48.mat; its licence is "
    "granted by the University of Toronto. For pictures of your own give --data-path their folder, or in Python "
    'load("images", path=folder, size=48, grayscale=True).'
)


def load_tfd(path: str | Path | None = None, fold: int = 0) -> Dataset:
    """48x48 grey faces: all unlabeled ones for training, one fold's validation and test images."""
    if fold not in range(NUM_FOLDS):
        raise ValueError(f"The database has {NUM_FOLDS} folds. Received: fold={fold!r}. Expected one of 0 to 4.")
    images, labels, codes = read(path)
    source = f"the MATLAB file {Path(path or os.environ['KERAS_GAN_TFD']).name}"
    folds: dict[int, Dataset] = {}
    for number in (fold, *range(NUM_FOLDS)):  # the one that was asked for first, for its errors
        # In the database every fold has the same images without a label, 226 MB: they are kept once.
        same = fold in folds and np.array_equal(codes[:, number] == _UNLABELED, codes[:, fold] == _UNLABELED)
        if number not in folds:
            folds[number] = _fold(images, labels, codes, number, source, folds[fold].train if same else None)
    return dataclasses.replace(folds[fold], other_folds=tuple(folds[number] for number in range(NUM_FOLDS)))


def _fold(images, labels, codes, fold, source, train):
    codes = codes[:, fold]
    parts = [np.flatnonzero(codes == code) for code in (_UNLABELED, _VALIDATION, _TEST)]
    if empty := [name for name, rows in zip(("unlabeled", "validation", "test"), parts, strict=True) if not len(rows)]:
        raise ValueError(f"Field folds leaves no {empty[0]} image in fold {fold}. Expected codes 0, 1, 2 and 3 in it.")
    train, validation, test = (
        np.ascontiguousarray(images[rows])[..., np.newaxis] if known is None else known
        for rows, known in zip(parts, (train, None, None), strict=True)
    )
    is_the_database = len(images) == _SIZE_OF_TFD
    return Dataset(
        train=train,
        validation=validation,
        test=test,
        labels=Splits(*(labels[rows] for rows in parts)),
        preprocessing=keras.layers.Rescaling(1 / 255, name="preprocessing"),
        card={
            "name": "tfd",
            "description": "Toronto Face Database, 48x48, grey, pixels 0 to 255"
            if is_the_database
            else f"{len(images):,} images in the format of the Toronto Face Database, which has {_SIZE_OF_TFD:,}: "
            "a stand-in, whose numbers are not the database's",
            "source": source,
            "rows": f"unlabeled for training, fold {fold} of 0 to 4 for validation and test; labels are expressions "
            "1 to 7, -1 for none",
            "scale": "pixel / 255, in [0, 1]",
            **({"levels": {"paper 2057": 2057.0}} if is_the_database else {}),
        },
        published=_PUBLISHED if is_the_database else {},
        note="" if is_the_database else _STAND_IN,
    )


def read(path: str | Path | None = None) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The file's images, uint8 `(n, 48, 48)`, labels, int64 `(n,)`, and folds, `(n, 5)`; checked.

    Raises:
        DatasetNotFoundError: if there is no such file.
        ValueError: that names the field, if the file is not what it should be.
    """
    import scipy.io

    if path == "":
        raise ValueError(f"The data's place has no name. Received: path=''. {_HOW}")
    path = path or os.environ.get("KERAS_GAN_TFD")
    if not path:
        raise DatasetNotFoundError(f"The Toronto Face Database cannot be downloaded. {_HOW}")
    path = Path(path)
    if not path.is_file():
        instead = "TFD_48x48.mat, or on the command line a folder of pictures."
        raise DatasetNotFoundError(
            f"{path.absolute()} is no regular file. Expected: {instead}"
            if path.exists()
            else f"There is no file or folder {path.absolute()}. If it moved, give its new place with path= (on the "
            f"command line --data-path): {instead}"
        )
    try:
        headers = {name: (shape, _DTYPES.get(kind, kind)) for name, shape, kind in scipy.io.whosmat(path)}
        _check_headers(path, headers)  # before anything is read that could fill the memory
        _check_unpacked(path, sum(8 * math.prod(shape) for shape, _ in headers.values()))
        fields = scipy.io.loadmat(path, variable_names=_FIELDS)
    except _WrongFieldError:
        raise
    except Exception as error:  # SciPy raises its readers' own errors: TypeError, zlib.error, NotImplementedError, ...
        raise ValueError(
            f"{path} cannot be read as a MATLAB file ({first_line(error)}): truncated, or another format. "
            "Expected: TFD_48x48.mat as distributed (MATLAB 5), or on the command line a folder of pictures."
        ) from error
    _check_headers(path, {name: (field.shape, str(field.dtype)) for name, field in fields.items() if name in _FIELDS})
    images, labels, folds = fields["images"], fields["labs_ex"], fields["folds"]
    unknown = np.setdiff1d(folds, [_UNLABELED, _TRAIN, _VALIDATION, _TEST])
    if len(unknown):
        raise ValueError(
            f"Field folds of {path} has unknown codes. Received: {unknown[:5].tolist()}. Expected: 0 unlabeled, "
            "1 train, 2 validation, 3 test."
        )
    if not np.isfinite(labels).all():
        raise ValueError(f"Field labs_ex of {path} is not finite. Expected: expressions 1 to 7, -1 for none.")
    return images, labels.reshape(-1).astype("int64"), folds


class _WrongFieldError(ValueError):
    """A field of a MATLAB file that is not what it should be."""


def _check_headers(path, headers):
    """Refuses fields that are missing or of another shape or kind; `headers` are their shapes and kinds by name."""
    for name in _FIELDS:
        if name not in headers:
            raise _WrongFieldError(f"{path} has no field {name}. Expected the fields {', '.join(_FIELDS)}.")
    shape, kind = headers["images"]
    if len(shape) != 3 or shape[1:] != (_SIDE, _SIDE) or kind != "uint8" or not 0 <= shape[0] <= _MOST_IMAGES:
        raise _WrongFieldError(
            f"Field images of {path} is not what it should be. Received: shape {shape}, {kind}. Expected: (n, 48, 48), "
            f"uint8, with n up to {_MOST_IMAGES:,}."
        )
    for name, columns in {"labs_ex": 1, "labs_id": 1, "folds": NUM_FOLDS}.items():
        expected, (found, kind) = (shape[0], columns), headers[name]
        if found != expected or not kind.startswith(("int", "uint", "float")):
            raise _WrongFieldError(
                f"Field {name} of {path} is not what it should be. Received: shape {found}, {kind}. Expected: "
                f"{expected}, one row per image, numbers."
            )


def _check_unpacked(path, most):
    """Refuses a file whose compressed parts hold more bytes than its headers say: SciPy would unpack them all."""
    with open(path, "rb") as file:
        order = "<" if file.read(128)[126:] == b"IM" else ">"
        while len(tag := file.read(8)) == 8:
            kind, size = struct.unpack(f"{order}II", tag)
            if kind != _COMPRESSED:
                file.seek(size, os.SEEK_CUR)
                continue
            unpacker, left = zlib.decompressobj(), size
            while left > 0 and (packed := file.read(min(left, 1 << 16))):
                left -= len(packed)
                while packed:
                    most -= len(unpacker.decompress(packed, 1 << 20))
                    packed = unpacker.unconsumed_tail
                    if most < -_HEADERS:
                        raise ValueError("a field is larger than its header says")
