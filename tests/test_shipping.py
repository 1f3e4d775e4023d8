import json

import numpy as np
import pytest
from keras_gan.recipes import digits

import keras_gan as kg
from keras_gan import cli, shipping
from keras_gan.evaluation import scores


def test_a_run_ships_with_its_card(tmp_path, capsys):
    pytest.importorskip("tensorflow")
    digits.main(digits.Digits(epochs=2, every=1, seed=5, run_dir=str(tmp_path / "run")))
    cli.main(["ship", str(tmp_path / "run"), str(tmp_path / "shipped"), "--dataset", "digits"])
    folder = tmp_path / "shipped"
    assert {p.name for p in folder.iterdir()} == {"generator", "generator.keras", "samples.png", "card.json"}
    card = json.loads((folder / "card.json").read_text())
    assert (card["epochs"], card["seed"], card["prior"], card["noise_width"]) == (2, 5, "uniform", 32)
    assert card["recipe"]["learning_rate"] == digits.Digits().learning_rate
    assert card["command"].startswith("keras-gan")
    assert str(tmp_path) not in json.dumps(card)
    assert f"{card['scores']['test_log_likelihood']:.1f} nats" in capsys.readouterr().out
    program = (folder / "generator" / "saved_model.pb").read_bytes()
    assert b"keras_gan/" not in program  # no folder of the machine it was made on
    a, b = (scores.load_sampler(folder / name)(20, 3) for name in ("generator", "generator.keras"))
    np.testing.assert_allclose(a, b, atol=1e-5)


def test_a_folder_without_a_run(tmp_path):
    with pytest.raises(ValueError, match="no trained model"):
        shipping.ship(tmp_path, tmp_path / "shipped", kg.datasets.load("digits"), "digits")


def test_no_folder_of_the_maker_is_told():
    recipe = {"epochs": 3, "data_path": "/home/ann/mnist.npz", "run_dir": None}
    command = ["/usr/bin/keras-gan", "train", "--data-path=/home/ann/mnist.npz", "--epochs", "3"]
    shorter, words = shipping.without_folders(recipe, command)
    assert shorter == {"epochs": 3, "data_path": "mnist.npz", "run_dir": None}
    assert words[1:] == ["train", "--data-path=mnist.npz", "--epochs", "3"]
    assert recipe["data_path"] == "/home/ann/mnist.npz"
