import os
import struct
import subprocess
import sys
import zlib

import keras
import numpy as np
import pytest
import scipy.io

import keras_gan as kg
from keras_gan.datasets import DatasetNotFoundError, tfd

pytestmark = pytest.mark.one_backend("tensorflow")


def fields(num=40):
    """A small file's content: images told apart by their first pixel, codes 0, 1, 2, 3 in turn in each fold."""
    images = np.random.default_rng(0).integers(0, 256, (num, 48, 48), "uint8")
    images[:, 0, 0] = np.arange(num)
    folds = np.stack([np.roll(np.arange(num) % 4, fold) for fold in range(5)], axis=1).astype("uint8")
    labels = (np.arange(num)[:, np.newaxis] % 7 + 1).astype("int16")
    return {"images": images, "labs_ex": labels, "labs_id": np.full((num, 1), -1, "int16"), "folds": folds}


@pytest.fixture
def file(tmp_path):
    def write(**changes):
        content = fields() | changes
        path = tmp_path / "TFD_48x48.mat"
        scipy.io.savemat(path, {name: value for name, value in content.items() if value is not None})
        return path

    return write


@pytest.mark.parametrize("fold", [0, 3])
def test_splits_are_those_of_the_fold(file, fold):
    data = kg.datasets.load("tfd", path=file(), fold=fold)
    codes = fields()["folds"][:, fold]
    for split, labels, code in [
        (data.train, data.labels.train, 0),
        (data.validation, data.labels.validation, 2),
        (data.test, data.labels.test, 3),
    ]:
        rows = np.flatnonzero(codes == code)
        np.testing.assert_array_equal(split[..., 0], fields()["images"][rows])
        np.testing.assert_array_equal(labels, fields()["labs_ex"][rows, 0])
        assert split.dtype == np.uint8
        assert split.flags.c_contiguous
    assert f"fold {fold}" in data.card["rows"]
    assert "stand-in" in data.card["description"]
    assert "not to be compared with the paper's TFD column" in data.note
    assert (data.published, "levels" in data.card) == ({}, False)
    x = keras.ops.convert_to_numpy(data.preprocessing(data.train))
    np.testing.assert_allclose(x, data.train / 255, rtol=1e-6)
    np.testing.assert_array_equal(data.to_pixels(x), data.train)


def test_all_five_folds_come_along(file):
    data = kg.datasets.load("tfd", path=file(), fold=3)
    assert len(data.folds) == 5
    for number, fold in enumerate(data.folds):
        alone = kg.datasets.load("tfd", path=file(), fold=number)
        for split in ("train", "validation", "test"):
            np.testing.assert_array_equal(getattr(fold, split), getattr(alone, split))
            np.testing.assert_array_equal(getattr(fold.labels, split), getattr(alone.labels, split))
        assert f"fold {number}" in fold.card["rows"]
    assert not np.array_equal(data.folds[0].test, data.folds[1].test)


def test_folds_share_the_images_without_a_label(file):
    codes = np.arange(40) % 4
    shifted = [np.where(codes == 0, 0, (codes + fold) % 3 + 1) for fold in range(5)]
    data = kg.datasets.load("tfd", path=file(folds=np.stack(shifted, axis=1).astype("uint8")))
    assert all(fold.train is data.train for fold in data.folds)


def test_the_database_itself_has_the_papers_numbers(file, monkeypatch):
    monkeypatch.setattr(tfd, "_SIZE_OF_TFD", 40)
    data = kg.datasets.load("tfd", path=file())
    assert data.note == ""
    assert "stand-in" not in data.card["description"]
    assert data.published["parzen"]["Adversarial nets"] == (2057, 26)
    assert data.card["levels"] == {"paper 2057": 2057.0}


def test_the_environment_says_where(file, monkeypatch):
    monkeypatch.setenv("KERAS_GAN_TFD", str(file()))
    data = kg.datasets.load("tfd")
    assert len(data.train) == 10
    assert data.card["source"] == "the MATLAB file TFD_48x48.mat"


def test_nowhere(monkeypatch, tmp_path):
    monkeypatch.delenv("KERAS_GAN_TFD", raising=False)
    with pytest.raises(DatasetNotFoundError, match=r"cannot be downloaded.*--data-path.*KERAS_GAN_TFD.*licence"):
        kg.datasets.load("tfd")
    with pytest.raises(DatasetNotFoundError, match=r"There is no file or folder .*none\.mat.*If it moved.*--data-path"):
        kg.datasets.load("tfd", path=tmp_path / "none.mat")
    os.mkfifo(tmp_path / "pipe.mat")
    with pytest.raises(DatasetNotFoundError, match=r"pipe\.mat is no regular file"):
        kg.datasets.load("tfd", path=tmp_path / "pipe.mat")
    with pytest.raises(ValueError, match="has no name"):
        kg.datasets.load("tfd", path="")


