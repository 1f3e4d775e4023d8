import urllib.error

import keras
import numpy as np
import pytest
from conftest import all_equal

import keras_gan as kg
from keras_gan.datasets import DatasetNotFoundError, download

pytestmark = pytest.mark.one_backend("jax")


def splits(data):
    return [data.train, data.validation, data.test]


def test_digits():
    data = kg.datasets.load("digits")
    assert [s.shape for s in splits(data)] == [(1297, 8, 8, 1), (250, 8, 8, 1), (250, 8, 8, 1)]
    assert all(s.dtype == np.uint8 for s in splits(data))
    assert data.train.max() == 16
    labels = [data.labels.train, data.labels.validation, data.labels.test]
    assert [len(s) for s in labels] == [1297, 250, 250]
    assert all(set(s) == set(range(10)) for s in labels)
    scaled = keras.ops.convert_to_numpy(data.preprocessing(data.train))
    assert (scaled.min(), scaled.max()) == (0.0, 1.0)
    assert data.card["name"] == "digits"


def test_digits_are_the_same_every_time():
    assert all_equal(splits(kg.datasets.load("digits")), splits(kg.datasets.load("digits")))


def test_digits_labels_belong_to_the_images():
    from sklearn.datasets import load_digits

    original = load_digits()
    data = kg.datasets.load("digits")
    for i in (0, 100, 1296):
        matches = np.flatnonzero((original.images == data.train[i, ..., 0]).all((1, 2)))
        assert data.labels.train[i] in original.target[matches]


def test_pixel_mean():
    data = kg.datasets.load("digits")
    mean = data.pixel_mean()
    assert mean.shape == (8, 8, 1)
    np.testing.assert_allclose(mean, data.train.mean(0) / 16, rtol=1e-5)


def test_preprocess_is_the_layer_in_chunks():
    data = kg.datasets.load("digits")
    found = data.preprocess(data.train)
    assert (found.shape, found.dtype) == ((1297, 8, 8, 1), np.float32)
    np.testing.assert_array_equal(found, keras.ops.convert_to_numpy(data.preprocessing(data.train)))
    points = kg.datasets.load("ring")
    np.testing.assert_array_equal(points.preprocess(points.test), points.test)


def test_what_is_true_of_one_data_set_stands_with_it():
    digits, ring = kg.datasets.load("digits"), kg.datasets.load("ring")
    assert (digits.separable_classes, ring.separable_classes) == (True, False)
    assert digits.folds == (digits,)
    assert (digits.published, digits.note) == ({}, "")


@pytest.fixture
def arrays():
    rng = np.random.default_rng(0)
    return {
        "x_train": rng.integers(0, 256, (60_000, 28, 28), "uint8"),
        "y_train": rng.integers(0, 10, 60_000).astype("uint8"),
        "x_test": rng.integers(0, 256, (10_000, 28, 28), "uint8"),
        "y_test": rng.integers(0, 10, 10_000).astype("uint8"),
    }


def test_mnist_from_an_npz_file_keeps_the_papers_rows(arrays, tmp_path):
    np.savez(tmp_path / "mnist.npz", **arrays)
    data = kg.datasets.load("mnist", path=tmp_path / "mnist.npz")
    np.testing.assert_array_equal(data.train[..., 0], arrays["x_train"][:50_000])
    np.testing.assert_array_equal(data.validation[..., 0], arrays["x_train"][50_000:])
    np.testing.assert_array_equal(data.test[..., 0], arrays["x_test"])
    np.testing.assert_array_equal(data.labels.validation, arrays["y_train"][50_000:])
    assert data.labels.train.dtype == np.int64
    assert "the paper's split" in data.card["rows"]
    assert str(tmp_path) not in str(data.card)
    assert data.published["parzen"]["Adversarial nets"] == (225, 2)
    assert data.card["levels"] == kg.datasets.LEVELS["mnist"] == {"paper 225": 225.0, "real images 242.5": 242.5}
    assert data.separable_classes


