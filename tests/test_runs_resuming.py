"""Every game, stopped in each of its games and resumed in a new process, ends as if it had never stopped."""

import dataclasses
import signal
import subprocess
import sys
import time
from pathlib import Path

import keras
import pytest
from checks import check_equal_state, history
from keras_gan.recipes import PRESETS
from keras_gan.recipes.settings import Game
from stopped import few_examples

from keras_gan import runs

SMALL = {"width": 0.02, "units": 8, "hidden_layers": 1}
GAMES = [name for name, preset in PRESETS.items() if isinstance(preset, Game)]  # Keras draws a classifier's order anew
CASES = [(name, "SIGINT") for name in GAMES] + [("digits", "SIGKILL"), ("tfd", "SIGKILL"), ("tfd", "SIGTERM")]
CASES += [("digits", "SIGTERM"), ("gaussians-ring", "SIGKILL")]
IN_CI = {"tensorflow": ("digits", "SIGTERM"), "jax": ("gaussians-ring", "SIGKILL"), "torch": ("tfd", "SIGINT")}


def case(name, number):
    """One for each backend in CI; `-m "slow or not slow"` runs them all."""
    chosen = (name, number) == IN_CI[keras.backend.backend()]
    return pytest.param(name, number, marks=() if chosen else pytest.mark.slow)


def games(recipe):
    """The subfolders of the games that a recipe plays in turn, as paths in the run's folder."""
    parts, folder = [Path()], Path()
    while (before := recipe.before()) is not None:
        folder, recipe = folder / before[0], before[1]
        parts.insert(0, folder)
    return parts


def check_stop_and_resume(name, number, tmp_path):
    preset = PRESETS[name]
    small = {key: value for key, value in SMALL.items() if hasattr(preset, key)}
    few = {"epochs": 2, "every": 1, "batch_size": 20, "seed": 5}
    few |= {"pretraining_epochs": 2} if hasattr(preset, "pretraining_epochs") else {}
    flags = [word for key, value in (small | few).items() for word in (f"--{key.replace('_', '-')}", str(value))]
    run, whole = tmp_path / "run", tmp_path / "whole"
    program = Path(__file__).with_name("stopped.py")
    arguments = ["train", name, *flags, "--run-dir", str(run)]

    def process(number, part):
        command = [sys.executable, str(program), number, str(part), *arguments]
        return subprocess.run(command, capture_output=True, text=True, timeout=600)

    started = time.perf_counter()
    for part in games(preset):
        stopped = process(number, part)
        if number == "SIGKILL":
            assert stopped.returncode == -signal.SIGKILL, stopped.stderr
        else:
            assert stopped.returncode == {"SIGINT": 130, "SIGTERM": 143}[number], stopped.stderr
            said = stopped.stderr.splitlines()[-1]
            assert said.startswith(f"Stopped. {run / part / 'model.keras'} holds epoch 1. To resume it: keras-gan")
            assert said.endswith(f"--run-dir {run}")
        assert len(history(run / part)) == 1
    ended = process("none", ".")
    assert ended.returncode == 0, ended.stderr
    seconds = time.perf_counter() - started
    with few_examples():
        runs.run(dataclasses.replace(preset, **small, **few, run_dir=str(whole)))
    for part in games(preset):
        assert history(run / part) == history(whole / part)
        names = {path.name for path in (whole / part).glob("*.keras")}
        assert names >= {"model.keras"}
        assert names == {path.name for path in (run / part).glob("*.keras")}
        for file in names:
            check_equal_state(*(keras.saving.load_model(folder / part / file) for folder in (run, whole)))
    assert not list(tmp_path.rglob("partial-*"))
    print(f"{name}, {number}, {keras.backend.backend()}: {seconds:.0f} s")


@pytest.mark.parametrize(("name", "number"), [case(*one) for one in CASES])
def test_a_recipe_stopped_and_resumed_in_new_processes(name, number, tmp_path):
    check_stop_and_resume(name, number, tmp_path)
