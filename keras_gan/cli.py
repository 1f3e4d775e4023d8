"""The command `keras-gan`, made from the recipes' presets. Keras is imported only once there is work to do."""

import dataclasses
import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias

import tyro

import keras_gan
from keras_gan import recipes

if TYPE_CHECKING:
    Preset: TypeAlias = recipes.Recipe
else:  # a command for each preset, whose values are the flags' defaults
    Preset = tyro.extras.subcommand_type_from_defaults(
        recipes.PRESETS, {name: preset.summary for name, preset in recipes.PRESETS.items()}
    )

_MOST_STEPS = 100  # on a line of figure 3: a picture as wide as a person can look at
_MOST = {".png": 10_000, ".npz": 1_000_000}  # samples in a file, whatever their shape
_LARGEST, _PIXELS = 4 << 30, 100_000_000  # bytes of the samples, as float32; pixels of a picture


@dataclasses.dataclass(frozen=True)
class Data:
    """Which images."""

    dataset: Literal["mnist", "digits", "cifar10", "tfd"] | None = None
    """The images to compare with; by default those that the model was trained on."""
    data_source: Literal["tfds", "keras"] | None = None
    """tensorflow-datasets (its own row order) or Keras's download (the paper's rows)."""
    data_path: str | None = None
    """An npz file in the format of Keras's mnist.npz, read instead of downloading; or TFD_48x48.mat."""


def train(recipe: Annotated[Preset, tyro.conf.arg(name="")]) -> None:
    """Train a recipe. A folder gets the run's config, history, pictures and models."""
    _load_package()
    from keras_gan import runs

    runs.run(recipe)


def evaluate(
    models: tyro.conf.Positional[tuple[str, ...]],
    data: Data = Data(),
    measures: tuple[str, ...] = ("parzen", "modes"),
    num_samples: int = 10_000,
    seeds: int = 3,
    kmeans: bool = False,
    prior: Literal["uniform", "normal", "spherical"] | None = None,
    device: Literal["auto", "gpu", "cpu"] = "auto",
    json: bool = False,
) -> None:
    """Score trained models by the paper's Parzen window, and by what that hides, in one table; on tfd over five folds.

    Args:
        models: Folders of runs, .keras files, generators in any exported format, or names of shipped ones.
        data: The images to compare with.
        measures: What to measure. modes looks for lost modes and copies of training images (on mnist and digits).
        num_samples: Samples drawn with each seed; the paper's numbers use 10,000.
        seeds: How many sampling seeds, from 0 on.
        kmeans: Score k-means centres of the training images, too; takes minutes.
        prior: Noise of a generator alone; by default what its card says.
        device: Where to compute.
        json: Print JSON, for machines.
    """
    _load_package()
    from keras_gan import backend, evaluation
    from keras_gan.artifacts import loading

    if not models:
        raise ValueError("There is no model to score. Give the folder of a run, for example runs/mnist-1.")
    backend.use_device(device)
    samplers = {model: loading.load(model, prior) for model in models}
    cards = {model: _trained_on(model, sampler.card) for model, sampler in samplers.items()}
    table = evaluation.evaluate(
        samplers, _load_data(cards, data), measures, num_samples, seeds, kmeans=kmeans, progress=_say
    )
    print(table.to_json() if json else table)


