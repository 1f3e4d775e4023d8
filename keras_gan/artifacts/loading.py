"""Trained generators to draw samples from, whatever the format they were written in."""

import tempfile
from pathlib import Path
from typing import Any

import keras
import numpy as np

import keras_gan
from keras_gan import conditions, priors
from keras_gan.artifacts import files, formats, hub, page
from keras_gan.backend import programs
from keras_gan.models.checks import asked_for, check_number, check_samples
from keras_gan.models.lines import Lines

_BATCH = 1000
_SHIPPED = ("generator.keras", "encoder.keras")


class Sampler:
    """A trained model that samples in a way of its own, with its card.

    Attributes:
        card: dict of where it came from: data, training, scores, checksum; empty if nothing is known.
        model: the Keras model, where it was read from a `.keras` file; else None.
    """

    @property
    def sample_shape(self) -> tuple[int, ...] | None:
        """Shape of a sample, as far as it is known before one is drawn."""
        spec = getattr(self.model, "sample_spec", None)
        shape = getattr(self.model, "output_shape", None) if spec is None else getattr(spec, "shape", None)
        if shape is None:
            said = self.card.get("image_shape")
            shape = (None, *said) if isinstance(said, list) else ()
        shape = tuple(shape[1:])
        return shape if shape and all(isinstance(side, int) and side > 0 for side in shape) else None

    def __init__(self, card: dict[str, Any], model: Any) -> None:
        self.card, self.model = card, model

    def sample(self, num: int, seed: int | None = None) -> np.ndarray:
        """Draws samples: NumPy array of shape `(num, ...)`, float32, on the scale of preprocessed data.

        Args:
            num: number of samples.
            seed: integer. Default: fresh samples.

        Raises:
            ValueError: if the number is less than 1, or the samples are not finite.
        """
        check_number(num)
        samples = self.model.sample(num, seed=seed)
        check_samples(samples, self.model)
        return samples


class Generator(Lines, Sampler):
    """A trained generator with its prior, its condition and its card.

    Attributes:
        prior: the `keras_gan.priors.Prior` it is fed by.
        condition: the `keras_gan.conditions.Condition` it is told, or None.
        card: dict of where it came from: data, training, scores, checksum; empty if nothing is known.
        model: the Keras model, where it was read from a `.keras` file (a `GAN` or a generator alone); else None.
    """

    def __init__(
        self,
        generate: programs.Generate,
        prior: priors.Prior,
        card: dict[str, Any],
        model: keras.Model | None = None,
        condition: conditions.Condition | None = None,
    ) -> None:
        super().__init__(card, model)
        self._generate = generate
        self.prior, self.condition = prior, condition

    def __call__(self, z: np.ndarray, condition: Any = None) -> np.ndarray:
        """Samples for noise.

        Args:
            z: array of shape `(n, dim)`.
            condition: what the samples shall have: one for all, or n of them. Default: drawn as the training data
                had it.

        Returns:
            NumPy array of shape `(n, ...)`, float32, on the scale of preprocessed data.

        Raises:
            ValueError: if the noise has another size, the condition does not fit, or the samples are not finite.
        """
        return self.samples_of(z, asked_for(self.condition, condition, len(z), None))

    def samples_of(self, z: np.ndarray, told: tuple[np.ndarray, ...]) -> np.ndarray:
        z = np.asarray(z, "float32")
        if z.ndim != 2 or z.shape[1] != self.prior.dim:
            raise ValueError(f"This generator takes noise of shape (n, {self.prior.dim}). Received: shape {z.shape}.")
        parts = [
            np.asarray(self._generate([array[i : i + _BATCH] for array in (z, *told)]), "float32")
            for i in range(0, max(len(z), 1), _BATCH)
        ]
        samples = np.concatenate(parts)
        check_samples(samples, self.model)
        return samples

    def sample(self, num: int, seed: int | None = None, condition: Any = None) -> np.ndarray:
        """Draws samples; the same seed gives the same noise, whatever the format.

        Args:
            num: number of samples.
            seed: integer. Default: fresh noise.
            condition: what the samples shall have: one for all, or `num` of them. Default: drawn as the training data
                had it.

        Returns:
            NumPy array of shape `(num, ...)`, float32, on the scale of preprocessed data.

        Raises:
            ValueError: if the number is less than 1, the condition does not fit, or the samples are not finite.
        """
        check_number(num)
        return self.samples_of(self.prior.draw(num, seed), asked_for(self.condition, condition, num, seed))


