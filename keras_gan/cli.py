"""The command `keras-gan`, made from the recipes' presets. Keras is imported only once there is work to do."""

import contextlib
import dataclasses
import math
import os
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias

import tyro

import keras_gan
from keras_gan import console, recipes, startup

if TYPE_CHECKING:
    Preset: TypeAlias = recipes.Recipe
else:  # a command for each preset, whose values are the flags' defaults
    Preset = tyro.extras.subcommand_type_from_defaults(
        recipes.PRESETS, {name: preset.summary for name, preset in recipes.PRESETS.items()}
    )

_MOST_STEPS = 100  # on a line of figure 3: a picture as wide as a person can look at
_MOST = {".png": 10_000, ".npz": 1_000_000}  # samples in a file, whatever their shape
_LARGEST, _PIXELS = 4 << 30, 100_000_000  # bytes of the samples, as float32; pixels of a picture


Model: TypeAlias = Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar="MODEL")]
Models: TypeAlias = Annotated[tyro.conf.Positional[tuple[str, ...]], tyro.conf.arg(metavar="MODEL ...")]
Run: TypeAlias = Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar="RUN")]
Runs: TypeAlias = Annotated[tyro.conf.Positional[tuple[str, ...]], tyro.conf.arg(metavar="RUN ...")]

_say = console.Steps()  # what is going on, on stderr: results alone are on stdout


@dataclasses.dataclass(frozen=True)
class Data:
    """Which images."""

    dataset: Literal["mnist", "digits", "cifar10", "tfd", "images"] | None = None
    """The images to compare with; by default those that the model was trained on. images are a folder of your own."""
    data_source: Literal["tfds", "keras"] | None = None
    """tensorflow-datasets (its own row order) or Keras's download (the paper's rows)."""
    data_path: str | None = None
    """Where the data are, if not where a run found them: a folder of pictures, TFD_48x48.mat, or an npz file in the
    format of Keras's mnist.npz, read instead of downloading."""


def train(recipe: Annotated[Preset, tyro.conf.arg(name="")]) -> None:
    """Train a recipe, for example digits-conditional. Its run's folder gets settings, history, pictures and models."""
    recipe.check()  # before Keras is loaded, which takes seconds
    _load_package(getattr(recipe, "devices", 1))
    from keras_gan import runs

    _say.end()
    _suggest(*recipe.following, model=str(runs.run(recipe)))


def evaluate(
    models: Models,
    data: Data = Data(),
    measures: tuple[str, ...] = ("parzen", "modes", "fid", "kid", "precision_recall", "conditional", "completion"),
    num_samples: int = 10_000,
    seeds: int = 3,
    kmeans: bool = False,
    features: str | None = None,
    budget: Literal["quick", "full"] = "quick",
    refine: int = 300,
    prior: Literal["uniform", "normal", "spherical"] | None = None,
    device: Literal["auto", "gpu", "cpu"] = "auto",
    json: bool = False,
) -> None:
    """Score trained models by the paper's Parzen window, and by what that hides, in one table; on tfd over five folds.

    An inference network is scored by what it is for: its error in z, and the distance of its reconstructions to test
    images.

    Args:
        models: Folders of runs, .keras files, generators in any exported format, or names of shipped ones.
        data: The images to compare with.
        measures: What to measure. modes looks for lost modes and copies of training images (on mnist and digits). fid,
            kid and precision_recall compare features of images (on mnist, digits, cifar10 and folders of pictures,
            elsewhere with --features). conditional asks whether samples are of the class that was asked for, and vary
            within it (on mnist, digits and cifar10, of models that are told the class). completion fills holes in test
            images (of models that complete images). ais is the likelihood itself, by annealed importance sampling: it
            takes minutes, and a .keras file or a run. inference, alone, is for runs with an encoder: mnist-inference,
            mnist-bigan.
        num_samples: Samples drawn with each seed; the paper's numbers use 10,000.
        seeds: How many sampling seeds, from 0 on.
        kmeans: Score k-means centres of the training images, too; takes minutes.
        features: The network of fid, kid and precision_recall: mnist, digits, cifar10, random (never trained),
            inception, or a .keras file that makes vectors of images; by default the classifier that ships for the data
            set, and that of cifar10 for a folder of pictures.
        budget: Of the measure ais: quick takes about ten minutes of a core on MNIST, full is a GPU's work.
        refine: Of inference: steps that refine the code of an image.
        prior: Noise of a generator alone; by default what its card says.
        device: Where to compute.
        json: Print JSON, for machines.
    """
    if not models:
        raise ValueError("There is no model to score. Give the folder of a run, for example runs/mnist-1.")
    if not 1 <= num_samples <= _MOST[".npz"] or seeds < 1:
        raise ValueError(
            f"Models are scored by 1 to {_MOST['.npz']:,} samples, which must fit in memory, with each of one seed or "
            f"more. Received: num_samples={num_samples:,}, seeds={seeds}."
        )
    _load_package()
    from keras_gan import backend, evaluation
    from keras_gan.artifacts import loading

    backend.use_device(device)
    _say("Reading the models and the data")
    samplers = {model: loading.load(model, prior) for model in models}
    cards = {model: _trained_on(model, getattr(sampler, "card", {})) for model, sampler in samplers.items()}
    if encoders := _with_encoders(samplers, measures):
        found = _load_data(cards, data)
        reports = {
            model: evaluation.inference.measure(encoder, found, refine, num_samples=num_samples, progress=_say)
            for model, encoder in encoders.items()
        }
        _done(_inference_json(reports) if json else "\n\n".join(f"{name}\n{it}" for name, it in reports.items()))
        return
    chosen = [evaluation.measures.AISMeasure(budget) if name == "ais" else name for name in measures]
    table = evaluation.evaluate(
        samplers,
        _load_data(cards, data, samplers),
        chosen,
        num_samples,
        seeds,
        kmeans=kmeans,
        features=features,
        progress=_say,
    )
    _done(table.to_json() if json else str(table))
    _suggest("sample {model}", "export {model} --format keras", model=models[0])


