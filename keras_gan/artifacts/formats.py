"""Generators for others: a program in one of five formats, checked against the Keras model, and a card beside it."""

import hashlib
import importlib.metadata
import json
import os
import shutil
from pathlib import Path
from typing import Any

import keras
import numpy as np

from keras_gan import priors
from keras_gan.artifacts import files
from keras_gan.backend import programs

SUFFIXES = {"saved_model": "", "onnx": ".onnx", "litert": ".tflite", "torch": ".pt2", "keras": ".keras"}
_LARGEST_DIFFERENCE = 1e-5  # of samples, on the scale of the largest one where that is above 1


def export(
    generator: keras.Model, prior: priors.Prior, path: str | Path, format: str, card: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Writes a generator and its card, and reads it back: the same noise gives the same samples, or nothing is left.

    Args:
        generator: built Keras model from noise to samples.
        prior: of the noise.
        path: file to write; for `"saved_model"` a folder.
        format: `"saved_model"`, `"onnx"`, `"litert"`, `"torch"` (an exported program, `.pt2`) or `"keras"`.
        card: what else the card should say: data, training...

    Returns:
        The card: format, prior, size of the noise, shape and range of samples, checksum, and what was given.

    Raises:
        ValueError: for an unknown format, a path with another ending, or a package that is not installed.
        RuntimeError: if the program could not be written, or does not give the generator's samples.
        OSError: if the path cannot be written.
    """
    path = Path(path)
    check_format(format)
    if SUFFIXES[format] != path.suffix and format != "saved_model":
        raise ValueError(f"A file of format {format!r} ends in {SUFFIXES[format]}. Received: path={str(path)!r}.")
    if format != "keras":
        programs.check_installed(format)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"partial-{path.name}")
    try:
        _remove(partial)
        kind = next((name for name, kind in priors.PRIORS.items() if type(prior) is kind), None)
        if format == "keras":
            generator.save(partial)
        else:
            programs.write(generator, prior, partial, format)
        generate = (
            files.load_model(partial).predict_on_batch if format == "keras" else programs.read(partial, format)[0]
        )
        z = prior.draw(64, seed=0)
        samples = np.asarray(generator.predict(z, verbose=0), "float32")
        _compare(samples, generate, z, format)
        card = {
            "format": format,
            "prior": kind,
            "noise_dim": prior.dim,
            "image_shape": list(samples.shape[1:]),
            "range": _range(generator),
            "exported_by": f"keras-gan {importlib.metadata.version('keras-gan')}",
            **(card or {}),
            "checksum": checksum(partial),
        }
        _remove(path)
        partial.replace(path)
    finally:
        _remove(partial)
    own = own_card(path)
    own.parent.mkdir(exist_ok=True)
    files.write_text(own, json.dumps(card, indent=2) + "\n")
    return card


def check_format(format: str) -> None:
    """Raises a ValueError for a format that is none."""
    if format not in SUFFIXES:
        raise ValueError(f"Unknown format. Received: format={format!r}. Expected one of {list(SUFFIXES)}.")


def own_card(path: Path) -> Path:
    """Where the card of an exported file or folder lies; TensorFlow leaves assets.extra to others."""
    file = path.suffix and path.suffix in SUFFIXES.values()
    return path.with_name(path.name + ".json") if file else path / "assets.extra" / "card.json"


def checksum(path: Path) -> str:
    """SHA-256 of a file, or of a SavedModel's files in order of their names, in hexadecimal digits."""
    digest = hashlib.sha256()
    files = [path] if path.is_file() else sorted(file for file in path.rglob("*") if file.is_file())
    for file in files:
        if "assets.extra" in file.parts:
            continue
        if path.is_dir():
            digest.update(file.relative_to(path).as_posix().encode())
        with open(file, "rb") as content:
            while block := content.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()


def noise_dim(model: keras.Model, path: Path) -> int:
    """Size of the noise that a Keras model takes.

    Raises:
        ValueError: if it takes something else.
    """
    shape = getattr(model, "input_shape", None)
    if not isinstance(shape, tuple) or len(shape) != 2 or not isinstance(shape[1], int):
        raise ValueError(f"{path} holds no generator: a model that takes noise of shape (batch, noise_dim).")
    return shape[1]


def _compare(samples, generate, z, format):
    scale = max(1.0, float(np.abs(samples).max(initial=0)))
    found = [generate(z), generate(z[:1])]  # any number of samples at once
    for program, expected in zip(found, (samples, samples[:1]), strict=True):
        difference = float(np.abs(program - expected).max()) if program.shape == expected.shape else float("inf")
        if not difference <= _LARGEST_DIFFERENCE * scale:
            raise RuntimeError(
                f"Not exported: the {format} program's samples differ by {difference:.2g} from the Keras model's. "
                f"Expected: at most {_LARGEST_DIFFERENCE * scale:.2g}."
            )


def _range(generator):
    for layer in reversed(generator.layers):
        if activation := getattr(layer, "activation", None):
            return {"sigmoid": [0, 1], "tanh": [-1, 1]}.get(getattr(activation, "__name__", ""))
    return None


def _remove(path):
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    elif os.path.lexists(path):
        path.unlink()
