"""A generator as a program of another framework, written and run whatever the backend.

Each format has a framework that writes it: in this process if that is the backend, else in another one. Nothing of
the machine it is written on goes into a program.
"""

import contextlib
import importlib
import importlib.util
import io
import json
import logging
import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np

from keras_gan.conditions import Condition
from keras_gan.priors import Prior

Generate = Callable[[list[np.ndarray]], np.ndarray]
Inputs = list[tuple[str, tuple[int, ...]]]
# What writes a format, and what a reader of it needs beside NumPy.
WRITTEN_BY = {
    "saved_model": "tensorflow",
    "litert": "tensorflow",
    "openvino": "tensorflow",
    "onnx": "torch",
    "torch": "torch",
}
NEEDS = {
    "saved_model": ("tensorflow",),
    "litert": ("tensorflow", "ai_edge_litert"),
    "openvino": ("tensorflow", "openvino"),
    "onnx": ("torch", "onnx", "onnxscript", "onnxruntime"),
    "torch": ("torch",),
}
EXTRAS = {"saved_model": "tensorflow", "litert": "litert", "openvino": "openvino", "onnx": "onnx", "torch": "torch"}
OPENVINO_FILE = "generator.xml"  # in the folder of an OpenVINO program, beside generator.bin


def named_inputs(prior: Prior, condition: Condition | None) -> Inputs:
    """Name and shape, without the rows, of what a generator takes; the noise is the first."""
    return [("noise", (prior.dim,)), *(zip(condition.names, condition.shapes, strict=True) if condition else ())]


def write(generator: keras.Model, inputs: Inputs, prior: Prior, path: Path, format: str) -> None:
    """Writes the generator as a program that takes inputs of any number n of rows.

    Args:
        generator: built Keras model.
        inputs: name and shape, without the rows, of each input; the noise is the first.
        prior: of the noise. Formats that can draw noise themselves do so with its `from_uniform`. Where the backend is
            not the format's framework, another process writes, which knows the classes that are registered for Keras
            serialization in a module that it can import. With another prior the program is written without draws.
        path: where to.
        format: `"saved_model"`, `"litert"`, `"openvino"`, `"onnx"` or `"torch"`.

    Raises:
        ValueError: if a package that the format needs is not installed.
        RuntimeError: if the framework could not write it.
    """
    check_installed(format)
    framework = WRITTEN_BY[format]
    strategy = getattr(generator, "distribute_strategy", None)  # of TensorFlow, where copies of it may be on devices
    if keras.backend.backend() == framework and (strategy is None or strategy.num_replicas_in_sync == 1):
        _write_here(generator, inputs, prior, path, format)
        return
    program = "import sys; from keras_gan.backend import programs; programs.main(*sys.argv[1:])"
    config = json.dumps(keras.saving.serialize_keras_object(prior)) if _known_elsewhere(type(prior)) else ""
    classes = {type(item).__module__ for item in (prior, generator, *generator._flatten_layers())}
    modules = [name for name in classes if name.split(".")[0] not in ("keras", "keras_gan", "__main__")]
    with tempfile.TemporaryDirectory() as folder:
        file = str(Path(folder) / "generator.keras")
        generator.save(file)
        environment = {"KERAS_BACKEND": framework, "CUDA_VISIBLE_DEVICES": "", "PYTHONPATH": os.pathsep.join(sys.path)}
        result = subprocess.run(
            [sys.executable, "-c", program, file, json.dumps(inputs), config, str(path), format, *modules],
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
        )
    if result.returncode:
        reason = (result.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise RuntimeError(
            f"{framework} could not write {path.name} as {format}: {reason} (It was written in another process, which "
            "knows a class of your own only if it is registered for Keras serialization in a module of its own.)"
        )


def _known_elsewhere(kind):
    registered = keras.saving.get_registered_object(keras.saving.get_registered_name(kind)) is kind
    importable = getattr(sys.modules.get(kind.__module__), kind.__name__, None) is kind
    return registered and importable and kind.__module__ != "__main__"


def main(file: str, inputs: str, prior: str, path: str, format: str, *modules: str) -> None:
    """`write` in a process of the framework's own: inputs and prior as JSON; the modules of classes to register."""
    from keras_gan.artifacts import files

    for name in modules:
        importlib.import_module(name)
    drawn_from = keras.saving.deserialize_keras_object(json.loads(prior)) if prior else None
    named = [(name, tuple(shape)) for name, shape in json.loads(inputs)]
    _write_here(files.load_model(file), named, drawn_from, Path(path), format)


def _write_here(generator, inputs, prior, path, format):
    adapter = importlib.import_module(f"keras_gan.backend.{WRITTEN_BY[format]}")
    getattr(adapter, f"write_{format}")(generator, inputs, prior, str(path))


def check_installed(format: str) -> None:
    """Whether this installation can write and run a format.

    Raises:
        ValueError: that says which extra to install.
    """
    missing = [name for name in NEEDS[format] if importlib.util.find_spec(name) is None]
    if missing:
        raise ValueError(
            f"The format {format!r} needs {' and '.join(missing)}: pip install 'keras-gan[{EXTRAS[format]}]'"
        )


def read(path: Path, format: str) -> tuple[Generate, Inputs]:
    """A program to run.

    Returns:
        `(generate, inputs)`: a function from a list of float32 arrays to samples, and name and shape, without the rows,
        of each of them; the noise is the first.

    Raises:
        ValueError: if a package that the format needs is not installed, or the path holds no such program; the function
            raises one, too, if the program cannot be run.
    """
    check_installed(format)
    readers: dict[str, Callable[[str], tuple[Any, Inputs]]] = {
        "saved_model": _read_saved_model,
        "litert": _read_litert,
        "openvino": _read_openvino,
        "onnx": _read_onnx,
        "torch": _read_torch,
    }
    try:
        generate, inputs = readers[format](str(path))
        inputs = [(name, tuple(map(int, shape))) for name, shape in inputs]
    except Exception as error:  # each framework has exceptions of its own for a damaged or foreign file
        raise ValueError(f"There is no {format} program of a generator in {path}: {_reason(error)}") from error

    def run(arrays):
        try:
            return np.asarray(generate(arrays))
        except Exception as error:
            raise ValueError(f"The {format} program in {path} cannot be run: {_reason(error)}") from error

    return run, inputs


def _reason(error):
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:300]


