"""Two devices that share each step do what one does with the whole batch."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import keras
import numpy as np
import on_devices
import pytest
from checks import history
from conftest import make_gan, weights

PROGRAM = Path(on_devices.__file__)
BACKEND = keras.backend.backend()


def started(program, *arguments, **more):
    """Two processes of a program on PyTorch, as torchrun starts them, or one elsewhere."""
    number = 2 if BACKEND == "torch" else 1
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = free.getsockname()[1]
    shared = {"MASTER_ADDR": "localhost", "MASTER_PORT": str(port), "WORLD_SIZE": "2"} if number > 1 else {}
    return [
        subprocess.Popen(
            [sys.executable, program, *map(str, arguments)],
            env={**os.environ, **shared, "RANK": str(i), "LOCAL_RANK": str(i)},
            stderr=subprocess.PIPE,
            text=True,
            **more,
        )
        for i in range(number)
    ]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """What two devices did; the one of this process has meanwhile nothing to do."""
    folder = tmp_path_factory.mktemp("devices")
    on_devices.saved(alone, folder / "alone.keras")
    processes = started(PROGRAM, 2, folder)
    errors = [process.communicate(timeout=600)[1] for process in processes]
    assert [process.returncode for process in processes] == [0] * len(processes), "\n".join(e[-3000:] for e in errors)
    return folder


def alone():
    several = {"steps_per_execution": 10} if BACKEND == "tensorflow" else {}  # PyTorch has none
    return make_gan(compile_arguments={**on_devices.EAGER, **several})


@pytest.fixture(scope="module")
def told(folder):
    return json.loads((folder / "told.json").read_text())


@pytest.fixture(scope="module")
def both(folder):
    with np.load(folder / "arrays.npz") as arrays:
        return on_devices.outcome(on_devices.GAMES), dict(arrays)


def apart(one, other):
    """How far two arrays are apart, relative to their size; weights begin at about 1, and biases at 0."""
    return np.abs(one - other).max() / max(np.abs(one).max(), 0.1)


def test_twenty_updates_equal_one_device(both):
    one, two = both
    assert {name.partition(" ")[0] for name in one} == {game.__name__ for game in on_devices.GAMES}
    assert {name: apart(value, two[name]) for name, value in one.items() if not apart(value, two[name]) < 1e-5} == {}


@pytest.mark.skipif(BACKEND != "jax", reason="ModelParallel is JAX's")
def test_the_weights_may_be_shared_out_too(both, told):
    one, two = both
    names = [name for name in one if name.startswith("simultaneous weight")]
    assert told["shared out"] == 1
    assert max(apart(one[name], two[name.replace("simultaneous", "ModelParallel")]) for name in names) < 1e-5


def test_devices_draw_other_masks(told):
    seeded, unseeded = told["masks"]
    assert 0.25 < seeded < 0.75
    assert 0.25 < unseeded < 0.75


def test_a_resumed_run_is_the_same_bit_for_bit(told):
    assert told["bitwise"]


def test_a_run_is_resumed_on_another_number_of_devices(folder):
    keras.utils.set_random_seed(7)
    one, _ = on_devices.trained(on_devices.plain(), epochs=2, batch_size=16)
    loaded = keras.models.load_model(folder / "half.keras")
    gan, _ = on_devices.trained(loaded, epochs=2, initial_epoch=1, batch_size=16)
    assert max(map(apart, weights(one), weights(gan))) < 1e-5


def test_a_run_of_one_device_is_resumed_on_two(folder, both):
    _, two = both
    one = on_devices.begun_alone(folder)
    assert max(apart(weight, two[f"begun alone {i}"]) for i, weight in enumerate(one)) < 1e-5


def test_a_callback_stops_all(told):
    # A process cannot stop alone: on PyTorch the epoch is ended.
    assert told["stopped"] == (4 if BACKEND == "torch" else 2)


def test_what_cannot_be_shared_is_refused(told):
    said = told["refusals"]
    for name in ("size", "last"):
        assert "Batches must divide over the 2 devices. Received: batches of" in said[name]
    if BACKEND == "jax":
        return
    assert "Call fit" in said["batch"]
    assert "BatchNormalization on 2 devices" in said["normalization"]
    assert "SemiSupervisedGAN cannot be trained on 2 devices here" in said["semi"]
    assert "stream" in said["stream"]
    if BACKEND == "torch":
        assert "All processes of a training are given the same" in said["other data"]


@pytest.mark.skipif(BACKEND == "tensorflow", reason="it takes too long")
def test_a_recipe_runs_on_two_devices(folder):
    config = json.loads((folder / "run" / "config.json").read_text())
    assert config["recipe"]["devices"] == 2
    assert len(history(folder / "run")) == 1
    assert (folder / "run" / "samples" / "epoch_0001.png").exists()
    assert (folder / "run" / "model.keras").exists()


@pytest.mark.slow
@pytest.mark.skipif(BACKEND != "torch", reason="elsewhere there is one process")
def test_a_process_that_is_killed_ends_the_others_and_the_run_resumes(tmp_path):
    def command(*more):
        program = "import sys; sys.argv[0] = 'keras-gan'; import keras_gan_command; keras_gan_command.main()"
        words = ["train", "digits", "--device", "cpu", "--batch-size", "100", "--run-dir", str(tmp_path), *more]
        return subprocess.Popen([sys.executable, "-c", program, *words], stderr=subprocess.PIPE, text=True)

    def saved():
        time.sleep(0.2)
        return (tmp_path / "model.keras").stat().st_mtime_ns if (tmp_path / "model.keras").exists() else 0

    for killed, line in ((1, "error: Another process of this training has ended"), (0, "ended by signal 9")):
        before = saved()
        run = command("--devices", "2")
        while saved() == before and run.poll() is None:
            pass
        children = Path(f"/proc/{run.pid}/task/{run.pid}/children").read_text().split()
        started = [child for child in children if b"keras_gan_command" in Path(f"/proc/{child}/cmdline").read_bytes()]
        os.kill(int(started[killed]), signal.SIGKILL)
        _, said = run.communicate(timeout=90)
        assert run.returncode == 2
        errors = [text for text in said.splitlines() if "error" in text.lower()]
        assert len(errors) == 1
        assert line in errors[0]
    done = history(tmp_path)
    run = command("--devices", "1", "--epochs", str(len(done) + 3))
    _, said = run.communicate(timeout=300)
    assert run.returncode == 0, said
    assert len(history(tmp_path)) == len(done) + 3
