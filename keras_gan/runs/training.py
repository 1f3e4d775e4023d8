"""One run of one recipe, whichever: `run`."""

import dataclasses
import importlib.util
import random
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import keras

import keras_gan
from keras_gan import backend, callbacks, console
from keras_gan.callbacks.interrupt import Terminated, terminable
from keras_gan.callbacks.measurement import Measurement
from keras_gan.datasets import Dataset
from keras_gan.runs import card, history, saved
from keras_gan.runs import folder as folders

if TYPE_CHECKING:
    from keras_gan.recipes import Recipe

    Parts: TypeAlias = Sequence[tuple[Recipe, Path]]

_FEW_EXAMPLES = 10_000  # with fewer, an epoch's progress bar would only flicker


def run(recipe: "Recipe") -> Path:
    """Runs a recipe, or resumes its run.

    The folder gets config.json, history.csv, samples/, model.keras, for recipes with a `monitor` best.keras, and for
    those with `exports` the generator as a SavedModel. After every epoch model.keras is written anew, and the one
    before is kept as previous-model.keras. A resumed run ends as if it had never stopped: on a CPU bit by bit. Ctrl-C
    or SIGTERM ends the process; at most the epoch under way is lost.

    Args:
        recipe: a `keras_gan.recipes.Recipe`: one of `keras_gan.recipes.PRESETS`, with other values
            (`dataclasses.replace`) or not, or one of your own.

    Returns:
        The folder of the run.

    Raises:
        ValueError: if a setting is not within its limits, the folder holds a run with other settings or data, or files
            that are damaged or of other origin, another process trains there, there is no such device, or the loss
            becomes NaN (model.keras is then of the epoch before).
        OSError: if a file cannot be written; model.keras, or previous-model.keras, is of the epoch before.
        SystemExit: with code 130 after Ctrl-C, 143 after SIGTERM.
    """
    recipe.check()
    code, devices = 0, getattr(recipe, "devices", 1)
    if devices > 1:
        backend.use_device(recipe.device)
        backend.use_devices(devices)
    with console.Steps() as say, terminable(), folders.opened(recipe) as (recipe, folder):
        try:
            say("Preparing the device")
            device = recipe.device if devices == 1 else None
            recipe = dataclasses.replace(recipe, seed=prepare(device, recipe.precision, recipe.seed))
            say("Reading the data")
            data = recipe.data()
            _trained(recipe.settled(data), folder, data, say)
        except KeyboardInterrupt as interrupt:
            said = str(interrupt) or "Nothing was being trained."
            print(f"Stopped. {said} {folders.advice(recipe, folder)}", file=sys.stderr)
            code = 143 if isinstance(interrupt, Terminated) else 130
    if code:  # only here, where the exception is gone, and with it the data that TensorFlow was reading: at its end,
        raise SystemExit(code)  # Python could wait for TensorFlow for ever, which waits for Python
    return folder


def prepare(device: str | None = "auto", precision: str = "float32", seed: int | None = None) -> int:
    """Chooses the device and the precision, seeds everything, and prints what runs where.

    Args:
        device: `"auto"`, `"gpu"` or `"cpu"`; None if it is chosen already.
        precision: Keras dtype policy: `"float32"`, `"mixed_bfloat16"` or `"mixed_float16"`.
        seed: integer for Python, NumPy and the backend; drawn if None.

    Returns:
        The seed.

    Raises:
        ValueError: if a GPU was asked for and there is none.
    """
    if device is not None:
        backend.use_device(device)
    keras.config.set_dtype_policy(precision)
    seed = backend.from_first(random.SystemRandom().randrange(2**31) if seed is None else seed)
    keras.utils.set_random_seed(seed)
    console.tell(f"keras_gan {keras_gan.__version__}: {backend.describe_device()}, {precision}, seed {seed}")
    return seed


def _trained(recipe: "Recipe", folder: Path, data: Dataset, say: console.Steps, within: "Parts" = ()) -> keras.Model:
    """The recipe's model, trained in the folder; what must be trained before it in a subfolder."""
    say("Building the model")
    if backend.is_first():
        folders.clear(folder)
    model = saved.load(folder)
    if model is None:
        folders.check_nothing_lost(folder)
    if model is None and (before := recipe.before()) is not None:
        subfolder, earlier = before
        trained = _trained(earlier, folder / subfolder, data, say, [*within, (recipe, folder)])
        say("Building the model of the second game")
        keras.utils.set_random_seed(recipe.seed)  # the initial weights are the same after a stop
        model = recipe.build(data, recipe.seed, trained)
    elif model is None:
        model = recipe.build(data, recipe.seed)
    say.end()
    fit(model, recipe, folder, data, within)
    return model


