"""Runs with an encoder, from the recipe to what the command makes of them: pictures, a table, and clear refusals."""

import dataclasses
import json

import keras
import numpy as np
import pytest
from conftest import all_equal, weights, without_export
from keras_gan.recipes import PRESETS
from PIL import Image

import keras_gan as kg
from keras_gan import cli, runs
from keras_gan.artifacts import shipping

pytestmark = pytest.mark.one_backend


def tiny_mnist(self=None):
    images = np.random.default_rng(0).integers(0, 256, (3, 60, 28, 28, 1), "uint8")
    labels = kg.datasets.Splits(*np.random.default_rng(1).integers(0, 10, (3, 60)))
    rescaling = keras.layers.Rescaling(1 / 255)
    card = {"name": "mnist", "rows": "tiny"}
    return kg.datasets.Dataset(*images, labels=labels, preprocessing=rescaling, card=card, separable_classes=True)


@pytest.fixture(autouse=True)
def _tiny(monkeypatch):
    monkeypatch.setattr("keras_gan.recipes.mnist.MnistData.data", tiny_mnist)


@pytest.fixture(scope="module")
def generator(tmp_path_factory):
    path = tmp_path_factory.mktemp("generator") / "generator.keras"
    layers = [keras.layers.Dense(784, "sigmoid"), keras.layers.Reshape((28, 28, 1))]
    kg.artifacts.formats.export(
        keras.Sequential([keras.Input((4,)), *layers]), kg.priors.Uniform(4), path, "keras", {"name": "mine"}
    )
    return str(path)


@pytest.fixture(scope="module")
def trained(tmp_path_factory, generator):
    """The folders of an inference network and of a BiGAN, two epochs each."""
    folder = tmp_path_factory.mktemp("trained")
    small = {"hidden": 8, "every": 1, "seed": 1, "epochs": 2, "batch_size": 20}
    with pytest.MonkeyPatch.context() as patch, without_export():
        patch.setattr("keras_gan.recipes.mnist.MnistData.data", tiny_mnist)
        for name, settings in (
            ("mnist-inference", {"generator": generator, "updates": 3}),
            ("mnist-bigan", {"noise": 4, "penalty_every": 2}),
        ):
            runs.run(dataclasses.replace(PRESETS[name], run_dir=str(folder / name), **small, **settings))
    return folder


def failed(capsys, *arguments):
    with pytest.raises(SystemExit) as exit:
        cli.main(list(arguments))
    assert exit.value.code == 2
    (line,) = [line for line in capsys.readouterr().err.splitlines() if "error" in line]
    return line


@pytest.mark.parametrize("name", ["mnist-inference", "mnist-bigan"])
def test_a_stopped_run_ends_as_one_that_was_not(name, trained, tmp_path):
    recipe = runs.saved.load_recipe(trained / name)
    straight = runs.saved.load(trained / name)
    with without_export(), pytest.MonkeyPatch.context() as patch:
        fit = kg.callbacks.Checkpoint.on_epoch_end

        def stop(self, epoch, logs=None):
            fit(self, epoch, logs)
            raise KeyboardInterrupt

        patch.setattr(kg.callbacks.Checkpoint, "on_epoch_end", stop)
        with pytest.raises(SystemExit):
            runs.run(dataclasses.replace(recipe, run_dir=str(tmp_path / "r")))
        patch.undo()
        patch.setattr("keras_gan.recipes.mnist.MnistData.data", tiny_mnist)
        runs.run(dataclasses.replace(recipe, run_dir=str(tmp_path / "r")))
    assert all_equal(weights(straight), weights(runs.saved.load(tmp_path / "r")))
    columns = (trained / name / "history.csv").read_text().splitlines()[0].split(",")
    assert {"val_error", "val_distance"} <= set(columns)
    assert ("val_neighbors" in columns) == (name == "mnist-bigan")


def test_evaluate_prints_a_table_or_json(trained, capsys):
    run, bigan = str(trained / "mnist-inference"), str(trained / "mnist-bigan")
    few = ["--num-samples", "50", "--refine", "3"]
    cli.main(["evaluate", run, *few])
    printed = capsys.readouterr().out
    assert "Error of z on 50 fresh samples" in printed
    assert "nearest training image" in printed
    assert "by codes " in printed
    cli.main(["evaluate", run, bigan, "--measures", "inference", "--json", *few])
    found = json.loads(capsys.readouterr().out)
    assert set(found) == {run, bigan}
    assert len(found[run]["error_per_coordinate"]["each"]) == 4
    shares = {name: found[name]["neighbors_of_the_same_class"] for name in (run, bigan)}
    assert [list(share) for share in shares.values()] == [["codes"], ["codes", "features"]]
    distances = found[run]["distances"]
    assert list(distances) == ["reconstruction", "refined", "nearest training image", "random sample"]
    assert distances["refined"]["mean"] < distances["reconstruction"]["mean"]


