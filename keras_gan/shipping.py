"""A trained generator as it ships: SavedModel, `.keras`, a picture, and a card that says where it came from."""

import csv
import importlib.metadata
import json
import shlex
from pathlib import Path
from typing import Any

from keras_gan import noise, plotting, runs
from keras_gan.backend import saved_model
from keras_gan.datasets import Dataset
from keras_gan.evaluation import scores


def ship(run: str | Path, folder: str | Path, data: Dataset, name: str) -> dict[str, Any]:
    """Writes generator/ (SavedModel), generator.keras, samples.png and card.json of a run's best model.

    The best model is `best.keras`, chosen by validation images alone, or `gan.keras` where no measurement was made.

    Args:
        run: folder of a run.
        folder: where to; made if it is not there, its files replaced.
        data: the `keras_gan.datasets.Dataset` it was trained on.
        name: of the data set.

    Returns:
        The card.

    Raises:
        ValueError: if the folder of the run holds no trained model.
    """
    run, folder = Path(run), Path(folder)
    gan = runs.load_best(run)
    config = json.loads((run / "config.json").read_text())
    with open(run / "history.csv", newline="") as history:
        rows = list(csv.DictReader(history))
    recipe, command = without_folders(config["recipe"], config["command"])
    updates_per_epoch = -(-len(data.train) // (recipe["batch_size"] * recipe["discriminator_steps"]))
    epochs = int(gan.optimizer.iterations) // updates_per_epoch
    found = scores.score(gan.sample, data, name)
    card = {
        "model": f"generator of {gan.generator.count_params():,} parameters",
        "prior": next(key for key, prior in noise.PRIORS.items() if type(gan.prior) is prior),
        "noise_width": gan.prior.dim,
        "averaged": gan.averaged_generator is not None,
        "command": shlex.join(["keras-gan", *command[1:]]),
        "recipe": recipe,
        "seed": recipe["seed"],
        "data": config["data"],
        "versions": config["versions"] | {"exported_by": importlib.metadata.version("keras-gan")},
        "device": config["device"],
        "epochs": epochs,
        "seconds": round(float(rows[epochs - 1]["seconds"])),
        "validation_log_likelihood": float(rows[epochs - 1].get("val_parzen_ll") or "nan"),
        "sigma": found.reports[0].sigma,
        "scores": json.loads(found.to_json()),
    }
    folder.mkdir(parents=True, exist_ok=True)
    generator = gan.averaged_generator or gan.generator
    generator.save(folder / "generator.keras")
    saved_model.export_saved_model(generator, gan.prior.dim, folder / "generator")
    plotting.save_grid(gan.sample(100, seed=0), folder / "samples.png", 10)
    (folder / "card.json").write_text(json.dumps(card, indent=2) + "\n")
    return card


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
