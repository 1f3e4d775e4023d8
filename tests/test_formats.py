import json
import subprocess
import sys

import keras
import numpy as np
import pytest
from conftest import make_gan, make_networks

import keras_gan as kg
from keras_gan.artifacts import formats
from keras_gan.backend import programs

PROGRAMS = ["saved_model", "onnx", "litert", "openvino", "torch"]
# Each framework alone: neither keras_gan nor Keras can be imported.
READERS = {
    "saved_model": """
import tensorflow as tf
program = tf.saved_model.load(path)
found = program.signatures["serving_default"](noise=tf.constant(z))["samples"].numpy()
assert abs(program.serve(z[:1]).numpy() - found[:1]).max() < 1e-6
draw = lambda seed: program.signatures["sample"](num=tf.constant(500), seed=tf.constant(seed))["samples"].numpy()
assert draw(1).shape == (500, 4) and np.array_equal(draw(1), draw(1)) and not np.array_equal(draw(1), draw(2))
assert abs(draw(1).mean(0) - program.serve(prior).numpy().mean(0)).max() < 0.1
""",
    "onnx": """
import onnxruntime
session = onnxruntime.InferenceSession(path)
(found,) = session.run(["samples"], {"noise": z})
""",
    "litert": """
from ai_edge_litert.interpreter import Interpreter
interpreter = Interpreter(path)
(input,), (output,) = interpreter.get_input_details(), interpreter.get_output_details()
interpreter.resize_tensor_input(input["index"], z.shape)
interpreter.allocate_tensors()
interpreter.set_tensor(input["index"], z)
interpreter.invoke()
found = interpreter.get_tensor(output["index"])
""",
    "openvino": """
import openvino
options = {"INFERENCE_PRECISION_HINT": "f32"}
found = openvino.Core().compile_model(f"{path}/generator.xml", "CPU", options)({"noise": z})[0]
""",
    "torch": """
import torch
found = torch.export.load(path).module()(torch.from_numpy(z)).numpy()
""",
}


IN_CI = {
    "tensorflow": {"saved_model", "litert", "openvino"},
    "jax": {"saved_model", "onnx"},
    "torch": {"onnx", "torch"},
}


def program_format(name):
    return pytest.param(name, marks=() if name in IN_CI[keras.backend.backend()] else pytest.mark.slow)


def path_of(format, folder):
    return folder / f"generator{formats.SUFFIXES[format]}"


@pytest.mark.parametrize("format", map(program_format, PROGRAMS))
def test_a_program_gives_the_same_samples_without_keras(format, tmp_path):
    if format == "openvino":
        pytest.importorskip("openvino")
    generator, prior = make_networks(batch_norm=True)[0], kg.priors.Uniform(3)
    path = path_of(format, tmp_path)
    card = formats.export(generator, prior, path, format, {"data": {"name": "numbers"}})
    assert (card["prior"], card["noise_dim"], card["image_shape"], card["range"]) == ("uniform", 3, [4], [0, 1])
    assert (card["data"], card["checksum"]) == ({"name": "numbers"}, formats.checksum(path))
    assert json.loads(formats.own_card(path).read_text()) == card
    assert not list(tmp_path.glob("partial-*"))
    files = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]
    for file in files:  # nothing of the machine it was written on
        content = file.read_bytes()
        assert not [word for word in (b"keras_gan/", b"site-packages", bytes(tmp_path)) if word in content], file
    z = prior.draw(7, seed=0)
    expected = generator.predict(z, verbose=0)
    np.savez(tmp_path / "noise.npz", z=z, prior=prior.draw(2000, seed=1))
    program = (
        "import sys\nsys.modules.update(keras_gan=None, keras=None)\nimport numpy as np\n"
        "path, file = sys.argv[1:]\nz, prior = np.load(file).values()\n"
        f"{READERS[format]}\nnp.savez(file, found=found)"
    )
    result = subprocess.run(
        [sys.executable, "-c", program, path, tmp_path / "noise.npz"], capture_output=True, text=True
    )
    assert result.returncode == 0, result.stderr
    np.testing.assert_allclose(np.load(tmp_path / "noise.npz")["found"], expected, atol=1e-5)


@pytest.mark.parametrize("name", ["tfd", "cifar10_conv", "cifar10_dense"])
@pytest.mark.parametrize("format", ["onnx", "litert"])
def test_the_papers_networks(name, format, tmp_path):
    if programs.WRITTEN_BY[format] != keras.backend.backend():
        pytest.skip("written by another backend's process, as above")
    generator = kg.networks.build(name, width=0.01)[0]
    formats.export(generator, kg.priors.Normal(100), path_of(format, tmp_path), format)
    assert kg.load(path_of(format, tmp_path)).sample(3, seed=0).shape == (3, *generator.output_shape[1:])


