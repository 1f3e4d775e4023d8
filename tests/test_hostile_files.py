"""Whatever a file holds: the command does its work or says one line, soon, in little memory, and runs no code of it."""

import contextlib
import io
import json
import sys
import zipfile

import h5py
import numpy as np
import pytest
from checks import Watch
from conftest import make_data, make_gan
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import keras_gan as kg
from keras_gan import cli, evaluation
from keras_gan.artifacts import files

pytestmark = pytest.mark.one_backend("jax")  # files are read alike

FEW = settings(max_examples=20, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
MANY = settings(max_examples=1000, deadline=None, suppress_health_check=list(HealthCheck))
MEGABYTES, SECONDS = 1000, 10

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
NUMBERS = st.sampled_from([0, -1, 1, 2.5, 10**6, 23_000_000, 10**9, 10**18, 10**30, 1e308])
OTHER_VALUES = NUMBERS | JSON | st.sampled_from(["os", "system", "Lambda", "__lambda__", "float64", "Dense", "gan"])
DTYPES = st.sampled_from(["f4", "f8", "i1", "?", "S10", "f2", "c16"])
SHAPES = st.lists(st.sampled_from([0, 1, 3, 5, 2**12, 2**20, 2**31]), max_size=3)


class Watched:
    """Programs that were started while `on`: an audit hook can never be taken away again."""

    on = False
    started: list[str] = []  # noqa: RUF012 - a test's own

    @classmethod
    def look(cls, event, arguments):
        if cls.on and event in ("os.system", "os.exec", "os.posix_spawn", "subprocess.Popen", "os.fork", "pty.spawn"):
            cls.started.append(f"{event}{arguments}")


sys.addaudithook(Watched.look)


def one_line(arguments, capsys):
    """Runs the command; returns what it said, or nothing if it did its work."""
    capsys.readouterr()
    Watched.on = True
    try:
        with Watch() as watch:
            cli.main(arguments)
        said, code = "", 0
    except SystemExit as exit:
        said, code = capsys.readouterr().err, exit.code
    finally:
        Watched.on = False
    assert Watched.started == []
    assert watch.megabytes < MEGABYTES
    assert watch.seconds < SECONDS
    if code:
        assert code == 2
        assert "Traceback" not in said
        assert said.splitlines()[-1].startswith("keras-gan: error: "), said
        assert len([line for line in said.splitlines() if "keras-gan" in line]) == 1, said
    return said


# A `.keras` file.


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    path = tmp_path_factory.mktemp("good") / "gan.keras"
    gan = make_gan(compile_arguments={"ema": 0.9})
    gan.fit(make_data(), epochs=1, verbose=0)
    gan.save(path)
    return path.read_bytes()


def places(value):
    """Every container in a JSON value with every key of it."""
    found, waiting = [], [value]
    while waiting:
        container = waiting.pop()
        keys = container if isinstance(container, dict) else range(len(container))
        for key in keys:
            found.append((container, key))
            if isinstance(container[key], (dict, list)) and container[key]:
                waiting.append(container[key])
    return found


def change_json(draw, value):
    for _ in range(draw(st.integers(1, 3))):
        container, key = draw(st.sampled_from(places(value)))
        how = draw(st.sampled_from(["put", "put", "put", "drop", "twice"]))
        if how == "drop":
            del container[key]
        elif how == "twice" and isinstance(container, list):
            container.insert(key, container[key])
        else:
            container[key] = draw(OTHER_VALUES)
        if not places(value):
            break
    return value


def change_weights(draw, content):
    with h5py.File(content, "r+") as file:
        names = []
        file.visititems(lambda name, item: names.append((name, isinstance(item, h5py.Dataset))))
        for _ in range(draw(st.integers(1, 3))):
            name, is_array = draw(st.sampled_from(sorted(names)))
            how = draw(st.sampled_from(["shape", "fill", "drop", "add", "nan", "link"]))
            group = name.rpartition("/")[0] if is_array else name
            if how == "add":
                name = f"{group}/{draw(st.sampled_from(['0', '9', 'x', 'random_state_7', 'vars']))}"
            if how == "nan" and is_array and name in file and file[name].dtype.kind == "f":
                file[name][...] = np.nan
            elif how == "link":
                file[f"{group}/linked{len(file[group] if group else file)}"] = h5py.SoftLink("/vars")
            elif how != "nan":
                if name in file:
                    del file[name]
                names = [item for item in names if not item[0].startswith(name)] or [("", False)]
                if how != "drop":
                    shape = tuple(draw(SHAPES))
                    packed = (
                        {"chunks": True, "compression": "gzip"} if shape and 0 not in shape and how == "shape" else {}
                    )
                    file.create_dataset(name, shape, draw(DTYPES), **packed)


def change_archive(draw, content):
    """The file with some of its parts, or its bytes, changed."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    kind = draw(st.sampled_from(["config", "config", "weights", "weights", "member", "bytes", "cut", "flip"]))
    if kind == "config":
        members["config.json"] = json.dumps(change_json(draw, json.loads(members["config.json"]))).encode()
    elif kind == "weights":
        weights = io.BytesIO(members["model.weights.h5"])
        with contextlib.suppress(ValueError, OSError, KeyError, TypeError, RuntimeError):  # HDF5 may refuse to write it
            change_weights(draw, weights)
        members["model.weights.h5"] = weights.getvalue()
    elif kind == "member":
        name = draw(st.sampled_from([*members, "x.json", "../x", "/etc/x", "assets/x", "model.weights.npz", "x" * 300]))
        members[name] = draw(st.binary(max_size=50) | JSON.map(lambda value: json.dumps(value).encode()))
        if draw(st.booleans()):
            del members[draw(st.sampled_from(sorted(members)))]
    elif kind == "bytes":  # with checksums that fit
        name = draw(st.sampled_from(sorted(members)))
        part = bytearray(members[name])
        for _ in range(draw(st.integers(1, 3))):
            at = draw(st.integers(0, len(part)))
            part[at : at + draw(st.integers(0, 8))] = draw(st.binary(max_size=8))
        members[name] = bytes(part)
    else:
        whole = bytearray(content)
        if kind == "cut":
            return bytes(whole[: draw(st.integers(0, len(whole) - 1))])
        at = draw(st.integers(0, len(whole) - 1))
        whole[at] ^= draw(st.integers(1, 255))
        return bytes(whole)
    packed = io.BytesIO()
    method = draw(st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA]))
    with zipfile.ZipFile(packed, "w", method) as archive:
        for name, part in members.items():
            archive.writestr(name, part)
    return packed.getvalue()


def sample_from_changed(data, good, folder, capsys):
    path = folder / "gan.keras"
    path.write_bytes(change_archive(data.draw, good))
    said = one_line(["sample", str(path), "--n", "2", "--out", str(folder / "a.npz")], capsys)
    assert not said or "gan.keras" in said or "finite" in said, said


@FEW
@given(data=st.data())
def test_archives(data, good, tmp_path_factory, capsys):
    sample_from_changed(data, good, tmp_path_factory.getbasetemp(), capsys)


@pytest.mark.slow
@MANY
@given(data=st.data())
def test_many_archives(data, good, tmp_path_factory, capsys):
    sample_from_changed(data, good, tmp_path_factory.getbasetemp(), capsys)


# A run's config.json.


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "run"
    folder.mkdir()
    (folder / "history.csv").write_text("epoch,seconds,val_parzen_ll\n0,1.5,20.0\n1,2.5,30.0\n")
    (folder / "model.keras").write_bytes(b"is not read here")
    return folder


def changed_config(data, run, capsys):
    config = {
        "recipe": {"name": "digits", "seed": 1, "epochs": 5, "objective": "minimax", "run_dir": None, "every": 2},
        "data": {"name": "digits", "rows": "shuffled", "levels": {"paper": 225.0}},
        "updates_per_epoch": 3,
        "versions": {"keras": "3"},
        "device": "cpu",
        "command": ["keras-gan", "train", "digits"],
    }
    content = json.dumps(change_json(data.draw, config)).encode()
    if data.draw(st.integers(0, 5)) == 0:
        content = content[: data.draw(st.integers(0, len(content)))] + data.draw(st.binary(max_size=5))
    (run / "config.json").write_bytes(content)
    for arguments in (
        ["curves", str(run), "--output", str(run / "curves.png")],
        ["evaluate", str(run)],
        ["export", str(run), "--format", "keras", "--out", str(run / "generator.keras")],
    ):
        said = one_line(arguments, capsys)
        assert not said or any(name in said for name in ("config.json", "history.csv", "trained on")), said


@pytest.fixture
def work_left_out(monkeypatch, run):
    """What the commands do after they have read the config takes its time, and is tested elsewhere."""
    pytest.importorskip("matplotlib")
    gan = make_gan()
    gan.fit(make_data(), batch_size=4, epochs=2, verbose=0)
    monkeypatch.setattr(files, "load_model", lambda path: gan)
    monkeypatch.setattr(evaluation, "evaluate", lambda *arguments, **named: "table")
    monkeypatch.setattr(kg.GAN, "export", lambda self, *arguments, **named: None)


@FEW
@given(data=st.data())
def test_configs(data, run, work_left_out, capsys):
    changed_config(data, run, capsys)


@pytest.mark.slow
@MANY
@given(data=st.data())
def test_many_configs(data, run, work_left_out, capsys):
    changed_config(data, run, capsys)
