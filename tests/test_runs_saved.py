"""What a run left, read again."""

import dataclasses
import json

import keras
import numpy as np
import pytest
from checks import check_equal_state, history
from conftest import make_gan, make_networks, without_export
from keras_gan.recipes import digits, mnist, tfd
from keras_gan.recipes.digits import Digits

import keras_gan as kg
from keras_gan import runs
from keras_gan.runs import saved

pytestmark = pytest.mark.one_backend


@pytest.fixture(autouse=True)
def _no_exports():
    with without_export():
        yield


def test_a_damaged_model_falls_back_to_the_one_before(tmp_path, capsys):
    recipe = Digits(epochs=3, seed=5, run_dir=str(tmp_path))
    runs.run(recipe)
    whole, expected = keras.saving.load_model(tmp_path / "model.keras"), history(tmp_path)
    content = (tmp_path / "model.keras").read_bytes()
    (tmp_path / "model.keras").write_bytes(content[: len(content) // 2])
    runs.run(recipe)
    assert "The run is resumed from the file before" in capsys.readouterr().err
    check_equal_state(whole, keras.saving.load_model(tmp_path / "model.keras"))
    assert history(tmp_path) == expected
    for name in ("model.keras", "previous-model.keras"):
        (tmp_path / name).write_bytes(b"")
    with pytest.raises(ValueError, match=r"previous-model\.keras is empty"):
        runs.run(recipe)


def test_data_are_loaded_as_the_run_says(tmp_path, monkeypatch):
    received = []
    monkeypatch.setattr(kg.datasets, "load", lambda name, **options: received.append((name, options)))
    (tmp_path / "pictures").mkdir()
    for recipe, expected in [
        (digits.Digits(), ("digits", {})),
        (mnist.Mnist(data_path="a.npz"), ("mnist", {"source": None, "path": "a.npz"})),
        (tfd.Tfd(fold=2), ("tfd", {"path": None, "fold": 2})),
        (
            tfd.Tfd(data_path=str(tmp_path / "pictures"), game="pretraining"),
            ("images", {"path": str(tmp_path / "pictures"), "size": 48, "grayscale": True}),
        ),
    ]:
        config = {"recipe": dataclasses.asdict(recipe), "data": {}, "command": [], "updates_per_epoch": 1}
        (tmp_path / "config.json").write_text(json.dumps(config))
        received.clear()
        saved.load_data(tmp_path)
        assert received == [expected]
        assert saved.load_recipe(tmp_path) == recipe


def test_a_run_of_an_unknown_recipe(tmp_path):
    config = {"recipe": {"name": "imagenet"}, "data": {}, "command": [], "updates_per_epoch": 1}
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(ValueError, match=r"config\.json cannot be followed.*no recipe of that name.*'imagenet'"):
        saved.load_data(tmp_path)


def test_the_best_model_is_preferred(tmp_path):
    with pytest.raises(ValueError, match="There is no trained model"):
        saved.load_best(tmp_path)
    assert saved.load(tmp_path) is None
    for seed, name in ((1, "model.keras"), (2, "best.keras")):
        gan = kg.GAN(*make_networks(seed=seed))
        gan.compile()
        gan.save(tmp_path / name)
        np.testing.assert_array_equal(saved.load_best(tmp_path).sample(3, seed=0), gan.sample(3, seed=0))


def test_what_cannot_be_trained_further(tmp_path):
    make_gan().generator.save(tmp_path / "model.keras")
    with pytest.raises(ValueError, match=r"model\.keras holds no model that can be trained.*not compiled"):
        saved.load(tmp_path)


def test_epochs_are_counted_by_the_models_own_counter(tmp_path):
    gan = make_gan()
    gan.fit(np.zeros((12, 4), "float32") + 0.5, batch_size=4, epochs=2, verbose=0)
    assert saved.epochs_done(gan, 3) == 2
    network = make_networks()[1]
    network.compile(loss="mse")
    network.fit(np.zeros((12, 4)), np.zeros((12, 1)), batch_size=4, epochs=5, verbose=0)
    assert saved.epochs_done(network, 3) == 5


def test_a_runs_data_from_another_place(tmp_path):
    """All other settings stay: a folder of pictures is made grey and 48x48 again, wherever it lies now."""
    image = pytest.importorskip("PIL.Image")
    pictures = tmp_path / "moved"
    pictures.mkdir()
    for i in range(10):
        image.new("RGB", (60, 50), (i, 2 * i, 3 * i)).save(pictures / f"{i}.png")
    settings = {"name": "tfd", "seed": 1, "data_path": "where they were"}
    config = {"recipe": settings, "data": {}, "command": [], "updates_per_epoch": 1}
    (tmp_path / "config.json").write_text(json.dumps(config))
    assert saved.load_data(tmp_path, data_path=str(pictures)).train.shape == (8, 48, 48, 1)
    (tmp_path / "config.json").write_text(json.dumps(config | {"recipe": {"name": "digits", "seed": 1}}))
    with pytest.raises(ValueError, match="digits has no setting 'data_path'"):
        saved.load_data(tmp_path, data_path="elsewhere")
