"""What both players are told, from fit to a file of another framework."""

import json
import os
import subprocess
import sys

import keras
import numpy as np
import pytest
from conftest import all_equal, make_networks, weights
from keras import ops

import keras_gan as kg
from keras_gan import cli, conditions
from keras_gan.artifacts import formats

CLASSES = 3


def told_networks(num_classes=CLASSES):
    noise, label, x = keras.Input((2,)), keras.Input((num_classes,)), keras.Input((4,))
    join = keras.layers.Concatenate()
    hidden = keras.layers.Dense(5, "relu")(join([noise, label]))
    generator = keras.Model([noise, label], keras.layers.Dense(4, "sigmoid")(hidden), name="generator")
    hidden = kg.layers.Maxout(6, 3)(join([x, label]))
    return generator, keras.Model([x, label], keras.layers.Dense(1)(hidden), name="discriminator")


def labelled_gan(**arguments):
    gan = kg.GAN(*told_networks(), condition=kg.conditions.Labels(CLASSES), seed=1)
    gan.compile(**arguments)
    return gan


def labelled_data(num=24, seed=0):
    """Each class has a mean of its own, and half of all examples are of class 0."""
    y = np.arange(num) % 4 % CLASSES
    x = np.random.default_rng(seed).normal(0.2 + 0.3 * y[:, np.newaxis], 0.02, (num, 4)).clip(0, 1)
    return x.astype("float32"), y


