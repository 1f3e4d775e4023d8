"""A generator as a page: one HTML file that draws samples in the browser of whoever opens it, without a server."""

import base64
import contextlib
import gzip
import html
import json
import re
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np

from keras_gan import conditions, layers, priors
from keras_gan.artifacts import files, runtime
from keras_gan.backend import programs

ACTIVATIONS: dict[str, Callable[[Any], Any]] = {
    "linear": lambda x: x,
    "relu": lambda x: np.maximum(x, 0),
    "sigmoid": lambda x: 0.5 * (1 + np.tanh(0.5 * x)),
    "tanh": np.tanh,
    "softplus": lambda x: np.logaddexp(0, x),
}
"""What `page.js` knows, too."""
_SAME = ("InputLayer", "Flatten", "Reshape", "Dropout", "GaussianNoise", "GaussianDropout", "Identity")
_LARGEST = 100 << 20  # bytes of a generator as ONNX
_PARTS = ("page.html", "page.css", "page.js")
_DATA = re.compile(r'<script type="(?:application/json|text/plain)" id="(\w+)">(.*?)</script>', re.S)


class Program:
    """Networks as steps on vectors, a list that JavaScript and NumPy run alike.

    Attributes:
        arrays: of the weights, float32.
    """

    def __init__(self) -> None:
        self.arrays: list[np.ndarray] = []
        self._size = 0

    def network(self, model: keras.Model) -> dict[str, Any]:
        """The steps of a Sequential or functional model.

        Args:
            model: made of `Dense`, `Maxout`, `BatchNormalization`, `UntiedBias`, activations, `Concatenate` of vectors,
                and layers that change nothing or only the shape.

        Returns:
            `{"inputs": sizes, "steps": [...]}`. A step's `from` holds numbers of values: the inputs come first, then
            what each step makes.

        Raises:
            ValueError: for another layer, by name.
        """
        sizes = [int(np.prod(tensor.shape[1:])) for tensor in model.inputs]
        steps: list[dict[str, Any]] = []
        result = self._follow(model, list(range(len(sizes))), steps, len(sizes))
        if result != len(sizes) + len(steps) - 1:
            raise ValueError(f"A page takes networks whose last layer makes the output. Received: {model.name}.")
        return {"inputs": sizes, "steps": steps}

    def _follow(self, model, given, steps, num_inputs):
        """Adds the steps of a model of the values `given`; returns the number of what it makes."""
        if isinstance(model, keras.Sequential):  # whose layers may be parts of other models, too
            for layer in model.layers:
                given = [self._add(layer, given, steps, num_inputs)]
            return given[0]
        found = {id(tensor): number for tensor, number in zip(model.inputs, given, strict=True)}
        waiting = [layer for layer in model.layers if not isinstance(layer, keras.layers.InputLayer)]
        while waiting:
            ready = [layer for layer in waiting if all(id(x) in found for x in _tensors(layer, "input"))]
            if not ready:
                raise ValueError(f"A page takes layers that are called once. Received: {waiting[0].name}.")
            for layer in ready:
                (made,) = _tensors(layer, "output")
                inputs = [found[id(tensor)] for tensor in _tensors(layer, "input")]
                found[id(made)] = self._add(layer, inputs, steps, num_inputs)
                waiting.remove(layer)
        return found[id(model.outputs[0])]

    def _add(self, layer, given, steps, num_inputs):
        """Adds the steps of a layer of the values `given`; returns the number of what it makes."""
        if isinstance(layer, keras.Model):
            return self._follow(layer, given, steps, num_inputs)
        if (made := self._steps(layer, given)) is None:
            return given[0]
        for step in made:
            steps.append(step if "from" in step else {**step, "from": [num_inputs + len(steps) - 1]})
        return num_inputs + len(steps) - 1

    def _steps(self, layer, given):
        """The steps of one layer, or None if it changes nothing; all but the first go on from the one before."""
        kind = type(layer).__name__
        if kind in _SAME:
            return None
        if isinstance(layer, keras.layers.Concatenate) and all(len(x.shape) == 2 for x in _tensors(layer, "input")):
            return [{"op": "concatenate", "from": given}]
        if isinstance(layer, keras.layers.Dense | layers.Maxout) and _flat(layer):
            kernel, bias = layer.kernel, layer.bias
            columns = int(kernel.shape[1])
            step = {
                "op": "dense",
                "from": given,
                "kernel": self._place(kernel),
                "bias": self._place(np.zeros(columns) if bias is None else bias),
                "columns": columns,
                "pieces": getattr(layer, "pieces", 1),
            }
            return [step, *self._activation(getattr(layer, "activation", None), layer)]
        if isinstance(layer, keras.layers.LeakyReLU):
            return [{"op": "leaky_relu", "from": given, "slope": float(layer.negative_slope)}]
        if isinstance(layer, keras.layers.ReLU) and not (layer.max_value or layer.negative_slope or layer.threshold):
            return [{"op": "relu", "from": given}]
        if isinstance(layer, keras.layers.Activation):
            first, *rest = self._activation(layer.activation, layer) or [None]
            return None if first is None else [{**first, "from": given}, *rest]
        if isinstance(layer, keras.layers.Rescaling):
            size = int(np.prod(layer._inbound_nodes[-1].input_tensors[0].shape[1:]))
            scale, shift = (np.full(size, number) for number in (layer.scale, layer.offset))
            return [{"op": "scale", "from": given, "scale": self._place(scale), "shift": self._place(shift)}]
        if isinstance(layer, layers.UntiedBias):
            bias = np.asarray(keras.ops.convert_to_numpy(layer.bias)).ravel()
            return [
                {"op": "scale", "from": given, "scale": self._place(np.ones_like(bias)), "shift": self._place(bias)}
            ]
        if isinstance(layer, keras.layers.BatchNormalization) and _flat(layer):
            mean, variance = (
                keras.ops.convert_to_numpy(x).astype("float64") for x in (layer.moving_mean, layer.moving_variance)
            )
            scale = 1 / np.sqrt(variance + layer.epsilon)
            if layer.gamma is not None:
                scale = scale * keras.ops.convert_to_numpy(layer.gamma)
            shift = -mean * scale
            if layer.beta is not None:
                shift = shift + keras.ops.convert_to_numpy(layer.beta)
            return [{"op": "scale", "from": given, "scale": self._place(scale), "shift": self._place(shift)}]
        raise ValueError(
            f"A page cannot run the layer {layer.name!r}, a {kind}. It knows Dense, Maxout, BatchNormalization, "
            "Rescaling, UntiedBias, Activation, ReLU, LeakyReLU and Concatenate, on vectors."
        )

    def _activation(self, activation, layer):
        name = getattr(activation, "__name__", "linear") if activation is not None else "linear"
        if name not in ACTIVATIONS:
            raise ValueError(
                f"A page cannot run the activation {name!r} of the layer {layer.name!r}. It knows "
                f"{', '.join(ACTIVATIONS)}."
            )
        return [] if name == "linear" else [{"op": name}]

    def _place(self, array):
        """Where the weights of an array begin."""
        array = np.asarray(keras.ops.convert_to_numpy(array), "float32").ravel()
        self.arrays.append(array)
        self._size += array.size
        return self._size - array.size


