import json
import shutil

import keras
import numpy as np
import pytest
from conftest import make_data, make_gan

import keras_gan as kg
from keras_gan.artifacts import formats, loading
from keras_gan.backend import programs

pytestmark = pytest.mark.one_backend


@pytest.fixture(scope="module")
def gan():
    gan = make_gan(compile_arguments={"ema": 0.9})
    gan.fit(make_data(), epochs=2, verbose=0)
    return gan


@pytest.mark.one_backend("torch")  # tests/test_formats.py has every backend
def test_every_form_draws_the_same_samples(gan, tmp_path):
    (tmp_path / "run").mkdir()
    gan.save(tmp_path / "run" / "model.keras")
    gan.export(tmp_path / "generator.keras", "keras")
    gan.export(tmp_path / "served" / "9")
    shutil.copytree(tmp_path / "served" / "9", tmp_path / "served" / "10")
    for format in ("onnx", "litert", "torch"):
        gan.export(tmp_path / f"generator{formats.SUFFIXES[format]}", format)
    expected = gan.sample(1100, seed=4)
    kinds = ("keras", "onnx", "tflite", "pt2")
    for name in ("run", "run/model.keras", "served", "served/10", *(f"generator.{kind}" for kind in kinds)):
        generator = kg.load(tmp_path / name)
        np.testing.assert_allclose(generator.sample(1100, seed=4), expected, atol=1e-5)
        assert (generator.model is not None) == ("run" in name or name.endswith(".keras"))
    assert not np.array_equal(generator.sample(5), generator.sample(5))
    for format in ("saved_model", "onnx", "litert", "torch"):
        path = tmp_path / (f"generator{formats.SUFFIXES[format]}" if format != "saved_model" else "served/10")
        with pytest.raises(ValueError, match=f"The {format} program in .* cannot be run"):
            programs.read(path, format)[0]([])


@pytest.mark.every_backend
def test_the_card_says_the_prior(gan, tmp_path):
    with gan.averaged_weights():
        gan.generator.save(tmp_path / "generator.keras")
    with pytest.raises(ValueError, match=r"Nothing says what noise.*it has no card.*prior="):
        kg.load(tmp_path / "generator.keras")
    (tmp_path / "card.json").write_text('{"prior": "normal"}')
    for prior, given in ((kg.priors.Normal(3), None), (kg.priors.Spherical(3), "spherical")):
        found = kg.load(tmp_path / "generator.keras", given).sample(5, 4)
        np.testing.assert_allclose(found, gan.predict(prior.draw(5, 4), verbose=0), atol=1e-5)
    (tmp_path / "card.json").write_text('{"prior": "cauchy"}')
    with pytest.raises(ValueError, match=r"card\.json is damaged.*cauchy"):
        kg.load(tmp_path / "generator.keras")


@pytest.mark.every_backend
def test_the_shipped_generator():
    generator = kg.load("mnist")
    images = generator.sample(64, seed=0)
    assert images.shape == (64, 28, 28, 1)
    assert (images.min() >= 0) & (images.max() <= 1)
    assert generator.card["data"]["name"] == "mnist"
    assert generator.card["scores"]["measures"]["parzen"]["cells"]["log_likelihood"]["value"] > 225
    assert isinstance(generator.prior, kg.priors.Uniform)
    assert formats.checksum(loading.shipped()["mnist"] / "generator.keras") == generator.card["checksum"]


def test_the_shipped_generator_that_is_told_the_class():
    generator = kg.load("mnist-conditional")
    sevens = generator.sample(50, seed=0, condition=7)
    read = kg.evaluation.features.load_classifier("mnist").predict(sevens, verbose=0).argmax(axis=1)
    assert (read == 7).mean() > 0.85
    (told,) = generator.condition.draw(4000, seed=0)
    np.testing.assert_allclose(told.mean(axis=0)[[1, 5]], [0.114, 0.090], atol=0.015)  # as often as MNIST has them
    scores = generator.card["scores"]["measures"]
    assert scores["parzen"]["cells"]["log_likelihood"]["value"] > 225
    assert scores["conditional"]["cells"]["agreement"]["value"] > 0.95
    assert formats.checksum(loading.shipped()["mnist-conditional"] / "generator.keras") == generator.card["checksum"]


def test_the_shipped_generator_that_completes_images():
    generator = kg.load("mnist-completion")
    image, mask = np.zeros((28, 28, 1), "float32"), np.ones((28, 28, 1), "float32")
    image[4:24, 13:15], mask[14:] = 1.0, 0.0  # the upper half of a stroke
    samples = generator.sample(50, seed=0, condition=(image, mask))
    np.testing.assert_array_equal(samples[:, :14], np.broadcast_to(image[:14], (50, 14, 28, 1)))
    assert samples[:, 14:].std(axis=0).max() > 0.1
    assert generator.card["scores"]["measures"]["completion"]["cells"]["agreement"]["value"] > 0.8
    assert {variable.dtype for variable in generator.model.variables} == {"float32"}


