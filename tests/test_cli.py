import dataclasses
import json
import re
import shlex
import subprocess
import sys
import typing
from pathlib import Path

import keras
import numpy as np
import pytest
from conftest import weights, without_export
from keras_gan.recipes import PRESETS
from keras_gan.recipes.cifar10_r1 import Cifar10R1
from keras_gan.recipes.digits import Digits
from keras_gan.recipes.gaussians import Gaussians
from keras_gan.recipes.mnist import Mnist
from keras_gan.recipes.mnist_r1 import MnistR1
from PIL import Image

import keras_gan as kg
from keras_gan import cli, masks
from keras_gan.artifacts import files
from keras_gan.runs import folder as folders
from keras_gan.runs import training

pytestmark = pytest.mark.one_backend


def run(*arguments, **kwargs):
    command = [sys.executable, "-m", "keras_gan.cli", *arguments]
    return subprocess.run(command, capture_output=True, text=True, **kwargs)


def printed_help(capsys, *arguments):
    with pytest.raises(SystemExit) as exit:
        cli.main([*arguments, "--help"])
    assert exit.value.code == 0
    return " ".join(re.sub("[│╭╮╰╯─]", " ", capsys.readouterr().out).split())


@pytest.mark.parametrize("name", PRESETS)
def test_every_field_is_a_flag_with_the_presets_own_value(name, capsys):
    printed = printed_help(capsys, "train", name)
    assert PRESETS[name].summary in printed
    for field in dataclasses.fields(PRESETS[name]):
        flag = f"--{field.name.replace('_', '-')}"
        described = re.search(rf"{flag}[ ,].*?\(default: (\S+)\)", printed)
        if field.name in ("name", "points", "networks", "game"):  # which the preset says
            assert not described
        else:
            assert described, flag
            assert described[1] == str(getattr(PRESETS[name], field.name)), flag


def test_the_presets_are_listed(capsys):
    printed = printed_help(capsys, "train").replace(" ", "")  # tyro breaks lines within numbers, too
    for name, preset in PRESETS.items():
        assert f"•{name}{preset.summary}".replace(" ", "") in printed


@pytest.fixture
def received(monkeypatch):
    """The recipes that are run, without running them."""
    recipes = []
    monkeypatch.setattr(training, "run", lambda recipe: recipes.append(recipe) or "run")
    return recipes


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["digits", "--epochs", "3", "--updates", "alternating"], Digits(epochs=3, updates="alternating")),
        (["digits", "--ema", "0"], Digits(ema=0)),
        (["mnist-r1", "--ema", "0"], MnistR1(ema=0)),
        (["mnist-r1", "--r1-penalty", "0", "--dropout"], MnistR1(r1_penalty=0, dropout=True)),
        (["mnist-alternating", "--ema", "0"], dataclasses.replace(Mnist.alternating(), ema=0)),
        (["mnist-alternating", "--dropout"], dataclasses.replace(Mnist.alternating(), dropout=True)),
        (["mnist", "--no-dropout", "--data-path", "a.npz"], Mnist(dropout=False, data_path="a.npz")),
        (["cifar10-r1-dense", "--seed", "3"], dataclasses.replace(Cifar10R1.dense(), seed=3)),
        (["gaussians-plain-grid"], Gaussians.plain("grid")),
    ],
)
def test_flags_reach_the_recipe(arguments, expected, received):
    cli.main(["train", *arguments])
    assert received == [expected]


def test_bad_input_is_one_line_and_exit_code_2(monkeypatch, capsys):
    def fail(recipe):
        raise ValueError("what was wrong")

    monkeypatch.setattr(training, "run", fail)
    with pytest.raises(SystemExit) as exit:
        cli.main(["train", "mnist"])
    assert exit.value.code == 2
    assert capsys.readouterr().err.splitlines()[1:] == ["keras-gan: error: what was wrong"]


@pytest.mark.parametrize("arguments", [[], ["train"], ["train", "imagenet"], ["train", "digits", "--epoch", "x"]])
def test_unknown_arguments(arguments):
    with pytest.raises(SystemExit) as exit:
        cli.main(arguments)
    assert exit.value.code == 2


