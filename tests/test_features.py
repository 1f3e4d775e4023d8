"""Networks of features: which, their hash, what is remembered, what is refused."""

import dataclasses

import keras
import numpy as np
import pytest

import keras_gan as kg
from keras_gan.evaluation import features, fid, precision_recall

pytestmark = pytest.mark.one_backend("jax")


@pytest.fixture(scope="module")
def data():
    return kg.datasets.load("digits")


@pytest.fixture(autouse=True)
def _own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    features._recent.clear()


def small(units=3, activation="relu", seed=1):
    inner = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Flatten()])
    layers = [inner, keras.layers.Dense(units, activation, kernel_initializer=keras.initializers.GlorotUniform(seed))]
    return keras.Sequential([keras.Input((8, 8, 1)), *layers])


@pytest.mark.parametrize(
    ("name", "shape", "dim", "accuracy"),
    [("digits", (8, 8, 1), 32, 0.97), ("mnist", (28, 28, 1), 128, 0.97), ("cifar10", (32, 32, 3), 128, 0.84)],
)
def test_the_classifiers_that_ship(name, shape, dim, accuracy):
    network = features.get(name)
    assert (network.input_shape, network.dim, network.name) == (shape, dim, f"{name}-classifier/features")
    path = features.files.saved_models() / name / "classifier.keras"
    assert path.stat().st_size < 2_000_000
    card = features.files.read_json(features.formats.own_card(path))
    assert card["command"].startswith(f"keras-gan train {name}-classifier")
    assert card["scores"]["test_accuracy"] > accuracy
    classifier = features.load_classifier(name)
    assert classifier.output_shape == (None, 10)
    assert {variable.dtype for variable in classifier.weights} == {"float32"}


def test_the_digits_classifier_is_as_good_as_its_card_says(data):
    said = features.load_classifier("digits").predict(data.preprocess(data.test), verbose=0).argmax(axis=1)
    card = features.files.read_json(features.files.saved_models() / "digits" / "classifier.keras.json")
    assert (said == data.labels.test).mean() == pytest.approx(card["scores"]["test_accuracy"])


def test_a_classifier_that_knew_few_labels_ships_and_is_no_network_of_features():
    classifier = features.load_classifier("mnist-semi-supervised")
    assert (classifier.input_shape, classifier.output_shape) == ((None, 28, 28, 1), (None, 10))
    path = features.files.saved_models() / "mnist-semi-supervised" / "classifier.keras"
    card = features.files.read_json(features.formats.own_card(path))
    assert card["recipe"]["labels"] == 100
    assert card["scores"]["test_accuracy"] > 0.985
    assert features.shipped() == ["cifar10", "digits", "mnist"]
    expected = r"Expected one of \['cifar10', 'digits', 'mnist', 'mnist-semi-supervised'\]"
    with pytest.raises(ValueError, match=expected):
        features.load_classifier("gaussians")


@pytest.mark.every_backend
def test_the_features_are_those_of_the_layer(data):
    classifier = features.load_classifier("digits")
    network = features.Features(classifier, "features")
    images = data.preprocess(data.test)
    found = network(images)
    assert found.shape == (250, 32)
    assert found.dtype == "float32"
    logits = found @ np.asarray(classifier.get_layer("logits").kernel) + np.asarray(classifier.get_layer("logits").bias)
    np.testing.assert_allclose(logits, classifier.predict(images, verbose=0), rtol=1e-4, atol=1e-4)
    np.testing.assert_array_equal(network(images.reshape(250, 64).astype("float64")), found)
    assert str(network) == f"digits-classifier/features, 32 numbers, hash {network.hash[:12]}"


@pytest.mark.every_backend
def test_the_hash_is_of_what_is_computed_and_of_the_weights():
    """Two equal networks have one hash, whatever Keras calls their layers; it is one on every backend."""
    assert features.Features(small()).hash == features.Features(small()).hash
    others = [small(units=4), small(activation="tanh"), small(seed=2)]
    assert len({features.Features(model).hash for model in [small(), *others]}) == 4
    assert features.get("digits").hash == features.get("digits").hash
    assert features.get("digits").hash.startswith("b5a580c86445")


def test_a_network_that_learns_has_another_hash_and_other_features():
    network, images = features.Features(small()), np.random.default_rng(0).random((5, 8, 8, 1), "float32")
    before, found = network.hash, network(images)
    network.model.weights[-1].assign(np.ones(3, "float32"))
    assert network.hash != before
    assert not np.array_equal(network(images), found)


