"""The folder of a run: which one it is, who may write into it, and what its config.json says."""

import contextlib
import dataclasses
import importlib.metadata
import itertools
import json
import os
import shlex
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from keras_gan import backend
from keras_gan.artifacts import files
from keras_gan.datasets import Dataset

LAST, BEST = "model.keras", "best.keras"
_BEFORE_LAST = files.previous(Path(LAST)).name
_WRITTEN = ("config.json", "history.csv", LAST, _BEFORE_LAST, BEST, "generator", "samples")

# Settings that a resumed run may have otherwise, for training does not depend on them: the same data may lie elsewhere,
# and pictures and measurements may become more or less frequent.
FREE = {"device", "devices", "run_dir", "data_path", "every"}

_KEYS: dict[str, tuple[type, bool, str]] = {  # of config.json: type, whether it must be there, and what it should be
    "recipe": (dict, True, "an object of the recipe's settings"),
    "data": (dict, True, "an object of what is known of the data"),
    "command": (list, True, "a list of the command's words"),
    "updates_per_epoch": (int, True, "a whole number"),
    "versions": (dict, False, "an object of the packages' versions"),
    "device": (str, False, "the name of a device"),
    "before": (str, False, "the name of a subfolder"),
    "recipe.name": (str, True, "the name of a recipe"),
    "recipe.seed": (int, False, "a whole number"),
    "recipe.data_path": (str, False, "the path of a file or folder"),
    "recipe.run_dir": (str, False, "the path of a folder"),
    "data.name": (str, False, "the name of a data set"),
    "data.rows": (str, False, "a text"),
    "data.levels": (dict, False, "an object of numbers to compare with, in nats"),
}


@contextlib.contextmanager
def opened(recipe: Any) -> Iterator[tuple[Any, Path]]:
    """A context in which a run has its folder to itself: run_dir, or the first of runs/NAME-1, ... that is free.

    The folder is chosen and locked at once; the lock ends with the process, whatever ends that. A folder that was made
    for a run which did not begin is removed again.

    Args:
        recipe: the recipe.

    Returns:
        The context of `(recipe, folder)`. A recipe that resumes a run has the seed that the run was begun with.

    Raises:
        ValueError: if another process trains there, run_dir is no folder, or it holds what is not to be resumed.
    """
    if not backend.is_first():  # the first of several processes has the folder, and what the run is
        yield backend.from_first(None)
        return
    folder, descriptor, made = _taken(recipe)
    try:
        yield backend.from_first((resumed(recipe, folder), folder))
    finally:
        for path in made:  # fails if anything is in there
            with contextlib.suppress(OSError):
                path.rmdir()
        if descriptor is not None:
            os.close(descriptor)


def resumed(recipe: Any, folder: Path) -> Any:
    """The recipe as it resumes the run in the folder, if there is one.

    Raises:
        ValueError: if the folder is a part of another run, holds files of other origin that a run would replace, or
            holds a run with other settings of which an epoch is saved. Those that may differ are `FREE`, a seed that is
            not given, and `epochs` if the recipe is `extendable`.
    """
    whole = folder.resolve().parent
    if (whole / "config.json").is_file() and read_config(whole).get("before") == folder.resolve().name:
        raise ValueError(f"{folder} is the first part of the run in {whole}. {_advice(read_config(whole), whole)}")
    if not (folder / "config.json").exists():
        first_part = [before[0]] if (before := recipe.before()) else []
        if foreign := [name for name in (*_WRITTEN, *first_part) if os.path.lexists(folder / name)]:
            raise ValueError(
                f"{folder} holds {foreign}, which a run would replace, and no config.json of a run. Choose another "
                "--run-dir, or move them away."
            )
        return recipe
    config = read_config(folder)
    begun = config["recipe"]
    given = json.loads(json.dumps(dataclasses.asdict(recipe)))
    if begun["name"] == recipe.name and (unknown := [key for key in begun if key not in given]):
        raise ValueError(
            f"{folder} holds a run with settings that this version of keras-gan does not know: {unknown}. It was begun "
            f"with {config.get('versions')}. Resume it with that version, or choose another --run-dir."
        )
    free = FREE | ({"epochs"} if recipe.extendable else set()) | ({"seed"} if recipe.seed is None else set())
    other = [key for key in given if key not in free and key in begun and begun[key] != given[key]]
    if not other:
        return dataclasses.replace(recipe, seed=begun.get("seed"))
    if not _anything_done(folder, config.get("before")):
        return recipe
    differences = ", ".join(f"{key}={begun[key]!r} there and {given[key]!r} here" for key in other)
    raise ValueError(
        f"{folder} holds a run of {begun['name']} with other settings: {differences}. Choose another --run-dir. "
        f"{_advice(config, folder)}"
    )


def advice(recipe: Any, folder: Path) -> str:
    """A sentence that says how the run in the folder is resumed."""
    return _advice({"recipe": dataclasses.asdict(recipe)}, folder)


def clear(folder: Path) -> None:
    """Removes what a process that was killed had begun to write."""
    for name in _WRITTEN:
        partial = folder / f"partial-{name}"
        if partial.is_dir() and not partial.is_symlink():
            shutil.rmtree(partial)
        else:
            partial.unlink(missing_ok=True)


def check_nothing_lost(folder: Path) -> None:
    """Checks that a folder without a model is that of a run which had not saved one.

    Raises:
        ValueError: if its history tells of epochs that were saved.
    """
    if (epochs := _epochs_logged(folder)) > 1:  # the first may have ended without being saved
        raise ValueError(
            f"{folder} holds neither {LAST} nor {_BEFORE_LAST}, but its history.csv has {epochs} epochs. Put one of "
            "the two back to resume the run, or begin anew with another --run-dir."
        )


