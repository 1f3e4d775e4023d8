"""Generators on the Hugging Face Hub, which a folder stands for: no test asks the network."""

import inspect
import json
import shutil
import sys
import types

import keras
import numpy as np
import pytest
from conftest import make_gan
from keras.src.saving import saving_lib

import keras_gan as kg
from keras_gan import cli
from keras_gan.artifacts import hub

pytestmark = pytest.mark.skipif(keras.backend.backend() != "jax", reason="run once: files are the same on each backend")


@pytest.fixture
def repositories(tmp_path, monkeypatch):
    """The folder of a Hub that keras_gan and Keras ask."""
    place = tmp_path / "hub"

    class HfApi:
        def __init__(self, library_name, library_version=None):
            pass

        def create_repo(self, name, exist_ok):
            (place / name).mkdir(parents=True, exist_ok=exist_ok)
            return types.SimpleNamespace(repo_id=name)

        def upload_folder(self, repo_id, folder_path, commit_message):
            shutil.copytree(folder_path, place / repo_id, dirs_exist_ok=True)

    def snapshot_download(repo_id, allow_patterns=None, library_name=None, library_version=None):
        if not (place / repo_id).exists():
            raise OSError(f"404 Client Error: Repository Not Found\n{repo_id}")
        fetched = tmp_path / "fetched" / repo_id
        for file in (place / repo_id).iterdir():
            if file.is_file() and (allow_patterns is None or file.name in allow_patterns):
                fetched.mkdir(parents=True, exist_ok=True)
                shutil.copy(file, fetched)
        return str(fetched)

    library = types.SimpleNamespace(HfApi=HfApi, snapshot_download=snapshot_download)
    monkeypatch.setitem(sys.modules, "huggingface_hub", library)
    monkeypatch.setattr(saving_lib, "huggingface_hub", library)
    return place


def test_a_generator_is_shared_and_loaded_again(repositories, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    cli.main(["export", "mnist", "--format", "keras", "--out", "hf://me/digits"])
    expected = kg.load("mnist").sample(9, seed=3)
    shared = kg.load("hf://me/digits")
    np.testing.assert_array_equal(shared.sample(9, seed=3), expected)
    assert shared.card["data"]["name"] == "mnist"

    # Keras's own handle reads it, and a command takes it as it takes a file.
    z = shared.prior.draw(9, 3)
    np.testing.assert_allclose(keras.saving.load_model("hf://me/digits").predict(z, verbose=0), expected, atol=1e-6)
    cli.main(["sample", "hf://me/digits", "--n", "9", "--seed", "3", "--out", "digits.npz"])
    np.testing.assert_array_equal(np.load("digits.npz")["samples"], expected)

    text = (repositories / "me" / "digits" / "README.md").read_text()
    assert text.startswith("---\nlibrary_name: keras\n")
    for said in (
        'kg.load("hf://me/digits")',
        "# A generator trained on mnist",
        "samples.png",
        "Trained by: `keras-gan",
    ):
        assert said in text
    assert (repositories / "me" / "digits" / "samples.png").stat().st_size > 1000
    card = json.loads((repositories / "me" / "digits" / "card.json").read_text())
    assert "checksum" not in card


def test_what_keras_saves_there_is_loaded(repositories):
    gan = make_gan()
    gan.save("hf://me/game")
    np.testing.assert_allclose(kg.load("hf://me/game").sample(5, seed=0), gan.sample(5, seed=0), atol=1e-6)


def test_what_is_on_the_hub_is_checked_as_a_file_is(repositories):
    keras.Sequential([keras.Input((3,)), keras.layers.Lambda(lambda x: x)]).save("hf://me/program")
    with pytest.raises(ValueError, match=r"hf://me/program: .* is refused: it holds .*ambda"):
        kg.load("hf://me/program", prior="normal")
    (repositories / "me" / "other").mkdir()
    with pytest.raises(ValueError, match=r"hf://me/other holds no Keras model: it lacks config.json"):
        kg.load("hf://me/other")
    with pytest.raises(ValueError, match=r"hf://me/nothing cannot be fetched: OSError: 404 Client Error"):
        kg.load("hf://me/nothing")
    with pytest.raises(ValueError, match=r"is called hf://USER/NAME. Received: hf://nobody"):
        kg.load("hf://nobody")


def test_without_the_package(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(ValueError, match=r"hf://me/digits .*needs huggingface_hub: pip install 'keras-gan\[hub\]'"):
        kg.load("hf://me/digits")
    for words in (["--format", "keras"], []):
        with pytest.raises(SystemExit):
            cli.main(["export", "mnist", *words, "--out", "hf://me/digits"])
    said = capsys.readouterr().err
    assert "pip install 'keras-gan[hub]'" in said
    assert "The Hugging Face Hub takes --format keras. Received: --format saved_model" in said


def test_the_package_takes_what_it_is_given():
    library = pytest.importorskip("huggingface_hub")
    inspect.signature(library.snapshot_download).bind("me/digits", allow_patterns=[*hub._MEMBERS])
    api = library.HfApi(library_name="keras-gan")
    inspect.signature(api.create_repo).bind("me/digits", exist_ok=True)
    inspect.signature(api.upload_folder).bind(repo_id="me/digits", folder_path="folder", commit_message="Save")
