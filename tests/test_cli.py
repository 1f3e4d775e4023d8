import dataclasses
import re
import subprocess
import sys

import numpy as np
import pytest
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

    monkeypatch.setattr(report, "measure", lambda run: run)
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


@pytest.mark.parametrize("content", [b"", b"{}", b"epoch,loss\n0,x\n", b"PK\x03\x04\x00\xff"])
@pytest.mark.parametrize("command", ["sample", "evaluate", "export", "figures", "curves", "theory", "ship", "train"])
def test_a_damaged_run_is_one_line(command, content, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "run").mkdir()
    for name in ("config.json", "history.csv", "best.keras", "model.keras"):
        (tmp_path / "run" / name).write_bytes(content)
    arguments = {"train": ["digits", "--run-dir", "run"], "ship": ["run", "shipped", "--dataset", "digits"]}
    with pytest.raises(SystemExit) as exit:
        cli.main([command, *arguments.get(command, ["run"])])
    assert exit.value.code == 2
    (line,) = [line for line in capsys.readouterr().err.splitlines() if "error" in line]
    assert line.startswith("keras-gan: error: run/")