NUMBERS = {
    "digits": [
        *("--batch-size 0", "--batch-size -5", "--epochs 0", "--epochs -1", "--every 0", "--seed -1"),
        *("--seed 4294967296", "--discriminator-steps 0", "--discriminator-steps 2", "--discriminator-weight -1"),
        *("--discriminator-weight nan", "--r1-penalty -1", "--r1-penalty inf", "--ema 1", "--ema -0.5", "--ema nan"),
        *("--learning-rate -1", "--learning-rate nan", "--momentum 1", "--momentum -0.1"),
    ],
    "mnist": ["--learning-rate 0", "--decay-factor 0.5", "--ramp-epochs 1", "--minimum-learning-rate 1"],
    "mnist-r1": ["--epsilon -1", "--beta-1 1", "--discriminator-range 0", "--learning-rate inf"],
    "mnist-fast": ["--ema-share 0", "--ema-share 1.1", "--coloring -1", "--minimum-penalty 21", "--penalty-factor 0.9"],
    "tfd": ["--width 0", "--width -1", "--width nan", "--pretraining-epochs 0", "--fold 5", "--fold -1", "--width 1e9"],
    "cifar10-conv": ["--width 0", "--width inf"],
    "gaussians-ring": [
        "--generator-rate -1",
        "--discriminator-rate nan",
        "--units 0",
        "--units 1000000000",
        "--noise-dim 0",
        "--beta-2 1",
    ],
}


