"""Runs: trained, stopped, killed and resumed."""

import contextlib
import csv
import dataclasses
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import keras
import numpy as np
import pytest
from checks import check_equal_state, history
from conftest import without_export
from keras_gan.recipes import settings
from keras_gan.recipes.digits import Digits

import keras_gan as kg
from keras_gan import backend, cli, recipes, runs
from keras_gan.artifacts import shipping
from keras_gan.figures import paper
from keras_gan.runs import card, saved, training
from keras_gan.runs import folder as folders

pytestmark = pytest.mark.one_backend


@pytest.fixture(autouse=True)
def _few_exports(request):
    with contextlib.nullcontext() if request.function is test_a_digits_run_leaves_its_folder else without_export():
        yield


@pytest.mark.one_backend("torch")  # from which TensorFlow exports in a process of its own
def test_a_digits_run_leaves_its_folder(tmp_path, capsys):
    pytest.importorskip("tensorflow")
    recipe = Digits(epochs=4, every=2, seed=5, run_dir=str(tmp_path / "run"))
    runs.run(recipe)
    folder = tmp_path / "run"
    assert {p.name for p in folder.iterdir()} == {
        *("config.json", "history.csv", "samples", "model.keras", "previous-model.keras", "generator")
    }
    config = json.loads((folder / "config.json").read_text())
    assert config["recipe"]["epochs"] == 4
    assert config["recipe"]["seed"] == 5
    assert config["data"]["name"] == "digits"
    with open(folder / "history.csv") as file:
        rows = list(csv.DictReader(file))
    assert [row["epoch"] for row in rows] == ["0", "1", "2", "3"]
    assert np.isfinite([float(row["value"]) for row in rows]).all()
    assert np.isfinite(float(rows[1]["val_value"]))
    assert sorted(p.name for p in (folder / "samples").iterdir()) == [f"epoch_000{e}.png" for e in (0, 1, 2, 4)]
    gan = keras.saving.load_model(folder / "model.keras")
    assert gan.updates == "simultaneous"
    import tensorflow

    program = tensorflow.saved_model.load(str(folder / "generator"))
    z = gan.prior.draw(3, seed=0)
    np.testing.assert_allclose(program.serve(z).numpy(), gan.sample(3, seed=0), rtol=1e-4, atol=1e-5)
    printed = capsys.readouterr().out
    assert backend.describe_device() in printed
    assert "epoch 2/4" in printed


