"""The folder of a run: which it is, whose it is, and what its config.json says."""

import contextlib
import dataclasses
import json
import shlex
import threading

import numpy as np
import pytest
from conftest import without_export
from keras_gan.recipes import PRESETS
from keras_gan.recipes.digits import Digits
from keras_gan.recipes.gaussians import Gaussians
from keras_gan.recipes.mnist import Mnist
from keras_gan.recipes.tfd import Tfd

import keras_gan as kg
from keras_gan import cli, runs
from keras_gan.runs import folder as folders
from keras_gan.runs import training

pytestmark = pytest.mark.one_backend


@pytest.fixture(autouse=True)
def _no_exports():
    with without_export():
        yield


def begun(recipe, folder, done=True, settings=None, **changes):
    """What a run leaves that was begun, and that has saved an epoch or not."""
    folder.mkdir(parents=True, exist_ok=True)
    before = recipe.before()
    recorded = dataclasses.asdict(recipe) | (settings or {})
    config = {"recipe": recorded, "data": {}, "command": ["train"], "updates_per_epoch": 13}
    (folder / "config.json").write_text(json.dumps(config | {"before": before and before[0]} | changes))
    if done:
        (folder / "model.keras").write_text("")
    return folder


def find(recipe):
    with folders.opened(recipe) as found:
        return found


def test_folders_are_numbered_and_never_overwritten(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert find(Digits())[1].as_posix() == "runs/digits-1"
    begun(Digits(), tmp_path / "runs" / "digits-1")
    (tmp_path / "runs" / "digits-2").write_text("a file")
    (tmp_path / "runs" / "digits-3").symlink_to("nowhere")
    assert find(Digits())[1].name == "digits-4"
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "config.json").write_text("{}")
    with pytest.raises(ValueError, match=r"config\.json is damaged"):
        find(Digits(run_dir="mine"))


def test_two_processes_do_not_train_in_one_folder(tmp_path):
    recipe = Digits(run_dir=str(tmp_path / "run"))
    with folders.opened(recipe):
        with pytest.raises(ValueError, match="Another process is training in"), folders.opened(recipe):
            pass
        assert (tmp_path / "run").is_dir()  # who waits outside takes no folder away
    with folders.opened(recipe):
        pass


