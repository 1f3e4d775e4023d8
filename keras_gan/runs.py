"""What a recipe's run does beside `fit`: the device, the run's folder, the files left in it."""

import dataclasses
import importlib.metadata
import importlib.util
import json
import random
import sys
import time
from pathlib import Path
from typing import Any

import keras

import keras_gan
from keras_gan import backend, callbacks
from keras_gan.datasets import Dataset


def prepare(device: str = "auto", precision: str = "float32", seed: int | None = None) -> int:
    """Chooses the device and the precision, seeds everything, and prints what runs where.

    Args:
        device: `"auto"`, `"gpu"` or `"cpu"`.
        precision: Keras dtype policy: `"float32"`, `"mixed_bfloat16"` or `"mixed_float16"`.
        seed: integer for Python, NumPy and the backend; drawn if None.

    Returns:
        The seed.

    Raises:
        ValueError: if a GPU was asked for and there is none.
    """
    backend.use_device(device)
    keras.config.set_dtype_policy(precision)
    seed = random.SystemRandom().randrange(2**31) if seed is None else seed
    keras.utils.set_random_seed(seed)
    print(f"keras_gan {keras_gan.__version__}: {backend.describe_device()}, {precision}, seed {seed}", flush=True)
    return seed


def make_folder(run_dir: str | None, name: str) -> Path:
    """Makes the run's folder: the one asked for, or the first of runs/NAME-1, runs/NAME-2, ... that is free.

    Raises:
        ValueError: if the folder asked for holds a run already.
    """
    if run_dir is not None:
        folder = Path(run_dir)
        if (folder / "config.json").exists():
            raise ValueError(
                f"{folder} holds a run already, and nothing is overwritten. Choose another folder as run_dir."
            )
    else:
        number = 1
        while (folder := Path("runs") / f"{name}-{number}").exists():
            number += 1
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def train(gan: keras_gan.GAN, data: Dataset, recipe: Any, folder: Path, seed: int) -> keras.callbacks.History:
    """Trains a compiled GAN and leaves config.json, history.csv, samples/, gan.keras and a SavedModel in the folder.

    Every `recipe.every` epochs come a picture, a look at the validation images and a new gan.keras.

    Args:
        gan: compiled `keras_gan.GAN`.
        data: `keras_gan.datasets.Dataset`.
        recipe: the recipe's dataclass, with `epochs`, `batch_size` and `every`.
        folder: `pathlib.Path` of the run.
        seed: the seed in use, for config.json.

    Returns:
        Keras's `History`.
    """
    config = {
        "recipe": dataclasses.asdict(recipe) | {"seed": seed},
        "data": data.card,
        "versions": {name: importlib.metadata.version(name) for name in ("keras-gan", "keras")},
        "device": backend.describe_device(),
        "command": sys.argv,
    }
    (folder / "config.json").write_text(json.dumps(config, indent=2, default=str) + "\n")
    started = time.perf_counter()
    short_epochs = len(data.train) < 10_000  # a progress bar an epoch would only flicker
    history = gan.fit(
        data.train,
        batch_size=recipe.batch_size,
        epochs=recipe.epochs,
        verbose=0 if short_epochs else "auto",
        validation_data=data.validation,
        validation_freq=recipe.every,
        callbacks=[
            keras.callbacks.CSVLogger(str(folder / "history.csv")),
            callbacks.SampleGrid(folder, every=recipe.every),
            keras.callbacks.TerminateOnNaN(),
            _Save(folder / "gan.keras", recipe.every),
            *([_Report(recipe.every)] if short_epochs else []),
        ],
    )
    gan.save(folder / "gan.keras")
    seconds = time.perf_counter() - started
    print(f"Trained {recipe.epochs} epochs in {seconds:.0f} s; pictures in {folder / 'samples'}", flush=True)
    if importlib.util.find_spec("tensorflow") is None:
        print(
            "TensorFlow is not installed: no SavedModel written. pip install 'keras-gan[tensorflow]'", file=sys.stderr
        )
    else:
        gan.export(folder / "generator")
    return history


class _Save(keras.callbacks.Callback):
    """Writes the model every few epochs, so that a run cut short leaves one."""

    def __init__(self, path, every):
        super().__init__()
        self.path, self.every = path, every

    def on_epoch_end(self, epoch, logs=None):
        if (epoch + 1) % self.every == 0:
            self.model.save(self.path)


class _Report(keras.callbacks.Callback):
    """Prints how the game stands, a line every few epochs."""

    def __init__(self, every):
        super().__init__()
        self.every = every

    def on_epoch_end(self, epoch, logs=None):
        if (epoch + 1) % self.every == 0:
            shown = "  ".join(f"{name} {logs[name]:.3f}" for name in ("value", "d_on_data", "d_on_samples"))
            print(f"epoch {epoch + 1}/{self.params['epochs']}  {shown}", flush=True)