@pytest.mark.parametrize(("name", "flags"), [(name, flags) for name in NUMBERS for flags in NUMBERS[name]])
def test_numbers_out_of_range_are_one_line_before_anything_is_loaded(name, flags, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(type(PRESETS[name]), "data", None)
    with pytest.raises(SystemExit) as ended:
        cli.main(["train", name, *flags.split(), "--run-dir", "run"])
    assert ended.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"keras-gan: error: {flags.split()[0]} must be ")
    assert "Received: " in line
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("runs", "message"), [([], "Curves are drawn from runs"), (["."], "There is no run")])
def test_curves_of_nothing(runs, message, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as ended:
        cli.main(["curves", *runs])
    assert ended.value.code == 2
    assert capsys.readouterr().err.splitlines()[-1].startswith(f"keras-gan: error: {message}")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("numbers", ["--num-samples 0", "--num-samples 1000000000", "--seeds 0"])
def test_models_are_scored_by_a_number_of_samples(numbers, capsys):
    with pytest.raises(SystemExit) as ended:
        cli.main(["evaluate", "mnist", *numbers.split()])
    assert ended.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("keras-gan: error: Models are scored by 1 to 1,000,000 samples")


def test_what_comes_next(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(training, "run", lambda recipe: tmp_path / "my run")
    cli.main(["train", "digits"])
    run = shlex.quote(str(tmp_path / "my run"))
    assert capsys.readouterr().err.splitlines()[-3:] == [
        f"Next: keras-gan sample {run}",
        f"      keras-gan evaluate {run}",
        f"      keras-gan export {run} --format keras",
    ]
    cli.main(["train", "gaussians-ring"])
    assert f"Next: keras-gan theory {run}\n" in capsys.readouterr().err
    cli.main(["sample", "mnist", "--n", "4", "--out", str(tmp_path / "digits.png")])
    assert "Next: keras-gan evaluate mnist\n" in capsys.readouterr().err


def test_the_theory_of_runs(monkeypatch, capsys):
    from keras_gan.mixtures import report

    monkeypatch.setattr(report, "measure_run", lambda run: run)
    monkeypatch.setattr(report, "table", lambda reports: f"table of {reports}")
    cli.main(["theory", "one", "two"])
    assert capsys.readouterr().out == "table of [('one', 'one'), ('two', 'two')]\n"
    with pytest.raises(SystemExit):
        cli.main(["theory"])


def test_saturation(tmp_path, capsys):
    pytest.importorskip("matplotlib")
    cli.main(["saturation", "--output", str(tmp_path / "saturation.png")])
    assert "4.5398e-05" in capsys.readouterr().out
    assert (tmp_path / "saturation.png").is_file()


def test_help_does_not_import_keras():
    program = (
        "import sys; sys.argv = ['any name', '--help']\n"
        "import keras_gan_command\n"
        "try: keras_gan_command.main()\n"
        "except SystemExit: pass\n"
        "print([name for name in ('keras', 'tensorflow', 'jax', 'torch', 'numpy') if name in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert result.stdout.splitlines()[-1] == "[]"


@pytest.mark.one_backend("jax")  # which is imported fastest
def test_as_a_module(tmp_path):
    result = run("train", "mnist", "--data-path", "nowhere.npz", cwd=tmp_path)
    assert result.returncode == 2
    assert "keras-gan: error: There is no file nowhere.npz" in result.stderr
    assert "Traceback" not in result.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.every_backend
def test_samples_as_arrays_and_as_a_picture(tmp_path, capsys):
    cli.main(["sample", "mnist", "--n", "20", "--seed", "3", "--out", str(tmp_path / "some" / "samples.npz")])
    samples = np.load(tmp_path / "some" / "samples.npz", allow_pickle=False)["samples"]
    np.testing.assert_array_equal(samples, kg.load("mnist").sample(20, seed=3))
    cli.main(["sample", "mnist", "--n", "2", "--interpolate", "7", "--seed", "3", "--out", str(tmp_path / "lines.png")])
    lines = kg.load("mnist").interpolate(2, 7, seed=3)
    expected = kg.figures.grid(lines, 7, kg.figures.display_range(lines))[..., 0]
    np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / "lines.png")), expected)
    assert "Wrote" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["mnist", "--out", "samples.gif"], "written as .png or .npz"),
        (["mnist", "--n", "0"], "need n >= 1"),
        (["mnist", "--interpolate", "1"], "2 or more on a line"),
        (["mnist", "--seed", "-1"], "a seed >= 0"),
        (["nothing-here"], "There is no model. Received: nothing-here"),
        (["empty.keras"], "empty.keras is empty"),
        (["text.onnx"], "no onnx program"),
    ],
)
def test_what_cannot_be_sampled(arguments, message, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty.keras").write_bytes(b"")
    (tmp_path / "text.onnx").write_text("hello")
    with pytest.raises(SystemExit) as exit:
        cli.main(["sample", *arguments])
    assert exit.value.code == 2
    (line,) = [line for line in capsys.readouterr().err.splitlines() if "error" in line]
    assert line.startswith("keras-gan: error:")
    assert message in line


@pytest.fixture(scope="module")
def gan():
    keras.utils.set_random_seed(1)
    data = kg.datasets.load("digits")
    gan = kg.GAN(*kg.networks.build("digits", pixel_mean=data.pixel_mean()), preprocessing=data.preprocessing, seed=1)
    gan.compile(ema=0.9)
    gan.fit(data.train[:100], verbose=0)
    return gan


@pytest.fixture
def run_folder(gan, tmp_path):
    """What a run leaves that `evaluate` and `curves` look at."""

    def write(folder="run", **card):
        folder = tmp_path / folder
        folder.mkdir()
        gan.save(folder / "model.keras")
        data = kg.datasets.load("digits").card | card
        (folder / "config.json").write_text(
            json.dumps({"recipe": {"name": "digits", "seed": 1}, "data": data, "command": [], "updates_per_epoch": 13})
        )
        (folder / "history.csv").write_text("epoch,seconds,val_parzen_ll\n0,1.5,20.0\n1,2.5,30.0\n")
        return str(folder)

    return write


FEW = ["--num-samples", "100", "--seeds", "2"]


def test_evaluate_prints_json_and_leaves_the_model_alone(gan, tmp_path, capsys):
    gan.save(tmp_path / "gan.keras")
    before = weights(gan.generator)
    model = str(tmp_path / "gan.keras")
    cli.main(["evaluate", model, "--dataset", "digits", "--measures", "parzen", "--json", *FEW])
    content = json.loads(capsys.readouterr().out)
    assert content["data"]["name"] == "digits"
    assert [row["name"] for row in content["rows"]] == [model, "real training images", "the mean training image"]
    assert list(content["rows"][0]["measures"]) == ["parzen"]
    assert len(content["rows"][0]["measures"]["parzen"]["reports"]) == 2
    np.testing.assert_array_equal(before[0], weights(gan.generator)[0])


def test_evaluate_compares_features_of_a_network_of_ones_own(gan, tmp_path, capsys):
    gan.save(tmp_path / "gan.keras")
    network = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Flatten()])
    network.save(tmp_path / "network.keras")
    arguments = ["evaluate", str(tmp_path / "gan.keras"), "--dataset", "digits", "--measures", "kid", *FEW]
    cli.main([*arguments, "--features", str(tmp_path / "network.keras")])
    assert "network.keras, 64 numbers, hash" in capsys.readouterr().out.replace("\n", " ")
    with pytest.raises(SystemExit) as exit:
        cli.main([*arguments, "--features", "resnet"])
    assert exit.value.code == 2
    assert "Unknown features. Received: 'resnet'" in capsys.readouterr().err


def test_evaluate_knows_what_runs_were_trained_on(run_folder, capsys):
    one, two = run_folder("one"), run_folder("two")
    cli.main(["evaluate", one, f"{two}/model.keras", *FEW])
    printed = capsys.readouterr()
    lines = printed.out.splitlines()
    rows = [next(line for line in lines if line.startswith(name)) for name in (f"{one} ", f"{two}/model.keras ")]
    assert rows[0].split()[1:] == rows[1].split()[1:]  # the same model
    assert "What it hides" in printed.out
    assert "modes: training a small classifier" in printed.err
    assert f"{one}: parzen of seed 1" in printed.err
    assert "trained on other rows" not in printed.err


