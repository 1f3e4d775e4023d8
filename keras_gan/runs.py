"""What a recipe's run does beside `fit`: the device, the run's folder, the files left in it."""

import csv
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
from keras_gan.datasets import load as load_dataset


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


def begin(recipe: Any, name: str) -> tuple[Any, Path]:
    """Finds the run's folder: run_dir, or the first of runs/NAME-1, runs/NAME-2, ... that is free.

    Args:
        recipe: the recipe's dataclass, with `run_dir` and `resume`.
        name: of the recipe.

    Returns:
        `(recipe, folder)`. With `resume` the settings are those the run was begun with; only `epochs` and `device` are
        the new ones.

    Raises:
        ValueError: if run_dir holds a run already, or with `resume` none that could go on.
    """
    if recipe.resume:
        folder = Path(recipe.run_dir or "")
        if not (recipe.run_dir and (folder / "config.json").exists()):
            raise ValueError(
                f"There is no run to go on with. Received: resume=True, run_dir={recipe.run_dir!r}. "
                "Expected: the folder of a run, with its config.json."
            )
        settings = json.loads((folder / "config.json").read_text())["recipe"]
        own = {key: settings[key] for key in settings if key not in ("epochs", "device", "run_dir", "resume")}
        return dataclasses.replace(recipe, **own), folder
    if recipe.run_dir is not None:
        folder = Path(recipe.run_dir)
        if (folder / "config.json").exists():
            raise ValueError(
                f"{folder} holds a run already, and nothing is overwritten. Choose another folder as run_dir, or go on "
                "with that run by resume."
            )
    else:
        number = 1
        while (folder := Path("runs") / f"{name}-{number}").exists():
            number += 1
    return recipe, folder


def load(folder: Path) -> keras_gan.GAN | None:
    """The GAN of the run in the folder as it was last saved, or None if it has not been yet."""
    return keras.saving.load_model(folder / "gan.keras") if (folder / "gan.keras").exists() else None


def load_best(run: str | Path) -> keras_gan.GAN:
    """A run's best model, chosen by validation images alone, or its last where no measurement was made.

    Raises:
        ValueError: if the folder holds no trained model.
    """
    for file in (Path(run) / "best.keras", Path(run) / "gan.keras"):
        if file.exists():
            return keras.saving.load_model(file)
    raise ValueError(f"There is no trained model. Received: run={str(run)!r}. Expected: the folder of a run.")


def load_data(run: str | Path) -> Dataset:
    """What a run was trained on, loaded again as its config.json says."""
    config = json.loads((Path(run) / "config.json").read_text())
    recipe, name = config["recipe"], config["data"]["name"]
    options = {"source": recipe.get("data_source"), "path": recipe.get("data_path"), "fold": recipe.get("fold")}
    if name == "images":  # what the TFD recipe makes of a folder of pictures
        options = {"path": recipe["data_path"], "size": 48, "grayscale": True}
    return load_dataset(name, **{key: value for key, value in options.items() if value is not None})


def record(data: Dataset, recipe: Any, folder: Path, seed: int) -> None:
    """Writes config.json into the run's folder; a run that goes on keeps the command it was begun by."""
    file = folder / "config.json"
    config = {
        "recipe": dataclasses.asdict(recipe) | {"seed": seed},
        "data": data.card,
        "versions": {name: importlib.metadata.version(name) for name in ("keras-gan", "keras")},
        "device": backend.describe_device(),
        "command": json.loads(file.read_text())["command"] if file.exists() else sys.argv,
    }
    folder.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(config, indent=2, default=str) + "\n")


