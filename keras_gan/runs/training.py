"""What a recipe's run does beside `fit`: the device, the run's folder, the files left in it."""

import contextlib
import csv
import dataclasses
import functools
import importlib.metadata
import importlib.util
import json
import math
import os
import random
import shlex
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any

import keras

import keras_gan
from keras_gan import backend, callbacks
from keras_gan.runs import history
from keras_gan.artifacts import files
from keras_gan.datasets import Dataset
from keras_gan.datasets import load as load_dataset
from keras_gan.models.gan import GAN


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


def begin(recipe: Any, name: str, more_epochs: bool = True) -> tuple[Any, Path]:
    """Finds the run's folder: run_dir, or the first of runs/NAME-1, runs/NAME-2, ... that is free.

    A run_dir that holds a run already goes on with it, if its settings are these.

    Args:
        recipe: the recipe's dataclass.
        name: of the recipe.
        more_epochs: whether a run may go on beyond the epochs it was begun for: not where the learning rate ends there.

    Returns:
        `(recipe, folder)`; a run that goes on has the seed it was begun with.

    Raises:
        ValueError: if run_dir holds a run with other settings; those that may differ are `epochs`, `device`, `run_dir`,
            `data_path` (the same data in another place) and a seed that is not given.
    """
    if recipe.run_dir is None:
        number = 1
        while (folder := Path("runs") / f"{name}-{number}").exists():
            number += 1
        return recipe, folder
    folder = Path(recipe.run_dir)
    if not (folder / "config.json").exists():
        return recipe, folder
    config = read_config(folder)
    begun = config["recipe"]
    given = json.loads(json.dumps(dataclasses.asdict(recipe)))
    free = {"device", "run_dir", "data_path"} | ({"epochs"} if more_epochs else set())
    free |= {"seed"} if recipe.seed is None else set()
    other = [key for key in given if key not in free and key in begun and begun[key] != given[key]]
    if config.get("name", name) != name or other:
        differences = ", ".join(f"{key}={begun[key]!r} there and {given[key]!r} here" for key in other)
        raise ValueError(
            f"{folder} holds a run of {config.get('name', name)} with other settings"
            f"{': ' if differences else ''}{differences}. To go on with it, repeat the command it was begun by: "
            f"{shlex.join(map(str, config['command']))}. Or choose another run_dir."
        )
    return dataclasses.replace(recipe, seed=begun.get("seed")), folder


def read_config(run: str | Path) -> dict[str, Any]:
    """What a run's config.json says.

    Raises:
        ValueError: if there is none, or it is damaged.
    """
    config = files.read_json(Path(run) / "config.json")
    recipe, data, command = (config.get(key) for key in ("recipe", "data", "command"))
    if not (isinstance(recipe, dict) and isinstance(data, dict) and isinstance(command, list)):
        raise ValueError(f"{Path(run) / 'config.json'} is damaged. Expected: a recipe, a command and data in it.")
    for key, value in (("seed", recipe.get("seed")), ("updates_per_epoch", config.get("updates_per_epoch", 1))):
        if value is not None and (not isinstance(value, int) or value < (key == "updates_per_epoch")):
            raise ValueError(f"{Path(run) / 'config.json'} is damaged. Received: {key}={value!r}.")
    return config


def load(folder: Path) -> GAN | None:
    """The GAN of the run in the folder as it was last saved, or None if it has not been yet.

    Raises:
        ValueError: if neither the last file nor the one before can be read.
    """
    last = folder / "gan.keras"
    existing = [file for file in (last, files.previous(last)) if file.exists()]
    for file in existing:
        try:
            return _as_gan(files.load_model(file), file)
        except ValueError as error:
            if file == existing[-1]:
                raise
            print(f"{error} Going on from the file before.", file=sys.stderr, flush=True)
    return None