@pytest.mark.one_backend("jax")
def test_a_class_of_ones_own(tmp_path, monkeypatch):
    (tmp_path / "my_layers.py").write_text(
        "import keras\n"
        "@keras.saving.register_keras_serializable('mine')\n"
        "class Twice(keras.layers.Layer):\n"
        "    def call(self, x):\n"
        "        return 2 * x\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    import my_layers

    generator = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4), my_layers.Twice()])
    formats.export(generator, kg.priors.Normal(3), tmp_path / "generator", "saved_model")
    z = kg.priors.Normal(3).draw(5, seed=0)
    np.testing.assert_allclose(kg.load(tmp_path / "generator", "normal")(z), generator.predict(z, verbose=0), atol=1e-5)


def test_what_differs_is_not_exported(tmp_path, monkeypatch):
    generator, other = (make_networks(seed=seed)[0] for seed in (0, 1))
    path = tmp_path / "generator.keras"
    formats.export(generator, kg.priors.Uniform(3), path, "keras")
    before = path.read_bytes()
    monkeypatch.setattr(generator, "save", other.save)
    with pytest.raises(RuntimeError, match="Not exported: the keras program's samples differ by"):
        formats.export(generator, kg.priors.Uniform(3), path, "keras")
    assert path.read_bytes() == before
    assert not list(tmp_path.glob("partial-*"))


@pytest.mark.one_backend
@pytest.mark.parametrize("format", PROGRAMS)
def test_a_missing_package_names_the_extra(format, tmp_path, monkeypatch):
    monkeypatch.setitem(programs.NEEDS, format, ("no_such_package",))
    with pytest.raises(
        ValueError, match=rf"needs no_such_package: pip install 'keras-gan\[{programs.EXTRAS[format]}\]'"
    ):
        formats.export(make_networks()[0], kg.priors.Uniform(3), path_of(format, tmp_path), format)
    assert list(tmp_path.iterdir()) == []


def test_bad_arguments(tmp_path):
    generator, prior = make_networks()[0], kg.priors.Uniform(3)
    with pytest.raises(ValueError, match="Unknown format"):
        formats.export(generator, prior, tmp_path / "generator", "gif")
    with pytest.raises(ValueError, match=r"ends in \.onnx"):
        formats.export(generator, prior, tmp_path / "generator", "onnx")
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match=r"exists|directory"):
        formats.export(generator, prior, tmp_path / "file" / "generator.keras", "keras")


@pytest.mark.parametrize("prior", list(kg.priors.PRIORS))
def test_the_prior_inside_a_saved_model(prior, tmp_path):
    tf = pytest.importorskip("tensorflow")
    if keras.backend.backend() != "tensorflow":
        pytest.skip("written by TensorFlow's process")
    generator = keras.Sequential([keras.Input((50,)), keras.layers.Rescaling(1.0)])
    generator(np.zeros((1, 50), "float32"))
    formats.export(generator, kg.priors.get(prior, 50), tmp_path / "generator", "saved_model")
    sample = tf.saved_model.load(str(tmp_path / "generator")).signatures["sample"]
    z = sample(num=tf.constant(4000), seed=tf.constant(3))["samples"].numpy()
    assert abs(z.mean()) < 0.01
    assert z.std() == pytest.approx(1, abs=0.01)
    lengths = np.linalg.norm(z, axis=1)
    assert (lengths.std() < 1e-4) == (prior == "spherical")


