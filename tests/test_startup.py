"""What happens before Keras is imported. Each case is about an environment, which a new process has."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import keras
import pytest

from keras_gan import startup

pytestmark = pytest.mark.one_backend("jax")  # which is imported fastest


@pytest.fixture
def environment(monkeypatch, tmp_path):
    """One in which nobody has chosen a backend, and those in `installed` are there."""
    installed = {"tensorflow", "jax", "torch"}
    real = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name in {*startup.BACKENDS} - installed else real("json")
    )
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.setenv("KERAS_BACKEND", "")
    return installed


def write_keras_json(folder, **content):
    (folder / "keras.json").write_text(json.dumps(content))


def test_what_was_chosen_is_taken(environment, monkeypatch, tmp_path):
    write_keras_json(tmp_path, backend="torch")
    assert startup.choose_backend() == "torch"
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    assert startup.choose_backend() == "jax"


@pytest.mark.parametrize("content", [None, {}, {"backend": "tensorflow"}, []])
def test_where_nobody_has_chosen_what_is_installed_is_taken(content, environment, tmp_path):
    if content is not None:
        (tmp_path / "keras.json").write_text(json.dumps(content))
    environment -= {"tensorflow"}
    assert startup.choose_backend() == "jax" == os.environ["KERAS_BACKEND"]


def test_a_damaged_keras_json_says_nothing(environment, tmp_path):
    (tmp_path / "keras.json").write_text("{")
    assert startup.choose_backend() == "tensorflow"


def test_a_backend_that_is_not_installed_is_one_line(environment, monkeypatch):
    environment -= {"tensorflow", "torch"}
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    with pytest.raises(ImportError, match=r"PyTorch is not installed.*'torch'.* is installed \(jax\), or pip install"):
        startup.choose_backend()
    environment.clear()
    with pytest.raises(ImportError, match=r"PyTorch is not installed.*To go on, pip install"):
        startup.choose_backend()
    monkeypatch.setenv("KERAS_BACKEND", "")
    with pytest.raises(ImportError, match="none of them is installed"):
        startup.choose_backend()


def test_another_backend_than_these_three(environment, monkeypatch, tmp_path):
    write_keras_json(tmp_path, backend="numpy")
    with pytest.raises(ValueError, match=r'Received: "backend": "numpy" in .*keras.json'):
        startup.choose_backend()
    monkeypatch.setenv("KERAS_BACKEND", "pytorch")
    with pytest.raises(ValueError, match="Received: KERAS_BACKEND='pytorch'"):
        startup.choose_backend()


def test_a_folder_of_that_name_is_no_backend(monkeypatch, tmp_path):
    (tmp_path / "name_of_a_folder").mkdir()
    monkeypatch.syspath_prepend(str(tmp_path))
    assert not startup._is_installed("name_of_a_folder")
    assert startup._is_installed("json")


def test_the_users_variables_stay(monkeypatch, tmp_path):
    monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", "0")
    monkeypatch.setenv("JAX_COMPILATION_CACHE_DIR", "")
    monkeypatch.setenv("TF_ENABLE_ONEDNN_OPTS", "0")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    startup.set_up_command()
    assert os.environ["TF_CPP_MIN_LOG_LEVEL"] == "0"
    assert os.environ["TF_ENABLE_ONEDNN_OPTS"] == "0"
    assert os.environ["JAX_COMPILATION_CACHE_DIR"] == ""
    assert not list(tmp_path.iterdir())


def test_jax_keeps_what_it_compiles_in_the_users_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", "3")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.delenv("JAX_COMPILATION_CACHE_DIR", raising=False)
    startup.set_up_command()
    assert os.environ["JAX_COMPILATION_CACHE_DIR"] == str(tmp_path / "keras-gan" / "jax")
    monkeypatch.delenv("JAX_COMPILATION_CACHE_DIR")
    (tmp_path / "a-file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "a-file"))
    startup.set_up_command()
    assert "JAX_COMPILATION_CACHE_DIR" not in os.environ


def test_tensorflow_is_told_to_use_onednn(monkeypatch):
    monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", "3")
    monkeypatch.setenv("JAX_COMPILATION_CACHE_DIR", "")
    monkeypatch.delenv("TF_ENABLE_ONEDNN_OPTS")
    startup.set_up_command()
    assert os.environ["TF_ENABLE_ONEDNN_OPTS"] == "1"


# Below: the command itself, in a new process.

COMMAND = [sys.executable, "-c", "import keras_gan_command; keras_gan_command.main()"]


def test_the_version_and_a_reader_who_leaves():
    other = {key: value for key, value in os.environ.items() if key != "TF_CPP_MIN_LOG_LEVEL"}
    result = subprocess.run([*COMMAND, "--version"], capture_output=True, text=True, env=other)
    import keras_gan

    assert result.stdout.startswith(f"keras-gan {keras_gan.__version__}, Keras {keras.__version__}, backend: ")
    assert result.stderr == ""
    process = subprocess.Popen([*COMMAND, "--help"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=other)
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    process.wait()


def test_of_tensorflow_s_warnings_only_that_of_retracing_is_no_news():
    other = {key: value for key, value in os.environ.items() if key != "TF_CPP_MIN_LOG_LEVEL"}
    program = (
        "import logging, keras_gan_command; from keras_gan import startup; startup.set_up_command()\n"
        "log = logging.getLogger('tensorflow')\n"
        "log.warning('5 out of the last 9 calls to %s triggered tf.function retracing.', 'f'); log.warning('news')"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=other)
    assert (result.returncode, result.stderr) == (0, "news\n")


BLOCKED = """
import sys
class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {blocked}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Blocker())
"""


def test_an_environment_that_has_jax_alone(tmp_path):
    variables = {key: value for key, value in os.environ.items() if key != "KERAS_BACKEND"}
    variables["KERAS_HOME"] = str(tmp_path)
    start = BLOCKED.format(blocked={"tensorflow", "torch"})
    program = start + "import keras_gan, keras; print(keras.backend.backend())"
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=variables)
    assert result.stdout == "jax\n", result.stderr
    program = start + "import keras_gan_command; keras_gan_command.main()"
    arguments = ["sample", "mnist", "--n", "4", "--out", str(tmp_path / "digits.png")]
    result = subprocess.run([sys.executable, "-c", program, *arguments], capture_output=True, text=True, env=variables)
    assert result.returncode == 0, result.stderr
    assert "Loading Keras with JAX" in result.stderr
    assert Path(tmp_path / "digits.png").is_file()
    variables["KERAS_BACKEND"] = "torch"
    result = subprocess.run([sys.executable, "-c", program, *arguments], capture_output=True, text=True, env=variables)
    assert result.returncode == 2
    assert result.stderr.count("\n") == 1
    assert result.stderr.startswith("keras-gan: error: PyTorch is not installed")