def test_evaluate_spends_a_budget_on_ais(run_folder, monkeypatch, capsys):
    few = kg.evaluation.ais.Budget(num_points=3, num_simulated=1, num_chains=1, num_temperatures=2, num_leapfrogs=1)
    monkeypatch.setitem(kg.evaluation.ais.BUDGETS, "full", few)
    cli.main(["evaluate", run_folder("one"), "--measures", "ais", "parzen", "--budget", "full", "--json", *FEW])
    row = json.loads(capsys.readouterr().out)["rows"][0]["measures"]
    assert row["ais"]["cells"]["images"]["value"] == 3
    assert row["ais"]["cells"]["temperatures"]["value"] == 2
    assert len(row["parzen"]["reports"]) == 2


def test_evaluate_knows_what_an_export_was_trained_on(gan, tmp_path, capsys):
    model = str(tmp_path / "generator.keras")
    gan.export(model, "keras", {"data": {"name": "digits", "rows": "as they were"}})
    cli.main(["evaluate", model, "--measures", "parzen", *FEW])
    printed = capsys.readouterr()
    assert "Optical recognition of handwritten digits" in printed.out
    assert f"{model} was trained on other rows of digits: as they were. Here: shuffled once" in printed.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nothing.keras"], "There is no model. Received: nothing.keras"),
        ([], "There is no model to score"),
        (["run/../alone.keras"], "It is not known what run/../alone.keras was trained on"),
        (
            ["run", "other"],
            "One table has one data set. The models were trained on several: run on digits, other on ring.",
        ),
        (["run", "--measures", "fd"], "Unknown measure. Received: 'fd'"),
    ],
)
def test_what_cannot_be_evaluated(arguments, message, run_folder, gan, tmp_path, monkeypatch, capsys):
    run_folder("run")
    run_folder("other", name="ring")
    gan.save(tmp_path / "alone.keras")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as exit:
        cli.main(["evaluate", *arguments])
    assert exit.value.code == 2
    assert f"keras-gan: error: {message}" in capsys.readouterr().err


@pytest.fixture
def faces(tmp_path):
    """A file in the format of the Toronto Face Database, and a generator of such images."""
    scipy_io = pytest.importorskip("scipy.io")
    num = 300
    fields = {
        "images": np.random.default_rng(0).integers(0, 256, (num, 48, 48), "uint8"),
        "labs_ex": np.ones((num, 1), "int16"),
        "labs_id": np.ones((num, 1), "int16"),
        "folds": np.stack([np.roll(np.arange(num) % 4, fold) for fold in range(5)], axis=1).astype("uint8"),
    }
    scipy_io.savemat(tmp_path / "tfd.mat", fields)
    generator = keras.Sequential(
        [keras.Input((5,)), keras.layers.Dense(2304, "sigmoid"), keras.layers.Reshape((48, 48, 1))]
    )
    (tmp_path / "run").mkdir()
    generator.save(tmp_path / "run" / "generator.keras")
    (tmp_path / "run" / "card.json").write_text('{"prior": "uniform"}')
    return tmp_path


def test_evaluate_on_five_folds(faces, capsys):
    arguments = ["evaluate", str(faces / "run"), "--dataset", "tfd", "--data-path", str(faces / "tfd.mat")]
    cli.main([*arguments, "--num-samples", "20", "--seeds", "1"])
    printed = capsys.readouterr()
    assert "Mean and standard error over folds (ddof 1)" in printed.out
    assert printed.out.count("\n  fold 4") == 1
    assert "not to be compared with the paper's TFD column" in printed.out
    assert "2057" not in printed.out
    assert "The measure modes does not apply to tfd" in printed.err


def test_evaluate_reads_a_runs_data_as_the_run_did(faces, monkeypatch, capsys):
    monkeypatch.delenv("KERAS_GAN_TFD", raising=False)
    path = str(faces / "tfd.mat")
    card = kg.datasets.load("tfd", path=path, fold=2).card
    recipe = {"name": "tfd", "data_path": path, "fold": 2}
    config = {"recipe": recipe, "data": card, "command": [], "updates_per_epoch": 1}
    (faces / "run" / "config.json").write_text(json.dumps(config))
    (faces / "run" / "history.csv").write_text("epoch,seconds\n")
    cli.main(["evaluate", str(faces / "run"), "--num-samples", "20", "--seeds", "1"])
    printed = capsys.readouterr()
    assert "300 images in the format of the Toronto Face Database" in printed.out
    assert "trained on other rows" not in printed.err  # the run's own fold


