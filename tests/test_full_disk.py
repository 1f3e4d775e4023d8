"""A disk that is full: one line that names the file, and what was there before is whole."""

import contextlib

import keras
import numpy as np
import pytest
from conftest import make_gan

import keras_gan as kg
from keras_gan import cli, figures
from keras_gan.artifacts import files, formats
from keras_gan.callbacks import HistoryFile

pytestmark = pytest.mark.one_backend

resource = pytest.importorskip("resource")


@contextlib.contextmanager
def full(size=200):
    """Files of this process can have so many bytes; what writes more fails as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def images():
    return np.random.default_rng(0).random((4, 8, 8, 1))


def picture(path):
    figures.save_grid(images(), path, 2)


def animation(path):
    frame = path.with_name("frame.png")
    with files_of_any_size():
        picture(frame)
    figures.save_gif([frame] * 3, path)


@contextlib.contextmanager
def files_of_any_size():
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit[1], limit[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, limit)


def curves(path):
    pytest.importorskip("matplotlib")
    figures.save_saturation(np.arange(3.0), {"one": np.arange(3.0)}, path)


def history(path):
    callback = HistoryFile(path)
    for epoch in range(100):
        callback.on_epoch_end(epoch, {"loss": 1.0})


def one_more_snapshot(path):
    snapshots = kg.callbacks.Snapshots(path.parent, np.array([-1.0]), np.array([1.0]))
    snapshots.set_model(make_gan(noise_dim=1, size=1))
    snapshots._write(path)


@pytest.mark.parametrize(
    ("name", "write"),
    [
        ("a.png", picture),
        ("a.gif", animation),
        ("curves.png", curves),
        ("history.csv", history),
        ("epoch.npz", one_more_snapshot),
        ("config.json", lambda path: files.write_text(path, "x" * 1000)),
        ("gan.keras", lambda path: make_gan().save(path)),
    ],
)
def test_what_cannot_be_written_is_named(name, write, tmp_path):
    path = tmp_path / name
    with pytest.raises(OSError, match=rf"Could not write .*{name}: File too large") as error, full():
        write(path)
    assert len(str(error.value).splitlines()) == 1
    assert not list(tmp_path.glob("partial-*"))


@pytest.mark.every_backend
@pytest.mark.parametrize("format", ["keras", *(["saved_model"] if keras.backend.backend() == "tensorflow" else [])])
def test_exports_that_cannot_be_written(format, tmp_path):
    path = tmp_path / f"generator{formats.SUFFIXES[format]}"
    with pytest.raises((OSError, RuntimeError), match=r"Could not write .*generator") as error, full():
        make_gan().export(path, format)
    assert len(str(error.value).splitlines()) == 1
    assert not list(tmp_path.iterdir())


def test_a_picture_that_was_there_is_whole(tmp_path):
    picture(tmp_path / "a.png")
    before = (tmp_path / "a.png").read_bytes()
    with pytest.raises(OSError, match=r"The file that was there is intact"), full():
        figures.save_grid(1 - images(), tmp_path / "a.png", 2)
    assert (tmp_path / "a.png").read_bytes() == before


def test_samples_of_the_command(tmp_path, capsys):
    make_gan().save(tmp_path / "gan.keras")
    with pytest.raises(SystemExit) as exit, full():
        cli.main(["sample", str(tmp_path / "gan.keras"), "--out", str(tmp_path / "a.npz")])
    assert exit.value.code == 2
    assert f"keras-gan: error: Could not write {tmp_path / 'a.npz'}: File too large." in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["gan.keras"]
