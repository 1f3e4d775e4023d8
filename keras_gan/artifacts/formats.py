"""Generators for others: a program in one of six formats, checked against the Keras model, and a card beside it."""

import hashlib
import importlib.metadata
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np

from keras_gan import conditions, priors
from keras_gan.artifacts import files, page
from keras_gan.backend import programs
from keras_gan.networks.activation import RANGES, output_activation

SUFFIXES = {
    "saved_model": "",
    "onnx": ".onnx",
    "litert": ".tflite",
    "torch": ".pt2",
    "page": ".html",
    "keras": ".keras",
}
_LARGEST_DIFFERENCE = 1e-5  # of samples, on the scale of the largest one where that is above 1


def export(
    generator: keras.Model,
    prior: priors.Prior,
    path: str | Path,
    format: str,
    card: dict[str, Any] | None = None,
    condition: conditions.Condition | None = None,
    discriminator: keras.Model | None = None,
) -> dict[str, Any]:
    """Writes a generator and its card, and reads it back: the same noise gives the same samples, or nothing is left.

    Args:
        generator: built Keras model from noise, or noise and condition, to samples.
        prior: of the noise.
        path: file to write; for `"saved_model"` a folder.
        format: `"saved_model"`, `"onnx"`, `"litert"`, `"torch"` (an exported program, `.pt2`), `"page"` (`.html`) or
            `"keras"`.
        card: what else the card should say: data, training...
        condition: what the generator is told besides noise, if anything: named inputs of the program.
        discriminator: the generator's opponent. A page shows what it says of a drawing, if a page can run it.

    Returns:
        The card: format, prior, size of the noise, condition, shape and range of samples, checksum, and what was given.

    Raises:
        ValueError: for an unknown format, a path with another ending, or a package that is not installed.
        RuntimeError: if the program could not be written, or does not give the generator's samples.
        OSError: if the path cannot be written.
    """
    path = Path(path)
    check_format(format)
    if SUFFIXES[format] != path.suffix and format != "saved_model":
        raise ValueError(f"A file of format {format!r} ends in {SUFFIXES[format]}. Received: path={str(path)!r}.")
    if format in programs.NEEDS:
        programs.check_installed(format)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"partial-{path.name}")
    inputs = [("noise", (prior.dim,)), *(zip(condition.names, condition.shapes, strict=True) if condition else ())]
    if condition is not None and condition.completes:
        tensors = [keras.Input(shape) for _, shape in inputs]  # a name of theirs could be that of the condition's layer
        generator = keras.Model(tensors, condition(generator(tensors), *tensors[1:]), name="generator")
    try:
        _remove(partial)
        kind = next((name for name, kind in priors.PRIORS.items() if type(prior) is kind), None)
        if format == "page":
            page.write(generator, prior, partial, condition, discriminator, _title(card or {}))
        else:
            _write(generator, inputs, prior, partial, format)
        if format == "keras":
            generate = one_input(files.load_model(partial).predict_on_batch)
        elif format == "page":
            generate = page.read(partial)[0]
        else:
            generate = programs.read(partial, format)[0]
        z = [prior.draw(64, seed=0), *(condition.draw(64, seed=0) if condition and condition.can_draw else ())]
        z += [np.random.default_rng(i).random((64, *shape), "float32") for i, (_, shape) in enumerate(inputs[len(z) :])]
        samples = np.asarray(generator.predict(z if len(z) > 1 else z[0], verbose=0), "float32")
        _compare(samples, generate, z, format)
        made = {
            "format": format,
            "prior": kind,
            "noise_dim": prior.dim,
            **({"condition": condition.describe()} if condition else {}),
            "image_shape": list(samples.shape[1:]),
            "range": _range(generator),
            "exported_by": f"keras-gan {importlib.metadata.version('keras-gan')}",
        }
        card = made | {key: value for key, value in (card or {}).items() if key not in made}
        card["checksum"] = checksum(partial)
        _remove(path)
        partial.replace(path)
    finally:
        _remove(partial)
    own = own_card(path)
    own.parent.mkdir(exist_ok=True)
    files.write_text(own, json.dumps(card, indent=2) + "\n")
    return card


def _write(generator, inputs, prior, path, format):
    try:
        if format == "keras":
            generator.save(path)
        else:
            programs.write(generator, inputs, prior, path, format)
    except ValueError:
        raise
    except Exception as error:  # each framework has exceptions of its own for a full disk
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0][:300]
        kind = OSError if isinstance(error, OSError) else RuntimeError
        whole = path.with_name(path.name.removeprefix("partial-"))
        raise kind(f"Could not write {whole} as {format}: {reason}") from error


def _title(card):
    data = card.get("data") or {}
    return f"A generator trained on {data['name']}" if data.get("name") else "A generator"


def save_whole(model: keras.Model, path: Path, card: dict[str, Any]) -> None:
    """Writes a Keras model that samples without noise, and its card.

    Args:
        model: any Keras model.
        path: `.keras` file to write.
        card: what the card should say.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    files.write(path, model.save)
    card = {"format": "keras", **card, "checksum": checksum(path)}
    files.write_text(own_card(path), json.dumps(card, indent=2) + "\n")


def halved(network: keras.Model) -> keras.Model:
    """The same network with weights and sums of 16 bits, in a file of half the size.

    What it gives differs by some thousandths of the largest value. Layers without weights compute as before.

    Args:
        network: built functional or Sequential model.
    """

    def cloned(layer):
        config = layer.get_config()
        return type(layer).from_config({**config, "dtype": "float16"} if layer.weights else config)

    half = keras.models.clone_model(network, clone_function=cloned)
    half.set_weights([weight.astype("float16") for weight in network.get_weights()])
    return half


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


def inputs_of(model: keras.Model, path: Path) -> programs.Inputs:
    """Name and shape, without the rows, of each input of a Keras model; the noise is the first.

    Raises:
        ValueError: if it takes no noise.
    """
    shapes = getattr(model, "input_shape", None)
    shapes = shapes if isinstance(shapes, list) else [shapes]
    if not isinstance(shapes[0], tuple) or len(shapes[0]) != 2 or not isinstance(shapes[0][1], int):
        raise ValueError(f"{path} holds no generator: a model that takes noise of shape (batch, dim).")
    return [(f"input_{i}", tuple(shape[1:])) for i, shape in enumerate(shapes)]


def one_input(function: Callable[[Any], Any]) -> programs.Generate:
    """A Keras model's function as one of a list of inputs."""
    return lambda arrays: function(arrays if len(arrays) > 1 else arrays[0])


def _compare(samples, generate, z, format):
    scale = max(1.0, float(np.abs(samples).max(initial=0)))
    found = [generate(z), generate([part[:1] for part in z])]  # any number of samples at once
    for program, expected in zip(found, (samples, samples[:1]), strict=True):
        difference = float(np.abs(program - expected).max()) if program.shape == expected.shape else float("inf")
        if not difference <= _LARGEST_DIFFERENCE * scale:
            raise RuntimeError(
                f"Not exported: the {format} program's samples differ by {difference:.2g} from the Keras model's. "
                f"Expected: at most {_LARGEST_DIFFERENCE * scale:.2g}."
            )


def _range(generator):
    return list(RANGES[activation]) if (activation := output_activation(generator)) in RANGES else None


def _remove(path):
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    elif os.path.lexists(path):
        path.unlink()
