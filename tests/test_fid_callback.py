import csv
import time

import keras
import numpy as np
import pytest
from conftest import all_equal, weights

import keras_gan as kg
from keras_gan.evaluation import features, fid


@pytest.fixture(scope="module")
def data():
    return kg.datasets.load("digits")


def make_gan(data, **arguments):
    gan = kg.GAN(*kg.networks.build("digits"), preprocessing=data.preprocessing, seed=1)
    gan.compile(**arguments)
    return gan


def measure(data, **arguments):
    return kg.callbacks.FID(data.validation, "digits", **{"num_samples": 50, **arguments})


@pytest.mark.one_backend
def test_the_numbers_are_those_of_the_evaluation(data):
    gan = make_gan(data, ema=0.9)
    callbacks = [measure(data), measure(data, averaged=False, suffix="_trained")]
    history = gan.fit(data.train[:100], verbose=0, callbacks=callbacks).history
    network = features.get("digits")
    real = network(data.preprocess(data.validation))
    for name, averaged in (("val_fid", True), ("val_fid_trained", False)):
        expected = fid.frechet_distance(network(gan.sample(50, seed=0, averaged=averaged)), real)
        assert history[name] == pytest.approx([expected], rel=1e-5)
    assert history["val_fid"] != history["val_fid_trained"]


def test_training_is_bit_identical_with_and_without_it(data):
    trained = []
    for with_it in (False, True):
        keras.utils.set_random_seed(3)
        gan = make_gan(data)
        callbacks = [measure(data, every=1)] if with_it else []
        gan.fit(data.train[:200], batch_size=50, epochs=3, verbose=0, callbacks=callbacks)
        trained.append(weights(gan.generator) + weights(gan.discriminator))
    assert all_equal(*trained)


@pytest.mark.one_backend
def test_stock_callbacks_follow_it(data, tmp_path):
    callbacks = [
        measure(data, every=2),
        keras.callbacks.CSVLogger(str(tmp_path / "log.csv")),
        keras.callbacks.ModelCheckpoint(str(tmp_path / "best.keras"), "val_fid", mode="min", save_best_only=True),
    ]
    gan = make_gan(data)
    gan.fit(data.train[:100], epochs=3, verbose=0, callbacks=callbacks)
    with open(tmp_path / "log.csv") as file:
        values = [float(row["val_fid"]) for row in csv.DictReader(file)]
    assert np.isfinite(values).all()
    assert values[1] == values[2] != values[0]  # the latest value, in every epoch
    best = keras.saving.load_model(tmp_path / "best.keras")
    network = features.get("digits")
    found = fid.frechet_distance(network(best.sample(50, seed=0)), network(data.preprocess(data.validation)))
    assert found == pytest.approx(min(values), rel=1e-4)


@pytest.mark.one_backend
def test_a_generator_that_is_broken_gives_nan_not_an_error(data):
    gan = make_gan(data)
    gan.generator.trainable_variables[-1].assign(np.full(gan.generator.trainable_variables[-1].shape, np.nan))
    assert np.isnan(gan.fit(data.train[:50], verbose=0, callbacks=[measure(data)]).history["val_fid"]).all()


@pytest.mark.parametrize("arguments", [{"every": 0}, {"num_samples": 1}])
def test_bad_arguments(data, arguments):
    with pytest.raises(ValueError, match="FID needs every >= 1"):
        measure(data, **arguments)
    with pytest.raises(ValueError, match="Unknown features"):
        kg.callbacks.FID(data.validation, "faces")


@pytest.mark.slow
def test_it_takes_less_than_a_twentieth_of_ten_mnist_epochs():
    images = np.random.default_rng(0).integers(0, 256, (10_000, 28, 28, 1)).astype("uint8")
    gan = kg.GAN(*kg.networks.build("mnist"), preprocessing=keras.layers.Rescaling(1 / 255), seed=1)
    gan.compile(updates="simultaneous", discriminator_weight=0.5)
    callback = kg.callbacks.FID(images, "mnist")
    gan.fit(images[:200], batch_size=100, verbose=0, callbacks=[callback])  # compiles everything
    started = time.perf_counter()
    gan.fit(images[:5000], batch_size=100, verbose=0)
    ten_epochs = (time.perf_counter() - started) / 50 * 5000
    started = time.perf_counter()
    callback.on_epoch_end(9, {})
    seconds = time.perf_counter() - started
    print(f"{seconds:.2f} s of {ten_epochs:.0f} s: {100 * seconds / ten_epochs:.1f}%")
    assert seconds < 0.05 * ten_epochs