@pytest.mark.parametrize("name", ["images", "labs_ex", "labs_id", "folds"])
def test_a_missing_field(file, name):
    with pytest.raises(ValueError, match=f"has no field {name}"):
        kg.datasets.load("tfd", path=file(**{name: None}))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"images": np.zeros((40, 96, 96), "uint8")}, r"Field images.*\(40, 96, 96\).*Expected: \(n, 48, 48\)"),
        ({"images": np.zeros((40, 48, 48))}, r"Field images.*float64.*uint8"),
        ({"labs_ex": np.zeros((39, 1), "int16")}, r"Field labs_ex.*\(39, 1\).*\(40, 1\)"),
        ({"folds": np.zeros((40, 4), "uint8")}, r"Field folds.*\(40, 4\).*\(40, 5\)"),
        ({"folds": np.full((40, 5), 7, "uint8")}, r"Field folds.*unknown codes.*\[7\].*0 unlabeled"),
        ({"folds": np.full((40, 5), "a", object)}, r"Field folds.*cell.*numbers"),
        ({"labs_ex": np.full((40, 1), np.nan)}, "Field labs_ex.*not finite"),
        ({"folds": np.zeros((40, 5), "uint8")}, "Field folds leaves no validation image in fold 0"),
    ],
)
def test_a_field_that_is_not_what_it_should_be(file, changes, message):
    with pytest.raises(ValueError, match=message):
        kg.datasets.load("tfd", path=file(**changes))


@pytest.mark.parametrize("part", [0, 50, 0.5, 0.999])
def test_a_truncated_file(file, part):
    path = file()
    content = path.read_bytes()
    path.write_bytes(content[: part if isinstance(part, int) else int(part * len(content))])
    with pytest.raises(ValueError, match=r"TFD_48x48\.mat (cannot be read as a MATLAB file|has no field)"):
        kg.datasets.load("tfd", path=path)


def test_a_foreign_file(tmp_path):
    (tmp_path / "x.mat").write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(1000))
    with pytest.raises(ValueError, match="cannot be read as a MATLAB file"):
        kg.datasets.load("tfd", path=tmp_path / "x.mat")


def test_a_field_of_more_bytes_than_its_header_says(file):
    """A few kilobytes must not unpack to gigabytes."""
    path = file(images=np.zeros((2000, 48, 48), "uint8"))
    element = bytearray(path.read_bytes()[128 : 128 + 2000 * 48 * 48 + 64])
    element[32:36] = struct.pack("<i", 40)  # the first of its dimensions
    packed = zlib.compress(bytes(element))
    path = file(images=None)
    path.write_bytes(path.read_bytes() + struct.pack("<II", 15, len(packed)) + packed)
    with pytest.raises(ValueError, match="a field is larger than its header says"):
        kg.datasets.load("tfd", path=path)


def test_more_images_than_memory(file, monkeypatch):
    monkeypatch.setattr(tfd, "_MOST_IMAGES", 39)
    with pytest.raises(ValueError, match=r"Field images.*Received: shape \(40, 48, 48\).*with n up to 39"):
        kg.datasets.load("tfd", path=file())


def test_compressed_files_are_read(file):
    path = file()
    expected = kg.datasets.load("tfd", path=path).train
    scipy.io.savemat(path, fields(), do_compression=True)
    np.testing.assert_array_equal(kg.datasets.load("tfd", path=path).train, expected)


@pytest.mark.parametrize("fold", [-1, 5])
def test_unknown_folds(file, fold):
    with pytest.raises(ValueError, match="0 to 4"):
        kg.datasets.load("tfd", path=file(), fold=fold)


PROGRAM = """
import re, sys
from pathlib import Path
import keras_gan as kg
from keras_gan import backend
from keras_gan.models.minibatches import Minibatches

def peak():  # of this program alone: getrusage counts what the process that started it had, too
    return int(re.search(r"VmHWM:\\s*(\\d+) kB", Path("/proc/self/status").read_text())[1])

kg.GAN
before = peak()
data = kg.datasets.load("tfd", path=sys.argv[1])
assert len(data.train) == 98_058
stream = backend.training_data(Minibatches((data.train,), 100))
batches = (stream[i] for i in range(stream.num_batches)) if isinstance(stream, Minibatches) else stream
assert sum(len(batch) for batch, in batches) == 98_058
data.pixel_mean()
print("used", peak() - before)
"""


@pytest.mark.slow
def test_a_file_of_the_real_size_takes_a_gigabyte_at_most(tmp_path):
    num = 102_236
    folds = np.zeros((num, 5), "uint8")
    folds[:4178] = np.arange(4178)[:, np.newaxis] % 3 + 1
    images = np.broadcast_to(np.arange(48, dtype="uint8"), (num, 48, 48))
    minus = np.full((num, 1), -1, "int16")
    scipy.io.savemat(tmp_path / "tfd.mat", {"images": images, "labs_ex": minus, "labs_id": minus, "folds": folds})
    result = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(tmp_path / "tfd.mat")],
        capture_output=True,
        text=True,
        env=os.environ | {"KERAS_BACKEND": keras.backend.backend()},
    )
    assert result.returncode == 0, result.stderr
    kilobytes = int(result.stdout.split("used ")[1])
    print(f"{kilobytes / 1e6:.2f} GB")
    assert kilobytes >= 200_000  # the images themselves
    assert kilobytes <= 1_000_000
