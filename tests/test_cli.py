import dataclasses
import json
import re
import subprocess
import sys

import keras
import numpy as np
import pytest
from conftest import weights
from keras_gan.recipes import PRESETS
from keras_gan.recipes.cifar10_r1 import Cifar10R1
from keras_gan.recipes.digits import Digits
from keras_gan.recipes.gaussians import Gaussians
from keras_gan.recipes.mnist import Mnist
from keras_gan.recipes.mnist_r1 import MnistR1
from PIL import Image

import keras_gan as kg
from keras_gan import cli
from keras_gan.runs import training


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
    monkeypatch.setattr(training, "run", recipes.append)
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
    assert capsys.readouterr().err == "keras-gan: error: what was wrong\n"


@pytest.mark.parametrize("arguments", [[], ["train"], ["train", "imagenet"], ["train", "digits", "--epoch", "x"]])
def test_unknown_arguments(arguments):
    with pytest.raises(SystemExit) as exit:
        cli.main(arguments)
    assert exit.value.code == 2


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


def test_as_a_module(tmp_path):
    result = run("train", "mnist", "--data-path", "nowhere.npz", cwd=tmp_path)
    assert result.returncode == 2
    assert "keras-gan: error: There is no file nowhere.npz" in result.stderr
    assert "Traceback" not in result.stderr
    assert not list(tmp_path.iterdir())


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
        (["run", "--seeds", "0"], "Samples need a number and a seed. Received: num_samples=10000, num_seeds=0"),
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