def load(model: str | Path, prior: str | priors.Prior | None = None) -> Any:
    """A trained generator: `keras_gan.load("mnist")` is the one that ships.

    Reading a `.keras` file or a run's folder runs no code from it. A SavedModel, an ONNX or LiteRT file and above all
    a `.pt2` file are programs: load them from people you trust.

    Args:
        model: name of a shipped generator or encoder; `"hf://USER/NAME"` on the Hugging Face Hub; folder of a run;
            `.keras` file of a GAN or of a generator alone; folder of a SavedModel or an OpenVINO program; `.onnx`,
            `.tflite`, `.pt2` or `.html` file.
        prior: `"uniform"`, `"normal"` or `"spherical"`, or a `Prior`, for a generator alone. Default: what its card
            says.

    Returns:
        `Generator`; of a model that samples without noise a `Sampler`, which has the method `sample` alone; of an
        encoder for a finished generator, or of a run that trained one, the `InferenceNetwork`, which encodes.

    Raises:
        ValueError: if there is no such model, its file is damaged or not the one that its card describes, a package to
            run it is missing, or nothing says what noise it takes.
    """
    if hub.is_handle(model):
        with tempfile.TemporaryDirectory() as folder:
            path = hub.download(str(model), Path(folder))
            try:
                return load(path, prior)
            except ValueError as error:
                raise ValueError(f"{model}: {error}") from error
    path = _find(model)
    card = _card(path)
    if (expected := card.get("checksum")) is not None and formats.checksum(path) != expected:
        raise ValueError(f"{path} is not what its card describes: the checksum differs. It is damaged, or was changed.")
    if path.suffix != ".keras":
        generate, inputs = page.read(path) if path.suffix == ".html" else programs.read(path, _format(path))
        return _generator(generate, inputs, prior, card, path)
    found = files.load_model(path)
    if isinstance(found, keras_gan.GAN):
        return Generator(formats.one_input(found.predict_on_batch), found.prior, card, found, found.condition)
    if isinstance(found, keras_gan.InferenceNetwork):
        return found
    if callable(getattr(found, "sample", None)):
        return Sampler(card, found)
    found = formats.widened(found)
    if "encodes" in card:
        return _inference(found, card["encodes"], path)
    generate = formats.one_input(found.predict_on_batch)
    return _generator(generate, formats.inputs_of(found, path), prior, card, path, found)


def _inference(encoder, encodes, path):
    """An encoder with the generator that it was trained for, as `keras_gan.artifacts.shipping.ship` wrote it."""
    try:
        name, scaling = encodes["generator"], encodes["preprocessing"]
        preprocessing = keras.layers.Rescaling(float(scaling["scale"]), float(scaling["offset"]))
        # Reading an encoder runs no code: a card may not name a program, nor another encoder, and so on without end.
        if (found := _find(name)).suffix != ".keras" or "encodes" in _card(found):
            raise TypeError(f"{name} is no generator in a .keras file")
    except (KeyError, TypeError) as error:
        raise ValueError(f"The card of {path} is damaged: what it says of its generator cannot be read.") from error
    generator, prior = trained_generator(found)
    return keras_gan.InferenceNetwork(generator, encoder, prior, preprocessing)


