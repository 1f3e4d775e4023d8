import keras
import numpy as np
import pytest
from keras import ops

from keras_gan import backend, objectives


def evaluate(function, *logits):
    return float(ops.convert_to_numpy(function(*map(ops.convert_to_tensor, logits))))


def gradient(function, logits):
    variable = keras.Variable(np.asarray(logits, "float32"))
    (gradients,), _ = backend.differentiate(lambda: ((function(variable.value),), ()), [[variable]], [])
    return ops.convert_to_numpy(gradients[0])


REAL, FAKE = np.array([[0.3], [-1.2], [2.0]], "float32"), np.array([[-0.4], [1.5], [0.1]], "float32")


def sigmoid(a):
    return 1 / (1 + np.exp(-np.float64(a)))


def test_minimax_is_the_papers_formula():
    value = np.mean(np.log(sigmoid(REAL))) + np.mean(np.log(1 - sigmoid(FAKE)))
    assert evaluate(objectives.value, REAL, FAKE) == pytest.approx(value, rel=1e-6)
    assert evaluate(objectives.Minimax().discriminator, REAL, FAKE) == pytest.approx(-value, rel=1e-6)
    assert evaluate(objectives.Minimax().generator, FAKE) == pytest.approx(np.mean(np.log(1 - sigmoid(FAKE))), rel=1e-6)


def test_non_saturating_is_the_papers_alternative():
    assert evaluate(objectives.NonSaturating().generator, FAKE) == pytest.approx(
        -np.mean(np.log(sigmoid(FAKE))), rel=1e-6
    )
    d_loss = evaluate(objectives.NonSaturating().discriminator, REAL, FAKE)
    assert d_loss == pytest.approx(evaluate(objectives.Minimax().discriminator, REAL, FAKE))


def test_least_squares_and_hinge():
    d_loss = 0.5 * (np.mean((REAL - 1) ** 2) + np.mean(FAKE**2))
    assert evaluate(objectives.LeastSquares().discriminator, REAL, FAKE) == pytest.approx(d_loss, rel=1e-6)
    assert evaluate(objectives.LeastSquares().generator, FAKE) == pytest.approx(
        0.5 * np.mean((FAKE - 1) ** 2), rel=1e-6
    )
    d_loss = np.mean(np.maximum(0, 1 - REAL)) + np.mean(np.maximum(0, 1 + FAKE))
    assert evaluate(objectives.Hinge().discriminator, REAL, FAKE) == pytest.approx(d_loss, rel=1e-6)
    assert evaluate(objectives.Hinge().generator, FAKE) == pytest.approx(-np.mean(FAKE), rel=1e-6)


def test_equilibrium_value_is_minus_log_4():
    assert evaluate(objectives.value, np.zeros((4, 1), "float32"), np.zeros((4, 1), "float32")) == pytest.approx(
        -np.log(4)
    )


@pytest.mark.parametrize("name", sorted(objectives.OBJECTIVES))
def test_finite_at_extreme_logits(name):
    objective = objectives.get(name)
    zeros = np.zeros((2, 1), "float32")
    for function in (
        (lambda x: objective.generator(x, ops.convert_to_tensor(zeros))),
        lambda x: objective.discriminator(x, ops.convert_to_tensor(zeros)),
        lambda x: objective.discriminator(ops.convert_to_tensor(zeros), x),
    ):
        for a in (-1e4, 1e4):
            assert np.isfinite(evaluate(function, zeros + a))
            assert np.isfinite(gradient(function, zeros + a)).all()


def test_saturation_at_logit_minus_10():
    # facts, section 8: |d log(1 - D)/da| = D, |d log D/da| = 1 - D
    logits = np.array([[-10.0]])
    assert -gradient(objectives.Minimax().generator, logits)[0, 0] == pytest.approx(4.54e-5, rel=1e-3)
    assert -gradient(objectives.NonSaturating().generator, logits)[0, 0] == pytest.approx(0.99995, rel=1e-5)


def test_get_takes_names_and_objects():
    assert isinstance(objectives.get("hinge"), objectives.Hinge)
    objective = objectives.LeastSquares()
    assert objectives.get(objective) is objective


@pytest.mark.parametrize("objective", ["wasserstien", None, 3, keras.losses.MeanSquaredError()])
def test_get_refuses_others(objective):
    with pytest.raises(ValueError, match=r"Unknown objective.*least_squares"):
        objectives.get(objective)


def test_serialization():
    for objective in objectives.OBJECTIVES.values():
        revived = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(objective()))
        assert type(revived) is objective