def test_an_npz_file_that_unpacks_to_too_much(arrays, tmp_path):
    np.savez_compressed(
        tmp_path / "mnist.npz", **{**dict.fromkeys(arrays, np.zeros(1)), "x_test": np.zeros((81_000, 28, 28), "uint8")}
    )
    with pytest.raises(ValueError, match=r"not an MNIST npz file \(ValueError: x_test\.npy has 63,504,128 bytes\)"):
        kg.datasets.load("mnist", path=tmp_path / "mnist.npz")


def test_mnist_from_keras(arrays, monkeypatch):
    loaded = (arrays["x_train"], arrays["y_train"]), (arrays["x_test"], arrays["y_test"])
    monkeypatch.setattr(keras.datasets.mnist, "load_data", lambda: loaded)
    data = kg.datasets.load("mnist", source="keras")
    np.testing.assert_array_equal(data.train[..., 0], arrays["x_train"][:50_000])


def test_mnist_from_keras_where_tensorflow_is_not_installed(arrays, monkeypatch):
    monkeypatch.setattr(download, "has", lambda package: package != "tensorflow")
    loaded = (arrays["x_train"], arrays["y_train"]), (arrays["x_test"], arrays["y_test"])
    monkeypatch.setattr(keras.datasets.mnist, "load_data", lambda: loaded)
    assert kg.datasets.load("mnist").card["source"] == "keras.datasets"


def test_mnist_from_tfds(arrays, monkeypatch):
    tfds = pytest.importorskip("tensorflow_datasets")

    class Builder:
        def is_prepared(self):
            return True

    def load(name, split, batch_size, as_supervised):
        assert (name, batch_size, as_supervised) == ("mnist", -1, True)
        return arrays[f"x_{split}"][..., np.newaxis], arrays[f"y_{split}"]

    monkeypatch.setattr(tfds, "builder", lambda name: Builder())
    monkeypatch.setattr(tfds, "load", load)
    monkeypatch.setattr(tfds, "as_numpy", lambda x: x)
    data = kg.datasets.load("mnist", source="tfds")
    np.testing.assert_array_equal(data.validation[..., 0], arrays["x_train"][50_000:])
    assert "not the paper's split" in data.card["rows"]


def out_of_reach(monkeypatch, folder):
    """Nothing in the folder, and no network."""
    tfds = pytest.importorskip("tensorflow_datasets")
    monkeypatch.setenv("TFDS_DATA_DIR", str(folder))

    class Builder:
        def is_prepared(self):
            return False

    def no_network(url, timeout):
        raise urllib.error.URLError("no route to host")

    monkeypatch.setattr(tfds, "builder", lambda name: Builder())
    monkeypatch.setattr(download.urllib.request, "urlopen", no_network)


def test_tfds_out_of_reach_says_what_to_set_at_once(monkeypatch, tmp_path):
    out_of_reach(monkeypatch, tmp_path)
    with pytest.raises(DatasetNotFoundError, match=r"TFDS_DATA_DIR.*path=.*keras-gan train digits"):
        kg.datasets.load("mnist", source="tfds")


def test_keras_out_of_reach_says_what_to_set(monkeypatch):
    def no_network():
        raise Exception("URL fetch failure")

    monkeypatch.setattr(keras.datasets.mnist, "load_data", no_network)
    with pytest.raises(DatasetNotFoundError, match=r"URL fetch failure.*KERAS_HOME.*path=.*keras-gan train digits"):
        kg.datasets.load("mnist", source="keras")


def test_no_such_file(tmp_path):
    with pytest.raises(DatasetNotFoundError, match="There is no file"):
        kg.datasets.load("mnist", path=tmp_path / "mnist.npz")


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 truncated", b"not a zip"])
def test_a_foreign_file(content, tmp_path):
    (tmp_path / "mnist.npz").write_bytes(content)
    with pytest.raises(ValueError, match="is not an MNIST npz file"):
        kg.datasets.load("mnist", path=tmp_path / "mnist.npz")