def test_features_of_two_networks_are_not_compared():
    """Though they have the same number of features; the hash goes with parts and copies of an array."""
    images = np.random.default_rng(0).random((60, 8, 8, 1), "float32")
    a, b = (features.Features(small(seed=seed))(images) for seed in (1, 2))
    for compare in (fid.frechet_distance, fid.kernel_distance, precision_recall.precision_recall):
        with pytest.raises(ValueError, match=rf"different networks.*{a.network[:12]} and {b.network[:12]}"):
            compare(a[:50], b[10:].copy())
    assert fid.frechet_distance(a[:30], np.asarray(b)[30:]) > 0  # of whom nobody knows
    assert fid.frechet_distance(a, np.repeat(a, 2, axis=0)) < 0.1


def test_results_are_remembered_for_the_same_images_and_network_alone(monkeypatch):
    computed = []
    compute = features.Features._computed
    monkeypatch.setattr(features.Features, "_computed", lambda self, x: computed.append(len(x)) or compute(self, x))
    images = np.random.default_rng(0).random((6, 8, 8, 1), "float32")
    network = features.Features(small())
    for each in (images, images.copy(), images[:5], images):
        network(each)
    features.Features(small())(images)
    assert computed == [6, 5]
    features.Features(small(seed=2))(images)
    assert computed == [6, 5, 6]
    for i in range(features._REMEMBERED):
        network(images[: i + 1])
    network(images)
    assert computed[-1] == 6  # forgotten
    with pytest.raises(ValueError, match="read-only"):
        network(images)[0] = 0


def test_what_takes_long_is_kept_on_the_disk(tmp_path, monkeypatch):
    images = np.random.default_rng(0).random((6, 8, 8, 1), "float32")
    folder = tmp_path / "keras" / "keras_gan" / "features"
    network = features.Features(small())
    found = network.reference(images)
    assert not folder.exists()  # it did not take long
    features._recent.clear()
    monkeypatch.setattr(features, "_WORTH_KEEPING", -1)
    network.reference(images)
    (file,) = folder.iterdir()
    assert file.stem == network.key(images)

    features._recent.clear()
    monkeypatch.setattr(features.Features, "_computed", lambda self, x: pytest.fail("It was kept."))
    np.testing.assert_array_equal(network.reference(images), found)
    monkeypatch.undo()
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    for damaged in (b"", file.read_bytes()[:-40]):
        features._recent.clear()
        file.write_bytes(damaged)
        np.testing.assert_array_equal(network.reference(images), found)


def test_constant_features_of_real_images_are_refused():
    model = small()
    for weight in model.weights:
        weight.assign(np.zeros(weight.shape))
    network, images = features.Features(model), np.random.default_rng(0).random((6, 8, 8, 1), "float32")
    assert (network(images) == 0).all()  # of samples they may be
    with pytest.raises(ValueError, match=r"The features say nothing. Received: sequential.*all of 6 real images"):
        network.reference(images)


def test_a_file_is_a_network(tmp_path, data):
    small().save(tmp_path / "mine.keras")
    network = features.get(tmp_path / "mine.keras")
    assert (network.name, network.dim) == ("mine.keras", 3)
    assert network.hash == features.get(small()).hash
    assert features.get(network) is network


def test_what_is_no_network(tmp_path, data):
    images = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Conv2D(2, 3)])
    with pytest.raises(ValueError, match=r"one vector per image.*\(None, 6, 6, 2\).*GlobalAveragePooling2D"):
        features.get(images)
    with pytest.raises(ValueError, match=r"no such layer. Received: layer='top'"):
        features.Features(small(), "top")
    with pytest.raises(ValueError, match=r"built Keras model with one input. Received: a Sequential"):
        features.get(keras.Sequential([keras.layers.Dense(3)]))
    with pytest.raises(ValueError, match=r"Unknown features. Received: 'resnet'.*'mnist', 'random', 'inception'"):
        features.get("resnet")
    with pytest.raises(ValueError, match="There is no file"):
        features.get(tmp_path / "none.keras")
    with pytest.raises(ValueError, match=r"no classifier. Received: name='tfd'.*digits"):
        features.load_classifier("tfd")


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (np.zeros((5, 28, 28, 1)), r"do not fit the network. Received: 784 values per image. Expected: 64, of shape"),
        (np.zeros((5, 8, 8, 1), "uint8"), "Integers are not on the scale"),
        (np.full((5, 8, 8, 1), np.nan), "NaN or infinite"),
        (np.zeros((0, 8, 8, 1)), "nothing to measure"),
    ],
)
def test_images_that_do_not_fit(images, message):
    with pytest.raises(ValueError, match=message):
        features.get(small())(images)