@pytest.mark.one_backend("jax")
def test_a_prior_of_ones_own_inside_a_saved_model(tmp_path, monkeypatch):
    tf = pytest.importorskip("tensorflow")
    (tmp_path / "my_priors.py").write_text(
        "import keras, keras_gan, numpy\n"
        "@keras.saving.register_keras_serializable('mine')\n"
        "class Logistic(keras_gan.priors.Prior):\n"
        "    def quantile(self, u):\n"
        "        return 3**0.5 / numpy.pi * numpy.log(u / (1 - u))\n"
        "    def from_uniform(self, u):\n"
        "        return 3**0.5 / numpy.pi * keras.ops.log(u / (1 - u))\n"
        "@keras.saving.register_keras_serializable('mine')\n"
        "class WithoutMap(keras_gan.priors.Prior):\n"
        "    def draw(self, num, seed=None):\n"
        "        return numpy.ones((num, self.dim), 'float32')\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    import my_priors

    generator = keras.Sequential([keras.Input((5,)), keras.layers.Rescaling(1.0)])
    generator(np.zeros((1, 5), "float32"))
    for name in ("Logistic", "WithoutMap"):
        prior = getattr(my_priors, name)(5)
        card = formats.export(generator, prior, tmp_path / name, "saved_model")
        assert card["prior"] is None
    assert "sample" not in tf.saved_model.load(str(tmp_path / "WithoutMap")).signatures
    sample = tf.saved_model.load(str(tmp_path / "Logistic")).signatures["sample"]
    z = np.sort(sample(num=tf.constant(8000), seed=tf.constant(3))["samples"].numpy(), axis=0)
    expected = my_priors.Logistic(1).quantile((np.arange(8000) + 0.5) / 8000)
    np.testing.assert_allclose(z[400:-400], np.tile(expected[400:-400, np.newaxis], 5), atol=0.1)
    again = (sample(num=tf.constant(4), seed=tf.constant(seed))["samples"].numpy() for seed in (1, 1, 2))
    first, same, other = again
    assert np.array_equal(first, same)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize(
    "registered",
    [
        pytest.param(False, marks=pytest.mark.one_backend("torch")),
        pytest.param(True, marks=pytest.mark.one_backend("tensorflow")),
    ],
)
def test_a_prior_that_no_other_process_knows(registered, tmp_path):
    tf = pytest.importorskip("tensorflow")

    class Mine(kg.priors.Uniform):
        pass

    if registered:
        keras.saving.register_keras_serializable("mine")(Mine)
    formats.export(make_networks()[0], Mine(3), tmp_path / "generator", "saved_model")
    here = keras.backend.backend() == "tensorflow"
    assert ("sample" in tf.saved_model.load(str(tmp_path / "generator")).signatures) == here


def test_a_generator_of_half_the_size(tmp_path):
    generator, _ = kg.networks.build("digits", observed=True)
    half, condition = formats.halved(generator), kg.conditions.Observed()
    condition.fit_to((8, 8, 1))
    assert half.count_params() == generator.count_params()
    for network, name in ((generator, "whole.keras"), (half, "half.keras")):
        formats.export(network, kg.priors.Uniform(32), tmp_path / name, "keras", condition=condition)
    sizes = [(tmp_path / name).stat().st_size for name in ("half.keras", "whole.keras")]
    assert sizes[0] < 0.65 * sizes[1]  # the rest is what the files say of layers
    image, mask = np.random.default_rng(0).random((8, 8, 1)).astype("float32"), np.eye(8)[..., np.newaxis]
    a, b = (kg.load(tmp_path / name).sample(5, 0, (image, mask)) for name in ("whole.keras", "half.keras"))
    assert 0 < np.abs(a - b).max() < 5e-3
    # It is read with sums of 32 bits, which are the same on every processor.
    loaded = kg.load(tmp_path / "half.keras")
    assert {variable.dtype for variable in loaded.model.variables} == {"float32"}
    assert "float16" in {variable.dtype for variable in keras.saving.load_model(tmp_path / "half.keras").variables}
    for each in b:
        np.testing.assert_array_equal(each[mask > 0], image[mask > 0])


def test_a_wrapped_layer_is_halved_and_widened_too(tmp_path):
    wrapped = kg.layers.WeightNormalization(keras.layers.Dense(7))
    network = keras.Sequential([keras.Input((5,)), wrapped, keras.layers.Dense(2)])
    half = formats.halved(network)
    assert [str(layer.kernel.dtype) for layer in half.layers] == ["float16", "float16"]
    half.save(tmp_path / "half.keras")
    wide = formats.widened(formats.files.load_model(tmp_path / "half.keras"))
    assert [str(layer.kernel.dtype) for layer in wide.layers] == ["float32", "float32"]
    x = np.random.default_rng(0).normal(size=(4, 5)).astype("float32")
    np.testing.assert_allclose(wide.predict(x, verbose=0), network.predict(x, verbose=0), atol=5e-3)


@pytest.mark.parametrize("format", ["keras", "saved_model", "torch"])
def test_weights_of_eight_bits(format, tmp_path):
    if programs.WRITTEN_BY.get(format, "jax") != keras.backend.backend():
        pytest.skip("run once each, on the backend that writes it or on JAX")
    layers = [keras.layers.Dense(200, "relu"), keras.layers.BatchNormalization(), keras.layers.Dense(300, "sigmoid")]
    generator = keras.Sequential([keras.Input((50,)), *layers])
    prior = kg.priors.Uniform(50)
    before = generator.get_weights()
    whole, small = (tmp_path / f"{name}{formats.SUFFIXES[format]}" for name in ("whole", "small"))
    formats.export(generator, prior, whole, format)
    card = formats.export(generator, prior, small, format, weights="int8")
    a, b = (kg.load(path).sample(100, seed=1) for path in (whole, small))
    assert card["weights"] == "int8"
    assert 0 < np.abs(a - b).max() <= 2 * card["largest_difference"] < 0.02
    assert all(np.array_equal(x, y) for x, y in zip(before, generator.get_weights(), strict=True))
    if format == "keras":
        assert small.stat().st_size < 0.4 * whole.stat().st_size


def test_layers_without_eight_bits_are_refused_by_name(tmp_path):
    generator = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4), kg.layers.Maxout(2, pieces=2, name="odd")])
    path = tmp_path / "generator.keras"
    with pytest.raises(
        ValueError, match=r"The layer 'odd', a Maxout, cannot be quantised to int8\. Keras quantises Dense"
    ):
        formats.export(generator, kg.priors.Uniform(3), path, "keras", weights="int8")
    with pytest.raises(ValueError, match="A page has weights of 32 bits"):
        formats.export(make_networks()[0], kg.priors.Uniform(3), tmp_path / "page.html", "page", weights="int8")
    with pytest.raises(ValueError, match=r"weights='int3'.*'float32', 'int8'"):
        formats.export(make_networks()[0], kg.priors.Uniform(3), path, "keras", weights="int3")
    assert list(tmp_path.iterdir()) == []


