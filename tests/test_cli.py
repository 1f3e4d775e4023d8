import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

import keras_gan as kg
from keras_gan import cli


def run(*arguments, **kwargs):
    command = [sys.executable, "-m", "keras_gan.cli", *arguments]
    return subprocess.run(command, capture_output=True, text=True, **kwargs)


@pytest.mark.parametrize(
    "recipe", ["digits", "mnist", "mnist-r1", "tfd", "cifar10-dense", "cifar10-conv", "cifar10-r1", "gaussians"]
)
def test_every_field_is_a_flag(recipe, capsys):
    with pytest.raises(SystemExit) as exit:
        cli.main(["train", recipe, "--help"])
    assert exit.value.code == 0
    printed = capsys.readouterr().out
    for flag in ("--epochs", "--updates", "--objective", "--device", "--precision", "--seed", "--run-dir", "--ema"):
        assert flag in printed


def test_flags_reach_the_recipe(monkeypatch):
    received = []
    monkeypatch.setattr(cli.digits, "main", received.append)
    cli.main(["train", "digits", "--epochs", "3", "--ema", "None", "--updates", "alternating"])
    assert received == [cli.digits.Digits(epochs=3, ema=None, updates="alternating")]


def test_bad_input_is_one_line_and_exit_code_2(monkeypatch, capsys):
    def fail(recipe):
        raise ValueError("what was wrong")

    monkeypatch.setattr(cli.mnist, "main", fail)
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
    for name in ("config.json", "history.csv", "best.keras", "gan.keras"):
        (tmp_path / "run" / name).write_bytes(content)
    arguments = {"train": ["digits", "--run-dir", "run"], "ship": ["run", "shipped", "--dataset", "digits"]}
    with pytest.raises(SystemExit) as exit:
        cli.main([command, *arguments.get(command, ["run"])])
    assert exit.value.code == 2
    (line,) = [line for line in capsys.readouterr().err.splitlines() if "error" in line]
    assert line.startswith("keras-gan: error: run/")
