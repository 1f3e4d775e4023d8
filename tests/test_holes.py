import numpy as np
import pytest
from PIL import Image

from keras_gan.datasets import holes

pytestmark = pytest.mark.one_backend

SHAPE, RANGE = (4, 5, 1), (0.0, 1.0)


@pytest.fixture
def pixels():
    return np.random.default_rng(0).integers(0, 256, (4, 5), "uint8")


def written(folder, array):
    """A picture where the array is one that Pillow takes, else an .npy file."""
    path = folder / ("image.png" if isinstance(array, np.ndarray) and array.dtype == "uint8" else "image.npy")
    Image.fromarray(array).save(path) if path.suffix == ".png" else np.save(path, array)
    return path


def test_pictures_and_arrays_of_bytes_are_scaled(tmp_path, pixels):
    np.save(tmp_path / "bytes.npy", pixels)
    for path in (written(tmp_path, pixels), tmp_path / "bytes.npy"):
        found = holes.read_image(path, SHAPE, (-1.0, 1.0))
        assert found.dtype == "float32"
        np.testing.assert_allclose(found[..., 0], pixels / 127.5 - 1, atol=1e-6)


def test_floats_are_taken_as_they_are(tmp_path, pixels):
    for array in (pixels / 255, pixels[..., np.newaxis] / 255):
        found = holes.read_image(written(tmp_path, array), SHAPE, RANGE)
        np.testing.assert_array_equal(found, (pixels / 255).astype("float32")[..., np.newaxis])


def test_a_coloured_picture_for_a_model_of_colours(tmp_path):
    colours = np.random.default_rng(0).integers(0, 256, (4, 5, 3), "uint8")
    np.testing.assert_allclose(holes.read_image(written(tmp_path, colours), (4, 5, 3), RANGE), colours / 255, atol=1e-6)


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.zeros((5, 4), "uint8"), r"does not fit the model. Received: shape \(5, 4, 1\). Expected: \(4, 5, 1\)"),
        (np.zeros((4, 5, 3)), r"Received: shape \(4, 5, 3\)"),
        (np.arange(60, dtype="uint8").reshape(4, 5, 3), "has colours, and the model's images are grey"),
        (np.full((4, 5), 3.0), "another scale than the samples. Received: floats from 3 to 3. Expected: 0 to 1"),
        (np.full((4, 5), np.nan), "another scale"),
        (np.zeros((4, 5), "int64"), "holds int64"),
        (np.array(["a"]), "no array of numbers"),
    ],
)
def test_images_that_do_not_fit(array, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        holes.read_image(written(tmp_path, array), SHAPE, RANGE)


def test_pixels_without_a_known_scale(tmp_path, pixels):
    with pytest.raises(ValueError, match="not known which values are black and white"):
        holes.read_image(written(tmp_path, pixels), SHAPE, None)


@pytest.mark.parametrize("array", [np.eye(4, 5), np.eye(4, 5, dtype=bool), np.eye(4, 5, dtype="uint8") * 255])
def test_masks(array, tmp_path):
    found = holes.read_mask(written(tmp_path, array), SHAPE)
    np.testing.assert_array_equal(found[..., 0], np.eye(4, 5))
    assert found.dtype == "float32"


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.eye(5, 4), "The mask .*does not fit the model"),
        (np.full((4, 5), 0.5), "values between. Received: values from 0.5 to 0.5. Expected: 1 where"),
        (np.eye(4, 5, dtype="uint8") * 200, "values between.*from 0 to 200. Expected: white where"),
    ],
)
def test_masks_that_do_not_fit(array, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        holes.read_mask(written(tmp_path, array), SHAPE)


@pytest.mark.parametrize(
    "read", [lambda path: holes.read_image(path, SHAPE, RANGE), lambda path: holes.read_mask(path, SHAPE)]
)
def test_files_that_cannot_be_read(read, tmp_path):
    for name in ("missing.npy", "missing.png", "."):
        with pytest.raises(ValueError, match="There is no"):
            read(tmp_path / name)
    for name in ("broken.npy", "broken.png"):
        (tmp_path / name).write_bytes(b"none")
        with pytest.raises(ValueError, match="cannot be read"):
            read(tmp_path / name)