class TestLabels:
    @pytest.mark.parametrize("updates", ["alternating", "simultaneous"])
    def test_both_players_are_told(self, updates):
        gan = labelled_gan(objective="relativistic", updates=updates)
        x, y = labelled_data()
        history = gan.fit(x, y, batch_size=8, epochs=2, validation_data=(x, y), verbose=0).history
        assert np.isfinite(history["val_loss"]).all()
        one = gan.sample(5, seed=0, condition=1)
        assert not np.allclose(one, gan.sample(5, seed=0, condition=2))
        np.testing.assert_array_equal(one, gan.sample(5, seed=0, condition=np.ones(5, int)))
        np.testing.assert_allclose(one, gan.sample(5, seed=0, condition=np.eye(3)[[1] * 5]), atol=1e-6)
        z = gan.prior.draw(5, 0)
        told = [z, np.eye(3, dtype="float32")[[1] * 5]]
        np.testing.assert_allclose(one, gan.predict(told, verbose=0), atol=1e-6)

    @pytest.mark.one_backend
    def test_it_learns_the_class(self):
        gan = labelled_gan(
            generator_optimizer=keras.optimizers.Adam(5e-3, beta_1=0.5), objective="non_saturating", ema=0.9
        )
        x, y = labelled_data(240)
        gan.fit(x, y, batch_size=24, epochs=60, verbose=0)
        means = [gan.sample(200, seed=0, condition=i).mean() for i in range(3)]
        assert means == sorted(means)
        assert means[2] - means[0] > 0.3

    def test_classes_are_drawn_as_the_data_have_them(self, tmp_path):
        gan = labelled_gan()
        (before,) = gan.condition.draw(3000, seed=0)
        assert np.allclose(before.mean(0), 1 / 3, atol=0.05)
        gan.fit(*labelled_data(), batch_size=7, epochs=2, verbose=0)
        np.testing.assert_array_equal(ops.convert_to_numpy(gan.condition.counts), [24, 12, 12])
        (drawn,) = gan.condition.draw(4000, seed=0)
        np.testing.assert_allclose(drawn.mean(0), [0.5, 0.25, 0.25], atol=0.03)
        np.testing.assert_array_equal(gan.sample(6, seed=3), gan.sample(6, seed=3))
        gan.save(tmp_path / "gan.keras")
        np.testing.assert_array_equal(keras.saving.load_model(tmp_path / "gan.keras").sample(6, 3), gan.sample(6, 3))

    def test_it_resumes_bit_for_bit(self, tmp_path):
        whole, parted = labelled_gan(ema=0.9), labelled_gan(ema=0.9)
        parted.set_weights(whole.get_weights())
        data = labelled_data()
        whole.fit(*data, batch_size=8, epochs=4, verbose=0)
        parted.fit(*data, batch_size=8, epochs=2, verbose=0)
        parted.save(tmp_path / "gan.keras")
        resumed = keras.saving.load_model(tmp_path / "gan.keras")
        resumed.fit(*data, batch_size=8, epochs=4, initial_epoch=2, verbose=0)
        assert all_equal(weights(whole), weights(resumed))

    @pytest.mark.one_backend
    @pytest.mark.parametrize(
        ("y", "message"),
        [
            (None, "without labels.*fit\\(x, labels\\)"),
            (np.arange(24), "classes from 0 to 23.*Expected: 0 to 2"),
            (np.full(24, -1), "from -1 to -1"),
            (np.zeros(23, int), r"shape \(23,\) for 24 examples"),
            (np.array(["a", "b"] * 12), "Labels are integers.*numpy.unique"),
            (np.zeros(24, "float32"), "Labels are integers"),
            (np.eye(3)[np.zeros(24, int)], "Labels are integers"),
        ],
        ids=["missing", "too large", "negative", "length", "strings", "floats", "one-hot"],
    )
    def test_labels_that_do_not_fit(self, y, message):
        gan, (x, _) = labelled_gan(), labelled_data()
        before = weights(gan)
        with pytest.raises(ValueError, match=message):
            gan.fit(x, y, verbose=0)
        with pytest.raises(ValueError, match=message):
            gan.fit(*labelled_data(), validation_data=x if y is None else (x, y), verbose=0)
        assert all_equal(weights(gan), before)

    def test_single_batches_and_steps_are_checked_too(self):
        gan, (x, y) = labelled_gan(), labelled_data()
        with pytest.raises(ValueError, match="without labels"):
            gan.train_on_batch(x)
        with pytest.raises(ValueError, match="classes from 1 to 3"):
            gan.train_on_batch(x, y + 1)
        with pytest.raises(ValueError, match=r"generator_step\(z, x, y\)"):
            gan.generator_step(gan.prior.draw(4, 0))
        gan.train_on_batch(x, y)

    def test_streams_are_checked_too(self):
        x, _ = labelled_data()
        with pytest.raises(ValueError, match="without labels"):
            labelled_gan().fit((batch for batch in [x, x]), verbose=0)

    @pytest.mark.one_backend
    @pytest.mark.parametrize(
        "condition",
        [
            *[3, -1, [0, 1], range(6), "1", ["a"] * 5, 0.5, [0.0] * 5, True, [None] * 5, [[0], [0, 1]]],
            *[np.zeros((5, 2)), np.eye(3, dtype=int)[[0] * 5], np.full((5, 3), np.nan)],
        ],
    )
    def test_wishes_that_do_not_fit(self, condition):
        with pytest.raises(ValueError, match="Expected"):
            labelled_gan().sample(5, condition=condition)

    def test_a_game_without_a_condition_is_asked_for_none(self):
        with pytest.raises(ValueError, match="has no condition"):
            kg.GAN(*make_networks()).sample(3, condition=1)

    @pytest.mark.one_backend
    def test_networks_that_do_not_fit(self):
        generator, discriminator = told_networks()
        with pytest.raises(ValueError, match=r"2 inputs.*no condition"):
            kg.GAN(generator, discriminator, prior=kg.priors.Uniform(2))
        with pytest.raises(ValueError, match=r"generator cannot be called.*\(None, 5\)"):
            kg.GAN(generator, discriminator, condition=kg.conditions.Labels(5))
        with pytest.raises(ValueError, match="takes \\[noise, condition\\]"):
            kg.GAN(*make_networks(), condition=kg.conditions.Labels(3))
        with pytest.raises(ValueError, match="two classes"):
            kg.conditions.Labels(1)


# Each framework alone; tests/test_formats.py does so where neither keras_gan nor Keras can be imported.
READERS = {
    "saved_model": """
import tensorflow as tf
serve = tf.saved_model.load(path).signatures["serving_default"]
found = serve(noise=tf.constant(z), condition=tf.constant(c))["samples"].numpy()
draw = tf.saved_model.load(path).signatures["sample"]
assert draw(seed=tf.constant(1), condition=tf.constant(c))["samples"].shape == found.shape
""",
    "onnx": """
import onnxruntime
(found,) = onnxruntime.InferenceSession(path).run(["samples"], {"noise": z, "condition": c})
""",
}


OWN_FORMATS = {"tensorflow": ("saved_model", "litert", "keras"), "jax": ("keras",), "torch": ("onnx", "torch", "keras")}


def program_format(name):
    """In CI by the backend whose program it is; `tests/test_formats.py` tries more."""
    return pytest.param(name, marks=() if name in OWN_FORMATS[keras.backend.backend()] else pytest.mark.slow)