def fit(model: keras.Model, recipe: "Recipe", folder: Path, data: Dataset, within: "Parts" = ()) -> None:
    """Trains a compiled model from the epoch it has reached up to the recipe's last, and writes the run's files.

    Args:
        model: what the recipe's `build` returned, or what was saved in the folder.
        recipe: the recipe, with a seed.
        folder: folder of the run.
        data: what the recipe's `data` returned.
        within: recipes and folders of the runs that this one is a part of.

    Raises:
        ValueError: if the loss becomes NaN, history.csv is damaged, or the data are not those of the saved model.
        KeyboardInterrupt: after Ctrl-C or SIGTERM (`Terminated`), with a sentence about what is saved.
    """
    folders.check_same_data(recipe, folder, data)
    done = saved.epochs_done(model, recipe.updates_per_epoch(data))
    own = recipe.callbacks(data, folder)
    rows = _earlier_rows(recipe, own, folder, done)
    few = len(data.train) < _FEW_EXAMPLES or not recipe.bar_per_epoch
    bars = 1 if console.is_terminal(sys.stdout) else 2  # a file gets one line per epoch
    checkpoint = callbacks.Checkpoint(folder / saved.LAST, done)
    arguments = recipe.fit_arguments(data)
    if validated := arguments.get("validation_data") is not None:
        arguments["validation_freq"] = recipe.every
    if any(isinstance(callback, callbacks.SampleGrid) for callback in own) and done < recipe.epochs:
        console.tell(f"Pictures of the same noise: {folder / 'samples'}. {recipe.outlook}".rstrip())
    started = time.perf_counter()

    def record(logs=None):  # not before everything is checked: a run that is refused leaves nothing
        for one, its_folder in (*within, (recipe, folder)):
            folders.record(one, its_folder, data)

    try:
        with callbacks.Interrupt() as interrupt, console.Steps() as steps:
            model.fit(
                **arguments,
                epochs=recipe.epochs,
                initial_epoch=done,
                verbose=0 if few else bars,
                callbacks=[
                    interrupt,
                    keras.callbacks.LambdaCallback(on_train_begin=record),
                    callbacks.SignsOfLife(steps, few, len(data.train), recipe.unit),
                    callbacks.Seconds(float(rows[-1]["seconds"]) if rows else 0.0),  # measurements are left out
                    *own,
                    *_best(recipe, folder, rows),
                    keras.callbacks.TerminateOnNaN(),
                    callbacks.HistoryFile(folder / "history.csv", rows, validated),
                    checkpoint,  # what is saved has left its row and its picture
                    *([callbacks.Report(recipe.every, recipe.reported)] if few else []),
                ],
            )
    except KeyboardInterrupt as interrupted:
        raise type(interrupted)(str(checkpoint)) from None
    if checkpoint.diverged:
        raise ValueError(
            f"The loss became NaN in epoch {checkpoint.diverged}: the training was lost. {checkpoint} "
            "Try another seed, a smaller learning rate or a penalty, with another --run-dir."
        )
    if done < recipe.epochs:
        seconds = time.perf_counter() - started
        pictures = f"; pictures in {folder / 'samples'}" if (folder / "samples").exists() else ""
        console.tell(f"Trained {recipe.epochs - done} epochs in {seconds:.0f} s{pictures}")
    else:
        print(f"{folder} has {done} epochs already: nothing to train.", flush=True)
        if (folder / "generator").exists():
            return
    if recipe.exports and backend.is_first():
        _export(model, folder)


def _earlier_rows(recipe, own, folder, done):
    """The rows of history.csv of the epochs done; measurements go on from the last."""
    measurements = [callback for callback in own if isinstance(callback, Measurement)]
    names = [name for measurement in measurements for name in measurement.names]
    needed = ("seconds", "loss", *names, *([recipe.monitor] if recipe.monitor else []))
    rows = history.read(folder / "history.csv", needed, done)[0] if done else []
    for measurement in measurements:
        measurement.earlier = {name: float(rows[-1][name]) for name in measurement.names} if rows else {}
    return rows


def _best(recipe, folder, rows):
    """The callback that keeps the best model so far, if the recipe says what is best."""
    if not recipe.monitor:
        return []
    values = [float(row[recipe.monitor]) for row in rows if row[recipe.monitor] not in ("nan", "NA", "")]
    best = min if recipe.monitor_mode == "min" else max
    return [
        keras.callbacks.ModelCheckpoint(
            folder / saved.BEST,
            recipe.monitor,
            mode=recipe.monitor_mode,
            save_best_only=True,
            initial_value_threshold=best(values, default=None),
        )
    ]


def _export(model, folder):
    if importlib.util.find_spec("tensorflow") is None:
        print(
            "TensorFlow is not installed: no SavedModel is written. pip install 'keras-gan[tensorflow]'",
            file=sys.stderr,
        )
    else:
        with console.Steps() as say:
            say("Writing the generator as a SavedModel, and comparing it with the model")
            model.export(folder / "generator", card=card.describe(folder, model))
