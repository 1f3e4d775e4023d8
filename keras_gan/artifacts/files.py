"""Files that are whole or not there: written aside, flushed to disk, renamed; and read without running their code."""

import contextlib
import io
import json
import os
import re
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import keras

from keras_gan.artifacts import sizes

_MEMBERS = {"config.json", "metadata.json", "model.weights.h5"}
_DTYPE = re.compile(r"bool|(u?int|b?float|complex)\d+")
_LARGEST_TEXT = 64 << 20  # bytes


def write(path: Path, write_to: Callable[[Path], Any], keep_before: bool = False) -> None:
    """Writes a file; whatever ends the process meanwhile, the one that was there stays whole until the new one is.

    Args:
        path: of the file.
        write_to: function that writes a file to the path it is given, which has the same suffix.
        keep_before: whether the file that was there is kept as `previous(path)`.

    Raises:
        OSError: if the file cannot be written (a full disk, a folder without permission): the one there is intact.
    """
    partial = path.with_name(f"partial-{path.name}")
    try:
        write_to(partial)
        with open(partial, "rb") as file:
            os.fsync(file.fileno())
        if keep_before and path.exists():
            path.replace(previous(path))
        partial.replace(path)
        _sync_folder(path.parent)
    except BaseException as error:
        with contextlib.suppress(OSError):
            partial.unlink()
        if isinstance(error, (OSError, RuntimeError)):  # HDF5 says RuntimeError at times
            kept = " The file that was there is intact." if path.exists() else ""
            raise OSError(f"Could not write {path}: {_reason(error)}.{kept}") from error
        raise


@contextlib.contextmanager
def writing(path: str | Path) -> Iterator[None]:
    """A context whose OSErrors name the file: that of a full disk says nothing but that it is full.

    Args:
        path: of what is written.

    Raises:
        OSError: in place of the one that was raised.
    """
    try:
        yield
    except OSError as error:
        raise OSError(f"Could not write {path}: {_reason(error)}.") from error


def previous(path: Path) -> Path:
    """The name that a file gets as a new one takes its place."""
    return path.with_name(f"previous-{path.name}")


def write_text(path: Path, text: str) -> None:
    """`write`, of a text."""
    write(path, lambda partial: partial.write_text(text))


def saved_models() -> Path | None:
    """The folder of the models that ship with the package: installed, or in a clone; None if it is not there."""
    here = Path(__file__).parent.parent
    return next((folder for folder in (here / "saved_models", here.parent / "saved_models") if folder.is_dir()), None)


def load_model(path: str | Path) -> keras.Model:
    """A model from a `.keras` file, which is checked first and can run no code.

    Args:
        path: of the file. Classes that are not of Keras or keras_gan must be registered
            (`keras.saving.register_keras_serializable`) by the caller.

    Raises:
        ValueError: if the file is not there, is damaged or foreign, or holds what could run code.
    """
    path = Path(path)
    stored = check_archive(path)
    try:
        with warnings.catch_warnings(), sizes.variables_within(stored):
            # Keras only warns of an optimizer whose state does not fit: training would not go on as it was.
            warnings.filterwarnings("error", message="Skipping variable loading")
            return keras.saving.load_model(path, safe_mode=True)
    except Exception as error:
        # Keras reports a damaged file in many ways: KeyError, TypeError, OSError, zlib.error...
        raise ValueError(f"{path} cannot be read as a Keras model: {_unregistered(path) or _reason(error)}.") from error