def sample(
    model: Model,
    n: int | None = None,
    seed: int | None = None,
    out: str = "samples.png",
    interpolate: int = 0,
    spherical: bool = False,
    condition: tuple[int, ...] = (),
    same_noise: bool = False,
    prior: Literal["uniform", "normal", "spherical"] | None = None,
) -> None:
    """Draw samples from a trained generator, as a picture or as arrays.

    Args:
        model: The folder of a run, a .keras file, a generator in any exported format, or the name of a shipped one.
        n: How many samples; with --interpolate, how many lines; with --same-noise, how many rows. By default 64; of
            several classes 8 each; with --same-noise 8 rows.
        seed: Seed of the noise; the same seed gives the same noise. By default one is drawn.
        out: A .png picture, or a .npz file with `samples` on the model's own scale.
        interpolate: Samples on each line between two draws of the prior; 0 for single samples.
        spherical: Go along great circles instead of straight lines.
        condition: Classes for the samples of a model that is told one. Several get an equal share of the samples each.
            By default classes are drawn as the training data had them.
        same_noise: Make every class of the same noise: a row is one noise, a column one class of --condition, by
            default every class that the model knows.
        prior: Noise of a generator alone; by default what its card says.
    """
    shares = len(condition) if len(condition) > 1 and not same_noise else 1  # classes that share the n samples
    if n is None:
        n = 8 * shares if same_noise or shares > 1 else 64
    _check_samples(n, seed, out, interpolate)
    if n % shares:
        raise ValueError(
            f"Several classes get an equal share of the samples each. Received: n={n} and {shares} classes. Expected: "
            f"a multiple of {shares}, such as --n {-(-n // shares) * shares}."
        )
    if same_noise and interpolate:
        raise ValueError("A row is either one noise or a line from one to another. Pass --same-noise or --interpolate.")
    _load_package()
    import numpy as np

    from keras_gan.artifacts import files, loading
    from keras_gan.figures import grids

    _say("Drawing the samples")
    sampler = loading.load(model, prior)
    if not hasattr(sampler, "sample"):
        raise ValueError(
            f"{model} is an inference network: it encodes images and draws no samples. Sample the generator that it "
            "was trained for."
        )
    if not isinstance(sampler, loading.Generator) and (condition or interpolate or same_noise):
        raise ValueError(f"{model} samples without noise, and is told nothing. Pass --n, --seed and --out alone.")
    classes = _classes(model, sampler, condition) if same_noise else condition
    each = interpolate or (len(classes) if same_noise else 1)  # what is drawn for each of the n
    columns = each if each > 1 else n // shares if shares > 1 else min(10, math.ceil(n**0.5))
    _check_size(n * each, sampler.sample_shape, out)
    asked: dict[str, Any] = {"condition": np.repeat(classes, n // shares)} if condition else {}
    if interpolate:
        samples = sampler.interpolate(n, interpolate, seed, spherical, **asked)
    elif same_noise:
        z = sampler.prior.draw(n, seed)
        samples = sampler(np.repeat(z, len(classes), axis=0), np.tile(classes, n))
    else:
        samples = sampler.sample(n, seed, **asked)
    path = Path(out)
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".npz":
        files.write(path, lambda partial: np.savez(partial, samples=samples))
    else:
        files.write(path, lambda partial: grids.save_grid(samples, partial, columns))
    _done(f"Wrote {out}: {len(samples)} samples of shape {samples.shape[1:]}")
    _suggest("evaluate {model}", "export {model} --format keras", model=model)


def complete(
    model: Model,
    data: Data = Data(),
    image: str | None = None,
    mask: str | None = None,
    hide: Literal["right", "left", "top", "bottom", "center", "pixels", "block", "all"] | None = None,
    n: int = 5,
    rows: int = 10,
    seed: int | None = None,
    out: str = "completions.png",
) -> None:
    """Complete an image of which a part is hidden, several times; or test images, without --image.

    Each row of the picture is an image, what of it is observed (the rest is grey), and its completions.

    Args:
        model: The folder of a run, a .keras file or another format of a model that completes images, or the name of a
            shipped one.
        data: Where test images come from.
        image: A picture or an .npy file, of the size that the model was trained on; by default, test images.
        mask: A picture of the same size, white where the image is observed and black where it is hidden, or an .npy
            file of 1 and 0.
        hide: What is hidden, in place of a mask. By default, of test images each row has another part hidden.
        n: Completions of each image.
        rows: Test images.
        seed: Seed of the noise and of random masks. By default one is drawn.
        out: A .png picture, or a .npz file with `images`, `masks` and `completions` on the model's own scale.
    """
    if image is not None and (mask is None) == (hide is None):
        raise ValueError(
            f"Something of the image must be hidden, in one way. Received: {'neither' if mask is None else 'both'} of "
            "--mask and --hide. Add --hide right, for example."
        )
    if mask is not None and hide is not None:
        raise ValueError("A mask says what is hidden. Received: both --mask and --hide. Leave out one of them.")
    if min(n, rows) < 1:
        raise ValueError(f"There is something to draw for 1 or more of each. Received: n={n}, rows={rows}.")
    _check_samples(n * rows, seed, out, 0)
    _load_package()
    import random

    import numpy as np

    from keras_gan import masks
    from keras_gan.artifacts import files, loading
    from keras_gan.datasets import holes
    from keras_gan.evaluation import completion
    from keras_gan.figures import grids

    seed = random.randrange(2**31) if seed is None else seed
    _say("Completing images")
    sampler = loading.load(model)
    completion.check_completes(sampler)
    shape, condition = sampler.condition.shape, sampler.condition
    if image is not None:
        images = holes.read_image(image, shape, condition.value_range)[np.newaxis]
    else:
        loaded = _load_data({model: _trained_on(model, sampler.card)}, data)
        images = loaded.preprocess(loaded.test[:rows])
    if mask is not None:
        hidden_by = np.broadcast_to(holes.read_mask(mask, shape), (len(images), *shape[:2], 1))
    else:
        hidden_by = masks.by_turns([hide] if hide else masks.SHOWN, len(images), shape, seed)
    _check_size(len(images) * (n + 2), shape, out)
    completed = completion.complete(sampler, images, hidden_by, n, seed)
    path = Path(out)
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".npz":
        files.write(path, lambda file: np.savez(file, images=images, masks=hidden_by, completions=completed))
    else:
        grids.save(grids.completions(images, hidden_by, completed), path)
    what = "an image" if len(images) == 1 else f"each of {len(images)} images"
    _done(f"Wrote {out}: {n} completions of {what}, with seed {seed}")
    _suggest("sample {model}", "evaluate {model}", model=model)


def export(
    model: Model,
    format: Literal["saved_model", "onnx", "litert", "openvino", "torch", "page", "keras"] = "saved_model",
    out: str | None = None,
    weights: Literal["float32", "int8"] = "float32",
) -> None:
    """Export a trained generator for serving; checked against the Keras model, with a card beside it.

    Args:
        model: The folder of a run (its best model), a .keras file, or the name of a shipped generator.
        format: SavedModel, ONNX, LiteRT, OpenVINO, PyTorch program (.pt2), a page for the browser (.html) or .keras.
        out: File to write; by default in exports/. A folder (SavedModel, OpenVINO) gets a numbered subfolder per
            version. With --format keras also hf://USER/NAME, on the Hugging Face Hub.
        weights: int8 writes kernels of 8 bits, in a program of a quarter of the size, if all are of dense layers.
    """
    _load_package()
    from keras_gan.artifacts import hub, shipping

    _say("Exporting the generator, and comparing the export with the model")
    if out is not None and hub.is_handle(out):
        if format != "keras":
            raise ValueError(f"The Hugging Face Hub takes --format keras. Received: --format {format} --out {out}.")
        shipping.upload(model, out, weights)
        _done(f"Wrote {out}, with a card and a README")
        _suggest("sample {model}", model=out)
        return
    path = shipping.export(model, format, out, weights)
    _done(f"Wrote {path}, and beside it a card that says what it was trained on")
    _suggest("sample {model} --out samples-of-export.png", model=str(path))


def ship(
    run: Run,
    folder: Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar="FOLDER")],
    data: Data = Data(),
    half: bool = False,
) -> None:
    """Write a run's best model for others. A generator: SavedModel, .keras, picture, and a card with its numbers.

    Args:
        run: The folder of a run.
        folder: Where to write.
        data: The images to compare with.
        half: Write and score it with weights of 16 bits, in files of half the size.
    """
    _load_package()
    from keras_gan.artifacts import shipping

    _say("Reading the data")
    card = shipping.ship(run, folder, _load_data({run: _trained_on(run, {})}, data), _say, half)
    if "test_accuracy" in card["scores"]:
        _done(f"Wrote {folder}: test accuracy {100 * card['scores']['test_accuracy']:.1f}%")
    elif "error_per_coordinate" in card["scores"]:
        _done(f"Wrote {folder}: error of z per coordinate {card['scores']['error_per_coordinate']['mean']:.3f}")
    else:
        value = card["scores"]["measures"]["parzen"]["cells"]["log_likelihood"]["value"]
        _done(f"Wrote {folder}: test log-likelihood {value:.1f} nats")
        _suggest("sample {model}", model=folder)


