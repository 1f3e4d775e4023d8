import keras
import numpy as np
import pytest
from conftest import all_equal, weights

import keras_gan as kg
from keras_gan.evaluation.modes import Detector, two_sample_accuracy

pytestmark = pytest.mark.one_backend("jax")


@pytest.fixture(scope="module")
def digits():
    data = kg.datasets.load("digits")
    return data.train / 16, data.labels.train, np.concatenate([data.validation, data.test]) / 16


@pytest.fixture(scope="module")
def measures(digits):
    return Detector(*digits, num_samples=400)


def test_real_images_pass_every_measure(digits, measures):
    report = measures.measure(digits[2][::-1])
    assert report.kl < 0.05
    assert report.fewest > 0.05
    assert report.confidence > 0.9
    assert report.near_duplicates < 0.05
    assert report.nearest_training == pytest.approx(report.nearest_training_of_data, rel=0.1)
    assert 0.3 < report.two_sample_accuracy < 0.7
    assert report.class_shares.sum() == pytest.approx(1)
    assert "told from data" in str(report)


def test_a_lost_class_is_seen(digits, measures):
    train, labels, _ = digits
    report = measures.measure(train[labels != 3])
    assert report.class_shares.argmin() == 3
    assert report.fewest < 0.02
    assert report.kl > 0.05


def test_the_helvetica_scenario_is_seen(digits, measures):
    one = np.repeat(digits[0][:1], 400, axis=0) + 1e-3 * np.random.default_rng(0).normal(size=(400, 8, 8, 1))
    report = measures.measure(one)
    assert report.near_duplicates == 1
    assert report.kl == pytest.approx(np.log(10), abs=0.1)
    assert report.fewest == 0


def test_copies_of_training_images_are_seen(digits, measures):
    report = measures.measure(digits[0])
    assert report.nearest_training == pytest.approx(0, abs=1e-3)
    assert report.nearest_training_of_data > 0.5


def test_noise_is_told_from_data(measures):
    report = measures.measure(np.random.default_rng(0).uniform(size=(400, 8, 8, 1)))
    assert report.two_sample_accuracy > 0.95


def test_it_is_seeded_and_leaves_global_random_states_alone(digits):
    state = np.random.get_state()[1].copy()  # noqa: NPY002
    first, second = (Detector(*digits, num_samples=200).measure(digits[2]) for _ in range(2))
    assert str(first) == str(second)
    np.testing.assert_array_equal(np.random.get_state()[1], state)  # noqa: NPY002


def test_bad_input(digits, measures):
    with pytest.raises(ValueError, match="Labels do not fit"):
        Detector(digits[0], digits[1][:5], digits[2])
    with pytest.raises(ValueError, match="differ in size"):
        measures.measure(np.zeros((5, 3)))
    with pytest.raises(ValueError, match="at least 4 rows"):
        two_sample_accuracy(np.zeros((3, 2)), np.zeros((9, 2)))


def test_the_callback_logs_and_leaves_training_bit_identical():
    data = kg.datasets.load("digits")
    trained = []
    for with_it in (False, True):
        keras.utils.set_random_seed(3)
        gan = kg.GAN(*kg.networks.build("digits"), preprocessing=data.preprocessing, seed=1)
        gan.compile()
        callback = kg.callbacks.Modes(data.train, data.labels.train, data.validation, every=2, num_samples=100)
        history = gan.fit(data.train[:200], epochs=3, verbose=0, callbacks=[callback] if with_it else []).history
        trained.append(weights(gan.generator) + weights(gan.discriminator))
    assert all_equal(*trained)
    expected = Detector(data.train / 16, data.labels.train, data.validation / 16, 100).measure(gan.sample(100, seed=0))
    for name in callback.names:
        assert len(history[name]) == 3
        assert np.isfinite(history[name]).all()
    assert history["modes_kl"][1] == history["modes_kl"][2]
    assert expected.fewest == pytest.approx(history["modes_fewest"][2], abs=0.2)


@pytest.mark.parametrize("arguments", [{"every": 0}, {"num_samples": 0}])
def test_bad_arguments(arguments):
    with pytest.raises(ValueError, match="Modes needs"):
        kg.callbacks.Modes(np.zeros((2, 3)), np.zeros(2, int), np.zeros((2, 3)), **arguments)
