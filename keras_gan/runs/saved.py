"""What a run left to be read again: its models and its data."""

import dataclasses
import sys
from pathlib import Path
from typing import Any

import keras

from keras_gan.artifacts import files
from keras_gan.datasets import Dataset
from keras_gan.runs import folder as folders
from keras_gan.runs.folder import BEST, LAST


def load(run: str | Path) -> keras.Model | None:
    """The model of a run as it was last saved, or None if none has been saved yet.

    Raises:
        ValueError: if neither the last file nor the one before can be read.
    """
    last = Path(run) / LAST
    existing = [file for file in (last, files.previous(last)) if file.exists()]
    for file in existing:
        try:
            return _compiled(files.load_model(file), file)
        except ValueError as error:
            if file == existing[-1]:
                raise
            print(f"{error} The run is resumed from the file before.", file=sys.stderr, flush=True)
    return None


def load_best(run: str | Path) -> keras.Model:
    """A run's best model, chosen by validation data alone, or its last where no measurement was made.

    Raises:
        ValueError: if the folder holds no trained model, or a damaged one.
    """
    if (best := Path(run) / BEST).exists():
        return _compiled(files.load_model(best), best)
    if (last := load(run)) is not None:
        return last
    raise ValueError(f"There is no trained model. Received: run={str(run)!r}. Expected: the folder of a run.")


def load_data(run: str | Path, **elsewhere: Any) -> Dataset:
    """What a run was trained on, loaded again by its recipe.

    Args:
        run: folder of the run.
        **elsewhere: settings of the recipe that say where the data are now: `data_path` or `data_source`.

    Raises:
        ValueError: as `load_recipe`, or if the recipe has no such setting.
    """
    recipe = load_recipe(run)
    if unknown := [name for name in elsewhere if not hasattr(recipe, name)]:
        raise ValueError(f"The recipe {recipe.name} has no setting {unknown[0]!r}: its data are always the same.")
    return dataclasses.replace(recipe, **elsewhere).data()


def load_recipe(run: str | Path) -> Any:
    """The recipe of a run, with all its settings.

    Raises:
        ValueError: if config.json is damaged, or names no recipe of `keras_gan.recipes.PRESETS`.
    """
    from keras_gan import recipes

    settings = folders.read_config(run)["recipe"]
    try:
        return recipes.from_settings(settings)
    except ValueError as error:
        raise ValueError(f"{Path(run) / 'config.json'} cannot be followed. {error}") from error


def epochs_done(model: keras.Model, updates_per_epoch: int) -> int:
    """Epochs that a model was trained for, by its counter of iterations (or else that of its optimizer)."""
    iterations = getattr(model, "iterations", None)
    iterations = model.optimizer.iterations if iterations is None else iterations
    return int(iterations.numpy()) // updates_per_epoch


def _compiled(model, file):
    if not model.compiled:
        raise ValueError(
            f"{file} holds no model that can be trained. Received: a {type(model).__name__}, not compiled."
        )
    return model
