import csv
import time

import keras
import numpy as np
import pytest
from conftest import all_equal, make_data, make_gan, weights

import keras_gan as kg
from keras_gan.evaluation import parzen

NAMES = ["val_parzen_ll", "val_parzen_se", "parzen_sigma"]


def measure(**arguments):
    return kg.callbacks.ParzenLogLikelihood(make_data(30, seed=5), **{"num_samples": 50, **arguments})


def test_logs_hold_the_latest_measurement_from_the_first_epoch_on():
    gan = make_gan()
    history = gan.fit(make_data(), epochs=5, verbose=0, callbacks=[measure(every=2)]).history
    for name in NAMES:
        first, second, third, fourth, fifth = history[name]
        assert second == third
        assert fourth == fifth
    assert len({first, second, fourth}) >= 1
    lls = history["val_parzen_ll"]
    assert len({lls[0], lls[1], lls[3]}) == 3


def test_the_numbers_are_those_of_the_evaluation():
    gan = make_gan(compile_arguments={"ema": 0.9})
    history = gan.fit(make_data(), verbose=0, callbacks=[measure(), measure(averaged=False, suffix="_trained")]).history
    for suffix, averaged in (("", True), ("_trained", False)):
        sigma, means = parzen.select_sigma(gan.sample(50, seed=0, averaged=averaged), make_data(30, seed=5))
        assert history["parzen_sigma" + suffix] == [sigma]
        assert history["val_parzen_ll" + suffix] == pytest.approx([means[sigma]], abs=1e-5)
        values = parzen.log_density(make_data(30, seed=5), gan.sample(50, seed=0, averaged=averaged), sigma)
        assert history["val_parzen_se" + suffix] == pytest.approx([values.std() / 30**0.5], rel=1e-4)


@pytest.mark.one_backend
def test_validation_is_preprocessed_as_the_data_are():
    images = np.random.default_rng(0).integers(0, 17, (40, 8, 8, 1)).astype("uint8")
    gan = kg.GAN(*kg.networks.build("digits"), preprocessing=keras.layers.Rescaling(1 / 16), seed=1)
    gan.compile()
    callback = kg.callbacks.ParzenLogLikelihood(images, num_samples=20)
    history = gan.fit(images, batch_size=20, verbose=0, callbacks=[callback]).history
    sigma, means = parzen.select_sigma(gan.sample(20, seed=0), images / 16)
    assert history["val_parzen_ll"] == pytest.approx([means[sigma]], abs=1e-3)


def test_training_is_bit_identical_with_and_without_it():
    trained = []
    for callbacks in ([], [measure(every=1)]):
        keras.utils.set_random_seed(3)
        gan = make_gan(dropout=0.3)
        gan.fit(make_data(), batch_size=5, epochs=4, verbose=0, callbacks=callbacks)
        trained.append(weights(gan.generator) + weights(gan.discriminator))
    assert all_equal(*trained)


def test_stock_callbacks_follow_it(tmp_path):
    gan = make_gan()
    gan.fit(
        make_data(),
        epochs=3,
        verbose=0,
        callbacks=[
            measure(every=2),
            keras.callbacks.CSVLogger(str(tmp_path / "log.csv")),
            keras.callbacks.ModelCheckpoint(str(tmp_path / "best.keras"), "val_parzen_ll", mode="max"),
            keras.callbacks.EarlyStopping("val_parzen_ll", mode="max", patience=9),
        ],
    )
    with open(tmp_path / "log.csv") as file:
        rows = list(csv.DictReader(file))
    assert all(np.isfinite(float(row[name])) for row in rows for name in NAMES)
    assert keras.saving.load_model(tmp_path / "best.keras").sample(2).shape == (2, 4)


def test_a_generator_that_is_broken_gives_nan_not_an_error():
    gan = make_gan()
    gan.generator.trainable_variables[-1].assign(np.full(gan.generator.trainable_variables[-1].shape, np.nan))
    history = gan.fit(make_data(), verbose=0, callbacks=[measure()]).history
    assert np.isnan(history["val_parzen_ll"]).all()


@pytest.mark.parametrize("arguments", [{"every": 0}, {"num_samples": 0}, {"num_validation": 0}])
def test_bad_arguments(arguments):
    with pytest.raises(ValueError, match="of at least 1"):
        measure(**arguments)


@pytest.mark.slow
def test_it_takes_less_than_a_twentieth_of_ten_mnist_epochs():
    images = np.random.default_rng(0).integers(0, 256, (5000, 28, 28, 1)).astype("uint8")
    gan = kg.GAN(*kg.networks.build("mnist"), preprocessing=keras.layers.Rescaling(1 / 255), seed=1)
    gan.compile(updates="simultaneous", discriminator_weight=0.5)
    callback = kg.callbacks.ParzenLogLikelihood(images)
    gan.fit(images[:200], batch_size=100, verbose=0, callbacks=[callback])  # compiles everything
    started = time.perf_counter()
    gan.fit(images, batch_size=100, verbose=0)
    ten_epochs = (time.perf_counter() - started) / 50 * 5000
    started = time.perf_counter()
    callback.on_epoch_end(9, {})
    assert time.perf_counter() - started < 0.05 * ten_epochs