@pytest.fixture
def own_run(tmp_path):
    """A run on twenty pictures of one's own, as it leaves its files; the model is not trained."""
    (tmp_path / "pictures").mkdir()
    for i, pixels in enumerate(np.random.default_rng(0).integers(0, 256, (20, 50, 60, 3), "uint8")):
        Image.fromarray(pixels).save(tmp_path / "pictures" / f"{i}.png")
    recipe = dataclasses.replace(PRESETS["tfd"], data_path=str(tmp_path / "pictures"), seed=1, epochs=1)
    data = recipe.data()
    generator = keras.Sequential(
        [keras.Input((5,)), keras.layers.Dense(2304, "sigmoid"), keras.layers.Reshape((48, 48, 1))]
    )
    discriminator = keras.Sequential([keras.Input((48, 48, 1)), keras.layers.Flatten(), keras.layers.Dense(1)])
    model = kg.GAN(generator, discriminator, preprocessing=data.preprocessing, seed=0)
    model.compile()
    model.fit(data.train, verbose=0)
    (tmp_path / "run" / "samples").mkdir(parents=True)
    folders.record(recipe, tmp_path / "run", data)
    model.save(tmp_path / "run" / "model.keras")
    kg.figures.save_grid(model.sample(4, seed=0), tmp_path / "run" / "samples" / "epoch_0001.png", columns=2)
    (tmp_path / "run" / "history.csv").write_text(
        "epoch,seconds,loss,val_parzen_ll,val_parzen_se,parzen_sigma,value,d_on_data,d_on_samples\n0,1,1,1,1,1,-1,.5,.5\n"
    )
    return tmp_path, data


def fails(capsys, *arguments):
    with pytest.raises(SystemExit) as exit:
        cli.main(list(arguments))
    printed = capsys.readouterr().err.splitlines()
    assert exit.value.code == 2
    return next(line for line in printed if line.startswith("keras-gan: error: "))


def test_runs_on_pictures_of_ones_own_are_read_like_others(own_run, capsys):
    folder, data = own_run
    run, pictures, few = str(folder / "run"), str(folder / "pictures"), ["--num-samples", "20", "--seeds", "1"]
    cli.main(["evaluate", run, "--json", *few])
    whole = json.loads(capsys.readouterr().out)
    assert len(whole["rows"][0]["measures"]["parzen"]["reports"]) == 1
    assert "16 for training, 2 for validation, 2 for tests" in whole["data"]["description"]
    assert whole["note"] == ""
    sampler = kg.load(run)
    expected = kg.evaluation.parzen.log_likelihood(
        sampler.sample(20, 0), data.preprocess(data.validation), data.preprocess(data.test)
    )
    np.testing.assert_allclose(
        whole["rows"][0]["measures"]["parzen"]["cells"]["log_likelihood"]["value"], expected.mean
    )
    cli.main(["curves", run, "--output", str(folder / "curves.png")])
    cli.main(["sample", run, "--n", "4", "--out", str(folder / "samples.png")])
    cli.main(["export", run, "--format", "keras", "--out", str(folder / "own.keras")])
    cli.main(["figures", run, "--output", str(folder / "figures")])
    assert {"figure2.png", "figure3.png"} <= {path.name for path in (folder / "figures").iterdir()}

    own = str(folder / "own.keras")
    assert "images needs path= (on the command line --data-path)" in fails(capsys, "evaluate", own)
    cli.main(["evaluate", own, "--data-path", pictures, "--json", *few])  # its size and channels are the samples'
    exported = json.loads(capsys.readouterr().out)
    assert exported["data"] == whole["data"]
    np.testing.assert_allclose(
        exported["rows"][0]["measures"]["parzen"]["cells"]["log_likelihood"]["value"], expected.mean, rtol=1e-5
    )
    alone = str(folder / "alone.keras")
    sampler.model.save(alone)
    cli.main(["evaluate", alone, "--dataset", "images", "--data-path", pictures, *few])
    assert "20 pictures, grey" in capsys.readouterr().out