def test_what_its_card_does_not_describe(gan, tmp_path):
    gan.export(tmp_path / "generator.keras", "keras")
    other = make_gan(seed=5)
    other.generator.save(tmp_path / "generator.keras")
    with pytest.raises(ValueError, match="the checksum differs"):
        kg.load(tmp_path / "generator.keras")


@pytest.mark.every_backend
def test_lines_in_the_noise(gan, tmp_path):
    gan.export(tmp_path / "generator.keras", "keras")
    generator = kg.load(tmp_path / "generator.keras")
    lines = generator.interpolate(2, 5, seed=3)
    ends = gan.prior.draw(4, 3)
    assert lines.shape == (10, 4)
    np.testing.assert_allclose(lines[[0, 4, 5, 9]], generator(ends), atol=1e-6)
    np.testing.assert_allclose(lines[2], generator((ends[:1] + ends[1:2]) / 2)[0], atol=1e-6)
    assert not np.allclose(generator.interpolate(2, 5, seed=3, spherical=True)[1], lines[1], atol=1e-6)


def test_noise_of_another_width(gan, tmp_path):
    gan.export(tmp_path / "generator.keras", "keras")
    with pytest.raises(ValueError, match=r"noise of shape \(n, 3\)\. Received: shape \(2, 4\)"):
        kg.load(tmp_path / "generator.keras")(np.zeros((2, 4)))


@pytest.mark.parametrize("name", ["generator.onnx", "generator.tflite", "generator.pt2", "generator.keras", "x.txt"])
@pytest.mark.parametrize("content", [b"", b"not a model at all", b"PK\x03\x04 cut off"])
def test_foreign_files(name, content, tmp_path, capfd):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match=name) as error:
        kg.load(tmp_path / name)
    assert len(str(error.value).splitlines()) == 1
    assert "Traceback" not in capfd.readouterr().err  # PyTorch logs one by itself


def test_what_is_no_model(tmp_path):
    with pytest.raises(ValueError, match=r"There is no model.*the name of one that ships.*mnist"):
        kg.load(tmp_path / "nothing")
    with pytest.raises(ValueError, match="no saved_model program"):
        kg.load(tmp_path)
    model = keras.Sequential([keras.Input((3, 3, 1)), keras.layers.Flatten()])
    model.save(tmp_path / "model.keras")
    with pytest.raises(ValueError, match="holds no generator"):
        kg.load(tmp_path / "model.keras")


@pytest.mark.one_backend("tensorflow")  # which writes it in this process
def test_a_moved_card_stays_right(gan, tmp_path):
    gan.export(tmp_path / "generator", card={"seed": 3})
    shutil.copytree(tmp_path / "generator", tmp_path / "elsewhere" / "mine")
    assert kg.load(tmp_path / "elsewhere" / "mine").card["seed"] == 3
    assert json.loads((tmp_path / "generator" / "assets.extra" / "card.json").read_text())["seed"] == 3


@pytest.mark.parametrize(
    "card", [{"prior": ["uniform"]}, {"data": ["digits"]}, {"data": {"name": ["x"]}}, {"checksum": 5}, {"prior": {}}]
)
def test_a_card_of_wrong_types(card, tmp_path):
    make_gan().generator.save(tmp_path / "generator.keras")
    (tmp_path / "card.json").write_text(json.dumps(card))
    with pytest.raises(ValueError, match=r"card\.json is damaged"):
        kg.load(tmp_path / "generator.keras", prior="uniform")


def test_samples_that_are_not_finite_are_refused(tmp_path):
    gan = make_gan()
    variable = gan.generator.trainable_variables[0]
    variable.assign(np.full(variable.shape, np.nan))
    gan.save(tmp_path / "gan.keras")
    generator = kg.load(tmp_path / "gan.keras")
    for draw in (lambda: generator.sample(3), lambda: generator.interpolate(1, 2), lambda: generator(np.ones((2, 3)))):
        with pytest.raises(ValueError, match=r"12 NaN|8 NaN|mean nothing") as error:
            draw()
        assert "kernel are not finite, so the training diverged" in str(error.value)


def test_the_encoder_that_ships():
    inference, generator = kg.load("mnist-inference"), kg.load("mnist")
    z = generator.prior.draw(100, 1)
    codes = inference.encode(255 * generator(z))
    card = formats.files.read_json(loading.shipped()["mnist-inference"] / "encoder.keras.json")
    expected = card["scores"]["error_per_coordinate"]["mean"]
    assert np.mean((codes - z) ** 2) == pytest.approx(expected, abs=0.03)
