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
        "data": data.card | ({"fingerprint": data.fingerprint} if data.fingerprint else {}),
        "updates_per_epoch": recipe.updates_per_epoch(data),
        "versions": {name: importlib.metadata.version(name) for name in ("keras-gan", "keras")},
        "device": backend.describe_device(),
        "command": read_config(folder)["command"] if file.exists() else sys.argv,
    }
    folder.mkdir(parents=True, exist_ok=True)
    files.write_text(file, json.dumps(config, indent=2, default=str) + "\n")


def check_data(folder: Path, data: Dataset) -> None:
    """Checks that a run that is resumed goes on with the images that it was begun with.

    Args:
        folder: folder of the run, which has trained already.
        data: what the recipe's `data` returned now.

    Raises:
        ValueError: if they are others.
    """
    begun = read_config(folder)["data"]
    if begun.get("fingerprint", data.fingerprint) != data.fingerprint:
        raise ValueError(
            f"The images are not those that the run in {folder} was begun with, so that it would not go on as it was. "
            f"Received: {data.card['description']}, {data.card['source']}. Then: {begun.get('description')}, "
            f"{begun.get('source')}. Bring back the same files, or begin a new run with another --run-dir."
        )


def read_config(run: str | Path) -> dict[str, Any]:
    """What a run's config.json says.

    Raises:
        ValueError: if there is none, or it is damaged.
    """
    path = Path(run) / "config.json"
    config = files.read_json(path)
    recipe, data, command = (config.get(key) for key in ("recipe", "data", "command"))
    if not (isinstance(recipe, dict) and isinstance(data, dict) and isinstance(command, list)):
        raise ValueError(f"{path} is damaged. Expected: a recipe, a command and data in it.")
    updates, name, seed = config.get("updates_per_epoch"), recipe.get("name"), recipe.get("seed")
    if not isinstance(name, str):
        raise ValueError(f"{path} is damaged. Received: name={name!r}. Expected: the name of a recipe.")
    if not isinstance(updates, int) or updates < 1:
        raise ValueError(f"{path} is damaged. Received: updates_per_epoch={updates!r}.")
    if seed is not None and (not isinstance(seed, int) or seed < 0):
        raise ValueError(f"{path} is damaged. Received: seed={seed!r}.")
    return config