def answered(path, body):
    """What TensorFlow Serving's REST API answers: a request has rows ("instances") or columns ("inputs")."""
    import tensorflow as tf

    request = json.loads(body)
    signature = tf.saved_model.load(str(path)).signatures[request.get("signature_name", "serving_default")]
    specs = signature.structured_input_signature[1]
    if rows := request.get("instances"):
        named = isinstance(rows[0], dict)
        columns = {name: [row[name] if named else row for row in rows] for name in (rows[0] if named else specs)}
    else:
        columns = request["inputs"]
    assert set(columns) == set(specs)
    given = {name: tf.convert_to_tensor(value, specs[name].dtype) for name, value in columns.items()}
    assert all(specs[name].is_compatible_with(value) for name, value in given.items())
    (output,) = signature(**given).values()  # of one output there is no name in the answer
    assert output.dtype == tf.float32
    return json.dumps({"predictions" if rows else "outputs": output.numpy().tolist()})


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="run once, on TensorFlow")
def test_requests_of_tensorflow_servings_rest_api(tmp_path):
    gan = make_gan()
    gan.export(tmp_path / "plain")
    z = gan.prior.draw(5, seed=3).tolist()
    for rows in (z, [{"noise": row} for row in z]):
        answer = json.loads(answered(tmp_path / "plain", json.dumps({"instances": rows})))
        np.testing.assert_allclose(answer["predictions"], gan.sample(5, seed=3), atol=1e-6)
    drawn = json.dumps({"signature_name": "sample", "inputs": {"num": 6, "seed": 7}})
    samples = np.array(json.loads(answered(tmp_path / "plain", drawn))["outputs"])
    assert samples.shape == (6, 4)
    np.testing.assert_array_equal(json.loads(answered(tmp_path / "plain", drawn))["outputs"], samples)

    noise, label = keras.Input((3,)), keras.Input((2,))
    x = keras.layers.Dense(4, "sigmoid")(keras.layers.Concatenate()([noise, label]))
    told, prior = keras.Model([noise, label], x), kg.priors.Normal(3)
    formats.export(told, prior, tmp_path / "told", "saved_model", condition=kg.conditions.Labels(2))
    one_hot = np.eye(2)[[0, 1, 1, 0, 1]].tolist()
    rows = [{"noise": noise, "condition": label} for noise, label in zip(z, one_hot, strict=True)]
    answer = json.loads(answered(tmp_path / "told", json.dumps({"instances": rows})))
    expected = told.predict([np.array(z), np.array(one_hot)], verbose=0)
    np.testing.assert_allclose(answer["predictions"], expected, atol=1e-6)
    drawn = json.dumps({"signature_name": "sample", "inputs": {"seed": 7, "condition": one_hot}})
    assert np.array(json.loads(answered(tmp_path / "told", drawn))["outputs"]).shape == (5, 4)