def figures(
    runs: Runs,
    output: str | None = None,
    steps: int = 12,
    seed: int = 0,
    data_path: str | None = None,
) -> None:
    """Draw the paper's figures 2 and 3 from runs, side by side, their training curves and a GIF; needs matplotlib.

    For a run whose data are points (gaussians-...), figure 1 or the plane takes the place of figures 2 and 3.

    Args:
        runs: Folders of runs.
        output: Folder to write to; by default figures/ in the first run's.
        steps: Images along a line in figure 3.
        seed: Seed of the noise.
        data_path: Where the runs' data are now, if they moved.
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
    _say("Drawing the figures")
    paths = paper.draw(list(runs), output or f"{runs[0]}/figures", seed, steps, data_path)
    _done("\n".join(f"Wrote {path}" for path in paths))


def curves(
    runs: Runs,
    output: str = "curves.png",
    dataset: Literal["mnist", "tfd", "cifar10"] | None = None,
) -> None:
    """Draw the validation log-likelihood of runs over epochs and seconds; needs matplotlib.

    Where they are known, the paper's number and that of real images are marked.

    Args:
        runs: Folders of runs.
        output: PNG file to write.
        dataset: What the runs were trained on; by default what their folders say.
    """
    _load_package()
    from keras_gan import datasets
    from keras_gan.figures import curves as drawing

    if not runs:
        raise ValueError("Curves are drawn from runs. Give the folder of one, for example runs/mnist-1.")
    _say("Drawing the curves")

    if dataset is not None:
        levels = datasets.LEVELS.get(dataset, {})
    else:
        cards = [_run_data(run) for run in runs if (Path(run) / "config.json").is_file()]
        levels = {name: level for card in cards for name, level in card.get("levels", {}).items()}
    drawing.save_curves(runs, output, levels)
    _done(f"Wrote {output}")


def table1(
    runs: tuple[str, ...] = (),
    quick: bool = False,
    output: str | None = None,
    data_path: str | None = None,
    tfd_path: str | None = None,
    seeds: int = 1,
    seed: int = 0,
    device: Literal["auto", "gpu", "cpu"] = "auto",
    json: bool = False,
) -> None:
    """Make the paper's Table 1: train the four systems where no run is given, score all alike, print theirs and ours.

    Args:
        runs: Folders of runs to take in place of training, at most one per system.
        quick: Train smaller systems, for a few minutes each.
        output: Folder of the runs, and of table1.md, table1.json and the pictures; runs that are there already are
            taken up. By default runs/table1, or runs/table1-quick.
        data_path: An npz file in the format of Keras's mnist.npz, read instead of downloading.
        tfd_path: TFD_48x48.mat: make the table for these images instead. One with other images is a stand-in, and is
            named one.
        seeds: How many sampling seeds, from 0 on.
        seed: Seed of the trainings.
        device: Where to train and to compute.
        json: Print JSON, for machines.
    """
    if seeds < 1 or seed < 0:
        raise ValueError(f"Seeds are counted from 1, and are 0 or more. Received: seeds={seeds}, seed={seed}.")
    if data_path and tfd_path:
        raise ValueError("A table has one data set. Received: --data-path and --tfd-path. Leave one of them out.")
    folder = output or ("runs/table1-quick" if quick else "runs/table1")
    _load_package()
    from keras_gan import datasets
    from keras_gan.runs import table1 as tables

    _say("Reading the data")
    name, path = ("tfd", tfd_path) if tfd_path else ("mnist", data_path)
    data = datasets.load(name, path=path)
    _say.end()
    settings = {"data_path": path, "device": device, "seed": seed}
    with contextlib.redirect_stdout(sys.stderr if json else sys.stdout):  # what training says is no JSON
        table = tables.make(data, folder, runs, quick, seeds, settings=settings, progress=_say)
    paths = tables.write(table, folder)
    _done(table.to_json() if json else f"{table}\n\n" + "\n".join(f"Wrote {path}" for path in paths))


def theory(runs: Runs) -> None:
    """Compare what runs of gaussians-... have learnt with the paper's theory: one row per run.

    Args:
        runs: Folders of runs; where there are several, their mean and worst are printed too.
    """
    _load_package()
    from keras_gan.mixtures import report

    if not runs:
        raise ValueError("The theory is compared with runs. Give the folder of one, for example runs/gaussians-grid-1.")
    reports = []
    for run in runs:
        _say(f"Comparing {run} with the theory")
        reports.append((run, report.measure_run(run)))
    _done(report.table(reports))
    _suggest("figures {model}", model=runs[0])


def saturation(output: str = "saturation.png") -> None:
    """Print and draw the gradients of the two objectives in the logit of a sample (section 3); needs matplotlib.

    Args:
        output: PNG file to write.
    """
    _load_package()
    from keras_gan.figures import curves

    _say("Drawing the gradients")
    _done(f"{curves.saturation(output)}\nWrote {output}")


def _with_encoders(samplers, measures):
    """The models with their encoders if these are what is to be scored; else nothing."""
    from keras_gan.models.inference import InferenceNetwork

    alone = [model for model, sampler in samplers.items() if isinstance(sampler, InferenceNetwork)]
    if "inference" not in measures and len(alone) < len(samplers):
        if alone:
            raise ValueError(
                f"{alone[0]} is an inference network, which draws no samples to score. Evaluate it by itself, or all "
                "by --measures inference."
            )
        return {}
    if "inference" in measures and len(measures) > 1:
        raise ValueError(f"The measure inference has a table of its own. Received: measures={list(measures)}.")
    encoders = {model: sampler if model in alone else sampler.model for model, sampler in samplers.items()}
    if without := [model for model, encoder in encoders.items() if not hasattr(encoder, "reconstruct")]:
        raise ValueError(
            f"{without[0]} has no encoder. Received: measures=['inference']. Expected: a run of mnist-inference or "
            "mnist-bigan."
        )
    return encoders


def _inference_json(reports):
    import json

    return json.dumps({model: report.as_dict() for model, report in reports.items()}, indent=2)


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


def _classes(model, sampler, condition):
    """The classes of a row: those that were asked for, or all that the model knows."""
    num = getattr(sampler.condition, "num_classes", 0)
    if not condition and not num:
        raise ValueError(f"{model} is told no class: samples of one noise are all the same. Leave out --same-noise.")
    return condition or range(num)


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


def _done(result):
    _say.end()
    console.tell(result)


def _suggest(*commands, model):
    """Says what can be done next with a model."""
    console.suggest([f"keras-gan {words}".format(model=shlex.quote(model)) for words in commands])


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


def _load_data(cards, data, samplers=None):
    """The data set that was asked for, or else the one that all models were trained on.

    Args:
        cards: dict from models to the cards of their data.
        data: `Data`.
        samplers: dict from models to what samples from them; needed for pictures that no run says how to read.
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
    if data.dataset is None and data.data_path is None and len(_fingerprints(cards)) > 1:
        received = ", ".join(f"{model} on {card.get('description')}" for model, card in cards.items())
        raise ValueError(
            f"One table has one data set. The models were trained on other images each: {received}. Pass --data-path."
        )
    options = {"source": data.data_source, "path": data.data_path}
    options = {key: value for key, value in options.items() if value is not None}
    run = _run_of(next(iter(cards)))
    if data.dataset is None and run is not None:
        loaded = saved.load_data(run, **{f"data_{key}": value for key, value in options.items()})
    else:
        name = data.dataset or next(iter(names.values()))
        if name == "images" and samplers:
            options |= _as_sampled(*next(iter(samplers.items())))
        loaded = datasets.load(name, **options)
    for model, card in cards.items():
        if card.get("name") == loaded.card["name"] and card.get("rows") != loaded.card["rows"]:
            _say(
                f"{model} was trained on other rows of {card['name']}: {card.get('rows')}. Here: {loaded.card['rows']}."
            )
    same_kind = {model: card for model, card in cards.items() if card.get("name") == loaded.card["name"] == "images"}
    if others := [model for model in same_kind if not _fingerprints({model: same_kind[model]}) <= {loaded.fingerprint}]:
        return dataclasses.replace(
            loaded,
            note=f"{others[0]} was trained on other pictures: {same_kind[others[0]].get('description')}. If the folder "
            "is the same, some test pictures may have been trained on, and the numbers are then too high.",
        )
    return loaded