@pytest.mark.parametrize("format", map(program_format, ["saved_model", "onnx", "torch", "litert", "keras"]))
def test_a_program_has_named_inputs(format, tmp_path):
    gan = labelled_gan(ema=0.9)
    gan.fit(*labelled_data(), verbose=0)
    path = tmp_path / f"generator{formats.SUFFIXES[format]}"
    gan.export(path, format)
    z, y = gan.prior.draw(6, 5), np.array([0, 1, 2, 2, 1, 0])
    expected = gan.sample(6, seed=5, condition=y)
    loaded = kg.load(path)
    np.testing.assert_allclose(loaded.sample(6, seed=5, condition=y), expected, atol=1e-5)
    np.testing.assert_allclose(loaded.sample(6, seed=5), gan.sample(6, seed=5), atol=1e-5)  # drawn alike
    if format in READERS:
        names = {"path": str(path), "z": z, "c": np.eye(3, dtype="float32")[y]}
        exec(READERS[format], names)
        np.testing.assert_allclose(names["found"], expected, atol=1e-5)


@pytest.mark.one_backend("jax")  # tests/test_gan.py reads the files of each
def test_another_backend_draws_the_same(tmp_path):
    gan = labelled_gan()
    gan.fit(*labelled_data(), verbose=0)
    gan.save(tmp_path / "gan.keras")
    np.save(tmp_path / "expected.npy", gan.sample(7, seed=2))
    program = (
        "import sys, numpy as np, keras, keras_gan\n"
        "found = keras.saving.load_model(sys.argv[1]).sample(7, seed=2)\n"
        "assert abs(found - np.load(sys.argv[2])).max() < 1e-6"
    )
    result = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "gan.keras"), str(tmp_path / "expected.npy")],
        env={**os.environ, "KERAS_BACKEND": "torch"},
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stderr[-2000:]


def image_networks(shape=(6, 5, 1)):
    noise, observed, mask = keras.Input((2,)), keras.Input(shape), keras.Input((*shape[:2], 1))
    flat = [keras.layers.Flatten()(tensor) for tensor in (observed, mask)]
    hidden = keras.layers.Dense(16, "relu")(keras.layers.Concatenate()([noise, *flat]))
    pixels = keras.layers.Dense(int(np.prod(shape)), "sigmoid")(hidden)
    generator = keras.Model([noise, observed, mask], keras.layers.Reshape(shape)(pixels), name="generator")
    x = keras.Input(shape)
    joined = keras.layers.Flatten()(keras.layers.Concatenate()([x, observed, mask]))
    return generator, keras.Model([x, observed, mask], keras.layers.Dense(1)(joined), name="discriminator")


@pytest.mark.one_backend
def test_the_command_asks_for_classes(tmp_path, capsys):
    x = keras.Input((8, 8, 1))
    noise, label = keras.Input((2,)), keras.Input((CLASSES,))
    join = keras.layers.Concatenate()
    pixels = keras.layers.Dense(64, "sigmoid")(join([noise, label]))
    generator = keras.Model([noise, label], keras.layers.Reshape((8, 8, 1))(pixels))
    discriminator = keras.Model([x, label], keras.layers.Dense(1)(join([keras.layers.Flatten()(x), label])))
    gan = kg.GAN(generator, discriminator, condition=kg.conditions.Labels(CLASSES), seed=1)
    gan.compile()
    gan.save(tmp_path / "gan.keras")
    file, out = str(tmp_path / "gan.keras"), tmp_path / "out.npz"
    command = ["sample", file, "--n", "6", "--seed", "1", "--out", str(out)]
    cli.main([*command, "--condition", "2", "0"])
    np.testing.assert_allclose(np.load(out)["samples"], gan.sample(6, 1, [2, 2, 2, 0, 0, 0]), atol=1e-6)
    cli.main([*command, "--condition", "1", "--interpolate", "4"])
    expected = gan.interpolate(6, 4, seed=1, condition=1)
    np.testing.assert_allclose(np.load(out)["samples"], expected, atol=1e-6)
    assert len(expected) == 24
    capsys.readouterr()
    with pytest.raises(SystemExit) as stop:
        cli.main([*command, "--condition", "7"])
    assert stop.value.code == 2
    assert "classes from 7 to 7" in capsys.readouterr().err