def test_pictures_that_moved_or_changed(own_run, capsys):
    folder, _ = own_run
    run, moved, few = str(folder / "run"), folder / "moved", ["--num-samples", "20", "--seeds", "1"]
    (folder / "pictures").rename(moved)
    for command in (["evaluate", run], ["figures", run], ["train", "tfd", "--data-path", str(folder / "pictures")]):
        assert "no file or folder" in fails(capsys, *command)
    cli.main(["evaluate", run, "--data-path", str(moved), "--json", *few])
    assert json.loads(capsys.readouterr().out)["note"] == ""
    cli.main(["figures", run, "--data-path", str(moved), "--output", str(folder / "figures")])
    again = ["train", "tfd", "--data-path", str(moved), "--epochs", "1", "--run-dir", run]
    with without_export():
        cli.main(again)
    assert "1 epochs already" in capsys.readouterr().out

    (moved / "3.png").write_bytes((moved / "4.png").read_bytes())
    config = (folder / "run" / "config.json").read_text()
    message = fails(capsys, *again)
    assert f"{run} holds a run that was trained on other data" in message
    assert "Bring back the same data" in message
    assert (folder / "run" / "config.json").read_text() == config
    cli.main(["evaluate", run, "--data-path", str(moved), *few])
    assert "was trained on other pictures" in " ".join(capsys.readouterr().out.split())

    other = folder / "other"
    other.mkdir()
    (other / "model.keras").write_bytes((folder / "run" / "model.keras").read_bytes())
    (other / "history.csv").write_text("epoch,seconds\n")
    changed = json.loads(config)
    changed["data"]["fingerprint"] = "another"
    (other / "config.json").write_text(json.dumps(changed))
    assert "One table has one data set" in fails(capsys, "evaluate", run, str(other))


def test_curves_mark_what_the_data_are_compared_with(run_folder, tmp_path, monkeypatch):
    from keras_gan.figures import curves

    received = []
    monkeypatch.setattr(curves, "save_curves", lambda runs, output, levels: received.append(levels))
    marked, plain = run_folder("marked", levels={"paper 225": 225.0}), run_folder("plain")
    alone = tmp_path / "alone"
    alone.mkdir()
    cli.main(["curves", marked, plain, str(alone)])
    cli.main(["curves", plain])
    cli.main(["curves", str(alone), "--dataset", "mnist"])
    cli.main(["curves", marked, "--dataset", "cifar10"])
    assert received == [{"paper 225": 225.0}, {}, {"paper 225": 225.0, "real images 242.5": 242.5}, {}]


@pytest.mark.parametrize("content", [b"", b"{}", b"epoch,loss\n0,x\n", b"PK\x03\x04\x00\xff"])
@pytest.mark.parametrize("command", ["sample", "evaluate", "export", "figures", "curves", "theory", "ship", "train"])
def test_a_damaged_run_is_one_line(command, content, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "run").mkdir()
    for name in ("config.json", "history.csv", "best.keras", "model.keras"):
        (tmp_path / "run" / name).write_bytes(content)
    arguments = {"train": ["digits", "--run-dir", "run"], "ship": ["run", "shipped"]}
    with pytest.raises(SystemExit) as exit:
        cli.main([command, *arguments.get(command, ["run"])])
    assert exit.value.code == 2
    (line,) = [line for line in capsys.readouterr().err.splitlines() if "error" in line]
    assert line.startswith("keras-gan: error: run/")


WRONG = {  # key of config.json, value that it should not have
    "recipe": [["digits"], "digits", None],
    "data": [["digits"], None],
    "command": ["keras-gan train digits", [1], [["a"]], {"a": 1}],
    "updates_per_epoch": ["13", 0, True, 1.5],
    "versions": [["keras"], None],
    "device": [["cpu"], None],
    "recipe.name": [["digits"], 5],
    "recipe.seed": ["1", [1], -1, 1.5],
    "recipe.epochs": ["5", [5]],
    "recipe.objective": [["minimax"], "unknown"],
    "recipe.data_path": [5, ["a"]],
    "data.name": [["x"], {"a": 1}, 5],
    "data.levels": [["x"], {"a": "x"}],
}