def sample(
    model: tyro.conf.Positional[str],
    n: int = 64,
    seed: int | None = None,
    out: str = "samples.png",
    interpolate: int = 0,
    spherical: bool = False,
    condition: tuple[int, ...] = (),
    prior: Literal["uniform", "normal", "spherical"] | None = None,
) -> None:
    """Draw samples from a trained generator, as a picture or as arrays.

    Args:
        model: The folder of a run, a .keras file, a generator in any exported format, or the name of a shipped one.
        n: Samples; with --interpolate lines.
        seed: Of the noise: the same seed, the same noise. Drawn by default.
        out: A .png picture, or a .npz file with `samples` on the model's own scale.
        interpolate: Samples on each line between two draws of the prior; 0 for single samples.
        spherical: Go along great circles instead of straight lines.
        condition: Classes for the samples of a model that is told one. Several get an equal share of the samples each.
            By default classes are drawn as the training data had them.
        prior: Noise of a generator alone; by default what its card says.
    """
    _check_samples(n, seed, out, interpolate)
    _load_package()
    import numpy as np

    from keras_gan.artifacts import files, loading
    from keras_gan.figures import grids

    sampler = loading.load(model, prior)
    _check_size(n * (interpolate or 1), sampler.sample_shape, out)
    asked: dict[str, Any] = {}
    if condition:  # an equal share of the samples for each, in this order
        asked["condition"] = np.asarray(condition)[np.arange(n) * len(condition) // n]
    columns = interpolate or (n // len(condition) if len(condition) > 1 else min(10, math.ceil(n**0.5))) or 1
    if interpolate:
        samples = sampler.interpolate(n, interpolate, seed, spherical, **asked)
    else:
        samples = sampler.sample(n, seed, **asked)
    path = Path(out)
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".npz":
        files.write(path, lambda partial: np.savez(partial, samples=samples))
    else:
        files.write(path, lambda partial: grids.save_grid(samples, partial, columns))
    print(f"Wrote {out}: samples of shape {samples.shape[1:]}")


def export(
    model: tyro.conf.Positional[str],
    format: Literal["saved_model", "onnx", "litert", "torch", "keras"] = "saved_model",
    out: str | None = None,
) -> None:
    """Export a trained generator for serving; checked against the Keras model, with a card beside it.

    Args:
        model: The folder of a run (its best model), a .keras file, or the name of a shipped generator.
        format: SavedModel, ONNX, LiteRT, PyTorch program (.pt2) or .keras.
        out: File to write; by default in exports/. A SavedModel's folder gets a numbered subfolder a version.
    """
    _load_package()
    from keras_gan.artifacts import shipping

    print(f"Wrote {shipping.export(model, format, out)}")


def ship(
    run: tyro.conf.Positional[str],
    folder: tyro.conf.Positional[str],
    data: Data = Data(),
) -> None:
    """Write a run's best generator for others: SavedModel, .keras, picture, and a card with its numbers.

    Args:
        run: The folder of a run.
        folder: Where to write.
        data: The images to compare with.
    """
    _load_package()
    from keras_gan.artifacts import shipping

    card = shipping.ship(run, folder, _load_data({run: _trained_on(run, {})}, data), _say)
    value = card["scores"]["measures"]["parzen"]["cells"]["log_likelihood"]["value"]
    print(f"Wrote {folder}: test log-likelihood {value:.1f} nats")


def figures(
    runs: tyro.conf.Positional[tuple[str, ...]],
    output: str | None = None,
    steps: int = 12,
    seed: int = 0,
) -> None:
    """Draw the paper's figures 2 and 3 from runs, side by side, their training curves and a GIF; needs matplotlib.

    For a run whose data are points (gaussians-...), figure 1 or the plane takes the place of figures 2 and 3.

    Args:
        runs: Folders of runs.
        output: Folder to write to; by default figures/ in the first run's.
        steps: Images along a line in figure 3.
        seed: Of the noise.
    """
    _load_package()
    from keras_gan.figures import paper

    if not runs:
        raise ValueError("Figures are drawn from runs. Give the folder of one, for example runs/mnist-1.")
    if not 2 <= steps <= _MOST_STEPS or seed < 0:
        raise ValueError(
            f"A line of figure 3 has 2 to {_MOST_STEPS} images, and a seed is at least 0. Received: steps={steps}, "
            f"seed={seed}."
        )
    for path in paper.draw(list(runs), output or f"{runs[0]}/figures", seed, steps):
        print(f"Wrote {path}")


def curves(
    runs: tyro.conf.Positional[tuple[str, ...]],
    output: str = "curves.png",
    dataset: Literal["mnist", "tfd", "cifar10"] | None = None,
) -> None:
    """Draw the validation log-likelihood of runs over epochs and seconds; needs matplotlib.

    Where they are known, the paper's number and that of real images are marked.

    Args:
        runs: Folders of runs.
        output: PNG file to write.
        dataset: What they were trained on; by default what their folders say.
    """
    from keras_gan import datasets
    from keras_gan.figures import curves as drawing

    if not runs:
        raise ValueError("Curves are drawn from runs. Give the folder of one, for example runs/mnist-1.")
    if dataset is not None:
        levels = datasets.LEVELS.get(dataset, {})
    else:
        cards = [_run_data(run) for run in runs if (Path(run) / "config.json").is_file()]
        levels = {name: level for card in cards for name, level in card.get("levels", {}).items()}
    drawing.save_curves(runs, output, levels)
    print(f"Wrote {output}")


def theory(runs: tyro.conf.Positional[tuple[str, ...]]) -> None:
    """Compare the pairs that runs of gaussians-... ended with, and the paper's theory: one row per run.

    Args:
        runs: Folders of runs; where there are several, their mean and worst are printed too.
    """
    _load_package()
    from keras_gan.mixtures import report

    if not runs:
        raise ValueError("The theory is compared with runs. Give the folder of one, for example runs/gaussians-grid-1.")
    print(report.table([(run, report.measure_run(run)) for run in runs]))


def saturation(output: str = "saturation.png") -> None:
    """Print and draw the gradients of the two objectives in the logit of a sample (section 3); needs matplotlib.

    Args:
        output: PNG file to write.
    """
    _load_package()
    from keras_gan.figures import curves

    print(curves.saturation(output))
    print(f"Wrote {output}")


def _check_samples(n, seed, out, interpolate):
    if n < 1 or (seed is not None and seed < 0) or interpolate < 0 or interpolate == 1:
        raise ValueError(
            "Samples need n >= 1, a seed >= 0, and 2 or more on a line. Received: "
            f"n={n}, seed={seed}, interpolate={interpolate}."
        )
    if Path(out).suffix not in (".png", ".npz"):
        raise ValueError(f"Samples are written as .png or .npz. Received: out={out!r}.")
    total, most = n * (interpolate or 1), _MOST[Path(out).suffix]
    if total > most:
        instead = "" if total > _MOST[".npz"] else " Write them as arrays with --out samples.npz."
        raise ValueError(
            f"A {Path(out).suffix} file holds at most {most:,} samples, so that it and what makes it fit in memory. "
            f"Received: {f'{n:,} lines of {interpolate:,}' if interpolate else f'n={n:,}'}.{instead}"
        )


def _check_size(num, shape, out):
    """Refuses more samples than fit, as soon as the shape of one is known."""
    if shape is None:
        return
    if (size := 4 * num * math.prod(shape)) > _LARGEST:
        raise ValueError(
            f"{num:,} samples of shape {shape} take {size / 2**30:,.1f} GB. Expected: at most {_LARGEST / 2**30:,.0f} "
            "GB at once. Ask for fewer, several times and with another --seed each time."
        )
    if Path(out).suffix == ".png" and (pixels := num * math.prod(side + 1 for side in shape[:2])) > _PIXELS:
        raise ValueError(
            f"{num:,} samples of shape {shape} make a picture of {pixels:,} pixels. Expected: at most {_PIXELS:,}. Ask "
            "for fewer, or for arrays with --out samples.npz."
        )


def _say(line):
    """Progress goes to stderr: results alone are on stdout."""
    print(line, file=sys.stderr, flush=True)


def _run_data(run):
    """The card of a run's data."""
    from keras_gan.runs.folder import read_config

    return read_config(run)["data"]


def _run_of(model):
    """The folder of the run that a model is, or lies in; None if it is of no run."""
    for folder in (Path(model), Path(model).parent):
        if (folder / "config.json").is_file() and (folder / "history.csv").is_file():
            return folder
    return None


def _trained_on(model, card):
    """The card of the data that a model was trained on; empty if nobody knows."""
    run = _run_of(model)
    found = _run_data(run) if run is not None else card.get("data")
    return found if isinstance(found, dict) else {}


def _load_data(cards, data):
    """The data set that was asked for, or else the one that all models were trained on.

    Args:
        cards: dict from models to the cards of their data.
        data: `Data`.
    """
    from keras_gan import datasets
    from keras_gan.runs import saved

    names = {model: card.get("name") for model, card in cards.items()}
    if data.dataset is None and (unknown := [model for model, name in names.items() if name is None]):
        raise ValueError(
            f"It is not known what {unknown[0]} was trained on: it is no run's folder, lies in none, and has no card "
            "that says so. Pass --dataset."
        )
    if data.dataset is None and len(set(names.values())) > 1:
        received = ", ".join(f"{model} on {name}" for model, name in names.items())
        raise ValueError(f"One table has one data set. The models were trained on several: {received}. Pass --dataset.")
    options = {"source": data.data_source, "path": data.data_path}
    options = {key: value for key, value in options.items() if value is not None}
    run = _run_of(next(iter(cards)))
    if data.dataset is None and run is not None:
        loaded = saved.load_data(run, **{f"data_{key}": value for key, value in options.items()})
    else:
        loaded = datasets.load(data.dataset or next(iter(names.values())), **options)
    for model, card in cards.items():
        if card.get("name") == loaded.card["name"] and card.get("rows") != loaded.card["rows"]:
            _say(
                f"{model} was trained on other rows of {card['name']}: {card.get('rows')}. Here: {loaded.card['rows']}."
            )
    return loaded


def _load_package():
    """Keras reads a saved file only if its classes are there."""
    for name in keras_gan.__all__:
        getattr(keras_gan, name)


def main(arguments: list[str] | None = None) -> None:
    """Runs the command; bad input ends it with one line and exit code 2."""
    try:
        tyro.extras.subcommand_cli_from_dict(
            {
                **{"train": train, "sample": sample, "evaluate": evaluate, "export": export},
                **{"ship": ship, "figures": figures, "curves": curves, "theory": theory, "saturation": saturation},
            },
            prog="keras-gan",
            description="Adversarial nets on Keras 3.",
            args=arguments,
            config=(tyro.conf.OmitArgPrefixes, tyro.conf.OmitSubcommandPrefixes),
        )
    except KeyboardInterrupt:
        sys.exit(130)
    except (ValueError, OSError, RuntimeError) as error:
        print(f"keras-gan: error: {error}", file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
