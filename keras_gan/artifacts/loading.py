"""Trained generators to draw samples from, whatever the format they were written in."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np

import keras_gan
from keras_gan import priors
from keras_gan.artifacts import files, formats
from keras_gan.backend import programs

_BATCH = 1000


class Generator:
    """A trained generator with its prior and its card.

    Attributes:
        prior: the `keras_gan.priors.Prior` it is fed by.
        card: dict of where it came from: data, training, scores, checksum; empty if nothing is known.
        model: the Keras model, where it was read from a `.keras` file; else None.
    """

    def __init__(
        self,
        generate: Callable[[np.ndarray], np.ndarray],
        prior: priors.Prior,
        card: dict[str, Any],
        model: keras.Model | None = None,
    ) -> None:
        self._generate = generate
        self.prior, self.card, self.model = prior, card, model

    def __call__(self, z: np.ndarray) -> np.ndarray:
        """Samples for noise.

        Args:
            z: array of shape `(n, dim)`.

        Returns:
            NumPy array of shape `(n, ...)`, float32, on the scale of preprocessed data.

        Raises:
            ValueError: if the noise has another size.
        """
        z = np.asarray(z, "float32")
        if z.ndim != 2 or z.shape[1] != self.prior.dim:
            raise ValueError(f"This generator takes noise of shape (n, {self.prior.dim}). Received: shape {z.shape}.")
        parts = [np.asarray(self._generate(z[i : i + _BATCH]), "float32") for i in range(0, max(len(z), 1), _BATCH)]
        return np.concatenate(parts)

    def sample(self, num: int, seed: int | None = None) -> np.ndarray:
        """Draws samples; the same seed gives the same noise, whatever the format.

        Args:
            num: number of samples.
            seed: integer. Default: fresh noise.

        Returns:
            NumPy array of shape `(num, ...)`, float32, on the scale of preprocessed data.
        """
        return self(self.prior.draw(num, seed))

    def interpolate(self, lines: int, steps: int, seed: int | None = None, spherical: bool = False) -> np.ndarray:
        """Samples along lines in the noise, from one draw of the prior to another.

        Args:
            lines: number of lines.
            steps: samples on a line, ends included.
            seed: integer. Default: fresh noise.
            spherical: whether to go along great circles.

        Returns:
            NumPy array of shape `(lines * steps, ...)`, float32, line by line.
        """
        ends = self.prior.draw(2 * lines, seed)
        z = priors.interpolate(ends[::2], ends[1::2], steps, spherical)
        return self(z.reshape(-1, self.prior.dim))


def load(model: str | Path, prior: str | None = None) -> Generator:
    """A trained generator: `keras_gan.load("mnist")` is the one that ships.

    Reading a `.keras` file or a run's folder runs no code from it. A SavedModel, an ONNX or LiteRT file and above all
    a `.pt2` file are programs: load them from people you trust.

    Args:
        model: name of a shipped generator; folder of a run; `.keras` file of a GAN or of a generator alone; folder of a
            SavedModel; `.onnx`, `.tflite` or `.pt2` file.
        prior: `"uniform"`, `"normal"` or `"spherical"`, for a generator alone. Default: what its card says, or
            uniform.

    Returns:
        `Generator`.

    Raises:
        ValueError: if there is no such model, its file is damaged or not the one that its card describes, or a package
            to run it is missing.
    """
    path = _find(model)
    card = _card(path)
    if (expected := card.get("checksum")) is not None and formats.checksum(path) != expected:
        raise ValueError(f"{path} is not what its card describes: the checksum differs. It is damaged, or was changed.")
    if path.suffix != ".keras":
        generate, noise_dim = programs.read(path, _format(path))
        return Generator(generate, priors.get(prior or card.get("prior") or "uniform", noise_dim), card)
    found = files.load_model(path)
    if isinstance(found, keras_gan.GAN):
        return Generator(found.predict_on_batch, found.prior, card, found.averaged_generator or found.generator)
    noise_dim = formats.noise_dim(found, path)
    return Generator(
        found.predict_on_batch, priors.get(prior or card.get("prior") or "uniform", noise_dim), card, found
    )


def shipped() -> dict[str, Path]:
    """Folders of the generators that ship with the package, by name."""
    here = Path(__file__).parent.parent
    for folder in (here / "saved_models", here.parent / "saved_models"):  # installed, or in a clone
        if folder.is_dir():
            return {path.name: path for path in sorted(folder.iterdir()) if (path / "generator.keras").is_file()}
    return {}


def _find(model):
    path = Path(model)
    if not path.exists():
        if (folder := shipped().get(str(model))) is None:
            raise ValueError(
                f"There is no model. Received: {model}. Expected: the name of a shipped generator {list(shipped())}, "
                "the folder of a run or of a SavedModel, or a .keras, .onnx, .tflite or .pt2 file."
            )
        return folder / "generator.keras"
    if path.is_dir() and not (path / "saved_model.pb").exists():
        for name in ("best.keras", "gan.keras", "previous-gan.keras", "generator.keras"):
            if (path / name).exists():
                return path / name
        versions = [folder for folder in path.iterdir() if folder.name.isdecimal()]
        return max(versions, key=lambda folder: int(folder.name), default=path)
    return path


def _format(path):
    if path.is_dir():
        return "saved_model"
    for format, suffix in formats.SUFFIXES.items():
        if path.suffix == suffix != "":
            return format
    raise ValueError(f"{path} is no model. Expected: a folder, or a file that ends in .keras, .onnx, .tflite or .pt2.")


def _card(path):
    for file in (formats.own_card(path), path.parent / "card.json"):
        if file.is_file():
            card = files.read_json(file)
            if card.get("prior") not in (None, *priors.PRIORS):
                raise ValueError(f"{file} is damaged. Received: prior={card['prior']!r}.")
            return card
    return {}