def write(
    generator: keras.Model,
    prior: priors.Prior,
    path: Path,
    condition: conditions.Condition | None = None,
    discriminator: keras.Model | None = None,
    title: str = "Samples",
) -> None:
    """Writes the page.

    A generator that is not made of the layers that `Program.network` takes is written as ONNX, with ONNX Runtime Web
    beside it in the page.

    Args:
        generator: built Keras model of images.
        prior: of the noise: `Uniform`, `Normal` or `Spherical`.
        path: `.html` file to write.
        condition: what the generator is told: nothing, or `Labels`, each of which gets a button.
        discriminator: the generator's opponent; with it, readers may draw an image, and see what it says. It is left
            out if it is not made of layers that a page knows.
        title: of the page.

    Raises:
        ValueError: for samples, a prior or a condition that a page does not know, or if what writes ONNX or runs it is
            not to be had.
    """
    shape = tuple(generator.output_shape[1:])
    if len(shape) != 3 or shape[2] not in (1, 3):
        raise ValueError(f"A page shows images of shape (h, w, 1) or (h, w, 3). Received: samples of shape {shape}.")
    name = next((name for name, kind in priors.PRIORS.items() if type(prior) is kind), None)
    if name is None:
        raise ValueError(f"A page draws noise of {', '.join(priors.PRIORS)}. Received: a {type(prior).__name__}.")
    if condition is not None and type(condition) is not conditions.Labels:
        raise ValueError(
            f"A page knows one condition, Labels. Received: {type(condition).__name__}. Export as 'onnx' instead."
        )
    program = Program()
    onnx, parts = b"", ""
    try:
        made = program.network(generator)
    except ValueError as error:
        program = Program()
        inputs = programs.named_inputs(prior, condition)
        onnx, parts = _onnx(generator, inputs, prior, error)
        made = {"inputs": [int(np.prod(size)) for _, size in inputs], "names": [name for name, _ in inputs]}
    judge = None
    if discriminator is not None:
        with contextlib.suppress(ValueError):  # a page without it is a page of the generator, all the same
            judge = program.network(discriminator)
    shares = None
    if condition is not None:
        counts = np.asarray(condition.describe()["counts"], "float64")
        shares = (counts / counts.sum() if counts.sum() else np.full(len(counts), 1 / len(counts))).tolist()
    said = {
        "title": title,
        "shape": shape,
        "prior": name,
        "dim": prior.dim,
        "shares": shares,
        "directions": _directions(generator, prior.dim),
        "generator": made,
        "discriminator": judge,
    }
    weights = np.concatenate([np.zeros(0), *program.arrays]).astype("<f4").tobytes()
    text, style, script = (Path(__file__).with_name(part).read_text(encoding="utf-8") for part in _PARTS)
    filled = {
        "title": html.escape(title),
        "style": style,
        "script": script,
        "program": json.dumps(said).replace("<", "\\u003c"),
        "weights": base64.b64encode(weights).decode(),
        "onnx": base64.b64encode(onnx).decode(),
        "runtime": parts,
    }
    files.write_text(path, re.sub(r"\{\{(\w+)\}\}", lambda mark: filled[mark[1]], text))


