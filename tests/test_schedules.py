import keras
import numpy as np
import pytest

from keras_gan.schedules import ExponentialDecay, MomentumRamp


def at(schedule, step):
    return float(keras.ops.convert_to_numpy(schedule(keras.Variable(step, dtype="int32", trainable=False))))


def test_the_released_learning_rate():
    schedule = ExponentialDecay(0.1)
    assert at(schedule, 0) == pytest.approx(0.1)
    assert at(schedule, 1) == pytest.approx(0.1 / 1.000004, rel=1e-6)
    assert at(schedule, 250 * 500) == pytest.approx(0.0607, abs=5e-5)  # facts, section 2
    assert at(schedule, 250 * 500) == pytest.approx(0.1 / 1.000004**125_000, rel=1e-5)
    assert at(schedule, 10_000_000) == pytest.approx(1e-6)


def test_the_released_momentum():
    schedule = MomentumRamp(updates_per_epoch=500)
    for epoch in (1, 2, 100, 249, 250, 1000):
        expected = 0.5 + 0.2 * min((epoch - 1) / 249, 1)
        first, last = (epoch - 1) * 500, epoch * 500 - 1
        assert at(schedule, first) == pytest.approx(expected, rel=1e-6)
        assert at(schedule, last) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("schedule", [ExponentialDecay(0.3, 1.01, 0.2), MomentumRamp(0.1, 0.4, 9, 7)])
def test_serialization(schedule):
    revived = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(schedule))
    assert revived.get_config() == schedule.get_config()
    assert [at(revived, step) for step in range(50)] == [at(schedule, step) for step in range(50)]


@pytest.mark.parametrize("arguments", [(0,), (0.1, 0.9), (0.1, 1.1, 0.2), (0.1, 1.1, -1.0)])
def test_bad_decay(arguments):
    with pytest.raises(ValueError, match="Received"):
        ExponentialDecay(*arguments)


@pytest.mark.parametrize("arguments", [(-0.1,), (0.5, 1.0), (0.5, 0.7, 1), (0.5, 0.7, 2, 0)])
def test_bad_ramp(arguments):
    with pytest.raises(ValueError, match="Received"):
        MomentumRamp(*arguments)


def test_a_ramp_has_no_jump():
    values = np.array([at(MomentumRamp(0.2, 0.6, 5, 1), step) for step in range(8)])
    np.testing.assert_allclose(values, [0.2, 0.3, 0.4, 0.5, 0.6, 0.6, 0.6, 0.6], rtol=1e-6)