@pytest.mark.parametrize("few", [10_000, 0])  # examples up to which there is no bar
def test_a_file_gets_plain_lines(few, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(training, "_FEW_EXAMPLES", few)
    runs.run(Digits(epochs=2, every=1, seed=5, run_dir=str(tmp_path)))
    printed = capsys.readouterr()
    assert not {"\r", "\x1b", "\b"} & set(printed.out + printed.err)
    lines = [line for line in printed.out.splitlines() if "d_on_data" in line]
    assert len(lines) == 2
    assert "The first digits show after about 200 epochs" in printed.out
    assert "the first step" in printed.err


def test_a_run_cut_short_leaves_a_model(tmp_path, monkeypatch, capsys):
    def stop(self, epoch, logs=None):
        if epoch == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(kg.callbacks.SampleGrid, "on_epoch_begin", stop)
    with pytest.raises(SystemExit) as ended:
        runs.run(Digits(epochs=9, every=2, run_dir=str(tmp_path / "run")))
    assert ended.value.code == 130
    assert "model.keras holds epoch 3. To resume it: keras-gan train digits --epochs 9" in capsys.readouterr().err
    gan = keras.saving.load_model(tmp_path / "run" / "model.keras")
    assert int(gan.optimizer.iterations.numpy()) == 3 * 13


@pytest.mark.every_backend
def test_the_seed_fixes_a_run(tmp_path):
    histories = []
    for _ in range(2):
        seed = training.prepare(seed=3)
        data = kg.datasets.load("digits")
        gan = kg.GAN(*kg.networks.build("digits"), preprocessing=data.preprocessing, seed=seed)
        gan.compile()
        histories.append(gan.fit(data.train[:200], epochs=2, verbose=0).history)
    assert histories[0] == histories[1]


@pytest.mark.every_backend
def test_a_gpu_that_is_not_there():
    if "CPU" not in backend.describe_device().upper():
        pytest.skip("there is a GPU")
    with pytest.raises(ValueError, match=r"sees no GPU.*--device cpu"):
        training.prepare(device="gpu")


@pytest.mark.every_backend
def test_cpu_and_precision(capsys):
    training.prepare(device="cpu", precision="mixed_bfloat16", seed=1)
    assert keras.config.dtype_policy().name == "mixed_bfloat16"
    assert "mixed_bfloat16, seed 1" in capsys.readouterr().out


@pytest.mark.parametrize("epochs_before", [pytest.param(1, marks=pytest.mark.every_backend), 2, 3])
def test_a_run_goes_on_as_if_it_had_never_stopped(epochs_before, tmp_path, monkeypatch):
    common = {"every": 2, "seed": 5, "ema": 0.99}
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    runs.run(Digits(epochs=4, run_dir=str(whole), **common))
    runs.run(Digits(epochs=epochs_before, run_dir=str(parts), **common))
    with open(parts / "history.csv", "a") as file:  # an epoch logged, but not saved, before the end
        file.write(f"{epochs_before},0.5\n{epochs_before + 1},")
    begun = folders.read_config(parts)["command"]
    monkeypatch.setattr("sys.argv", ["keras-gan", "train", "digits", "again"])
    keras.utils.set_random_seed(99)
    runs.run(Digits(epochs=4, run_dir=str(parts), **common))
    config = folders.read_config(parts)
    assert (config["command"], config["recipe"]["epochs"], config["recipe"]["seed"]) == (begun, 4, 5)
    check_equal_state(*(keras.saving.load_model(folder / "model.keras") for folder in (whole, parts)))
    assert history(whole) == history(parts)
    assert [row["epoch"] for row in history(parts)] == ["0", "1", "2", "3"]


def test_a_run_without_its_models_does_not_begin_anew(tmp_path):
    recipe = Digits(epochs=2, seed=5, run_dir=str(tmp_path))
    runs.run(recipe)
    before = history(tmp_path)
    for name in ("model.keras", "previous-model.keras"):
        (tmp_path / name).unlink()
    with pytest.raises(ValueError, match=r"neither model\.keras nor previous-model\.keras.*history\.csv has 2 epochs"):
        runs.run(recipe)
    assert history(tmp_path) == before


def test_pictures_and_measurements_may_become_more_frequent(tmp_path):
    runs.run(Digits(epochs=2, every=2, seed=5, run_dir=str(tmp_path)))
    (tmp_path / "partial-model.keras").write_text("what a kill left")
    runs.run(Digits(epochs=4, every=1, run_dir=str(tmp_path)))
    assert folders.read_config(tmp_path)["recipe"]["every"] == 1
    assert [row["val_value"] == "NA" for row in history(tmp_path)] == [True, False, False, False]
    assert {path.name for path in (tmp_path / "samples").iterdir()} == {f"epoch_000{e}.png" for e in range(5)}
    assert not (tmp_path / "partial-model.keras").exists()


def test_a_finished_run_is_left_as_it_is(tmp_path, capsys):
    recipe = Digits(epochs=2, seed=5, run_dir=str(tmp_path))
    runs.run(recipe)
    before = {name: (tmp_path / name).read_bytes() for name in ("model.keras", "history.csv")}
    runs.run(dataclasses.replace(recipe, epochs=1))
    assert "nothing to train" in capsys.readouterr().out
    assert before == {name: (tmp_path / name).read_bytes() for name in before}


def test_a_lost_game_is_not_written_over_a_good_one(tmp_path):
    recipe = Digits(epochs=2, seed=5, run_dir=str(tmp_path))
    runs.run(recipe)
    gan = keras.saving.load_model(tmp_path / "model.keras")
    gan.generator.trainable_variables[-1].assign(gan.generator.trainable_variables[-1] * float("nan"))
    with pytest.raises(ValueError, match=r"NaN in epoch 3.*model\.keras holds epoch 2"):
        training.fit(gan, dataclasses.replace(recipe, epochs=4), tmp_path, recipe.data())
    assert np.isfinite(keras.saving.load_model(tmp_path / "model.keras").sample(3)).all()


def started(*arguments, limit=None):
    """A real process of the command line; `limit`: the largest file it may write, in bytes."""

    program = "import sys; from keras_gan import cli; cli.main(['train', 'digits', *sys.argv[1:]])"
    if limit:
        program = f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit})); {program}"
    return subprocess.Popen(
        [sys.executable, "-c", program, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_for(condition, seconds=600):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "nothing happened"
        time.sleep(0.01)


def check_kills(folder, kills, seed):
    """Kills a run at random moments; whatever is left can be read, and at most the epoch under way is lost."""
    random = np.random.default_rng(seed)
    common = ("--epochs", 400, "--every", 1, "--seed", 5)
    epochs = 0
    for _ in range(kills):
        process = started(*common, "--run-dir", folder)
        wait_for(lambda seen=epochs: logged(folder) > seen)
        time.sleep(random.uniform(0, 1.5))
        process.kill()
        process.communicate()
        rows = logged(folder)
        gan = saved.load(folder)
        before, epochs = epochs, int(gan.iterations) // 13
        assert max(rows - 1, before, 1) <= epochs <= rows
    recipe = Digits(epochs=epochs + 2, every=1, seed=5)
    runs.run(dataclasses.replace(recipe, run_dir=str(folder)))
    runs.run(dataclasses.replace(recipe, run_dir=str(folder.with_name("whole"))))
    check_equal_state(*(keras.saving.load_model(path / "model.keras") for path in (folder, folder.with_name("whole"))))
    assert history(folder) == history(folder.with_name("whole"))


def logged(folder):
    file = folder / "history.csv"
    return max(len(file.read_text().splitlines()) - 1, 0) if file.exists() else 0


@pytest.mark.one_backend("jax")  # whose processes begin fastest
def test_kills_lose_at_most_an_epoch(tmp_path):
    check_kills(tmp_path / "run", kills=2, seed=0)


@pytest.mark.slow
def test_many_kills_lose_at_most_an_epoch(tmp_path):
    check_kills(tmp_path / "run", kills=30, seed=1)


@pytest.mark.one_backend("jax")
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupt_ends_cleanly(number, code, tmp_path):
    process = started("--epochs", 400, "--run-dir", tmp_path / "run")
    wait_for(lambda: (tmp_path / "run" / "model.keras").exists())
    process.send_signal(number)
    _, error = process.communicate(timeout=600)
    assert process.returncode == code
    assert "Stopped." in error
    assert f"To resume it: keras-gan train digits --epochs 400 --run-dir {tmp_path / 'run'}" in error
    assert not list(tmp_path.rglob("partial-*"))
    assert "Traceback" not in error
    assert saved.load(tmp_path / "run") is not None


@pytest.mark.one_backend("jax")
@pytest.mark.skipif(sys.platform == "win32", reason="no limits there")
def test_a_full_disk_is_one_line_and_harms_nothing(tmp_path):
    runs.run(Digits(epochs=2, seed=5, run_dir=str(tmp_path)))
    before = (tmp_path / "model.keras").read_bytes()
    process = started("--epochs", 4, "--seed", 5, "--run-dir", tmp_path, limit=len(before) // 2)
    _, error = process.communicate(timeout=600)
    assert process.returncode == 2, error
    (line,) = [line for line in error.splitlines() if line.startswith("keras-gan: error:")]
    assert line.count("Could not write") == 1
    assert "model.keras: File too large. The file that was there is intact." in line
    assert "Traceback" not in error
    assert (tmp_path / "model.keras").read_bytes() == before
    assert not list(tmp_path.glob("partial-*"))


def test_a_folder_that_cannot_be_written(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    with pytest.raises(SystemExit) as ended:
        cli.main(["train", "digits", "--epochs", "1", "--run-dir", str(tmp_path / "file" / "run")])
    assert ended.value.code == 2
    assert "Not a directory" in capsys.readouterr().err


def test_a_read_only_folder(tmp_path):
    recipe = Digits(epochs=1, seed=5, run_dir=str(tmp_path))
    runs.run(recipe)
    tmp_path.chmod(0o555)
    if os.access(tmp_path, os.W_OK):
        pytest.skip("root may write everywhere: setpriv --inh-caps=-all --bounding-set=-all python -m pytest ...")
    try:
        with pytest.raises(OSError, match=r"Could not write.*Permission denied"):
            runs.run(dataclasses.replace(recipe, epochs=2))
    finally:
        tmp_path.chmod(0o755)
    assert saved.load(tmp_path) is not None


@keras.saving.register_keras_serializable("test_runs_training")
class Memory(keras.Model):
    """A sampler that is no GAN: it learns the mean of its data, and its samples are that mean."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.dense = keras.layers.Dense(64, use_bias=True, kernel_initializer="zeros")
        self.dense.build((None, 1))
        self.built = True

    def call(self, x):
        return self.dense(keras.ops.zeros((keras.ops.shape(x)[0], 1)))

    def sample(self, num, seed=None):
        return self.predict(np.zeros((num, 64)), verbose=0).reshape(num, 8, 8, 1)


@dataclasses.dataclass(frozen=True)
class Remember(settings.Recipe):
    """A recipe of a user's own, with what the base class says and no more."""

    name: settings.SaidByPreset[str] = "remember"

    def data(self):
        return kg.datasets.load("digits")

    def build(self, data, seed):
        model = Memory()
        model.compile(optimizer=keras.optimizers.SGD(5.0), loss="mse", metrics=["mae"])
        return model

    def fit_arguments(self, data):
        x, validation = data.train.reshape(-1, 64) / 16, data.validation.reshape(-1, 64) / 16
        return {"x": x, "y": x, "batch_size": self.batch_size, "validation_data": (validation, validation)}


def test_any_model_with_fit_and_sample_runs(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    folder = runs.run(Remember(epochs=3, every=2, seed=1))
    assert folder.as_posix() == "runs/remember-1"
    assert {path.name for path in folder.iterdir()} == {
        *("config.json", "history.csv", "samples", "model.keras", "previous-model.keras")
    }
    first = history(folder)
    assert list(first[0]) == ["epoch", "loss", "mae", "val_loss", "val_mae"]
    assert [row["val_mae"] == "NA" for row in first] == [True, False, True]
    assert "epoch 2/3  loss 0." in capsys.readouterr().out
    runs.run(Remember(epochs=4, every=2, run_dir=str(folder)))
    assert history(folder)[:3] == first
    assert [row["epoch"] for row in history(folder)] == ["0", "1", "2", "3"]
    assert "Trained 1 epochs" in capsys.readouterr().out
    model = saved.load_best(folder)
    assert saved.epochs_done(model, 13) == 4
    np.testing.assert_allclose(model.sample(2)[0], kg.datasets.load("digits").pixel_mean(), atol=0.05)
    described = card.describe(folder, model)
    assert (described["epochs"], described["model"], described["averaged"]) == (4, "model of 128 parameters", False)
    with pytest.raises(ValueError, match="no recipe of that name"):
        saved.load_data(folder)
    monkeypatch.setitem(recipes.PRESETS, "remember", Remember())
    assert len(saved.load_data(folder).train) == 1297


def test_any_sampler_is_loaded_scored_drawn_and_shipped(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(recipes.PRESETS, "remember", Remember())
    runs.run(Remember(epochs=2, every=1, seed=1))
    run = "runs/remember-1"
    loaded = kg.load(run)
    assert not hasattr(loaded, "prior")
    table = kg.evaluation.evaluate({"memory": loaded}, kg.datasets.load("digits"), ["parzen"], 50, 1)
    assert np.isfinite(table["memory", "parzen"].cells["log_likelihood"].value)
    cli.main(["sample", run, "--n", "4", "--out", "four.npz"])
    np.testing.assert_array_equal(np.load("four.npz")["samples"], loaded.sample(4))
    cli.main(["evaluate", run, "--num-samples", "50", "--seeds", "1", "--measures", "parzen"])
    assert run in capsys.readouterr().out
    cli.main(["ship", run, "shipped"])
    assert {path.name for path in Path("shipped").iterdir()} == {"model.keras", "model.keras.json", "samples.png"}
    assert kg.load("shipped/model.keras").card["epochs"] == 2
    np.testing.assert_array_equal(kg.load("shipped").sample(3), loaded.sample(3))
    assert paper.draw([run], "figures")[0].name == "figure2.png"
    with pytest.raises(ValueError, match="samples without noise"):
        shipping.export(run, "onnx")


@dataclasses.dataclass(frozen=True)
class Further(Remember):
    """A recipe whose model goes on from another one's."""

    name: settings.SaidByPreset[str] = "further"

    def before(self):
        return "first", Remember(epochs=2, seed=self.seed)

    def build(self, data, seed, first):
        model = super().build(data, seed)
        model.set_weights(first.get_weights())
        return model


def test_what_comes_before_is_trained_first_and_once(tmp_path, capsys):
    run = tmp_path / "run"
    runs.run(Further(epochs=1, seed=1, run_dir=str(run)))
    assert [len(history(folder)) for folder in (run / "first", run)] == [2, 1]
    assert folders.read_config(run / "first")["recipe"]["name"] == "remember"
    assert float(history(run)[0]["loss"]) <= float(history(run / "first")[1]["loss"])  # no new start
    assert float(history(run)[0]["loss"]) < float(history(run / "first")[0]["loss"])
    before = (run / "first" / "model.keras").stat().st_mtime_ns
    capsys.readouterr()
    runs.run(Further(epochs=2, run_dir=str(run)))
    printed = capsys.readouterr().out
    assert "Trained 1 epochs" in printed
    assert "nothing to train" not in printed
    assert (run / "first" / "model.keras").stat().st_mtime_ns == before


def test_a_script_runs_its_recipe(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["remember.py", "--epochs", "1", "--run-dir", str(tmp_path / "run")])
    settings.main(Remember(every=1))
    assert folders.read_config(tmp_path / "run")["recipe"]["every"] == 1
    monkeypatch.setattr("sys.argv", ["remember.py", "--batch-size", "3", "--run-dir", str(tmp_path / "run")])
    with pytest.raises(SystemExit) as ended:
        settings.main(Remember(every=1))
    assert ended.value.code == 2
    error = capsys.readouterr().err
    assert error.splitlines()[-1].startswith("remember: error: ")
    assert "batch_size=100 there and 3 here. Choose another --run-dir." in error
    assert "To resume it, run the recipe remember with the same settings" in error