def check_same_data(recipe: Any, folder: Path, data: Dataset) -> None:
    """Checks that the data are those of the run in the folder, if an epoch of it is saved.

    Raises:
        ValueError: if they are others.
    """
    if not (folder / "config.json").exists() or not _anything_done(folder, None):
        return
    config = read_config(folder)
    begun = config["data"]
    if (updates := recipe.updates_per_epoch(data)) != config.get("updates_per_epoch", updates) or (
        data.fingerprint != begun.get("fingerprint", data.fingerprint)
    ):
        raise ValueError(
            f"{folder} holds a run that was trained on other data, and would not go on as it was. Received: "
            f"{len(data.train)} training examples, {data.card.get('description')}, {data.card.get('source')}. Then: "
            f"{begun.get('description')}, {begun.get('source')}. Bring back the same data, or begin a new run with "
            "another --run-dir."
        )


def record(recipe: Any, folder: Path, data: Dataset) -> None:
    """Writes config.json into the run's folder; a run that is resumed keeps the command that it was begun by."""
    before = recipe.before()
    config = {
        "recipe": dataclasses.asdict(recipe),
        "data": data.card | ({"fingerprint": data.fingerprint} if data.fingerprint else {}),
        "updates_per_epoch": recipe.updates_per_epoch(data),
        "versions": {name: importlib.metadata.version(name) for name in ("keras-gan", "keras")},
        "device": backend.describe_device(),
        "command": sys.argv,
        "before": before[0] if before else None,
    }
    file = folder / "config.json"
    if file.exists() and _anything_done(folder, config["before"]):
        config["command"] = read_config(folder)["command"]
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
                f"{path} is damaged. Received: {key}={repr(value)[:100]}. Expected: {expected}."
                if value is not None
                else f"{path} is damaged: it lacks {key!r}. Expected: {expected}."
            )
    updates, seed = config["updates_per_epoch"], config["recipe"].get("seed")
    if isinstance(updates, bool) or updates < 1:
        raise ValueError(f"{path} is damaged. Received: updates_per_epoch={updates!r}. Expected: at least 1.")
    if isinstance(seed, bool) or (seed is not None and not 0 <= seed < 2**32):
        raise ValueError(f"{path} is damaged. Received: recipe.seed={seed!r}. Expected: 0 to 2**32 - 1.")
    wrong: list[tuple[str, Any]] = [("command", word) for word in config["command"] if not isinstance(word, str)]
    levels = config["data"].get("levels") or {}
    wrong += [("data.levels", level) for level in levels.values() if not isinstance(level, (int, float))]
    if wrong:
        key, value = wrong[0]
        raise ValueError(f"{path} is damaged. Received: {repr(value)[:100]} in {key}. Expected: {_KEYS[key][2]}.")
    return config


def _taken(recipe):
    """The run's folder, the descriptor that holds its lock, and the folders that were made for it, deepest first."""
    if recipe.run_dir is not None:
        return _locked(Path(recipe.run_dir))
    for number in itertools.count(1):
        folder = Path("runs") / f"{recipe.name}-{number}"
        if not os.path.lexists(folder):
            with contextlib.suppress(FileExistsError):  # made by another process since
                return _locked(folder, new=True)


def _locked(folder, new=False):
    for _ in range(10):
        missing = [path for path in folder.parents if not path.exists()]
        try:
            made = [folder, *missing] if _made(folder, new) else []
            if os.name != "posix":
                return folder, None, made
            descriptor = os.open(folder, os.O_RDONLY)
        except FileNotFoundError:  # a process that did not begin its run took the folder away
            continue
        import fcntl

        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)  # ends with the process, whatever ends it
            if folder.exists() and os.path.samestat(os.fstat(descriptor), folder.stat()):
                return folder, descriptor, made
        except BlockingIOError:
            os.close(descriptor)
            raise ValueError(f"Another process is training in {folder}. Wait for its end, or stop it.") from None
        os.close(descriptor)
    raise ValueError(f"{folder} cannot be made. Choose another --run-dir.")


def _made(folder, new):
    """Whether this process has made the folder; else it was there, which `new` takes for an error."""
    try:
        folder.mkdir(parents=True)
    except FileExistsError:
        if new:
            raise
        if os.path.lexists(folder) and not folder.is_dir():
            raise ValueError(f"--run-dir must be the path of a folder. Received: {folder}, which is none.") from None
        return False
    return True


def _anything_done(folder, before):
    """Whether an epoch of the run, or of what is trained before it, has been saved."""
    parts = [folder, folder / before] if before else [folder]
    return any((part / LAST).exists() or (part / _BEFORE_LAST).exists() or _epochs_logged(part) > 1 for part in parts)


def _epochs_logged(folder):
    history = folder / "history.csv"
    return max(history.read_bytes().count(b"\n") - 1, 0) if history.is_file() else 0


def _advice(config, folder):
    """How a run is resumed: by the command that has its settings."""
    from keras_gan import recipes

    settings = config["recipe"]
    preset = recipes.PRESETS.get(settings["name"])
    if preset is None:
        return f"To resume it, run the recipe {settings['name']} with the same settings and --run-dir {folder}."
    words = ["keras-gan", "train", preset.name]
    for name, value in dataclasses.asdict(preset).items():
        other = settings.get(name, value)
        if other == value or name in ("seed", "run_dir"):  # a run has its seed
            continue
        flag = "--" + name.replace("_", "-")
        words += [flag if other else f"--no-{flag[2:]}"] if isinstance(value, bool) else [flag, str(other)]
    return f"To resume it: {shlex.join([*words, '--run-dir', str(folder)])}"