def _onnx(generator, inputs, prior, refused):
    """The generator as ONNX, and the parts of a page that run it."""
    try:
        programs.check_installed("onnx")
        found = runtime.load()
    except ValueError as error:
        raise ValueError(f"{refused} It would be run as ONNX, but that cannot be done here. {error}") from error
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "generator.onnx"
        programs.write(generator, inputs, prior, file, "onnx")
        onnx = file.read_bytes()
    if len(onnx) > _LARGEST:
        raise ValueError(
            f"A page holds a generator of up to {_LARGEST >> 20} MB; a browser would hardly open a larger "
            f"one. Received: {len(onnx) >> 20} MB. Export it as 'onnx' instead."
        )
    script, module, wasm = (found[name] for name in runtime.CHECKSUMS)
    # Packed, WebAssembly takes a quarter of the place.
    texts = {"module": module, "wasm": gzip.compress(wasm, mtime=0)}
    parts = [
        f'<script type="text/plain" id="{name}">{base64.b64encode(content).decode()}</script>'
        for name, content in texts.items()
    ]
    return onnx, "\n".join([*parts, f"<script>\n{script.decode()}</script>"])


def read(path: str | Path) -> tuple[programs.Generate, programs.Inputs]:
    """Runs the generator of a page: by NumPy, step by step as the page does, or by ONNX Runtime.

    Returns:
        `(generate, inputs)`: a function from a list of float32 arrays to samples, and name and shape, without the rows,
        of each array; the noise is the first.

    Raises:
        ValueError: if the file is no page of a generator, or ONNX Runtime is needed and not installed.
    """
    try:
        parts = dict(_DATA.findall(Path(path).read_text(encoding="utf-8")))
        program = json.loads(parts["program"])
        weights = np.frombuffer(base64.b64decode(parts["weights"], validate=True), "<f4")
        shape, steps = tuple(map(int, program["shape"])), program["generator"].get("steps")
        sizes = [int(size) for size in program["generator"]["inputs"]]
        onnx = base64.b64decode(parts["onnx"], validate=True)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ValueError(f"There is no page of a generator in {path}: {error!r}") from error
    if steps is None:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / f"{Path(path).name}.onnx"
            file.write_bytes(onnx)
            return programs.read(file, "onnx")
    inputs: programs.Inputs = [(name, (size,)) for name, size in zip(["noise", "label"], sizes, strict=False)]

    def generate(arrays):
        try:
            return run(steps, weights, arrays).astype("float32").reshape(-1, *shape)
        except (ValueError, TypeError, KeyError, IndexError) as error:
            raise ValueError(f"The page in {path} cannot be run: {error!r}") from error

    return generate, inputs


def run(steps: list[dict[str, Any]], weights: np.ndarray, arrays: list[np.ndarray]) -> np.ndarray:
    """What the steps of a network make of vectors.

    Args:
        steps: of `Program.network`.
        weights: all weights, flat.
        arrays: the inputs, each of shape `(n, size)`.

    Returns:
        Array of shape `(n, size of the output)`, float64.
    """
    values = [np.asarray(array, "float64").reshape(len(array), -1) for array in arrays]
    for step in steps:
        x = values[step["from"][0]]
        match step["op"]:
            case "concatenate":
                x = np.concatenate([values[number] for number in step["from"]], axis=1)
            case "dense":
                columns, pieces = step["columns"], step["pieces"]
                kernel = weights[step["kernel"] :][: x.shape[1] * columns].reshape(-1, columns)
                x = x @ kernel + weights[step["bias"] :][:columns]
                x = x.reshape(len(x), -1, pieces).max(axis=2)
            case "scale":
                x = x * weights[step["scale"] :][: x.shape[1]] + weights[step["shift"] :][: x.shape[1]]
            case "leaky_relu":
                x = np.where(x > 0, x, step["slope"] * x)
            case name:
                x = ACTIVATIONS[name](x)
        values.append(x)
    return values[-1]


def _tensors(layer, which):
    try:
        return keras.tree.flatten(getattr(layer, which))
    except (ValueError, AttributeError):  # called twice, or never
        raise ValueError(f"A page takes layers that are called once. Received: {layer.name}.") from None


def _flat(layer):
    """Whether the layer takes vectors; one of a Sequential model may have been called many times, on one shape."""
    return len(layer._inbound_nodes[-1].input_tensors[0].shape) == 2


def _directions(generator, dim, num=6):
    """Directions in the noise which the first layer that reads it feels most, one per slider."""
    for layer in generator._flatten_layers():
        kernel = getattr(layer, "kernel", None)
        if kernel is not None and len(kernel.shape) == 2 and kernel.shape[0] >= dim:
            first = keras.ops.convert_to_numpy(kernel)[:dim].astype("float64")
            left = np.linalg.svd(first, full_matrices=False)[0]
            return np.round(left[:, :num].T, 6).tolist()
    return np.eye(min(num, dim), dim).tolist()
