"""Two devices that share each step do what one does with the whole batch."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import on_devices
import pytest
from conftest import weights

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
    processes = started(PROGRAM, 2, folder)
    for process in processes:
        _, errors = process.communicate(timeout=600)
        assert process.returncode == 0, errors[-3000:]
    return folder


@pytest.fixture(scope="module")
def told(folder):
    return json.loads((folder / "told.json").read_text())


@pytest.fixture(scope="module")
def both(folder):
    with np.load(folder / "arrays.npz") as arrays:
        return on_devices.outcome(on_devices.GAMES), dict(arrays)


def apart(one, other):
    return np.abs(one - other).max() / max(np.abs(one).max(), 1e-3)


def test_twenty_updates_equal_one_device(both):
    one, two = both
    assert {name.partition(" ")[0] for name in one} == {game.__name__ for game in on_devices.GAMES}
    assert {name: apart(value, two[name]) for name, value in one.items() if not apart(value, two[name]) < 1e-5} == {}


@pytest.mark.skipif(BACKEND != "jax", reason="ModelParallel is JAX's")
def test_the_weights_may_be_shared_out_too(both):
    one, two = both
    names = [name for name in one if name.startswith("simultaneous")]
    assert max(apart(one[name], two[f"ModelParallel {name}"]) for name in names) < 1e-5


def test_devices_draw_other_masks(told):
    seeded, unseeded = told["masks"]
    assert 0.25 < seeded < 0.75
    assert 0.25 < unseeded < 0.75


def test_a_resumed_run_is_the_same_bit_for_bit(told):
    assert told["bitwise"]


def test_a_run_is_resumed_on_another_number_of_devices(folder):
    keras.utils.set_random_seed(7)
    one, _ = on_devices.trained(on_devices.make_gan(), epochs=2)
    gan, _ = on_devices.trained(keras.models.load_model(folder / "half.keras"), epochs=2, initial_epoch=1)
    assert max(map(apart, weights(one), weights(gan))) < 1e-5


def test_a_callback_stops_all(told):
    # A process cannot stop alone: on PyTorch the epoch is ended.
    assert told["stopped"] == (8 if BACKEND == "torch" else 6)


def test_what_cannot_be_shared_is_refused(told):
    said = told["refusals"]
    for name in ("size", "last"):
        assert "Batches must divide over the 2 devices. Received: batches of" in said[name]
    if BACKEND == "jax":
        return
    assert "Call fit" in said["batch"]
    assert "BatchNormalization on 2 devices" in said["normalization"]
    assert "A SemiSupervisedGAN cannot be trained on 2 devices here" in said["semi"]
    assert "stream" in said["stream"]
    if BACKEND == "torch":
        assert "All processes of a training are given the same" in said["other data"]
