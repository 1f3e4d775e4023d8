import io
import json
import os
import zipfile

import keras
import pytest
from conftest import make_gan
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import keras_gan as kg
from keras_gan.artifacts import files
from keras_gan.runs import history

pytestmark = pytest.mark.one_backend("jax")


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    """Bytes of a whole .keras file."""
    path = tmp_path_factory.mktemp("good") / "gan.keras"
    make_gan().save(path)
    return path.read_bytes()


def changed(content, path, **members):
    """The archive with members replaced (bytes), added, or left out (None)."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    files |= {name.replace("__", "."): value for name, value in members.items()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, value in files.items():
            if value is not None:
                archive.writestr(name, value)


class TestWrite:
    def test_the_new_file_takes_the_place_of_the_old(self, tmp_path):
        path = tmp_path / "a.txt"
        for text in ("one", "two", "three"):
            files.write(path, lambda partial, text=text: partial.write_text(text), keep_before=True)
        assert path.read_text() == "three"
        assert files.previous(path).read_text() == "two"
        assert len(list(tmp_path.iterdir())) == 2

    @pytest.mark.parametrize("error", [OSError(28, "No space left on device"), RuntimeError("HDF5 says no")])
    def test_what_fails_leaves_the_old(self, error, tmp_path):
        path = tmp_path / "a.txt"
        files.write_text(path, "old")

        def fail(partial):
            partial.write_text("half")
            raise error

        with pytest.raises(OSError, match=r"Could not write .*a\.txt: (No space|HDF5 says no).*intact"):
            files.write(path, fail)
        assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [("a.txt", "old")]

    def test_an_interrupt_is_no_error_of_the_disk(self, tmp_path):
        def interrupt(partial):
            partial.write_text("half")
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            files.write(tmp_path / "a.txt", interrupt)
        assert list(tmp_path.iterdir()) == []


class TestArchives:
    @pytest.mark.every_backend
    def test_a_good_one(self, good, tmp_path):
        (tmp_path / "gan.keras").write_bytes(good)
        assert isinstance(files.load_model(tmp_path / "gan.keras"), kg.GAN)

    @pytest.mark.parametrize("share", [0, 0.01, 0.5, 0.9, 0.999])
    def test_cut_short(self, good, share, tmp_path):
        path = tmp_path / "gan.keras"
        path.write_bytes(good[: int(len(good) * share)])
        with pytest.raises(ValueError, match=r"gan\.keras is (empty|no whole \.keras file)"):
            files.load_model(path)

    def test_a_byte_changed(self, good, tmp_path):
        path = tmp_path / "gan.keras"
        path.write_bytes(good[: len(good) // 2] + bytes([good[len(good) // 2] ^ 1]) + good[len(good) // 2 + 1 :])
        with pytest.raises(ValueError, match=r"gan\.keras is damaged: model\.weights\.h5 does not have its checksum"):
            files.load_model(path)

    @pytest.mark.parametrize("name", ["../evil.py", "/etc/evil", "assets/../../evil", "model.weights.npz"])
    def test_tricks_with_paths(self, good, name, tmp_path):
        changed(good, tmp_path / "gan.keras", **{name: b"evil"})
        with pytest.raises(ValueError, match=r"gan\.keras is refused"):
            files.load_model(tmp_path / "gan.keras")

    def test_twice_the_same_name(self, good, tmp_path):
        path = tmp_path / "gan.keras"
        path.write_bytes(good)
        with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("config.json", "{}")
        with pytest.raises(ValueError, match="is refused"):
            files.load_model(path)

    def test_a_lambda_layer(self, tmp_path, capsys):
        model = keras.Sequential([keras.Input((3,)), keras.layers.Lambda(lambda x: print("evil") or x)])
        model.save(tmp_path / "model.keras")
        capsys.readouterr()
        with pytest.raises(ValueError, match=r"model\.keras is refused: it holds \['Lambda', '__lambda__'\]"):
            files.load_model(tmp_path / "model.keras")
        assert "evil" not in capsys.readouterr().out

    @pytest.mark.parametrize("module", ["os", "subprocess", "antigravity", "keras.src.utils.file_utils"])
    def test_a_class_of_another_module(self, good, module, tmp_path):
        with zipfile.ZipFile(io.BytesIO(good)) as archive:
            config = json.loads(archive.read("config.json"))
        config["config"]["prior"] = {"module": module, "class_name": "system", "config": {}, "registered_name": None}
        changed(good, tmp_path / "gan.keras", config__json=json.dumps(config))
        with pytest.raises(ValueError, match="cannot be read as a Keras model"):
            files.load_model(tmp_path / "gan.keras")

    @pytest.mark.parametrize("member", ["config.json", "metadata.json", "model.weights.h5"])
    def test_a_part_that_is_missing_or_foreign(self, good, member, tmp_path):
        path = tmp_path / "gan.keras"
        changed(good, path, **{member: None})
        with pytest.raises(ValueError, match="it lacks"):
            files.load_model(path)
        changed(good, path, **{member: b"\x89PNG foreign"})
        with pytest.raises(ValueError, match=r"gan\.keras (is damaged|cannot be read)"):
            files.load_model(path)

    def test_weights_of_another_model(self, good, tmp_path):
        make_gan(size=6).save(tmp_path / "other.keras")
        with zipfile.ZipFile(tmp_path / "other.keras") as archive:
            changed(good, tmp_path / "gan.keras", **{"model.weights.h5": archive.read("model.weights.h5")})
        with pytest.raises(ValueError, match="cannot be read as a Keras model"):
            files.load_model(tmp_path / "gan.keras")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
FUZZ = settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))


def result_or_error(function, *arguments):
    """What it returns, or the message of the one kind of error that it may raise."""
    try:
        return function(*arguments), ""
    except ValueError as error:
        return None, str(error)


class TestFuzz:
    """Whatever lies in a file: a model, or one clear error."""

    @FUZZ
    @given(at=st.integers(0, 10**6), length=st.integers(0, 50), put=st.binary(max_size=50))
    def test_raw_bytes(self, good, tmp_path, at, length, put):
        """Without new checksums: the file is the old one, or is refused."""
        path, at = tmp_path / "gan.keras", at % len(good)
        path.write_bytes(good[:at] + put + good[at + length :])
        _, error = result_or_error(files.check_archive, path)
        assert not error or "gan.keras" in error
        if not error:
            with zipfile.ZipFile(path) as archive, zipfile.ZipFile(io.BytesIO(good)) as before:
                assert all(archive.read(name) == before.read(name) for name in before.namelist())

    @FUZZ
    @given(content=st.binary(max_size=40) | JSON.map(lambda value: json.dumps(value).encode()))
    def test_cards(self, tmp_path, content):
        model = tmp_path / "generator.keras"
        if not model.exists():
            make_gan().generator.save(model)
        (tmp_path / "card.json").write_bytes(content)
        generator, error = result_or_error(kg.load, model)
        refused = any(reason in error for reason in ("card.json", "checksum", "Nothing says what noise"))
        assert refused or generator.sample(2, seed=0).shape == (2, 4)

    @FUZZ
    @given(content=st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
    def test_histories(self, tmp_path, content):
        (tmp_path / "history.csv").write_bytes(content)
        found, error = result_or_error(history.read, tmp_path / "history.csv", (), 1)
        assert "history.csv" in error or [int(row["epoch"]) for row in found[0]] == [0]


def test_deep_json_is_no_traceback(tmp_path):
    (tmp_path / "config.json").write_text("[" * 100_000)
    with pytest.raises(ValueError, match=r"config\.json is damaged"):
        files.read_json(tmp_path / "config.json")


@pytest.mark.skipif(os.name != "posix", reason="pipes")
def test_what_is_no_file(tmp_path):
    (tmp_path / "gan.keras").mkdir()
    with pytest.raises(ValueError, match=r"There is no file .*gan\.keras"):
        files.load_model(tmp_path / "gan.keras")