class TestObserved:
    @pytest.mark.parametrize("kind", [*conditions.MASKS, conditions.MASKS])
    def test_masks(self, kind):
        condition = kg.conditions.Observed(kind)
        condition.fit_to((6, 5, 1))
        masks = ops.convert_to_numpy(condition.draw_masks(2000, keras.random.SeedGenerator(1)))
        assert masks.shape == (2000, 6, 5, 1)
        assert set(np.unique(masks)) <= {0.0, 1.0}
        observed = masks.mean((1, 2, 3))
        if kind == "all":
            assert not masks.any()
        elif kind == "pixels":
            assert abs(observed.mean() - 0.5) < 0.03
            assert observed.min() < 0.1
            assert observed.max() > 0.9
        elif kind == "half":
            assert set(np.round(observed.astype(float), 3)) <= {0.5, 0.4, 0.6}
            assert len(np.unique(masks.reshape(2000, -1), axis=0)) == 4
        elif kind == "block":
            hidden = 1 - masks[..., 0]
            areas = hidden.any(1).sum(1) * hidden.any(2).sum(1)  # a rectangle: its sides' product is its area
            np.testing.assert_array_equal(areas, hidden.sum((1, 2)))
            assert hidden.mean((0, 1, 2)) > 0.1
            assert (hidden.mean(0) > 0).all()
        else:
            assert (observed == 0).mean() > 0.2

    def test_observed_pixels_are_kept_exactly(self, tmp_path):
        gan = kg.GAN(*image_networks(), condition=kg.conditions.Observed(), seed=1)
        gan.compile(objective="non_saturating", ema=0.9)
        images = np.random.default_rng(0).uniform(0, 1, (20, 6, 5, 1)).astype("float32")
        gan.fit(images, batch_size=10, epochs=2, validation_data=images, verbose=0)
        masks = np.zeros((20, 6, 5, 1))
        masks[:, :, :2] = 1
        made = gan.sample(20, seed=0, condition=(images, masks))
        kept = np.broadcast_to(masks > 0, images.shape)
        np.testing.assert_array_equal(made[kept], images[kept])
        assert not np.allclose(made[~kept], images[~kept])
        whole = gan.sample(20, seed=0)  # all hidden
        assert whole.shape == (20, 6, 5, 1)
        gan.save(tmp_path / "gan.keras")
        again = keras.saving.load_model(tmp_path / "gan.keras").sample(20, seed=0, condition=(images, masks))
        np.testing.assert_array_equal(again, made)
        gan.export(tmp_path / "generator.keras", "keras")
        loaded = kg.load(tmp_path / "generator.keras")
        np.testing.assert_allclose(loaded.sample(20, 0, (images, masks)), made, atol=1e-6)
        assert json.loads((tmp_path / "generator.keras.json").read_text())["range"] == [0, 1]

    @pytest.mark.one_backend
    @pytest.mark.parametrize(
        ("values", "message"),
        [
            (np.zeros((2, 6, 5, 1)), "condition=\\(images, masks\\)"),
            ((np.zeros((2, 6, 4, 1)), np.zeros((2, 6, 5, 1))), "images do not fit 2 samples"),
            ((np.zeros((2, 6, 5, 1)), np.zeros((3, 6, 5, 1))), "masks do not fit 2 samples"),
            ((np.zeros((2, 6, 5, 1)), np.full((2, 6, 5, 1), 0.5)), "1 where a pixel is observed"),
            ((np.full((2, 6, 5, 1), np.nan), np.ones((2, 6, 5, 1))), "finite"),
        ],
    )
    def test_wishes_that_do_not_fit(self, values, message):
        gan = kg.GAN(*image_networks(), condition=kg.conditions.Observed(), seed=1)
        with pytest.raises(ValueError, match=message):
            gan.sample(2, condition=values)

    def test_of_what_are_no_images(self):
        with pytest.raises(ValueError, match="condition of images"):
            kg.GAN(*told_networks(), condition=kg.conditions.Observed(), prior=kg.priors.Uniform(2))
        with pytest.raises(ValueError, match="Unknown masks"):
            kg.conditions.Observed("diagonal")


class TestGiven:
    def test_a_picture_for_a_picture(self):
        noise, given, x = keras.Input((2,)), keras.Input((3,)), keras.Input((4,))
        join = keras.layers.Concatenate()
        generator = keras.Model([noise, given], keras.layers.Dense(4, "sigmoid")(join([noise, given])))
        discriminator = keras.Model([x, given], keras.layers.Dense(1)(join([x, given])))
        gan = kg.GAN(generator, discriminator, condition=kg.conditions.Given((3,)), seed=1)
        gan.compile()
        x, y = labelled_data()[0], np.random.default_rng(0).normal(size=(24, 3)).astype("float32")
        gan.fit(x, y, batch_size=8, verbose=0)
        assert gan.sample(5, seed=0, condition=y[:5]).shape == (5, 4)
        assert gan.sample(5, seed=0, condition=y[0]).shape == (5, 4)
        with pytest.raises(ValueError, match="cannot be drawn"):
            gan.sample(5)
        with pytest.raises(ValueError, match="does not fit 5 samples"):
            gan.sample(5, condition=y[:4])
        with pytest.raises(ValueError, match="does not fit the data"):
            gan.fit(x, y[:, :2], verbose=0)