def trained_generator(model: str | Path) -> tuple[keras.Model, priors.Prior]:
    """The network of a trained generator, with its averaged weights, and its prior.

    Args:
        model: as `load` takes it, of a `.keras` file.

    Raises:
        ValueError: if there is no such generator, or it is a program.
    """
    loaded = load(model)
    network, prior = getattr(loaded, "model", None), getattr(loaded, "prior", None)
    if network is None or prior is None:
        raise ValueError(
            f"{model} holds no generator that can be differentiated. Pass the folder of a GAN's run, or a .keras file."
        )
    if isinstance(network, keras_gan.GAN):
        with network.averaged_weights():
            weights = network.generator.get_weights()
        network.generator.set_weights(weights)
        network = network.generator
    return network, prior


def _generator(generate, inputs, prior, card, path, model=None):
    """A generator alone, with what its card says of prior and condition."""
    dim, shapes = inputs[0][1][0], [shape for _, shape in inputs[1:]]
    if (prior := prior or card.get("prior")) is None:
        raise ValueError(
            f"Nothing says what noise {path} takes: {'its card names no prior' if card else 'it has no card'}. Pass "
            f"prior={sorted(priors.PRIORS)[0]!r}, for example, or an object of keras_gan.priors (on the command line "
            "--prior)."
        )
    condition = conditions.restored(card.get("condition"), shapes) if shapes else None
    if condition is not None:
        condition.value_range = _value_range(card)
    return Generator(generate, priors.get(prior, dim), card, model, condition)


def _value_range(card):
    found = card.get("range")
    return tuple(found) if isinstance(found, list) and len(found) == 2 else None


def shipped() -> dict[str, Path]:
    """Folders of the generators and encoders that ship with the package, by name."""
    if (folder := files.saved_models()) is None:
        return {}
    found = [path for path in sorted(folder.iterdir()) if any((path / name).is_file() for name in _SHIPPED)]
    return {path.name.replace("_", "-"): path for path in found}  # folders are Python packages, and lack the dash


def _find(model):
    path = Path(model)
    if not path.exists():
        if (folder := shipped().get(str(model))) is None:
            raise ValueError(
                f"There is no model. Received: {model}. Expected: the name of one that ships {list(shipped())}, "
                "hf://USER/NAME, the folder of a run, a SavedModel or an OpenVINO program, or a .keras, .onnx, "
                ".tflite, .pt2 or .html file."
            )
        return next(folder / name for name in _SHIPPED if (folder / name).is_file())
    if path.is_dir() and not any((path / name).exists() for name in ("saved_model.pb", programs.OPENVINO_FILE)):
        for name in ("best.keras", "model.keras", "previous-model.keras", *_SHIPPED):
            if (path / name).exists():
                return path / name
        versions = [folder for folder in path.iterdir() if folder.name.isdecimal()]
        return max(versions, key=lambda folder: int(folder.name), default=path)
    return path


def _format(path):
    if path.is_dir():
        return "openvino" if (path / programs.OPENVINO_FILE).exists() else "saved_model"
    for format, suffix in formats.SUFFIXES.items():
        if path.suffix == suffix != "":
            return format
    raise ValueError(
        f"{path} is no model. Expected: a folder, or a file that ends in .keras, .onnx, .tflite, .pt2 or .html."
    )


def _card(path):
    for file in (formats.own_card(path), path.parent / "card.json"):
        if file.is_file():
            card = files.read_json(file)
            prior, data, checksum = (card.get(key) for key in ("prior", "data", "checksum"))
            if prior is not None and prior not in list(priors.PRIORS):
                raise ValueError(f"{file} is damaged. Received: prior={str(prior)[:100]!r}. Expected: a prior's name.")
            if checksum is not None and not isinstance(checksum, str):
                raise ValueError(f"{file} is damaged. Received: checksum={str(checksum)[:100]!r}. Expected: a text.")
            if data is not None and not isinstance(data, dict):
                raise ValueError(f"{file} is damaged. Received: data={str(data)[:100]!r}. Expected: an object.")
            if wrong := [key for key in ("name", "rows") if not isinstance((data or {}).get(key, ""), str)]:
                raise ValueError(f"{file} is damaged. Received: another type for data.{wrong[0]}. Expected: a text.")
            return card
    return {}
