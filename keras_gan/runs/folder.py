"""The folder of a run: which one it is, who may write into it, and what its config.json says."""

import contextlib
import dataclasses
import importlib.metadata
import json
import os
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from keras_gan import backend
from keras_gan.artifacts import files
from keras_gan.datasets import Dataset

FREE = {"device", "run_dir", "data_path"}  # settings that a resumed run may have otherwise: the same data, elsewhere

_KEYS: dict[str, tuple[type, bool, str]] = {  # of config.json: type, whether it must be there, and what it should be
    "recipe": (dict, True, "an object of the recipe's settings"),
    "data": (dict, True, "an object of what is known of the data"),
    "command": (list, True, "a list of the command's words"),
    "updates_per_epoch": (int, True, "a whole number"),
    "versions": (dict, False, "an object of the packages' versions"),
    "device": (str, False, "the name of a device"),
    "recipe.name": (str, True, "the name of a recipe"),
    "recipe.seed": (int, False, "a whole number"),
    "recipe.data_path": (str, False, "the path of a file or folder"),
    "recipe.run_dir": (str, False, "the path of a folder"),
    "data.name": (str, False, "the name of a data set"),
    "data.rows": (str, False, "a text"),
    "data.levels": (dict, False, "an object of numbers to compare with, in nats"),
}


def find(recipe: Any) -> tuple[Any, Path]:
    """Finds the run's folder: run_dir, or the first of runs/NAME-1, runs/NAME-2, ... that is free.

    If run_dir holds a run already, that run is resumed, provided that it was begun with the same settings.

    Args:
        recipe: the recipe.

    Returns:
        `(recipe, folder)`; the recipe of a run that is resumed has the seed that the run was begun with.

    Raises:
        ValueError: if run_dir holds a run with other settings. Those that may differ are `device`, `run_dir`,
            `data_path`, a seed that is not given, and `epochs` if the recipe is `extendable`.
    """
    if recipe.run_dir is None:
        number = 1
        while (folder := Path("runs") / f"{recipe.name}-{number}").exists():
            number += 1
        return recipe, folder
    folder = Path(recipe.run_dir)
    if not (folder / "config.json").exists():
        return recipe, folder
    config = read_config(folder)
    begun = config["recipe"]
    given = json.loads(json.dumps(dataclasses.asdict(recipe)))
    free = FREE | ({"epochs"} if recipe.extendable else set()) | ({"seed"} if recipe.seed is None else set())
    other = [key for key in given if key not in free and key in begun and begun[key] != given[key]]
    if other:
        differences = ", ".join(f"{key}={begun[key]!r} there and {given[key]!r} here" for key in other)
        raise ValueError(
            f"{folder} holds a run of {begun['name']} with other settings: {differences}. To resume it, repeat the "
            f"command that it was begun by: {shlex.join(map(str, config['command']))}. Or choose another run_dir."
        )
    return dataclasses.replace(recipe, seed=begun.get("seed")), folder


@contextlib.contextmanager
def alone(folder: Path) -> Iterator[None]:
    """A context in which no other process may train in the folder: both would write the same files.

    Raises:
        ValueError: if another process trains there.
    """
    folder.mkdir(parents=True, exist_ok=True)
    descriptor = None
    try:
        if os.name == "posix":
            import fcntl

            descriptor = os.open(folder, os.O_RDONLY)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)  # ends with the process, whatever ends it
            except BlockingIOError:
                raise ValueError(f"Another process is training in {folder}. Wait for its end, or stop it.") from None
        try:
            yield
        finally:
            with contextlib.suppress(OSError):  # if nothing was begun, no empty folder is left
                folder.rmdir()
    finally:
        if descriptor is not None:
            os.close(descriptor)


def record(recipe: Any, folder: Path, data: Dataset) -> None:
    """Writes config.json into the run's folder; a run that is resumed keeps the command that it was begun by."""
    file = folder / "config.json"
    config = {
        "recipe": dataclasses.asdict(recipe),
        "data": data.card,
        "updates_per_epoch": recipe.updates_per_epoch(data),
        "versions": {name: importlib.metadata.version(name) for name in ("keras-gan", "keras")},
        "device": backend.describe_device(),
        "command": read_config(folder)["command"] if file.exists() else sys.argv,
    }
    folder.mkdir(parents=True, exist_ok=True)
    files.write_text(file, json.dumps(config, indent=2, default=str) + "\n")


def read_config(run: str | Path) -> dict[str, Any]:
    """What a run's config.json says.

    Raises:
        ValueError: if there is none, or it is damaged; it names the key that is.
    """
    path = Path(run) / "config.json"
    config = files.read_json(path)
    for key, (kind, needed, expected) in _KEYS.items():
        *outer, name = key.split(".")
        value = (config[outer[0]] if outer else config).get(name)
        if not isinstance(value, kind) and (needed or value is not None):
            raise ValueError(
                f"{path} is damaged. Received: {key}={str(value)[:100]!r}. Expected: {expected}."
                if value is not None
                else f"{path} is damaged: it lacks {key!r}. Expected: {expected}."
            )
    updates, seed = config["updates_per_epoch"], config["recipe"].get("seed")
    if isinstance(updates, bool) or updates < 1:
        raise ValueError(f"{path} is damaged. Received: updates_per_epoch={updates!r}. Expected: at least 1.")
    if isinstance(seed, bool) or (seed is not None and seed < 0):
        raise ValueError(f"{path} is damaged. Received: recipe.seed={seed!r}. Expected: at least 0.")
    wrong: list[tuple[str, Any]] = [("command", word) for word in config["command"] if not isinstance(word, str)]
    levels = config["data"].get("levels") or {}
    wrong += [("data.levels", level) for level in levels.values() if not isinstance(level, (int, float))]
    if wrong:
        key, value = wrong[0]
        raise ValueError(f"{path} is damaged. Received: {str(value)[:100]!r} in {key}. Expected: {_KEYS[key][2]}.")
    return config
