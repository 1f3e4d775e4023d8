import subprocess
import sys

import pytest

from keras_gan import cli


def run(*arguments, **kwargs):
    command = [sys.executable, "-m", "keras_gan.cli", *arguments]
    return subprocess.run(command, capture_output=True, text=True, **kwargs)


@pytest.mark.parametrize("recipe", ["digits", "mnist", "mnist-r1", "tfd", "cifar10-dense", "cifar10-conv", "gaussians"])
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
    from keras_gan import labs

    monkeypatch.setattr(labs, "measure", lambda run: run)
    monkeypatch.setattr(labs, "table", lambda reports: f"table of {reports}")
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
        "import sys; sys.argv = ['keras-gan', '--help']\n"
        "import keras_gan.cli\n"
        "try: keras_gan.cli.main()\n"
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
