"""The inference network: what it learns, what it leaves alone, and what it says of wrong input."""

import keras
import numpy as np
import pytest
from conftest import all_equal, weights

import keras_gan as kg
from keras_gan.artifacts import files


def make_generator(dim=3, size=8):
    keras.utils.set_random_seed(1)
    layers = [keras.layers.Dense(16, "tanh"), keras.layers.BatchNormalization(), keras.layers.Dense(size)]
    return keras.Sequential([keras.Input((dim,)), *layers])


def make_inference(generator=None, prior="normal", optimizer=None):
    generator = generator or make_generator()
    keras.utils.set_random_seed(2)
    encoder = kg.networks.encoder((8,), 3, hidden=32)
    inference = kg.InferenceNetwork(generator, encoder, prior=prior, seed=5)
    inference.compile(optimizer or keras.optimizers.Adam(0.003))
    return inference


@pytest.mark.one_backend
def test_it_learns_and_leaves_the_generator_alone():
    inference = make_inference()
    before = weights(inference.generator)
    at_first = inference.errors(2000, seed=1)
    assert at_first.shape == (3,)
    history = inference.fit(steps_per_epoch=100, epochs=3, batch_size=50, verbose=0).history["loss"]
    after = inference.errors(2000, seed=1)
    assert all_equal(weights(inference.generator), before)
    assert (after < 0.15).all()
    assert after.mean() < at_first.mean() / 4
    assert history[-1] < history[0]
    assert int(inference.iterations) == 300
    np.testing.assert_allclose(inference.evaluate(np.zeros((2000, 1)), verbose=0), after.mean(), rtol=0.2)


def test_the_loss_is_the_squared_error_of_the_noise():
    inference = make_inference()
    z = inference.prior.draw(500, seed=3)
    codes = inference.encode(inference.generator.predict(z, verbose=0))
    np.testing.assert_allclose(inference.errors(500, seed=3), np.mean((codes - z) ** 2, axis=0), rtol=1e-5)


@pytest.mark.parametrize("prior", ["uniform", "normal", "spherical"])
def test_refined_codes_reconstruct_better(prior):
    inference = make_inference(prior=prior)
    images = inference.generator.predict(inference.prior.draw(20, seed=4), verbose=0)

    def distance(refine):
        made = inference.reconstruct(images, refine=refine, learning_rate=0.2, batch_size=15)
        assert made.shape == images.shape
        return np.mean((made - images) ** 2)

    assert distance(60) < distance(0) / 10
    codes = inference.encode(images, refine=2, learning_rate=9.0)
    if prior == "uniform":
        assert np.abs(codes).max() <= 3**0.5


def test_stopped_and_resumed_it_is_the_same(tmp_path):
    straight, stopped = make_inference(), make_inference()
    straight.fit(steps_per_epoch=5, epochs=4, verbose=0)
    stopped.fit(steps_per_epoch=5, epochs=2, verbose=0)
    stopped.save(tmp_path / "m.keras")
    resumed = files.load_model(tmp_path / "m.keras")
    resumed.fit(steps_per_epoch=5, epochs=2, verbose=0)
    assert all_equal(weights(straight), weights(resumed))


def test_preprocessing_comes_before_the_encoder():
    inference = make_inference()
    scaled = kg.InferenceNetwork(
        inference.generator, inference.encoder, prior="normal", preprocessing=keras.layers.Rescaling(1 / 255)
    )
    images = np.random.default_rng(0).integers(0, 256, (5, 8)).astype("uint8")
    expected = inference.encode((images / 255).astype("float32"))
    np.testing.assert_allclose(scaled.encode(images), expected, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(scaled.encode(images / np.float32(255), preprocessed=True), expected, rtol=1e-5)


def test_wrong_parts():
    generator = make_generator()
    for encoder, message in (
        (kg.networks.encoder((8,), 4), r"noise has shape \(None, 3\)"),
        (kg.networks.encoder((9,), 3), "encoder cannot be called with"),
    ):
        with pytest.raises(ValueError, match=message):
            kg.InferenceNetwork(generator, encoder)
    told = keras.Model(inputs := [keras.Input((3,)), keras.Input((2,))], keras.layers.Concatenate()(inputs))
    with pytest.raises(ValueError, match="generator of 2 inputs"):
        kg.InferenceNetwork(told, kg.networks.encoder((8,), 3), prior=kg.priors.Uniform(3))


def test_wrong_data():
    inference = make_inference()
    images = np.zeros((4, 8), "float32")
    with pytest.raises(ValueError, match="learns from samples"):
        inference.fit(images)
    with pytest.raises(ValueError, match="steps_per_epoch=0"):
        inference.fit(steps_per_epoch=0)
    with pytest.raises(ValueError, match=r"Received: shape \(4, 7\)"):
        inference.encode(images[:, :7])
    with pytest.raises(ValueError, match="not finite"):
        inference.encode(images * np.nan)
