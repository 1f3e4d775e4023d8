"""The deep belief network: contrastive divergence by hand, and an RBM small enough to know exactly."""

import itertools

import keras
import numpy as np
import pytest
from checks import check_equal_state
from keras import ops

import keras_gan as kg
from keras_gan.artifacts import files
from keras_gan.baselines import DBN

VISIBLE = np.array(list(itertools.product([0, 1], repeat=6)), "float32")


def sigmoid(a):
    return 1 / (1 + np.exp(-a))


def make_dbn(hidden=(4,), learning_rate=0.1, epochs_per_layer=2, **arguments):
    keras.utils.set_random_seed(1)
    dbn = DBN((6,), hidden, seed=5, num_starts=20, **arguments)
    dbn.compile(kg.optimizers.SGD(learning_rate, 0.0), epochs_per_layer)
    return dbn


def make_data(num=200):
    """Mostly one of two patterns."""
    random = np.random.default_rng(0)
    patterns = np.array([[1, 1, 1, 0, 0, 0], [0, 0, 1, 1, 0, 1]])[random.integers(2, size=num)]
    return np.where(random.random((num, 6)) < 0.1, 1 - patterns, patterns).astype("float32")


def exact_probabilities(rbm):
    """p(v) of all 64 v by summing over all 16 h, in float64."""
    w, c, b = (variable.numpy().astype("float64") for variable in rbm.trainable_variables)
    hidden = np.array(list(itertools.product([0, 1], repeat=4)))
    joint = np.exp(VISIBLE @ w @ hidden.T + (VISIBLE @ b)[:, None] + hidden @ c)
    return joint.sum(axis=1) / joint.sum()


def set_weights(rbm, scale=1.0):
    random = np.random.default_rng(2)
    for variable in rbm.trainable_variables:
        variable.assign(random.normal(0, scale, variable.shape))


def test_the_free_energy():
    dbn = make_dbn()
    set_weights(dbn.stack[0])
    energies = ops.convert_to_numpy(dbn.stack[0].free_energy(VISIBLE)).astype("float64")
    np.testing.assert_allclose(np.exp(-energies) / np.exp(-energies).sum(), exact_probabilities(dbn.stack[0]), 1e-5)


def numpy_gibbs(w, c, b, v, chance):
    for n in range(len(v)):
        h = np.zeros(4)
        for j in range(4):
            h[j] = chance[0][n, j] < sigmoid(sum(v[n, i] * w[i, j] for i in range(6)) + c[j])
        v = v.copy()
        for i in range(6):
            v[n, i] = chance[1][n, i] < sigmoid(sum(h[j] * w[i, j] for j in range(4)) + b[i])
    return v


def numpy_statistics(w, c, v):
    together, hidden = np.zeros((6, 4)), np.zeros(4)
    for n in range(len(v)):
        for j in range(4):
            h = sigmoid(sum(v[n, i] * w[i, j] for i in range(6)) + c[j])
            hidden[j] += h / len(v)
            for i in range(6):
                together[i, j] += v[n, i] * h / len(v)
    return together, hidden, v.mean(axis=0)


@pytest.mark.parametrize("particles", [0, 3])
def test_an_update_is_contrastive_divergence(particles):
    dbn, data = make_dbn(gibbs_steps=2, particles=particles, learning_rate=1.0), make_data(5)
    rbm = dbn.stack[0]
    set_weights(rbm)
    if particles:
        dbn.persistent[0].assign(make_data(3))
    w, c, b = (variable.numpy().astype("float64") for variable in rbm.trainable_variables)
    source = np.random.default_rng(4)
    chances = [dbn.noise(particles or 5, source) for _ in range(2)]
    given = iter(chances)
    dbn._chance = lambda *arguments: next(given)  # in place of Keras's own
    gradients, _ = dbn.gradients(rbm, ops.convert_to_tensor(data))
    model = (make_data(3) if particles else data).astype("float64")
    for chance in chances:
        model = numpy_gibbs(w, c, b, model, chance)
    if particles:
        np.testing.assert_array_equal(dbn.persistent[0].numpy(), model)
    expected = zip(numpy_statistics(w, c, model), numpy_statistics(w, c, data.astype("float64")), strict=True)
    for gradient, (of_model, of_data) in zip(gradients, expected, strict=True):
        np.testing.assert_allclose(ops.convert_to_numpy(gradient), of_model - of_data, rtol=1e-4, atol=1e-6)


@pytest.mark.one_backend
@pytest.mark.parametrize("particles", [0, 50])
def test_the_exact_likelihood_rises_and_long_chains_have_the_exact_marginals(particles):
    dbn, data = make_dbn(particles=particles, learning_rate=0.2), make_data()

    def likelihood():
        log_p = np.log(exact_probabilities(dbn.stack[0]))
        return np.mean(log_p[(data @ 2 ** np.arange(5, -1, -1)).astype(int)])

    values = [likelihood()]
    for _ in range(3):
        dbn.fit(data, epochs=8, batch_size=20, verbose=0)
        values.append(likelihood())
    assert values[0] + 0.5 < values[1] < values[2] + 0.02 < values[3] + 0.04
    assert values[-1] > -3.1  # independent units of the data's means: -3.5; the data's own entropy: 2.5
    drawn = dbn.sample(8000, seed=0, chains=800, burn_in=30, means=False)
    exact = exact_probabilities(dbn.stack[0])
    np.testing.assert_allclose(drawn.mean(axis=0), exact @ VISIBLE, atol=0.03)
    second = np.einsum("n,ni,nj->ij", exact, VISIBLE, VISIBLE)
    np.testing.assert_allclose(drawn.T @ drawn / len(drawn), second, atol=0.03)


def test_a_chain_of_two_layers():
    dbn = make_dbn(hidden=(4, 3))
    for rbm in dbn.stack:
        set_weights(rbm)
    source = np.random.default_rng(0)
    state, noise = dbn.begin(make_data(5), source), dbn.noise(5, source)
    state, means = dbn.move(state, noise)
    lower, upper = ([v.numpy().astype("float64") for v in rbm.trainable_variables] for rbm in dbn.stack)
    codes = sigmoid(make_data(5) @ lower[0] + lower[1])
    h = noise[0] < sigmoid(codes @ upper[0] + upper[1])
    p = sigmoid(h @ upper[0].T + upper[2])
    np.testing.assert_array_equal(ops.convert_to_numpy(state), noise[1] < p)
    np.testing.assert_allclose(ops.convert_to_numpy(means), sigmoid(p @ lower[0].T + lower[2]), rtol=1e-4)


def test_stopped_and_resumed_it_is_the_same(tmp_path):
    straight, stopped = (make_dbn(hidden=(4, 3), particles=10) for _ in range(2))
    straight.fit(make_data(), epochs=4, verbose=0)
    stopped.fit(make_data(), epochs=3, verbose=0)
    stopped.save(tmp_path / "m.keras")
    resumed = files.load_model(tmp_path / "m.keras")
    resumed.fit(make_data(), epochs=4, initial_epoch=3, verbose=0)
    check_equal_state(straight, resumed)
    np.testing.assert_array_equal(straight.sample(5, seed=0), resumed.sample(5, seed=0))


def test_wrong_arguments():
    for arguments, message in (
        ({"hidden": ()}, "has layers"),
        ({"gibbs_steps": 0}, "gibbs_steps=0"),
        ({"particles": -1}, "particles=-1"),
    ):
        with pytest.raises(ValueError, match=message):
            DBN((6,), **{"hidden": (4,), **arguments})