def _fingerprints(cards):
    """What the cards say of the images themselves; runs of earlier versions say nothing."""
    return {str(card["fingerprint"]) for card in cards.values() if card.get("fingerprint")}


def _as_sampled(model, sampler):
    """Size and channels of pictures as a model samples them: as they were when it was trained."""
    shape = sampler.sample(1, 0).shape[1:]
    if len(shape) != 3 or shape[-1] not in (1, 3):
        raise ValueError(f"{model} makes no pictures. Received: samples of shape {shape}. Expected: (h, w, 1 or 3).")
    return {"size": shape[0] if shape[0] == shape[1] else None, "grayscale": shape[-1] == 1}


def _load_package(devices=1):
    """Keras reads a saved file only if its classes are there. Several devices may need a process each."""
    startup.start_processes(devices)
    _say(f"Loading Keras with {startup.BACKENDS[startup.choose_backend()]}")
    for name in keras_gan.__all__:
        getattr(keras_gan, name)


def main(arguments: list[str] | None = None) -> None:
    """Runs the command; bad input ends it with one line and exit code 2."""
    try:
        if (sys.argv[1:] if arguments is None else arguments) == ["--version"]:
            print(startup.versions())
        else:
            _run(arguments)
        sys.stdout.flush()
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:  # the reader has seen enough, as head does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(141)
    except (ValueError, OSError, RuntimeError, ImportError) as error:
        _say.end()
        print(f"keras-gan: error: {error}", file=sys.stderr)
        sys.exit(2)
    finally:
        _say.end()


def _run(arguments):
    try:
        tyro.extras.subcommand_cli_from_dict(
            {
                **{"train": train, "sample": sample, "complete": complete, "evaluate": evaluate, "export": export},
                **{"ship": ship, "figures": figures, "curves": curves, "table1": table1},
                **{"theory": theory, "saturation": saturation},
            },
            prog="keras-gan",
            description="Adversarial nets on Keras 3. Start with `keras-gan train digits-conditional`. "
            "`keras-gan --version` says what runs, on which backend.",
            args=arguments,
            config=(tyro.conf.OmitArgPrefixes, tyro.conf.OmitSubcommandPrefixes),
        )
    except SystemExit:  # after a help page
        sys.stdout.flush()
        raise


if __name__ == "__main__":
    main()