def _noise_first(inputs):
    """The inputs in the order that the generator takes them; a format may have sorted them by name."""
    return sorted(inputs, key=lambda item: item[0] not in ("noise", "z"))


def _read_saved_model(path):
    import tensorflow

    program = tensorflow.saved_model.load(path)
    serve = program.signatures["serving_default"]
    inputs = _noise_first([(spec.name, spec.shape[1:]) for spec in serve.structured_input_signature[1].values()])
    (output,) = serve.structured_outputs

    def generate(arrays):
        named = {name: tensorflow.constant(array) for (name, _), array in zip(inputs, arrays, strict=True)}
        return serve(**named)[output].numpy()

    return generate, inputs


def _read_litert(path):
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(path)
    details, (samples,) = interpreter.get_input_details(), interpreter.get_output_details()
    named = {detail["name"].split("_", 2)[-1].split(":")[0]: detail for detail in details}
    inputs = _noise_first([(name, detail["shape"][1:]) for name, detail in named.items()])

    def generate(arrays):
        for (name, _), array in zip(inputs, arrays, strict=True):
            interpreter.resize_tensor_input(named[name]["index"], array.shape)
        interpreter.allocate_tensors()
        for (name, _), array in zip(inputs, arrays, strict=True):
            interpreter.set_tensor(named[name]["index"], array)
        interpreter.invoke()
        return interpreter.get_tensor(samples["index"])

    return generate, inputs


def _read_openvino(path):
    import openvino

    # Some processors would compute with 16 bits.
    options = {"INFERENCE_PRECISION_HINT": "f32"}
    program = openvino.Core().compile_model(str(Path(path) / OPENVINO_FILE), "CPU", options)
    inputs = _noise_first(
        [(z.any_name, [side.get_length() for side in list(z.partial_shape)[1:]]) for z in program.inputs]
    )

    def generate(arrays):
        return program({name: array for (name, _), array in zip(inputs, arrays, strict=True)})[0]

    return generate, inputs


def _read_onnx(path):
    import onnxruntime

    with contextlib.redirect_stdout(io.StringIO()):  # it prints what it tries
        session = onnxruntime.InferenceSession(path, providers=onnxruntime.get_available_providers())
    inputs = [(z.name, z.shape[1:]) for z in session.get_inputs()]

    def generate(arrays):
        return session.run(None, {name: array for (name, _), array in zip(inputs, arrays, strict=True)})[0]

    return generate, inputs


def _read_torch(path):
    import torch

    with zipfile.ZipFile(path) as archive:
        if not any(name.endswith("/archive_format") for name in archive.namelist()):
            raise ValueError("it is no archive of an exported PyTorch program")
    logger = logging.getLogger("torch.export")
    level = logger.level
    logger.setLevel(logging.CRITICAL)  # it would log a traceback beside the exception that it raises
    try:
        program = torch.export.load(path)
    finally:
        logger.setLevel(level)
    module = program.module()
    examples = program.example_inputs[0]

    def generate(arrays):
        with torch.no_grad():
            return module(*map(torch.from_numpy, arrays)).numpy()

    names = ["noise", *(f"condition_{i}" for i in range(1, len(examples)))]  # the format keeps an order, no names
    return generate, [(name, example.shape[1:]) for name, example in zip(names, examples, strict=True)]
