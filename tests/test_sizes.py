"""Small files that ask for much memory are refused before they get it; honest ones of every kind are read."""

import io
import json
import zipfile
import zlib

import h5py
import keras
import numpy as np
import pytest
from checks import Watch
from conftest import all_equal, make_data, make_gan, weights

import keras_gan as kg
from keras_gan.artifacts import files

pytestmark = pytest.mark.one_backend("jax")

BIG = 2**28  # numbers: a gigabyte of them


@pytest.fixture(scope="module")
def gan():
    gan = make_gan(compile_arguments={"ema": 0.9})
    gan.fit(make_data(), epochs=1, verbose=0)
    return gan


@pytest.fixture(scope="module")
def members(gan, tmp_path_factory):
    """The parts of a whole `.keras` file."""
    path = tmp_path_factory.mktemp("good") / "gan.keras"
    gan.save(path)
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def write(path, members, compression=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def with_weights(members, change):
    content = io.BytesIO(members["model.weights.h5"])
    with h5py.File(content, "r+") as file:
        change(file)
    return members | {"model.weights.h5": content.getvalue()}


def with_config(members, change):
    config = json.loads(members["config.json"])
    change(config["config"])
    return members | {"config.json": json.dumps(config).encode()}


def fill(file):
    for i in range(8):
        file["vars"].create_dataset(f"unknown_{i}", (4 * BIG,), "f4")


def packed_fill(file):
    file["vars"].create_dataset("9", (BIG,), "f4", chunks=(2**20,), compression="gzip")


def random_states(file):
    for i in range(100):
        file["vars"].create_dataset(f"random_state_x{i}", (BIG // 16,), "f4")


def chunk_larger_than_its_array(file):
    file["vars"].create_dataset("9", (2,), "f4", chunks=(BIG,), maxshape=(None,), compression="gzip")


def inflating_chunk(file):
    array = file["vars"].create_dataset("9", (2**18,), "f4", chunks=(2**18,), compression="gzip")
    packing = zlib.compressobj(1)
    content = b"".join([packing.compress(bytes(2**20)) for _ in range(400)]) + packing.flush()
    array.id.write_direct_chunk((0,), content)


def texts(file):
    file["vars"].create_dataset("9", data=["a" * 1000] * 1000, dtype=h5py.string_dtype())


def link(file):
    file["vars/9"] = h5py.SoftLink("/vars/0")


def foreign(file):
    file["vars/9"] = h5py.ExternalLink("/etc/passwd", "/x")


def elsewhere(file):
    file["vars"].create_dataset("9", (10,), "f4", external=[("/etc/passwd", 0, 40)])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (fill, "unpacks to 4,096.0 MB"),
        (packed_fill, "unpacks to 1,024.0 MB"),
        (random_states, "unpacks to"),
        (chunk_larger_than_its_array, "unpacks to 1,024.0 MB"),
        (inflating_chunk, "a chunk of /vars/9 in its weights unpacks to more than it says"),
        (texts, "is no array of numbers"),
        (link, "is a link to elsewhere"),
        (foreign, "is a link to elsewhere"),
        (elsewhere, "lies in another file"),
        (lambda file: file["vars"].create_dataset("random_state_x", (3,)), "the state of nothing in this model"),
        (lambda file: file["vars"].create_dataset("9", (3,)), "cannot be read as a Keras model"),
    ],
)
def test_weights_that_no_model_has(members, change, message, tmp_path):
    refused(write(tmp_path / "gan.keras", with_weights(members, change), zipfile.ZIP_STORED), message)


def refused(path, message):
    assert path.stat().st_size < 2e6
    with Watch() as watch, pytest.raises(ValueError, match=r"gan\.keras") as error:
        files.load_model(path)
    assert message in str(error.value)
    assert len(str(error.value).splitlines()) == 1
    assert watch.megabytes < 200
    assert watch.seconds < 10


@pytest.mark.parametrize("part", ["config.json", "metadata.json", "model.weights.h5"])
def test_padded_parts(members, part, tmp_path):
    content = members[part] + b" " * (100 << 20)
    refused(write(tmp_path / "gan.keras", members | {part: content}), f"{part} unpacks to 100.0 MB")


def test_methods_of_packing_that_python_unpacks_without_a_bound(members, tmp_path):
    refused(write(tmp_path / "gan.keras", members, zipfile.ZIP_BZIP2), "packed by another method than deflate")


def wide(units):
    def change(config):
        layer = {"module": "keras.layers", "class_name": "Dense", "config": {"units": units}, "registered_name": None}
        config["generator"]["config"]["layers"].insert(2, layer)

    return change


def labels(config):
    config["condition"] = {
        **{"module": "keras_gan.conditions", "class_name": "Labels", "registered_name": "keras_gan>Labels"},
        "config": {"num_classes": 10**9},
    }


def built(config):
    config["preprocessing"] = {
        **{"module": "keras.layers", "class_name": "Normalization", "registered_name": None},
        **{"config": {"axis": [-1]}, "build_config": {"input_shape": [None, 10**9]}},
    }


def array(dtype):
    def change(config):
        value = {"class_name": "__numpy__", "config": {"value": [1, 2], "dtype": dtype}}
        config["preprocessing"] = {
            **{"module": "keras.layers", "class_name": "Rescaling", "registered_name": None},
            "config": {"scale": value, "offset": 0.0},
        }

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (wide(23_000_000), "asks for a variable of shape (5, 23000000)"),
        (wide(10**18), "asks for a variable of shape"),
        (lambda config: config["prior"]["config"].update(dim=10**12), "the prior draws vectors of 1000000000000"),
        (labels, "asks for a variable of shape (1000000000,)"),
        (built, "asks for a variable of shape (1000000000,)"),
        (array("S1000000000"), "an array of type 'S1000000000'"),
        (array("(1000,1000,1000)f4"), "an array of type '(1000,1000,1000)f4'"),
    ],
)
def test_configs_that_ask_for_more_than_is_stored(members, change, message, tmp_path):
    plain = keras.Variable.__init__
    refused(write(tmp_path / "gan.keras", with_config(members, change)), message)
    assert keras.Variable.__init__ is plain


