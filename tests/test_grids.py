import numpy as np
import pytest
from PIL import Image

from keras_gan.figures import grids

pytestmark = pytest.mark.one_backend


def test_grid_tiles_row_by_row():
    images = np.zeros((5, 48, 50, 1))
    images[3] = 1.0
    tiled = grids.grid(images, columns=3)
    assert tiled.shape == (2 * 49 - 1, 3 * 51 - 1, 1)
    assert (tiled[49:, :50] == 255).all()
    assert (tiled[:48, :50] == 0).all()
    assert (tiled[48] == 128).all()


def test_values_map_to_black_and_white():
    tiled = grids.grid(np.array([-1.0, 0.0, 1.0, 3.0]).reshape(4, 1, 1, 1) * np.ones((1, 48, 48, 1)), 4, (-1, 1))
    assert [tiled[0, 49 * i, 0] for i in range(4)] == [0, 128, 255, 255]


def test_small_images_are_enlarged():
    assert grids.grid(np.zeros((1, 8, 8, 3)), 1).shape == (48, 48, 3)


@pytest.mark.parametrize("channels", [1, 3])
def test_png(channels, tmp_path):
    images = np.random.default_rng(0).uniform(size=(4, 48, 48, channels))
    grids.save_grid(images, tmp_path / "grid.png", columns=2)
    pixels = np.asarray(Image.open(tmp_path / "grid.png")).reshape(97, 97, channels)
    np.testing.assert_array_equal(pixels, grids.grid(images, columns=2))


@pytest.mark.parametrize("shape", [(4, 28, 28), (4, 28, 28, 2), (784,)])
def test_other_shapes_are_refused(shape):
    with pytest.raises(ValueError, match=r"\(n, h, w, 1\)"):
        grids.grid(np.zeros(shape), 2)


def test_display_range():
    assert grids.display_range(np.array([0.2, 0.9])) == (0, 1)
    assert grids.display_range(np.array([-0.5, 2.5])) == (-2.5, 2.5)
    assert grids.display_range(np.array([0.5, 2.5])) == (-2.5, 2.5)


def test_neighbours_stand_beside_their_row_on_the_samples_scale():
    samples, neighbours = np.zeros((6, 48, 48, 1)), np.zeros((2, 48, 48, 1))
    samples[0] = -2.0
    neighbours[1] = 1.0
    pixels = grids.beside_neighbours(samples, neighbours)
    assert pixels.shape == (97, 3 * 49 - 1 + 8 + 48, 1)
    assert (pixels[:48, :48] == 0).all()
    assert (pixels[49:, -48:] == 191).all()
    assert (pixels[:48, -48:] == 128).all()
    assert (pixels[:, 3 * 49 - 1 : 3 * 49 + 7] == 255).all()


def test_side_by_side():
    pixels = grids.side_by_side([np.zeros((4, 3, 1), "uint8"), np.full((6, 2, 3), 7, "uint8")], gap=5)
    assert pixels.shape == (6, 10, 3)
    assert (pixels[:4, :3] == 0).all()
    assert (pixels[4:, :3] == 255).all()
    assert (pixels[:, 8:] == 7).all()


def test_gif(tmp_path):
    paths = []
    for i in range(3):
        paths.append(tmp_path / f"{i}.png")
        grids.save_grid(np.full((4, 48, 48, 1), i / 2), paths[-1], 2)
    grids.save_gif(paths, tmp_path / "training.gif", milliseconds=100)
    with Image.open(tmp_path / "training.gif") as animation:
        assert animation.n_frames == 3
        animation.seek(2)
        assert animation.info["duration"] == 1000
        assert np.asarray(animation.convert("L"))[0, 0] == 255
    with pytest.raises(ValueError, match="no pictures to animate"):
        grids.save_gif([], tmp_path / "none.gif")


def test_a_damaged_picture_is_named(tmp_path):
    (tmp_path / "epoch_0000.png").write_bytes(b"no picture")
    for write in (grids.save_gif, grids.save_strip):
        with pytest.raises(ValueError, match=r"epoch_0000\.png cannot be read as a picture"):
            write([tmp_path / "epoch_0000.png"], tmp_path / "out.gif")
