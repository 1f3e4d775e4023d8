"""The folder of a run: which it is, whose it is, and what its config.json says."""

import contextlib
import dataclasses
import json

import pytest
from conftest import without_export
from keras_gan.recipes.digits import Digits
from keras_gan.recipes.gaussians import Gaussians
from keras_gan.recipes.mnist import Mnist

from keras_gan import runs
from keras_gan.runs import folder as folders


@pytest.fixture(autouse=True)
def _no_exports():
    with without_export():
        yield


def test_folders_are_numbered_and_never_overwritten(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    _, folder = folders.find(Digits())
    assert folder.name == "digits-1"
    folder.mkdir(parents=True)
    assert folders.find(Digits())[1].name == "digits-2"
    _, folder = folders.find(Digits(run_dir="mine"))
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    with pytest.raises(ValueError, match=r"config\.json is damaged"):
        folders.find(Digits(run_dir="mine"))


def test_two_processes_do_not_train_in_one_folder(tmp_path):
    with folders.alone(tmp_path / "run"), pytest.raises(ValueError, match="Another process is training in"):
        runs.run(Digits(epochs=1, run_dir=str(tmp_path / "run")))
    runs.run(Digits(epochs=1, run_dir=str(tmp_path / "run")))


def test_other_settings_do_not_go_on(tmp_path):
    runs.run(Digits(epochs=1, run_dir=str(tmp_path)))
    seed = folders.read_config(tmp_path)["recipe"]["seed"]
    assert folders.find(Digits(epochs=9, device="cpu", run_dir=str(tmp_path)))[0].seed == seed
    for recipe, other in (
        (Digits(learning_rate=0.5, run_dir=str(tmp_path)), r"learning_rate=0\.1 there and 0\.5 here"),
        (Digits(seed=seed + 1, run_dir=str(tmp_path)), f"seed={seed} there"),
        (Mnist(run_dir=str(tmp_path)), "name='digits' there and 'mnist' here"),
    ):
        with pytest.raises(ValueError, match=rf"other settings: {other}.*repeat the command that it was begun by"):
            folders.find(recipe)


@pytest.mark.parametrize(
    ("recipe", "extendable"),
    [(Gaussians.steady("ring"), False), (Gaussians.plain("ring"), True), (Mnist(), True)],
)
def test_more_epochs_where_the_rate_does_not_end_at_0(recipe, extendable, tmp_path):
    begun = dataclasses.replace(recipe, run_dir=str(tmp_path), seed=1)
    (tmp_path / "config.json").write_text(
        json.dumps({"recipe": dataclasses.asdict(begun), "data": {}, "command": ["train"], "updates_per_epoch": 1})
    )
    more = dataclasses.replace(begun, epochs=begun.epochs + 1, seed=None)
    with contextlib.nullcontext() if extendable else pytest.raises(ValueError, match="other settings: epochs="):
        assert folders.find(more) == (dataclasses.replace(more, seed=1), tmp_path)


def test_a_run_that_did_not_begin_leaves_no_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def fail(self, data, seed):
        raise ValueError("no such network")

    monkeypatch.setattr(Digits, "build", fail)
    with pytest.raises(ValueError, match="no such network"):
        runs.run(Digits())
    assert not (tmp_path / "runs" / "digits-1").exists()


def test_who_waits_outside_takes_no_folder_away(tmp_path):
    with folders.alone(tmp_path / "run"):
        with pytest.raises(ValueError, match="Another process"), folders.alone(tmp_path / "run"):
            pass
        assert (tmp_path / "run").is_dir()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"recipe": {"seed": 1}}, "name=None"),
        ({"recipe": {"name": "digits", "seed": "one"}}, "seed='one'"),
        ({"updates_per_epoch": 0}, "updates_per_epoch=0"),
        ({"command": "train"}, "a recipe, a command and data"),
    ],
)
def test_a_damaged_config(changes, message, tmp_path):
    config = {"recipe": {"name": "digits", "seed": 1}, "data": {}, "command": [], "updates_per_epoch": 3}
    (tmp_path / "config.json").write_text(json.dumps(config))
    assert folders.read_config(tmp_path) == config
    (tmp_path / "config.json").write_text(json.dumps(config | changes))
    with pytest.raises(ValueError, match=rf"config\.json is damaged.*{message}"):
        folders.read_config(tmp_path)