def test_figures_of_an_encoder(trained, tmp_path, capsys):
    pytest.importorskip("matplotlib")
    cli.main(["figures", str(trained / "mnist-inference"), "--output", str(tmp_path), "--steps", "3"])
    written = {path.name for path in tmp_path.iterdir()}
    assert {"mnist-inference-reconstructions.png", "mnist-inference-interpolations.png"} <= written
    assert "figure2.png" not in written
    assert Image.open(tmp_path / "mnist-inference-interpolations.png").size == (5 * 57 - 1, 6 * 57 - 1)


def test_what_a_run_with_an_encoder_does_not_do(trained, generator, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    run, bigan = str(trained / "mnist-inference"), str(trained / "mnist-bigan")
    assert "draws no samples" in failed(capsys, "sample", run)
    assert "Only generators are exported" in failed(capsys, "export", run)
    assert "measured no Parzen log-likelihood" in failed(capsys, "curves", run)
    assert "has no encoder" in failed(capsys, "evaluate", generator, "--measures", "inference", "--dataset", "mnist")
    assert "by itself" in failed(capsys, "evaluate", run, bigan)
    assert "table of its own" in failed(capsys, "evaluate", run, "--measures", "inference", "fid")
    cli.main(["sample", bigan, "--n", "4", "--seed", "1"])
    assert Image.open("samples.png").size == (2 * 57 - 1, 2 * 57 - 1)


def test_an_encoder_ships_with_its_card(trained, tmp_path):
    card = shipping.ship(trained / "mnist-inference", tmp_path / "shipped", tiny_mnist())
    assert {path.name for path in (tmp_path / "shipped").iterdir()} == {
        "encoder.keras",
        "encoder.keras.json",
        "reconstructions.png",
    }
    assert card["scores"]["num_images"] == 60
    encoder = kg.artifacts.files.load_model(tmp_path / "shipped" / "encoder.keras")
    trained_one = runs.saved.load(trained / "mnist-inference")
    assert all_equal(weights(encoder), weights(trained_one.encoder))
    images, found = tiny_mnist().test[:7], kg.load(tmp_path / "shipped")
    np.testing.assert_allclose(found.encode(images), trained_one.encode(images), atol=1e-6)
    np.testing.assert_allclose(found.reconstruct(images), trained_one.reconstruct(images), atol=1e-6)


def test_an_encoder_of_16_bits(trained, tmp_path):
    shipping.ship(trained / "mnist-inference", tmp_path, tiny_mnist(), half=True)
    codes = kg.load(tmp_path).encode(tiny_mnist().test)
    of_32 = runs.saved.load(trained / "mnist-inference").encode(tiny_mnist().test)
    assert 0 < np.abs(codes - of_32).max() < 0.01


@pytest.mark.parametrize("wrong", [{"preprocessing": None}, {"generator": "program.pt2"}, {"generator": "."}])
def test_an_encoder_whose_card_names_no_generator(wrong, trained, tmp_path, monkeypatch):
    shipping.ship(trained / "mnist-inference", tmp_path, tiny_mnist())
    monkeypatch.chdir(tmp_path)
    (tmp_path / "program.pt2").write_text("must not be read")
    card = kg.artifacts.files.read_json(tmp_path / "encoder.keras.json")
    (tmp_path / "encoder.keras.json").write_text(json.dumps({**card, "encodes": {**card["encodes"], **wrong}}))
    with pytest.raises(ValueError, match="what it says of its generator cannot be read"):
        kg.load(tmp_path)


@pytest.mark.parametrize(
    ("name", "message"),
    [("nowhere", "There is no model"), ("inference", "no generator"), ("told", "noise alone")],
)
def test_generators_that_have_no_encoder(name, message, trained, tmp_path):
    path = {"inference": str(trained / "mnist-inference")}.get(name, name)
    if name == "told":
        path = str(tmp_path / "gan.keras")
        z, label, x = keras.Input((4,)), keras.Input((10,)), keras.Input((28, 28, 1))
        samples = keras.layers.Reshape((28, 28, 1))(keras.layers.Dense(784)(keras.layers.Concatenate()([z, label])))
        logit = keras.layers.Dense(1)(keras.layers.Concatenate()([keras.layers.Flatten()(x), label]))
        networks = keras.Model([z, label], samples), keras.Model([x, label], logit)
        kg.GAN(*networks, condition=kg.conditions.Labels(10)).save(path)
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(PRESETS["mnist-inference"], generator=path).build(tiny_mnist(), 1)
