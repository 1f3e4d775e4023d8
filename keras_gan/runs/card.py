"""What a card says of a run: how the model was trained, without the folders of its maker."""

import shlex
from pathlib import Path
from typing import Any

import keras

from keras_gan.runs import folder as folders
from keras_gan.runs import history
from keras_gan.runs.saved import epochs_done


def describe(run: str | Path, model: keras.Model) -> dict[str, Any]:
    """What a card says of a model's training: data, command, settings, epochs, seconds, validation log-likelihood.

    Args:
        run: folder of the run.
        model: as it was in one of its epochs.

    Raises:
        ValueError: if the run's files are damaged.
    """
    config = folders.read_config(run)
    if missing := [key for key in ("versions", "device") if config.get(key) is None]:
        raise ValueError(f"{Path(run) / 'config.json'} is damaged: it lacks {missing[0]!r}, which a card says.")
    recipe, command = without_folders(config["recipe"], config["command"])
    epochs = epochs_done(model, config["updates_per_epoch"])
    rows, _ = history.read(Path(run) / "history.csv", ("seconds",), epochs)
    kind = "generator" if hasattr(model, "generator") else "model"
    return {
        "model": f"{kind} of {getattr(model, 'generator', model).count_params():,} parameters",
        "averaged": bool(recipe.get("ema")),
        "command": shlex.join(["keras-gan", *command[1:]]),
        "recipe": recipe,
        "seed": recipe.get("seed"),
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