@pytest.mark.parametrize("command", ["export", "evaluate", "figures", "curves", "train"])
def test_a_wrong_type_in_a_runs_config_is_one_line(command, run_folder, gan, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(files, "load_model", lambda path: gan)  # some fifty times
    config_file = Path(run_folder("run")) / "config.json"
    config = json.loads(config_file.read_text()) | {"versions": {"keras": "3"}, "device": "cpu"}
    arguments = {
        "train": ["digits", "--run-dir", "run"],
        "export": ["run", "--format", "keras"],
        "evaluate": ["run", *FEW],
    }
    seen = 0
    for key, values in WRONG.items():
        if (key in ("versions", "device") and command != "export") or (
            key.startswith("recipe.") and command == "curves"
        ):
            continue
        if key in ("recipe.epochs", "recipe.objective") and command not in ("evaluate", "figures"):
            continue
        for value in values:
            *outer, name = key.split(".")
            wrong = json.loads(json.dumps(config))
            (wrong[outer[0]] if outer else wrong)[name] = value
            config_file.write_text(json.dumps(wrong))
            with pytest.raises(SystemExit) as exit:
                cli.main([command, *arguments.get(command, ["run"])])
            (line,) = [line for line in capsys.readouterr().err.splitlines() if "error" in line]
            assert exit.value.code == 2
            assert "config.json" in line, line
            assert name in line, line
            seen += 1
    assert seen > 15


@pytest.mark.parametrize("content", [b"\xff\xfe no text", b"[1, 2]", b"{", b"[" * 100_000, b'"a"'])
def test_a_config_that_is_none(content, run_folder, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (Path(run_folder("run")) / "config.json").write_bytes(content)
    for command in (["export", "run"], ["evaluate", "run"], ["figures", "run"], ["curves", "run"], ["theory", "run"]):
        with pytest.raises(SystemExit) as exit:
            cli.main(command)
        assert exit.value.code == 2
        assert capsys.readouterr().err.splitlines()[-1].startswith("keras-gan: error: run/config.json is damaged")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--n", "1000000000"], "A .png file holds at most 10,000 samples"),
        (["--n", "20000"], "Write them as arrays with --out samples.npz"),
        (["--n", "1000000000", "--out", "a.npz"], "A .npz file holds at most 1,000,000 samples"),
        (["--interpolate", "1000000000"], "Received: 64 lines of 1,000,000,000"),
    ],
)
def test_more_samples_than_fit_are_refused_before_any_work(arguments, message, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(cli, "_load_package", lambda: pytest.fail("work"))
    with pytest.raises(SystemExit) as exit:
        cli.main(["sample", "mnist", *arguments])
    assert exit.value.code == 2
    assert message in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_samples_too_large_to_hold_are_refused_once_their_shape_is_known(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    layers = [keras.Input((2,)), keras.layers.RepeatVector(10**6), keras.layers.Reshape((1000, 1000, 2))]
    keras.Sequential(layers).save("huge.keras")
    for arguments, message in [
        (["--n", "1000", "--out", "a.npz"], "1,000 samples of shape (1000, 1000, 2) take 7.5 GB"),
        (["--n", "500"], "make a picture of 501,000,500 pixels"),
    ]:
        with pytest.raises(SystemExit):
            cli.main(["sample", "huge.keras", "--prior", "uniform", *arguments])
        assert message in capsys.readouterr().err


def test_samples_of_a_lost_training_are_refused(gan, run_folder, tmp_path, monkeypatch, capsys):
    """By every command that draws them; the file, and the weights that are NaN, are named."""
    pytest.importorskip("matplotlib")
    monkeypatch.chdir(tmp_path)
    variable = gan.generator.trainable_variables[-1]
    before, average = variable.numpy(), gan.average.variables
    values = [part.numpy() for part in average]
    try:
        variable.assign(np.full(variable.shape, np.nan))
        for part in average:
            part.assign(np.full(part.shape, np.nan) if "float" in part.dtype else part)
        run_folder("run")
    finally:
        variable.assign(before)
        for part, value in zip(average, values, strict=True):
            part.assign(value)
    for command in (["sample", "run"], ["evaluate", "run", *FEW, "--measures", "parzen"], ["figures", "run"]):
        with pytest.raises(SystemExit) as exit:
            cli.main(command)
        assert exit.value.code == 2
        line = capsys.readouterr().err.splitlines()[-1]
        assert "not finite" in line, line
        assert "training diverged" in line, line
    assert not (tmp_path / "samples.png").exists()


def test_a_class_that_nobody_registered_is_named(tmp_path, monkeypatch, capsys):
    @keras.saving.register_keras_serializable("my_package")
    class Swirl(keras.layers.Layer):
        def call(self, x):
            return x

    keras.Sequential([keras.Input((2,)), Swirl(), keras.layers.Dense(4)]).save(tmp_path / "own.keras")
    registered = keras.saving.get_custom_objects()
    monkeypatch.delitem(registered, "my_package>Swirl")
    with pytest.raises(SystemExit) as exit:
        cli.main(["sample", str(tmp_path / "own.keras"), "--prior", "uniform"])
    assert exit.value.code == 2
    (line,) = [line for line in capsys.readouterr().err.splitlines() if "error" in line]
    assert "own.keras cannot be read as a Keras model: it holds 'my_package>Swirl'" in line
    assert "@keras.saving.register_keras_serializable()" in line


@pytest.mark.parametrize("command", ["curves", "figures", "theory", "evaluate"])
def test_commands_on_runs_want_one(command, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as exit:
        cli.main([command])
    assert exit.value.code == 2
    assert "Give the folder of " in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("arguments", [["--steps", "1000000000"], ["--steps", "1"], ["--seed", "-1"]])
def test_lines_of_figure_3_that_nobody_can_look_at(arguments, capsys):
    with pytest.raises(SystemExit) as exit:
        cli.main(["figures", "run", *arguments])
    assert exit.value.code == 2
    assert "A line of figure 3 has 2 to 100 images" in capsys.readouterr().err


@pytest.fixture(scope="module")
def completing(tmp_path_factory):
    gan = kg.GAN(
        *kg.networks.build("digits", observed=True),
        condition=kg.conditions.Observed(),
        preprocessing=keras.layers.Rescaling(1 / 16),
        seed=1,
    )
    gan.compile()
    path = tmp_path_factory.mktemp("completing") / "gan.keras"
    gan.save(path)
    return gan, str(path)


def test_complete_an_image(completing, tmp_path, capsys):
    gan, model = completing
    pixels = np.random.default_rng(0).integers(0, 256, (8, 8), "uint8")
    Image.fromarray(pixels).save(tmp_path / "image.png")
    np.save(tmp_path / "mask.npy", masks.get("left").draw(1, (8, 8, 1))[0])
    command = ["complete", model, "--image", str(tmp_path / "image.png"), "--n", "3", "--seed", "4"]
    image = (pixels / 255).astype("float32")[..., np.newaxis]
    for asked, side in ((["--hide", "right"], "right"), (["--mask", str(tmp_path / "mask.npy")], "left")):
        cli.main([*command, *asked, "--out", str(tmp_path / "made" / "out.npz")])
        assert "3 completions of an image, with seed 4" in capsys.readouterr().out
        mask = masks.get(side).draw(1, (8, 8, 1))[0]
        with np.load(tmp_path / "made" / "out.npz") as found:
            np.testing.assert_allclose(found["images"], image[np.newaxis], atol=1e-6)
            np.testing.assert_array_equal(found["masks"], mask[np.newaxis])
            for i, made in enumerate(found["completions"]):
                expected = gan.sample(1, 12 + i, condition=(image, mask))
                np.testing.assert_allclose(made, expected, atol=1e-6)
                np.testing.assert_array_equal(made[0][mask > 0], found["images"][0][mask > 0])
    cli.main([*command, "--hide", "top", "--out", str(tmp_path / "out.png")])
    assert np.asarray(Image.open(tmp_path / "out.png")).shape == (48, 5 * 49 - 1)
    capsys.readouterr()


def test_complete_test_images(completing, tmp_path, capsys):
    _, model = completing
    out = tmp_path / "out.npz"
    cli.main(["complete", model, "--dataset", "digits", "--rows", "7", "--seed", "0", "--out", str(out)])
    assert "each of 7 images" in capsys.readouterr().out
    data = kg.datasets.load("digits")
    with np.load(out) as found:
        np.testing.assert_array_equal(found["images"], data.preprocess(data.test[:7]))
        np.testing.assert_array_equal(found["masks"], masks.by_turns(masks.SHOWN, 7, (8, 8, 1)))
        assert found["completions"].shape == (5, 7, 8, 8, 1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--image", "a.png"], "hidden, in one way. Received: neither of --mask and --hide"),
        (["--image", "a.png", "--mask", "b.png", "--hide", "top"], "Received: both of --mask and --hide"),
        (["--mask", "b.png", "--hide", "top"], "Received: both --mask and --hide"),
        (["--image", "a.png", "--hide", "top"], "There is no picture a.png"),
        (["--rows", "0"], "n=5, rows=0"),
        (["--out", "a.jpg"], "written as .png or .npz"),
    ],
)
def test_complete_refuses(arguments, message, completing, capsys):
    with pytest.raises(SystemExit) as stop:
        cli.main(["complete", completing[1], *arguments])
    assert stop.value.code == 2
    assert message in capsys.readouterr().err


def test_complete_refuses_a_model_that_completes_nothing(capsys):
    with pytest.raises(SystemExit):
        cli.main(["complete", "mnist"])
    assert "This model completes no images" in capsys.readouterr().err


def test_what_complete_can_hide():
    asked = typing.get_args(typing.get_type_hints(cli.complete)["hide"])
    names = [name for part in asked for name in typing.get_args(part)]
    assert set(names) == set(masks.MASKS) - {"half"}  # which is one of the four sides, by chance
