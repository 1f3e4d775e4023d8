import json

import keras
import numpy as np
import pytest
from conftest import weights

import keras_gan as kg
from keras_gan import cli
from keras_gan.evaluation import parzen, scores


@pytest.fixture(scope="module")
def data():
    return kg.datasets.load("digits")


@pytest.fixture(scope="module")
def gan(data):
    keras.utils.set_random_seed(1)
    gan = kg.GAN(*kg.networks.build("digits", pixel_mean=data.pixel_mean()), preprocessing=data.preprocessing, seed=1)
    gan.compile(ema=0.9)
    gan.fit(data.train[:100], verbose=0)
    return gan


@pytest.fixture(scope="module")
def real(data):
    """A sampler of real training images."""
    return lambda num, seed: data.train[np.random.default_rng(seed).permutation(len(data.train))[:num]] / np.float32(16)


def test_real_images_as_samples(data, real):
    found = scores.score(real, data, "digits", num_samples=500, num_seeds=2)
    expected = [parzen.evaluate(real(500, seed), data.validation / 16, data.test / 16).mean for seed in (0, 1)]
    assert [report.mean for report in found.reports] == pytest.approx(expected, abs=1e-3)
    assert found.mean == pytest.approx(np.mean(expected), abs=1e-3)
    assert found.interval[0] < found.mean < found.interval[1]
    assert found.references["real training images"].mean == pytest.approx(found.mean, abs=3)
    assert found.references["the mean training image"].mean < found.mean - 10
    assert found.references["the mean training image"].num_samples == 1
    assert found.modes.near_duplicates < 0.05
    text = str(found)
    assert f"{found.mean:.1f}" in text
    assert "real training images" in text
    content = json.loads(found.to_json())
    assert content["test_log_likelihood"] == pytest.approx(found.mean)
    assert len(content["seeds"]) == 2
    assert len(content["seeds"][0]["validation_means"]) == 10
    assert len(content["modes"]["class_shares"]) == 10


def test_kmeans_centres_score_above_images_of_the_same_number(data, real):
    found = scores.score(real, data, "digits", 100, 1, with_modes=False, with_kmeans=True)
    assert found.references["k-means centres"].mean > found.references["real training images"].mean
    assert found.modes is None
    assert json.loads(found.to_json())["modes"] is None


def test_published_numbers_stand_beside_ten_thousand_samples_only(data, real):
    with pytest.warns(UserWarning, match="Published numbers use 10000 samples"):
        found = scores.score(real, data, "mnist", 50, 1, with_modes=False)
    assert "paper: Adversarial nets        225.0 +- 2.0" in str(found)
    with pytest.raises(ValueError, match="num_seeds=0"):
        scores.score(real, data, "digits", 50, 0)


def test_an_unknown_prior():
    with pytest.raises(ValueError, match="Unknown prior"):
        kg.priors.get("cauchy", 3)


def test_the_command_prints_json_and_leaves_the_model_alone(gan, tmp_path, capsys):
    gan.save(tmp_path / "gan.keras")
    before = weights(gan.generator)
    cli.main(
        ["evaluate", str(tmp_path / "gan.keras"), "--dataset", "digits", "--num-samples", "200", "--json", "--no-modes"]
    )
    content = json.loads(capsys.readouterr().out)
    assert content["dataset"] == "digits"
    assert len(content["seeds"]) == 3
    np.testing.assert_array_equal(before[0], weights(gan.generator)[0])


def test_the_command_without_a_model_is_one_line(capsys):
    with pytest.raises(SystemExit) as exit:
        cli.main(["evaluate", "nothing.keras"])
    assert exit.value.code == 2
    assert "keras-gan: error: There is no model. Received: nothing.keras" in capsys.readouterr().err


@pytest.fixture
def tfd_file(tmp_path):
    scipy_io = pytest.importorskip("scipy.io")
    random = np.random.default_rng(0)
    num = 300
    fields = {
        "images": random.integers(0, 256, (num, 48, 48), "uint8"),
        "labs_ex": np.ones((num, 1), "int16"),
        "labs_id": np.ones((num, 1), "int16"),
        "folds": np.stack([np.roll(np.arange(num) % 4, fold) for fold in range(5)], axis=1).astype("uint8"),
    }
    scipy_io.savemat(tmp_path / "tfd.mat", fields)
    return tmp_path / "tfd.mat"


def test_five_folds(tfd_file, monkeypatch):
    def sampler(num, seed):
        return np.random.default_rng(seed).uniform(size=(num, 48, 48, 1)).astype("float32")

    def load_fold(fold):
        return kg.datasets.load("tfd", path=tfd_file, fold=fold)

    with pytest.warns(UserWarning, match="10000 samples"):
        found = scores.score_folds(sampler, load_fold, num_samples=50, num_seeds=2)
    folds = [(load_fold(k).validation / 255, load_fold(k).test / 255) for k in range(5)]
    expected = parzen.evaluate_folds(sampler(50, 0), folds)
    assert found.reports[0].mean == pytest.approx(expected.mean, abs=0.01)
    assert found.reports[0].standard_error == pytest.approx(expected.standard_error, rel=0.01)
    assert set(found.references) == {"real training images", "the mean training image"}
    assert "stand-in" in str(found)
    assert "not to be compared with the paper's TFD column" in str(found)
    assert "2057" not in str(found)
    content = json.loads(found.to_json())
    assert (len(content["seeds"]), len(content["seeds"][0]["folds"]), content["published"]) == (2, 5, {})
    monkeypatch.setattr(scores.tfd, "is_tfd", lambda data: True)
    with pytest.warns(UserWarning, match="10000 samples"):
        assert "2057" in str(scores.score_folds(sampler, load_fold, num_samples=50, num_seeds=1))


def test_folds_on_the_command_line(tfd_file, tmp_path, capsys):
    generator = keras.Sequential(
        [keras.Input((5,)), keras.layers.Dense(2304, "sigmoid"), keras.layers.Reshape((48, 48, 1))]
    )
    generator.save(tmp_path / "generator.keras")
    arguments = ["evaluate", str(tmp_path / "generator.keras"), "--dataset", "tfd", "--data-path", str(tfd_file)]
    with pytest.warns(UserWarning, match="10000 samples"):
        cli.main([*arguments, "--num-samples", "20", "--seeds", "1"])
    printed = capsys.readouterr().out
    assert "mean and standard error over folds (ddof 1)" in printed
    assert printed.count("\n4 ") == 1
