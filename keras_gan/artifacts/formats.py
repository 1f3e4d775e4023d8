"""Generators for others: a program in one of seven formats, checked against the Keras model, and a card beside it."""

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
    "openvino": "",
    "torch": ".pt2",
    "page": ".html",
    "keras": ".keras",
}
FOLDERS = ("saved_model", "openvino")
WEIGHTS = ("float32", "int8")
_QUANTIZED = (keras.layers.Dense, keras.layers.EinsumDense)
_LARGEST_DIFFERENCE = 1e-5  # of samples, on the scale of the largest one where that is above 1


def export(
    generator: keras.Model,
    prior: priors.Prior,
    path: str | Path,
    format: str,
    card: dict[str, Any] | None = None,
    condition: conditions.Condition | None = None,
    discriminator: keras.Model | None = None,
    weights: str = "float32",
) -> dict[str, Any]:
    """Writes a generator and its card, and reads it back: the same noise gives the same samples, or nothing is left.

    Args:
        generator: built Keras model from noise, or noise and condition, to samples.
        prior: of the noise.
        path: file to write; for `"saved_model"` and `"openvino"` a folder.
        format: `"saved_model"`, `"onnx"`, `"litert"`, `"openvino"`, `"torch"` (an exported program, `.pt2`), `"page"`
            (`.html`) or `"keras"`.
        card: what else the card should say: data, training...
        condition: what the generator is told besides noise, if anything: named inputs of the program.
        discriminator: the generator's opponent. A page shows what it says of a drawing, if a page can run it.
        weights: `"float32"`, or `"int8"`: those of `quantized`. The program is then compared with the quantised
            generator, and the card says how far its samples are from the original's.

    Returns:
        The card: format, prior, size of the noise, condition, shape and range of samples, checksum, and what was given.

    Raises:
        ValueError: for an unknown format, a path with another ending, a package that is not installed, or a layer that
            cannot be quantised.
        RuntimeError: if the program could not be written, or does not give the generator's samples.
        OSError: if the path cannot be written.
    """
    path = Path(path)
    check_format(format)
    check_weights(weights, format)
    if SUFFIXES[format] != path.suffix and format not in FOLDERS:
        raise ValueError(f"A file of format {format!r} ends in {SUFFIXES[format]}. Received: path={str(path)!r}.")
    if format in programs.NEEDS:
        programs.check_installed(format)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"partial-{path.name}")
    inputs = programs.named_inputs(prior, condition)
    if condition is not None and condition.completes:
        tensors = [keras.Input(shape) for _, shape in inputs]  # a name of theirs could be that of the condition's layer
        generator = keras.Model(tensors, condition(generator(tensors), *tensors[1:]), name="generator")
    original = generator
    if weights == "int8":
        generator = quantized(generator)
    stored, generator = generator, widened(generator)  # a file may hold 16 bits; what reads it computes with 32
    try:
        _remove(partial)
        kind = next((name for name, kind in priors.PRIORS.items() if type(prior) is kind), None)
        if format == "page":
            page.write(generator, prior, partial, condition, discriminator, title(card or {}))
        else:
            _write(stored if format == "keras" else generator, inputs, prior, partial, format)
        if format == "keras":
            generate = one_input(widened(files.load_model(partial)).predict_on_batch)
        elif format == "page":
            generate = page.read(partial)[0]
        else:
            generate = programs.read(partial, format)[0]
        z = [prior.draw(64, seed=0), *(condition.draw(64, seed=0) if condition and condition.can_draw else ())]
        z += [np.random.default_rng(i).random((64, *shape), "float32") for i, (_, shape) in enumerate(inputs[len(z) :])]
        samples = _samples(generator, z)
        _compare(samples, generate, z, format)
        made = {
            "format": format,
            "prior": kind,
            "noise_dim": prior.dim,
            **({"condition": condition.describe()} if condition else {}),
            "image_shape": list(samples.shape[1:]),
            "range": _range(generator),
            **({"weights": weights, "largest_difference": _largest(samples, original, z)} if weights == "int8" else {}),
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


def title(card: dict[str, Any]) -> str:
    """What a page or a README is headed by."""
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
    """The same network with weights of 16 bits, for a file of half the size. It is read by way of `widened`.

    What it gives then differs by some thousandths of the largest value.

    Args:
        network: built functional or Sequential model.
    """
    return _with_dtype(network, lambda layer: "float16" if layer.weights else None)


def widened(network: keras.Model) -> keras.Model:
    """A network whose layers of 16 bits compute with 32: its sums are the same on every processor, and fast.

    Args:
        network: built model. One without such layers is returned as it is, and so is a subclassed one.
    """
    can_be_cloned = isinstance(network, keras.Sequential) or hasattr(network, "operations")
    if not (can_be_cloned and _of_16_bits(network)):
        return network
    return _with_dtype(network, lambda layer: "float32" if layer.dtype_policy.name == "float16" else None)


def of_32_bits(network: keras.Model) -> keras.Model:
    """The same network with weights and arithmetic of 32 bits, whatever the precision that it was trained in.

    Args:
        network: built functional or Sequential model.
    """
    return _with_dtype(network, lambda layer: "float32")


def _of_16_bits(network):
    """Whether a layer has 16 bits, in this network or in one that it is made of."""
    return any(layer.dtype_policy.name == "float16" or _of_16_bits(layer) for layer in getattr(network, "layers", []))


def _with_dtype(network, dtype_of):
    def cloned(layer):
        config, dtype = layer.get_config(), dtype_of(layer)
        if dtype is not None:
            config["dtype"] = dtype
            if isinstance(layer, keras.layers.Wrapper):
                config["layer"]["config"]["dtype"] = dtype
        return type(layer).from_config(config)

    found = keras.models.clone_model(network, clone_function=cloned, recursive=True)
    new = [variable.dtype for variable in found.weights]
    found.set_weights([weight.astype(dtype) for weight, dtype in zip(network.get_weights(), new, strict=True)])
    return found


def quantized(network: keras.Model) -> keras.Model:
    """The same network with kernels of 8 bits, in a file of a quarter of the size, by Keras's own quantisation.

    Each column of a kernel has a scale of its own. Inputs of layers stay as they are, so the error is that of kernels.

    Args:
        network: built functional or Sequential model, whose kernels are all of `Dense` or another layer that Keras can
            quantise.

    Raises:
        ValueError: for a layer that cannot be quantised, by name.
    """
    for layer in network._flatten_layers(include_self=False):
        has_kernel = any(len(weight.shape) > 1 for weight in layer._trainable_variables)
        if has_kernel and type(layer) not in _QUANTIZED:
            raise ValueError(
                f"The layer {layer.name!r}, a {type(layer).__name__}, cannot be quantised to int8. Keras quantises "
                f"{', '.join(kind.__name__ for kind in _QUANTIZED)}. Export the generator with weights='float32'."
            )
    found = keras.models.clone_model(network)
    found.set_weights(network.get_weights())
    config = keras.quantizers.Int8QuantizationConfig(
        weight_quantizer=keras.quantizers.AbsMaxQuantizer(axis=0), activation_quantizer=None
    )
    found.quantize("int8", config=config, filters=lambda layer: type(layer) in _QUANTIZED)
    return found


def check_weights(weights: str, format: str) -> None:
    """Raises a ValueError for weights that are none, or that a format does not have."""
    if weights not in WEIGHTS:
        raise ValueError(f"Unknown weights. Received: weights={weights!r}. Expected one of {list(WEIGHTS)}.")
    if weights == "int8" and format == "page":
        raise ValueError("A page has weights of 32 bits. Received: weights='int8'. Choose another format.")


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


def _samples(generator, z):
    return np.asarray(generator.predict(z if len(z) > 1 else z[0], verbose=0), "float32")


def _largest(samples, original, z):
    return float(np.abs(samples - _samples(original, z)).max())


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
