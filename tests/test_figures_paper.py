import keras
import numpy as np
import pytest
from conftest import without_export
from keras_gan.recipes.digits import Digits
from PIL import Image

import keras_gan as kg
from keras_gan import runs
from keras_gan.figures import paper

pytestmark = pytest.mark.one_backend


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("figures") / "run"
    with without_export():
        runs.run(Digits(epochs=2, every=1, seed=1, run_dir=str(folder)))
    return folder


def test_all_figures_of_a_run(run, tmp_path):
    pytest.importorskip("matplotlib")
    written = paper.draw([str(run)], tmp_path / "out", steps=5)
    assert [path.name for path in written] == [
        "figure2.png",
        "figure3.png",
        "figure3-spherical.png",
        "run-progress.png",
        "run-curves.png",
        "run-training.gif",
    ]
    sizes = {path.name: Image.open(path).size for path in written}
    assert sizes["figure2.png"] == (5 * 49 - 1 + 8 + 48, 4 * 49 - 1)
    assert sizes["figure3.png"] == (5 * 49 - 1, 2 * 49 - 1)
    assert sizes["run-progress.png"] == (3 * 489 + 2 * 24, 489)  # epochs 0, 1 and 2
    assert sizes["run-training.gif"] == (10 * 49 - 1, 10 * 49 - 1)


def test_two_runs_stand_side_by_side(run, tmp_path):
    pytest.importorskip("matplotlib")
    paper.draw([str(run), str(run)], tmp_path, steps=5)
    width = 5 * 49 - 1 + 8 + 48
    assert Image.open(tmp_path / "figure2.png").size == (2 * width + 24, 4 * 49 - 1)


def test_figure2_shows_the_samples_in_order_and_the_last_ones_neighbours(run):
    gan, data = keras.saving.load_model(run / "model.keras"), kg.datasets.load("digits")
    pixels = paper.figure2(gan, data, seed=3)
    samples = gan.sample(20, seed=3)
    np.testing.assert_array_equal(pixels[:, : 5 * 49 - 1], kg.figures.grid(samples, 5))
    flat = (data.train / 16).reshape(len(data.train), -1)
    for row in range(4):
        nearest = np.square(flat - samples[5 * row + 4].reshape(-1)).sum(1).argmin()
        shown = pixels[row * 49 : row * 49 + 48, -48:]
        np.testing.assert_array_equal(shown, kg.figures.grid(data.train[nearest : nearest + 1] / 16, 1))


def test_neighbours_are_sought_among_all_training_images(run, monkeypatch):
    gan, data = keras.saving.load_model(run / "model.keras"), kg.datasets.load("digits")
    images = gan.preprocess(data.train[[0, 700, 1296]])
    monkeypatch.setattr(paper, "_CHUNK", 100)
    found = paper.nearest_training(data, images)
    np.testing.assert_array_equal(data.train[found], data.train[[0, 700, 1296]])


@pytest.mark.parametrize("spherical", [False, True])
def test_figure3_goes_from_end_to_end(run, spherical):
    gan = keras.saving.load_model(run / "model.keras")
    pixels = paper.figure3(gan, steps=4, seed=0, spherical=spherical)
    ends = kg.figures.grid(np.asarray(gan.predict(gan.prior.draw(4, 0), verbose=0)), 2).astype(int)
    shown = np.concatenate([pixels[:, :48], pixels[:, -49:]], axis=1).astype(int)
    assert np.abs(shown - ends).max() <= 1


def test_what_is_no_run(tmp_path):
    with pytest.raises(ValueError, match="no trained model"):
        paper.draw([str(tmp_path)], tmp_path / "out")