def test_wrong_arrays(arrays, tmp_path):
    np.savez(tmp_path / "short.npz", **{**arrays, "x_train": arrays["x_train"][:100]})
    with pytest.raises(ValueError, match=r"x_train of shape \(100, 28, 28\).*Expected: \(60000, 28, 28\), uint8"):
        kg.datasets.load("mnist", path=tmp_path / "short.npz")
    np.savez(tmp_path / "missing.npz", x_train=arrays["x_train"])
    with pytest.raises(ValueError, match="y_train"):
        kg.datasets.load("mnist", path=tmp_path / "missing.npz")


def test_pickles_are_not_read(tmp_path):
    np.savez(tmp_path / "evil.npz", x_train=np.array([{"a": 1}], dtype=object))
    with pytest.raises(ValueError, match="is not an MNIST npz file"):
        kg.datasets.load("mnist", path=tmp_path / "evil.npz")


@pytest.fixture
def photographs():
    rng = np.random.default_rng(0)
    return {
        "x_train": rng.integers(0, 256, (50_000, 32, 32, 3), "uint8"),
        "y_train": rng.integers(0, 10, (50_000, 1), "uint8"),
        "x_test": rng.integers(0, 256, (10_000, 32, 32, 3), "uint8"),
        "y_test": rng.integers(0, 10, (10_000, 1), "uint8"),
    }


def test_cifar10(photographs, monkeypatch):
    loaded = (photographs["x_train"], photographs["y_train"]), (photographs["x_test"], photographs["y_test"])
    monkeypatch.setattr(keras.datasets.cifar10, "load_data", lambda: loaded)
    data = kg.datasets.load("cifar10", source="keras")
    np.testing.assert_array_equal(data.train, photographs["x_train"][:40_000])
    np.testing.assert_array_equal(data.validation, photographs["x_train"][40_000:])
    np.testing.assert_array_equal(data.labels.test, photographs["y_test"][:, 0])
    assert "the paper's split" in data.card["rows"]
    assert not data.separable_classes
    x = keras.ops.convert_to_numpy(data.preprocessing(data.train[:9]))
    np.testing.assert_allclose(np.linalg.norm(x.reshape(9, -1), axis=1), 55, rtol=1e-5)


def test_pixels_of_normalised_images_have_average_brightness_and_contrast(photographs, monkeypatch):
    photographs["x_train"][:] = photographs["x_train"] // 4 + 50
    loaded = (photographs["x_train"], photographs["y_train"]), (photographs["x_test"], photographs["y_test"])
    monkeypatch.setattr(keras.datasets.cifar10, "load_data", lambda: loaded)
    data = kg.datasets.load("cifar10", source="keras")
    pixels = data.to_pixels(keras.ops.convert_to_numpy(data.preprocessing(data.train[:9])))
    assert pixels.dtype == np.uint8
    assert np.abs(pixels.astype(int) - data.train[:9]).max() <= 6  # even noise: all images are nearly average


def test_cifar10_from_tfds_out_of_reach(monkeypatch, tmp_path):
    out_of_reach(monkeypatch, tmp_path)
    with pytest.raises(DatasetNotFoundError, match=r"cifar10 is not in.*TFDS_DATA_DIR.*cifar10/3\.0\.2"):
        kg.datasets.load("cifar10", source="tfds")


def test_unknown_options():
    with pytest.raises(ValueError, match=r"digits has no option 'path'.*\[\]"):
        kg.datasets.load("digits", path="x")
    with pytest.raises(ValueError, match=r"mnist has no option 'fold'.*'source', 'path'"):
        kg.datasets.load("mnist", fold=1)


def test_unknown_names():
    with pytest.raises(ValueError, match=r"Unknown data set.*'digits', 'grid', 'images', 'mixture', 'mnist'"):
        kg.datasets.load("imagenet")
    with pytest.raises(ValueError, match="Unknown source"):
        kg.datasets.load("mnist", source="hub")
