import keras
import numpy as np
import pytest
from conftest import all_equal, weights
from PIL import Image

import keras_gan as kg


@pytest.fixture
def images():
    return np.random.default_rng(0).integers(0, 17, (40, 8, 8, 1)).astype("uint8")


def make_digits_gan():
    gan = kg.GAN(*kg.networks.build("digits"), preprocessing=keras.layers.Rescaling(1 / 16), seed=1)
    gan.compile()
    return gan


@pytest.mark.one_backend
def test_sample_grid_draws_before_training_early_every_so_often_and_at_the_end(images, tmp_path):
    gan = make_digits_gan()
    gan.fit(images, batch_size=20, epochs=5, verbose=0, callbacks=[kg.callbacks.SampleGrid(tmp_path, every=4, rows=3)])
    files = sorted(path.name for path in (tmp_path / "samples").iterdir())
    assert files == [f"epoch_000{epoch}.png" for epoch in (0, 1, 2, 4, 5)]
    last = np.asarray(Image.open(tmp_path / "samples" / "epoch_0005.png"))
    np.testing.assert_array_equal(last, kg.figures.grid(gan.sample(9, seed=0), columns=3)[..., 0])


def test_early_pictures_come_at_growing_intervals(tmp_path):
    grid = kg.callbacks.SampleGrid(tmp_path, every=100)
    assert [epoch for epoch in range(1, 301) if grid._is_due(epoch)] == [1, 2, 5, 10, 20, 50, 100, 200, 300]


def test_sample_grid_leaves_training_bit_identical(images, tmp_path):
    trained = []
    for callbacks in ([], [kg.callbacks.SampleGrid(tmp_path, rows=2)]):
        keras.utils.set_random_seed(3)
        gan = make_digits_gan()
        gan.fit(images, batch_size=20, epochs=3, verbose=0, callbacks=callbacks)
        trained.append(weights(gan.generator) + weights(gan.discriminator))
    assert all_equal(*trained)


@pytest.mark.one_backend
def test_sample_grid_goes_on_where_training_does(images, tmp_path):
    gan = make_digits_gan()
    gan.fit(images, epochs=4, initial_epoch=3, verbose=0, callbacks=[kg.callbacks.SampleGrid(tmp_path, rows=2)])
    assert sorted(p.name for p in (tmp_path / "samples").iterdir()) == ["epoch_0003.png", "epoch_0004.png"]


@pytest.mark.parametrize("arguments", [{"every": 0}, {"rows": 0}])
def test_bad_arguments(arguments, tmp_path):
    with pytest.raises(ValueError, match="SampleGrid needs"):
        kg.callbacks.SampleGrid(tmp_path, **arguments)