def check_archive(path: str | Path) -> int:
    """Refuses what is no whole `.keras` file, one that could run code, and one that would fill the memory.

    Returns:
        The bytes of the arrays that its weights hold.

    Raises:
        ValueError: that says what is wrong with the file.
    """
    path = Path(path)
    if not path.is_file():
        raise ValueError(f"There is no file {path}. Expected: a .keras file.")
    try:
        if path.stat().st_size == 0:
            raise ValueError(f"{path} is empty. Expected: a .keras file.")
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            strange = [name for name in names if name not in _MEMBERS]
            if strange or len(set(names)) != len(names):
                raise ValueError(
                    f"{path} is refused: a .keras file of a model holds {sorted(_MEMBERS)} and nothing else, once "
                    f"each. Received: {str(names[:10])[:300]}."
                )
            if missing := _MEMBERS - set(names):
                raise ValueError(f"{path} is no .keras file of a model: it lacks {sorted(missing)}.")
            sizes.check_members(archive, path)
            if (broken := archive.testzip()) is not None:
                raise ValueError(f"{path} is damaged: {broken} does not have its checksum.")
            texts = [archive.read(name) for name in ("config.json", "metadata.json")]
            weights = io.BytesIO(archive.read("model.weights.h5"))
    except (zipfile.BadZipFile, zlib.error, OSError, EOFError, NotImplementedError, RuntimeError) as error:
        raise ValueError(f"{path} is no whole .keras file: {_reason(error)}.") from error
    _check_config(texts, path)
    try:
        return sizes.check_weights(weights, path)
    except (OSError, RuntimeError, KeyError, TypeError, zlib.error) as error:  # HDF5 has many ways to say it
        raise ValueError(f"{path} is damaged: its weights are no whole HDF5 file ({_reason(error)}).") from error


def _check_config(texts, path):
    try:
        config, _ = map(json.loads, texts)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path} is damaged: a part of it is no JSON ({_reason(error)}).") from error
    if not isinstance(config, dict) or not isinstance(config.get("class_name"), str):
        raise ValueError(f"{path} is no .keras file of a model: its config.json names no class.")
    if programs := sorted({kind for kind, _ in _objects(config) if kind in ("Lambda", "__lambda__")}):
        raise ValueError(
            f"{path} is refused: it holds {programs}, programs that would run as the file is read. Write such a "
            "function as a registered Keras layer instead."
        )
    for kind, described in _objects(config):
        inner = described.get("config")
        dtype = inner.get("dtype") if isinstance(inner, dict) else None
        # NumPy's own language of types has arrays and texts of any size in it.
        if kind in ("__numpy__", "__tensor__") and not (isinstance(dtype, str) and _DTYPE.fullmatch(dtype)):
            raise ValueError(f"{path} is refused: its config.json holds an array of type {str(dtype)[:100]!r}.")


def read_json(path: Path) -> dict[str, Any]:
    """A dict from a JSON file.

    Raises:
        ValueError: if the file is not there, or holds none.
    """
    try:
        if path.exists() and not path.is_file():  # a pipe would be waited for without end
            raise ValueError(f"{path} is no file. Expected: a JSON file.")
        if path.stat().st_size > _LARGEST_TEXT:
            raise ValueError(f"{path} is refused: it is larger than {_LARGEST_TEXT >> 20} MB.")
        text = path.read_bytes()
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {_reason(error)}.") from error
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path} is damaged: it is no JSON ({_reason(error)}).") from error
    if not isinstance(content, dict):
        raise ValueError(f"{path} is damaged. Received: a {type(content).__name__}. Expected: a JSON object.")
    return content


def _objects(config):
    """The objects that a config describes: pairs of a class's name and the description."""
    waiting = [config]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            kind = value.get("class_name")
            if isinstance(kind, str):
                yield kind, value
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value)


def _unregistered(path):
    """What a file's config asks for and nobody has registered here, as a sentence; empty if there is nothing."""
    with zipfile.ZipFile(path) as archive:
        config = json.loads(archive.read("config.json"))
    for kind, described in _objects(config):
        module, name = described.get("module"), described.get("registered_name")
        name = described.get("config") if kind == "function" else name or kind
        own = isinstance(module, str) and module.split(".")[0] in ("keras", "builtins")
        if own or "module" not in described or not isinstance(name, str):
            continue
        if keras.saving.get_registered_object(name) is None:
            return (
                f"it holds {name!r} of the module {module!r}, which is not registered here. Put "
                "@keras.saving.register_keras_serializable() above its definition, and import that module before the "
                "file is loaded (on the command line: python -c 'import MODULE, keras_gan.cli; keras_gan.cli.main()' "
                "in place of keras-gan)"
            )
    return ""


def _reason(error):
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    text = str(error).rpartition("Exception encountered: ")[2]  # Keras puts the config before the cause
    lines = [line.strip() for line in text.splitlines() if line.strip()] or [type(error).__name__]
    return " ".join(lines[: 2 if lines[0].endswith(":") else 1]).rstrip(".")[:300]


def _sync_folder(folder):
    if os.name == "posix":  # elsewhere folders cannot be opened
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