def test_a_card_that_asks_for_more_than_the_generator_takes(tmp_path):
    noise, told = keras.Input((3,)), keras.Input((2,))
    keras.Model([noise, told], keras.layers.Dense(4)(noise)).save(tmp_path / "generator.keras")
    condition = kg.conditions.Labels(2).describe()
    condition["config"]["num_classes"] = 10**9
    (tmp_path / "card.json").write_text(json.dumps({"prior": "uniform", "condition": condition}))
    with Watch() as watch, pytest.raises(ValueError, match="condition cannot be read"):
        kg.load(tmp_path / "generator.keras")
    assert watch.megabytes < 200


# Honest files.


@keras.saving.register_keras_serializable("test_sizes")
class Own(keras.layers.Layer):
    """A layer of a user's own, with a variable made from a value, and one that is not stored."""

    def build(self, shape):
        self.table = keras.Variable(np.arange(1000.0), name="table", dtype="float32")
        self.scratch = [keras.Variable(np.zeros((200, 1000)), trainable=False, name="scratch")]
        self.kernel = self.add_weight(shape=(shape[-1], 7))

    def call(self, x):
        return x @ self.kernel


def packed(file):
    """All arrays in chunks that are compressed, as h5repack does."""
    names = []
    file.visititems(lambda name, item: names.append(name) if isinstance(item, h5py.Dataset) and item.shape else None)
    for name in names:
        value = file[name][()]
        del file[name]
        file.create_dataset(name, data=value, chunks=True, compression="gzip", shuffle=True, fletcher32=True)


@pytest.mark.parametrize("change", [packed, lambda file: None])
def test_compressed_weights_are_read(gan, members, change, tmp_path):
    loaded = files.load_model(write(tmp_path / "gan.keras", with_weights(members, change)))
    assert all_equal(weights(loaded), weights(gan))
    assert all_equal([v.numpy() for v in loaded.optimizer.variables], [v.numpy() for v in gan.optimizer.variables])


@pytest.mark.every_backend
def test_layers_of_ones_own_are_read(tmp_path):
    model = keras.Sequential([keras.Input((3,)), Own(), keras.layers.Dense(2, dtype="float16")])
    model.compile("adam", "mse")
    model.fit(np.zeros((8, 3)), np.zeros((8, 2)), verbose=0)
    model.save(tmp_path / "model.keras")
    assert all_equal(weights(files.load_model(tmp_path / "model.keras")), weights(model))


def test_untrained_weights_that_are_all_zeros_are_read(tmp_path):
    """They shrink a thousand times when they are compressed."""
    model = keras.Sequential([keras.Input((1000,)), keras.layers.Dense(5000, kernel_initializer="zeros")])
    model.compile("adam", "mse")
    model.optimizer.build(model.trainable_variables)
    model.save(tmp_path / "model.keras")
    with zipfile.ZipFile(tmp_path / "model.keras") as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    path = write(tmp_path / "small.keras", members)
    assert path.stat().st_size < 1e6
    assert files.load_model(path).count_params() == 5_005_000
