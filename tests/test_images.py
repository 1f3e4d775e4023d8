import numpy as np
import pytest
from PIL import Image

import keras_gan as kg
from keras_gan.datasets import DatasetNotFoundError


@pytest.fixture
def folder(tmp_path):
    def write(name, width, height, value=0):
        path = tmp_path / "pictures" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((height, width, 3), value, "uint8")).save(path)

    for i in range(20):
        write(f"{i % 3}/{i:02d}.png", 12, 12, i)
    return tmp_path / "pictures", write


def test_all_pictures_in_all_subfolders_once(folder):
    data = kg.datasets.load("images", path=folder[0])
    assert [len(split) for split in (data.train, data.validation, data.test)] == [16, 2, 2]
    assert data.train.shape[1:] == (12, 12, 3)
    assert data.train.dtype == np.uint8
    everything = np.concatenate([data.train, data.validation, data.test])
    assert sorted(everything[:, 0, 0, 0]) == list(range(20))
    assert list(everything[:, 0, 0, 0]) != list(range(20))
    again = kg.datasets.load("images", path=folder[0])
    np.testing.assert_array_equal(again.train, data.train)
    assert set(data.labels.train) == {-1}
    assert "20 pictures" in data.card["description"]
    assert str(folder[0].parent) not in str(data.card)


def test_grey_and_resized_is_said_on_the_card(folder):
    path, write = folder
    write("wide.jpg", 40, 20, 99)
    data = kg.datasets.load("images", path=path, size=8, grayscale=True)
    assert data.train.shape[1:] == (8, 8, 1)
    assert "grey, the middle square of each, resized to 8x8" in data.card["description"]


def test_the_middle_square_is_kept(tmp_path):
    picture = np.zeros((10, 30, 3), "uint8")
    picture[:, 10:20] = 200
    for i in range(3):
        Image.fromarray(picture).save(tmp_path / f"{i}.png")
    assert (kg.datasets.load("images", path=tmp_path, size=5).train == 200).all()


def test_mixed_sizes_say_what_to_pass(folder):
    path, write = folder
    write("0/other.png", 30, 14)
    with pytest.raises(ValueError, match=r"differ in size.*12x12.*30x14.*size=12"):
        kg.datasets.load("images", path=path)


def test_broken_pictures_are_left_out_with_a_warning(folder):
    path, _ = folder
    (path / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    (path / "notes.txt").write_text("no picture")
    with pytest.warns(UserWarning, match=r"cannot be read are left out: 1, the first 'broken\.png' \(no picture that"):
        data = kg.datasets.load("images", path=path)
    assert len(data.train) == 16


def test_nothing_to_read(tmp_path):
    with pytest.raises(DatasetNotFoundError, match="There is no folder"):
        kg.datasets.load("images", path=tmp_path / "none")
    (tmp_path / "notes.txt").write_text("no picture")
    (tmp_path / "a.jpg").write_text("no picture either")
    with pytest.raises(ValueError, match="0 readable ones of 1"):
        kg.datasets.load("images", path=tmp_path)
    with pytest.raises(ValueError, match="size=0"):
        kg.datasets.load("images", path=tmp_path, size=0)