def test_a_changed_classifier_is_refused(tmp_path, monkeypatch):
    shipped = features.files.saved_models() / "digits"
    (tmp_path / "digits").mkdir()
    for file in ("classifier.keras", "classifier.keras.json"):
        (tmp_path / "digits" / file).write_bytes((shipped / file).read_bytes())
    monkeypatch.setattr(features.files, "saved_models", lambda: tmp_path)
    features.get("digits")
    small().save(tmp_path / "digits" / "classifier.keras")
    with pytest.raises(ValueError, match="not what its card describes"):
        features.get("digits")


def test_pictures_of_any_size_go_through_the_classifier_of_cifar10():
    network = features.get("cifar10")
    assert features.pictures((32, 32, 3)).hash == network.hash
    x, y = np.meshgrid(*[np.linspace(0, 1, 32, dtype="float32")] * 2)
    images = np.stack([x, x * y, np.abs(x - y)])[..., None]
    gray = features.pictures((32, 32, 1))
    expected = network(images.repeat(3, axis=-1))
    np.testing.assert_allclose(gray(images), expected, rtol=1e-4, atol=1e-5)
    large = images.repeat(2, axis=1).repeat(2, axis=2)
    error = np.abs(features.pictures((64, 64, 1))(large) - expected).mean()
    assert 0 < error < 0.1 * np.abs(expected - expected.mean(0)).mean()  # the filter blurs a little
    assert gray.name.endswith("images brought to 32 x 32")
    assert gray.dim == 128
    with pytest.raises(ValueError, match=r"1 or 3 channels. Received: image_shape=\(32, 32, 2\)"):
        features.pictures((32, 32, 2))


def test_a_folder_of_pictures_is_measured_by_the_classifier_of_cifar10(data):
    assert features.default(data) == "digits"
    for name, expected in (("images", "cifar10"), ("tfd", None)):
        other = dataclasses.replace(data, card={**data.card, "name": name})
        assert features.default(other) == expected
    assert features.get("cifar10", data).input_shape == (8, 8, 1)


@pytest.fixture
def tiny_inception(monkeypatch):
    """A network in the place of InceptionV3, whose weights need a download and whose building takes seconds."""

    def build(include_top, weights, pooling):
        assert (include_top, pooling) == (False, "avg")
        if weights == "imagenet":
            raise Exception("URL fetch failure on https://...: no network")
        images = keras.Input((None, None, 3))
        return keras.Model(images, keras.layers.GlobalAveragePooling2D()(images))

    monkeypatch.setattr(keras.applications, "InceptionV3", build)


def test_inception_gets_images_as_it_needs_them(tiny_inception, data):
    """Black is -1 and white 1, gray becomes three colours, 299 x 299."""
    network = features.inception((8, 8, 1), 0.0, 2.0, weights=None)
    assert network.model.layers[-1].get_layer(index=0).output.shape == (None, None, None, 3)
    assert [layer.output.shape for layer in network.model.layers[-3:-1]] == [(None, 299, 299, 1), (None, 299, 299, 3)]
    images = np.stack([np.zeros((8, 8, 1)), np.full((8, 8, 1), 2.0), np.ones((8, 8, 1))])
    np.testing.assert_allclose(network(images), [[-1] * 3, [1] * 3, [0] * 3], atol=1e-5)
    assert "299 x 299" in str(network)
    colours = features.inception((8, 8, 3), weights=None)(np.tile([0.0, 0.5, 1.0], (1, 8, 8, 1)))
    np.testing.assert_allclose(colours, [[-1, 0, 1]], atol=1e-5)


def test_inception_that_cannot_be_had(tiny_inception, data):
    with pytest.raises(OSError, match=r"weights of InceptionV3 cannot be had: URL fetch failure.*Pass weights="):
        features.get("inception", data)
    with pytest.raises(ValueError, match="images of 1 or 3 channels"):
        features.inception((8, 8, 2))
    contrast = dataclasses.replace(data, preprocessing=kg.layers.GlobalContrastNormalization(55.0))
    with pytest.raises(ValueError, match=r"which values are black and white.*GlobalContrastNormalization"):
        features.get("inception", contrast)


@pytest.mark.slow
def test_the_real_inception():
    network = features.inception((32, 32, 3), weights=None)
    assert network.dim == 2048
    assert network(np.random.default_rng(0).random((3, 32, 32, 3), "float32")).shape == (3, 2048)