def load_best(run: str | Path) -> GAN:
    """A run's best model, chosen by validation images alone, or its last where no measurement was made.

    Raises:
        ValueError: if the folder holds no trained model, or a damaged one.
    """
    if (best := Path(run) / "best.keras").exists():
        return _as_gan(files.load_model(best), best)
    if (last := load(Path(run))) is not None:
        return last
    raise ValueError(f"There is no trained model. Received: run={str(run)!r}. Expected: the folder of a run.")


def load_data(run: str | Path) -> Dataset:
    """What a run was trained on, loaded again as its config.json says."""
    config = read_config(run)
    recipe, name = config["recipe"], config["data"].get("name")
    options = {"source": recipe.get("data_source"), "path": recipe.get("data_path"), "fold": recipe.get("fold")}
    if name == "images":  # what the TFD recipe makes of a folder of pictures
        options = {"path": recipe["data_path"], "size": 48, "grayscale": True}
    return load_dataset(name, **{key: value for key, value in options.items() if value is not None})


def updates_per_epoch(recipe: Any, data: Dataset) -> int:
    """Updates of the generator in a pass over the training images."""
    return -(-len(data.train) // (recipe.batch_size * recipe.discriminator_steps))


def record(data: Dataset, recipe: Any, folder: Path, seed: int, name: str) -> None:
    """Writes config.json into the run's folder; a run that goes on keeps the command it was begun by."""
    file = folder / "config.json"
    config = {
        "name": name,
        "recipe": dataclasses.asdict(recipe) | {"seed": seed},
        "data": data.card,
        "updates_per_epoch": updates_per_epoch(recipe, data),
        "versions": {name: importlib.metadata.version(name) for name in ("keras-gan", "keras")},
        "device": backend.describe_device(),
        "command": read_config(folder)["command"] if file.exists() else sys.argv,
    }
    folder.mkdir(parents=True, exist_ok=True)
    files.write_text(file, json.dumps(config, indent=2, default=str) + "\n")


def train(
    gan: GAN,
    data: Dataset,
    recipe: Any,
    folder: Path,
    seed: int,
    name: str,
    measure: bool = False,
    pictures: keras.callbacks.Callback | None = None,
) -> None:
    """Trains a compiled GAN and leaves config.json, history.csv, samples/, gan.keras and a SavedModel in the folder.

    After every epoch gan.keras is written anew, and the one before kept. A GAN loaded from it goes on as if the run
    had never stopped: on a CPU bit by bit. Every `recipe.every` epochs come a picture and a look at the validation
    images. Ctrl-C ends the process; at most the epoch under way is lost.

    Args:
        gan: compiled `keras_gan.GAN`.
        data: `keras_gan.datasets.Dataset`.
        recipe: the recipe's dataclass, with `epochs`, `batch_size`, `discriminator_steps` and `every`.
        folder: `pathlib.Path` of the run.
        seed: the seed in use, for config.json.
        name: of the recipe.
        measure: whether validation images' Parzen log-likelihood is measured and best.keras kept by it.
        pictures: callback that writes samples/; by default grids of images.

    Raises:
        ValueError: if the losses become NaN (gan.keras is of the epoch before), or another process trains there.
        OSError: if a file cannot be written; gan.keras, or previous-gan.keras, is of the epoch before.
    """
    with _alone(folder):
        _train(gan, data, recipe, folder, seed, name, measure, pictures)


@contextlib.contextmanager
def _alone(folder):
    """While a process trains in a folder, no other may: both would write the same files. Ends with the process."""
    folder.mkdir(parents=True, exist_ok=True)
    if os.name != "posix":
        yield
        return
    import fcntl

    descriptor = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ValueError(f"Another process is training in {folder}. Wait for its end, or stop it.") from None
        yield
    finally:
        os.close(descriptor)


def _train(gan, data, recipe, folder, seed, name, measure, pictures):
    initial_epoch = int(gan.optimizer.iterations) // updates_per_epoch(recipe, data)
    record(data, recipe, folder, seed, name)
    rows = _History(folder / "history.csv", initial_epoch)
    clock = _Clock(float(rows.rows[-1]["seconds"]) if rows.rows else 0.0)
    checkpoint = _Checkpoint(folder / "gan.keras", rows)
    short_epochs = len(data.train) < 10_000  # a progress bar an epoch would only flicker
    stop = _Stop()
    begun = time.perf_counter()
    try:
        gan.fit(
            data.train,
            batch_size=recipe.batch_size,
            epochs=recipe.epochs,
            initial_epoch=initial_epoch,
            verbose=0 if short_epochs else "auto",
            validation_data=data.validation,
            validation_freq=recipe.every,
            callbacks=[
                stop,
                clock,
                *(_measures(gan, data, recipe.every, folder, rows.rows) if measure else []),
                keras.callbacks.TerminateOnNaN(),
                rows,
                pictures or callbacks.SampleGrid(folder, every=recipe.every),
                checkpoint,  # last: what is saved has left its row and its picture
                *([_Report(recipe.every)] if short_epochs else []),
            ],
        )
    except KeyboardInterrupt:
        print(f"Stopped. {checkpoint} The same command with --run-dir {folder} goes on from there.", file=sys.stderr)
        raise SystemExit(130) from None
    finally:
        stop.end()
    if checkpoint.diverged:
        raise ValueError(
            f"The losses became NaN in epoch {checkpoint.diverged}: the game was lost. {checkpoint} "
            "Try another seed, a smaller learning rate or a penalty."
        )
    if initial_epoch >= recipe.epochs:
        print(f"{folder} has {initial_epoch} epochs already: nothing to train.", flush=True)
        if (folder / "generator").exists():
            return
    else:
        trained, seconds = recipe.epochs - initial_epoch, time.perf_counter() - begun
        print(f"Trained {trained} epochs in {seconds:.0f} s; pictures in {folder / 'samples'}", flush=True)
    if importlib.util.find_spec("tensorflow") is None:
        print(
            "TensorFlow is not installed: no SavedModel written. pip install 'keras-gan[tensorflow]'", file=sys.stderr
        )
    else:
        gan.export(folder / "generator", card=describe(folder, gan))


def describe(run: str | Path, gan: GAN) -> dict[str, Any]:
    """What a card says of a model's training: data, command, settings, epochs, seconds, validation log-likelihood.

    Args:
        run: folder of the run.
        gan: as it was in one of its epochs.
    """
    config = read_config(run)
    recipe, command = without_folders(config["recipe"], config["command"])
    if "updates_per_epoch" not in config:
        raise ValueError(f"{Path(run) / 'config.json'} is damaged: it lacks updates_per_epoch.")
    epochs = int(gan.optimizer.iterations) // config["updates_per_epoch"]
    rows, _ = history.read(Path(run) / "history.csv", ("seconds",), epochs)
    return {
        "model": f"generator of {gan.generator.count_params():,} parameters",
        "averaged": gan.averaged_generator is not None,
        "command": shlex.join(["keras-gan", *command[1:]]),
        "recipe": recipe,
        "seed": recipe["seed"],
        "data": config["data"],
        "versions": config["versions"],
        "device": config["device"],
        "epochs": epochs,
        "seconds": round(float(rows[epochs - 1]["seconds"])),
        "validation_log_likelihood": float(rows[epochs - 1].get("val_parzen_ll") or "nan"),
    }


def without_folders(recipe: dict[str, Any], command: list[str]) -> tuple[dict[str, Any], list[str]]:
    """Recipe and command with paths cut to their last part: a card goes to others, its maker's folders do not.

    Args:
        recipe: the recipe's settings.
        command: the command line's words.

    Returns:
        `(recipe, command)`, new ones.
    """
    shorter, command = dict(recipe), list(command)
    for key in ("data_path", "run_dir"):
        if path := recipe.get(key):
            shorter[key] = Path(path).name
            command = [word.replace(path, shorter[key]) for word in command]
    return shorter, command


def _as_gan(model, file):
    if not isinstance(model, GAN) or not model.compiled:
        raise ValueError(f"{file} holds no compiled keras_gan.GAN. Received: a {type(model).__name__}.")
    return model


def _measures(gan, data, every, folder, past):
    best = max((float(row["val_parzen_ll"]) for row in past if row["val_parzen_ll"] != "nan"), default=None)
    measures = [callbacks.ParzenLogLikelihood(data.validation, every)]
    if gan.ema is not None:
        measures.append(callbacks.ParzenLogLikelihood(data.validation, every, averaged=False, suffix="_trained"))
    for measure in measures:
        measure.earlier = {name: float(past[-1][name]) for name in measure.names} if past else {}
        yield measure
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


class _History(keras.callbacks.Callback):
    """Writes a row an epoch into history.csv; a run that goes on continues it without a gap or a double row.

    Keras's CSVLogger chooses the columns anew at each `fit`, by what the first epoch happens to have logged.
    """

    def __init__(self, path, epochs_done):
        super().__init__()
        self.path = path
        self.rows: list[dict[str, str]] = []
        self._columns: list[str] = []
        if epochs_done:
            self.rows, self._columns = history.read(path, ("seconds", "loss"), epochs_done)

    def on_train_begin(self, logs=None):
        files.write(self.path, self._write)

    def _write(self, path):
        with open(path, "w", newline="") as file:
            if self._columns:
                writer = csv.DictWriter(file, self._columns)
                writer.writeheader()
                writer.writerows(self.rows)

    def on_epoch_end(self, epoch, logs=None):
        first = not self._columns
        if first:  # Keras logs val_... only in epochs that look at the validation images
            looked_at = [f"val_{name}" for name in self.model.get_metrics_result()]
            self._columns = ["epoch", *logs, *(name for name in looked_at if name not in logs)]
        with open(self.path, "a", newline="") as file:
            writer = csv.DictWriter(file, self._columns, restval="NA", extrasaction="ignore")
            if first:
                writer.writeheader()
            writer.writerow({"epoch": epoch, **logs})

    def flush(self):
        """To the disk: a saved model has its rows, even if the machine stops."""
        with open(self.path, "rb") as file:
            os.fsync(file.fileno())


class _Stop(keras.callbacks.Callback):
    """Ctrl-C ends the training after the step under way; a second one at once.

    Python would raise it anywhere, also where a backend calls back into Python and lets no exception out: there it
    would be lost.
    """

    def __init__(self):
        super().__init__()
        self._asked = False
        self._before = None
        if threading.current_thread() is threading.main_thread():
            self._before = signal.signal(signal.SIGINT, self._ask)

    def _ask(self, number, frame):
        if self._asked:
            raise KeyboardInterrupt
        self._asked = True

    def on_train_batch_end(self, batch, logs=None):
        if self._asked:
            raise KeyboardInterrupt

    def end(self):
        """Ctrl-C is again what it was."""
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)


class _Checkpoint(keras.callbacks.Callback):
    """Writes the model after every epoch, and keeps the one before. A game that was lost is not written."""

    def __init__(self, path, rows):
        super().__init__()
        self.path, self._history = path, rows
        self.diverged = 0
        self._saved = 0

    def on_train_begin(self, logs=None):
        self._saved = len(self._history.rows)

    def on_epoch_end(self, epoch, logs=None):
        if not math.isfinite(logs["loss"]):
            self.diverged = epoch + 1
            return
        self._history.flush()
        files.write(self.path, functools.partial(keras.Model.save, self.model), keep_before=True)
        self._saved = epoch + 1

    def __str__(self):
        return f"{self.path} holds epoch {self._saved}." if self._saved else "No epoch had ended: nothing was saved."


class _Report(keras.callbacks.Callback):
    """Prints how the game stands, a line every few epochs."""

    def __init__(self, every):
        super().__init__()
        self.every = every

    def on_epoch_end(self, epoch, logs=None):
        if (epoch + 1) % self.every == 0:
            shown = "  ".join(f"{name} {logs[name]:.3f}" for name in ("value", "d_on_data", "d_on_samples"))
            print(f"epoch {epoch + 1}/{self.params['epochs']}  {shown}", flush=True)