def test_many_starts_at_once_have_a_folder_each(tmp_path, monkeypatch):
    """The folder is chosen and locked at once, also where others take theirs away again."""
    monkeypatch.chdir(tmp_path)
    together, chosen, failed = threading.Barrier(12), [], []

    def start():
        try:
            together.wait()
            for _ in range(20):
                with folders.opened(Digits()):  # one that does not begin
                    pass
            with folders.opened(Digits()) as (_, folder):
                chosen.append(folder)
                together.wait()
        except BaseException as error:
            failed.append(error)
            together.abort()

    threads = [threading.Thread(target=start) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert len(set(chosen)) == 12
    assert not list(tmp_path.glob("runs/*"))  # none of them began


def test_of_many_starts_in_one_folder_one_trains(tmp_path):
    together, begun, refused = threading.Barrier(12), [], []

    def start():
        together.wait()
        try:
            with folders.opened(Digits(run_dir=str(tmp_path / "a" / "run"))):
                begun.append(1)
                together.wait()
        except ValueError as error:
            refused.append(str(error))
            together.wait()

    threads = [threading.Thread(target=start) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(begun) == 1
    assert len(refused) == 11
    assert all(error.startswith("Another process is training in") for error in refused)
    # The one that trained removes the folder if it made it; if another was faster to make it, it stays, empty.
    assert not list((tmp_path / "a").glob("run/*"))


def test_other_settings_do_not_go_on(tmp_path):
    begun(Digits(epochs=1, seed=3), tmp_path)
    run = str(tmp_path)
    assert find(Digits(epochs=9, every=7, device="cpu", run_dir=run))[0].seed == 3
    for recipe, other in (
        (Digits(learning_rate=0.5, run_dir=run), r"learning_rate=0\.1 there and 0\.5 here"),
        (Digits(seed=4, run_dir=run), "seed=3 there and 4 here"),
        (Mnist(run_dir=run), "name='digits' there and 'mnist' here"),
    ):
        with pytest.raises(ValueError, match=rf"other settings: {other}.*To resume it: keras-gan train digits"):
            find(recipe)


@pytest.mark.parametrize(
    "recipe",
    [
        Digits(epochs=3, every=2, ema=0.0),
        Mnist(dropout=False, data_path="a file.npz", seed=3),
        dataclasses.replace(Mnist.alternating(), dropout=True, learning_rate=1e-5),
        Tfd(width=0.02, data_path="pictures"),
        *PRESETS.values(),
    ],
)
def test_the_advice_continues_the_run(recipe, tmp_path, monkeypatch):
    """It has the folder of the run, also of one that was begun without --run-dir, and all settings."""
    run = begun(dataclasses.replace(recipe, seed=3), tmp_path / "a run")
    with pytest.raises(ValueError, match="To resume it: ") as refused:
        find(dataclasses.replace(recipe, seed=4, run_dir=str(run)))
    words = shlex.split(str(refused.value).split("To resume it: ")[1])
    assert str(refused.value).endswith(folders.advice(recipe, run))
    received = []
    monkeypatch.setattr(training, "run", received.append)
    cli.main(words[1:])
    assert find(received[0]) == (dataclasses.replace(recipe, seed=3, run_dir=str(run)), run)


@pytest.mark.parametrize(
    ("recipe", "extendable"),
    [(Gaussians.steady("ring"), False), (Gaussians.plain("ring"), True), (Mnist(), True)],
)
def test_more_epochs_where_the_rate_does_not_end_at_0(recipe, extendable, tmp_path):
    started = dataclasses.replace(recipe, run_dir=str(tmp_path), seed=1)
    begun(started, tmp_path)
    more = dataclasses.replace(started, epochs=started.epochs + 1, seed=None)
    with contextlib.nullcontext() if extendable else pytest.raises(ValueError, match="other settings: epochs="):
        assert find(more) == (dataclasses.replace(more, seed=1), tmp_path)


def test_what_saved_no_epoch_binds_nobody(tmp_path):
    run = begun(Digits(learning_rate=5.0, seed=3), tmp_path, done=False)
    (run / "history.csv").write_text("epoch,loss\n0,1\n")  # the first epoch ended, and was not saved any more
    assert find(Digits(run_dir=str(run)))[0].seed is None
    assert find(Digits(learning_rate=5.0, run_dir=str(run)))[0].seed == 3
    begun(Tfd(seed=3), run, done=False)
    begun(Tfd(seed=3, game="pretraining"), run / "pretraining")
    with pytest.raises(ValueError, match="other settings"):
        find(Tfd(width=0.5, run_dir=str(run)))


def test_settings_of_a_newer_version(tmp_path):
    begun(Digits(), tmp_path, settings={"temperature": 0.7}, versions={"keras-gan": "9.0"})
    with pytest.raises(ValueError, match=r"does not know: \['temperature'\].*begun with \{'keras-gan': '9\.0'\}"):
        find(Digits(run_dir=str(tmp_path)))


@pytest.mark.parametrize("name", ["history.csv", "model.keras", "samples", "generator"])
def test_files_of_other_origin_are_not_replaced(name, tmp_path):
    (tmp_path / "log.txt").write_text("no run writes a file of this name")
    find(Digits(run_dir=str(tmp_path)))
    (tmp_path / name).write_text("mine")
    with pytest.raises(ValueError, match=rf"holds \['{name}'\], which a run would replace"):
        find(Digits(run_dir=str(tmp_path)))


def test_a_file_is_no_folder(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ValueError, match="must be the path of a folder"):
        find(Digits(run_dir=str(tmp_path / "file")))


def test_a_link_to_a_folder_is_the_folder(tmp_path):
    run = begun(Digits(seed=3), tmp_path / "run")
    (tmp_path / "link").symlink_to(run)
    assert find(Digits(run_dir=str(tmp_path / "link")))[0].seed == 3
    with (
        folders.opened(Digits(run_dir=str(run))),
        pytest.raises(ValueError, match="Another process"),
        folders.opened(Digits(run_dir=str(tmp_path / "link"))),
    ):
        pass


def test_a_part_of_a_run_is_no_run(tmp_path, monkeypatch):
    whole = Tfd(width=0.02, seed=3, run_dir="r")
    begun(whole, tmp_path / "r", done=False)
    begun(whole.before()[1], tmp_path / "r" / "pretraining")
    monkeypatch.chdir(tmp_path)
    for recipe in (whole, Digits()):
        with pytest.raises(ValueError, match=r"is the first part of the run in .*/r\. .*train tfd --width 0\.02.*/r$"):
            find(dataclasses.replace(recipe, run_dir="r/pretraining"))
    monkeypatch.chdir(tmp_path / "r" / "pretraining")
    with pytest.raises(ValueError, match="is the first part of"):
        find(dataclasses.replace(whole, run_dir="."))


def test_a_run_that_did_not_begin_leaves_no_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def fail(self, data, seed):
        raise ValueError("no such network")

    monkeypatch.setattr(Digits, "build", fail)
    with pytest.raises(ValueError, match="no such network"):
        runs.run(Digits())
    assert not list(tmp_path.iterdir())
    (tmp_path / "mine").mkdir()
    with pytest.raises(ValueError, match="no such network"):
        runs.run(Digits(run_dir="mine"))
    assert (tmp_path / "mine").is_dir()  # it was there before


@pytest.mark.parametrize("recipe", [Digits(), Tfd(width=0.01, data_path="pictures")])
def test_data_that_are_refused_leave_nothing(recipe, tmp_path, monkeypatch):
    """config.json is written as training begins: what `fit` refuses has not begun."""
    images = np.zeros((20, *((48, 48) if recipe.name == "tfd" else (8, 8)), 1), "float32")
    images[3] = np.nan
    splits = kg.datasets.Splits(*[np.zeros(20, int)] * 3)
    data = kg.datasets.Dataset(images, images, images, labels=splits, preprocessing=None, card={"name": "tiny"})
    monkeypatch.setattr(type(recipe), "data", lambda self: data)
    monkeypatch.setattr(kg.datasets.Dataset, "pixel_mean", lambda self: np.full(self.train.shape[1:], 0.5))
    with pytest.raises(ValueError, match="not finite"):
        runs.run(dataclasses.replace(recipe, run_dir=str(tmp_path / "run")))
    assert not (tmp_path / "run").exists()


def test_other_data_do_not_go_on(tmp_path):
    data = kg.datasets.load("digits")
    recipe = Digits(seed=3, run_dir=str(tmp_path))
    folders.record(recipe, tmp_path, data)
    fewer = dataclasses.replace(data, train=data.train[1:])
    folders.check_same_data(recipe, tmp_path, fewer)  # no epoch is saved
    (tmp_path / "model.keras").write_text("")
    folders.check_same_data(recipe, tmp_path, data)
    with pytest.raises(ValueError, match=r"trained on other data.* Received: 1296 training examples"):
        folders.check_same_data(recipe, tmp_path, fewer)


def test_what_a_kill_left_is_removed(tmp_path):
    for name in ("partial-model.keras", "partial-history.csv", "partial-notes.txt"):
        (tmp_path / name).write_text("")
    (tmp_path / "partial-generator").mkdir()
    folders.clear(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["partial-notes.txt"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"recipe": {"seed": 1}}, "lacks 'recipe.name'"),
        ({"recipe": {"name": "digits", "seed": "one"}}, "seed='one'"),
        ({"updates_per_epoch": 0}, "updates_per_epoch=0"),
        ({"recipe": {"name": "digits", "seed": 2**32}}, "seed=4294967296"),
        ({"command": "train"}, "command='train'"),
        ({"command": ["train", 1]}, "Received: 1 in command"),
        ({"before": 5}, "before=5"),
    ],
)
def test_a_damaged_config(changes, message, tmp_path):
    config = {"recipe": {"name": "digits", "seed": 1}, "data": {}, "command": [], "updates_per_epoch": 3}
    (tmp_path / "config.json").write_text(json.dumps(config))
    assert folders.read_config(tmp_path) == config
    (tmp_path / "config.json").write_text(json.dumps(config | changes))
    with pytest.raises(ValueError, match=rf"config\.json is damaged.*{message}"):
        folders.read_config(tmp_path)