def train(
    gan: keras_gan.GAN,
    data: Dataset,
    recipe: Any,
    folder: Path,
    seed: int,
    measure: bool = False,
    pictures: keras.callbacks.Callback | None = None,
) -> keras.callbacks.History:
    """Trains a compiled GAN and leaves config.json, history.csv, samples/, gan.keras and a SavedModel in the folder.

    Every `recipe.every` epochs come a picture, a look at the validation images and a new gan.keras. A GAN loaded from
    such a gan.keras goes on where it stopped, as if it never had (on PyTorch but for dropout's masks, which Keras
    draws from PyTorch's own generator).

    Args:
        gan: compiled `keras_gan.GAN`.
        data: `keras_gan.datasets.Dataset`.
        recipe: the recipe's dataclass, with `epochs`, `batch_size`, `discriminator_steps` and `every`.
        folder: `pathlib.Path` of the run.
        seed: the seed in use, for config.json.
        measure: whether validation images' Parzen log-likelihood is measured and best.keras kept by it.
        pictures: callback that writes samples/; by default grids of images.

    Returns:
        Keras's `History`.
    """
    updates_per_epoch = -(-len(data.train) // (recipe.batch_size * recipe.discriminator_steps))
    initial_epoch = int(gan.optimizer.iterations) // updates_per_epoch
    record(data, recipe, folder, seed)
    past = _rewind_history(folder / "history.csv", initial_epoch)
    clock = _Clock(float(past[-1]["seconds"]) if past else 0.0)
    short_epochs = len(data.train) < 10_000  # a progress bar an epoch would only flicker
    history = gan.fit(
        data.train,
        batch_size=recipe.batch_size,
        epochs=recipe.epochs,
        initial_epoch=initial_epoch,
        verbose=0 if short_epochs else "auto",
        validation_data=data.validation,
        validation_freq=recipe.every,
        callbacks=[
            clock,
            *(_measures(gan, data, recipe.every, folder, past) if measure else []),
            keras.callbacks.CSVLogger(str(folder / "history.csv"), append=bool(past)),
            pictures or callbacks.SampleGrid(folder, every=recipe.every),
            keras.callbacks.TerminateOnNaN(),
            _Save(folder / "gan.keras", recipe.every),
            *([_Report(recipe.every)] if short_epochs else []),
        ],
    )
    save(gan, folder / "gan.keras")
    print(f"Trained {recipe.epochs} epochs in {clock.seconds:.0f} s; pictures in {folder / 'samples'}", flush=True)
    if importlib.util.find_spec("tensorflow") is None:
        print(
            "TensorFlow is not installed: no SavedModel written. pip install 'keras-gan[tensorflow]'", file=sys.stderr
        )
    else:
        gan.export(folder / "generator")
    return history


def save(gan: keras_gan.GAN, path: Path) -> None:
    """Saves the model; a process that ends meanwhile leaves the file that was there."""
    partial = path.with_name(f"partial-{path.name}")
    gan.save(partial)
    partial.replace(path)


def _rewind_history(path, epochs):
    """The rows of history.csv of the epochs that the model to go on with has seen; later rows are dropped."""
    if not path.exists():
        return []
    with open(path, newline="") as file:
        reader = csv.DictReader(file)
        rows = [row for row in reader if int(row["epoch"]) < epochs]
    with open(path, "w", newline="") as file:
        writer = csv.DictWriter(file, reader.fieldnames or [])
        writer.writeheader()
        writer.writerows(rows)
    return rows


def _measures(gan, data, every, folder, past):
    best = max((float(row["val_parzen_ll"]) for row in past), default=None)
    yield callbacks.ParzenLogLikelihood(data.validation, every)
    if gan.ema is not None:
        yield callbacks.ParzenLogLikelihood(data.validation, every, averaged=False, suffix="_trained")
    yield keras.callbacks.ModelCheckpoint(
        folder / "best.keras", "val_parzen_ll", mode="max", save_best_only=True, initial_value_threshold=best
    )


class _Clock(keras.callbacks.Callback):
    """Writes the seconds that all epochs so far took into the logs, measurements and saving left out."""

    def __init__(self, seconds):
        super().__init__()
        self.seconds = seconds

    def on_epoch_begin(self, epoch, logs=None):
        self._begun = time.perf_counter()

    def on_epoch_end(self, epoch, logs=None):
        self.seconds += time.perf_counter() - self._begun
        logs["seconds"] = self.seconds


class _Save(keras.callbacks.Callback):
    """Writes the model every few epochs, so that a run cut short leaves one."""

    def __init__(self, path, every):
        super().__init__()
        self.path, self.every = path, every

    def on_epoch_end(self, epoch, logs=None):
        if (epoch + 1) % self.every == 0:
            save(self.model, self.path)


class _Report(keras.callbacks.Callback):
    """Prints how the game stands, a line every few epochs."""

    def __init__(self, every):
        super().__init__()
        self.every = every

    def on_epoch_end(self, epoch, logs=None):
        if (epoch + 1) % self.every == 0:
            shown = "  ".join(f"{name} {logs[name]:.3f}" for name in ("value", "d_on_data", "d_on_samples"))
            print(f"epoch {epoch + 1}/{self.params['epochs']}  {shown}", flush=True)
