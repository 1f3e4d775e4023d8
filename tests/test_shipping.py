import json

import keras
import numpy as np
import pytest
from keras_gan.recipes.classifier import DigitsClassifier
from keras_gan.recipes.digits import Digits
from keras_gan.recipes.digits_conditional import DigitsConditional
from keras_gan.recipes.mnist_semi_supervised import MnistSemiSupervised
from PIL import Image

import keras_gan as kg
from keras_gan import cli, runs
from keras_gan.artifacts import shipping

pytestmark = pytest.mark.one_backend("tensorflow")  # which writes programs in this process


def test_a_run_ships_with_its_card(tmp_path, capsys):
    pytest.importorskip("tensorflow")
    runs.run(DigitsConditional(epochs=2, every=1, seed=5, run_dir=str(tmp_path / "run")))
    cli.main(["ship", str(tmp_path / "run"), str(tmp_path / "shipped")])
    folder = tmp_path / "shipped"
    assert {p.name for p in folder.iterdir()} == {"generator", "generator.keras", "generator.keras.json", "samples.png"}
    card = kg.load(folder).card
    assert (card["epochs"], card["seed"], card["prior"], card["noise_dim"]) == (2, 5, "uniform", 32)
    assert card["recipe"]["learning_rate"] == DigitsConditional().learning_rate
    assert card["command"].startswith("keras-gan")
    assert str(tmp_path) not in json.dumps(card)
    scores = card["scores"]["measures"]
    assert f"{scores['parzen']['cells']['log_likelihood']['value']:.1f} nats" in capsys.readouterr().out
    assert len(scores["parzen"]["reports"]) == 3
    assert len(scores["modes"]["reports"][0][0]["class_shares"]) == 10
    assert len(scores["conditional"]["reports"][0][0]["samples"]["agreement_by_class"]) == 10
    assert Image.open(folder / "samples.png").size == (489, 489)
    a, b = (kg.load(folder / name).sample(20, 3) for name in ("generator", "generator.keras"))
    np.testing.assert_allclose(a, b, atol=1e-5)
    sevens = kg.load(folder).sample(3, 0, condition=7)
    saved = keras.saving.load_model(tmp_path / "run" / "model.keras")
    np.testing.assert_allclose(sevens, saved.sample(3, 0, condition=7), atol=1e-5)


def test_a_classifier_that_was_trained_in_half_precision_ships_in_32_bits(tmp_path):
    data = kg.datasets.load("digits")
    run, folder = str(tmp_path / "run"), tmp_path / "shipped"
    try:
        runs.run(DigitsClassifier(epochs=2, seed=1, run_dir=run, precision="mixed_bfloat16"))
        shipping.ship(run, folder, data)
    finally:
        keras.config.set_dtype_policy("float32")
    classifier = keras.saving.load_model(folder / "classifier.keras")
    assert {layer.dtype_policy.name for layer in classifier.layers} == {"float32"}
    assert classifier.predict(data.preprocess(data.test[:2]), verbose=0).dtype == "float32"


def test_of_a_game_that_classifies_the_classifier_ships(tmp_path, monkeypatch):
    images = np.random.default_rng(0).integers(0, 256, (3, 60, 28, 28, 1), "uint8")
    data = kg.datasets.Dataset(
        *images,
        labels=kg.datasets.Splits(*np.tile(np.arange(60) % 10, (3, 1))),
        preprocessing=keras.layers.Rescaling(1 / 255),
        card={"name": "mnist"},
    )
    monkeypatch.setattr(MnistSemiSupervised, "data", lambda self: data)
    run, folder = str(tmp_path / "run"), tmp_path / "shipped"
    runs.run(MnistSemiSupervised(epochs=2, width=0.05, labels=20, ema=0.5, batch_size=20, seed=5, run_dir=run))
    card = shipping.ship(run, folder, data)
    assert {path.name for path in folder.iterdir()} == {"classifier.keras", "classifier.keras.json"}
    assert card["model"].startswith("classifier of")
    logits = keras.saving.load_model(folder / "classifier.keras").predict(data.preprocess(data.test), verbose=0)
    gan = runs.saved.load(run)
    np.testing.assert_allclose(keras.ops.softmax(logits), gan.classify(data.test), atol=1e-5)
    assert np.abs(gan.classify(data.test) - gan.classify(data.test, averaged=False)).max() > 1e-4
    assert card["scores"]["test_accuracy"] == (logits.argmax(axis=1) == data.labels.test).mean()


def test_a_folder_without_a_run(tmp_path):
    with pytest.raises(ValueError, match="no trained model"):
        shipping.ship(tmp_path, tmp_path / "shipped", kg.datasets.load("digits"))


def test_exports_of_a_run_are_numbered(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    runs.run(Digits(epochs=2, every=1, seed=5, run_dir="run"))
    for _ in range(2):
        cli.main(["export", "run", "--out", "served"])
    assert sorted(path.name for path in (tmp_path / "served").iterdir()) == ["1", "2"]
    card = kg.load("served").card
    assert (card["epochs"], card["data"]["name"], card["format"], card["prior"]) == (
        2,
        "digits",
        "saved_model",
        "uniform",
    )
    cli.main(["export", "run", "--format", "keras"])
    assert "Wrote exports/run.keras" in capsys.readouterr().out
    expected = kg.load("run").sample(5, seed=1)
    for model in ("served", "exports/run.keras", "run/generator"):
        np.testing.assert_allclose(kg.load(model).sample(5, seed=1), expected, atol=1e-5)


def test_a_shipped_one_is_exported_with_its_card(tmp_path):
    shipping.export("mnist", "keras", tmp_path / "mine.keras")
    card = kg.load(tmp_path / "mine.keras").card
    assert card["scores"] == kg.load("mnist").card["scores"]
    assert card["image_shape"] == [28, 28, 1]


def test_programs_are_not_exported_again(tmp_path):
    pytest.importorskip("tensorflow")
    gan = kg.GAN(*kg.networks.build("digits"))
    gan.compile()
    gan.export(tmp_path / "generator")
    with pytest.raises(ValueError, match=r"made from \.keras files"):
        shipping.export(tmp_path / "generator", "keras", tmp_path / "generator.keras")
