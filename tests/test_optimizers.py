import keras
import numpy as np
import pytest

from keras_gan.optimizers import SGD, Adam, TwoPlayerOptimizer, serialize
from keras_gan.schedules import ExponentialDecay, MomentumRamp


def descend(optimizer, gradients, start=0.0):
    variable = keras.Variable(np.full(3, start, "float32"))
    for gradient in gradients:
        optimizer.apply([keras.ops.convert_to_tensor(np.full(3, gradient, "float32"))], [variable])
    return variable.numpy()[0], optimizer.velocities[0].numpy()[0]


def test_classical_momentum():
    position, velocity = descend(SGD(0.1, momentum=0.5), [1.0, 2.0, -1.0])
    expected_velocity = expected = 0.0
    for gradient in (1.0, 2.0, -1.0):
        expected_velocity = 0.5 * expected_velocity - 0.1 * gradient
        expected += expected_velocity
    assert velocity == pytest.approx(expected_velocity, rel=1e-5)
    assert position == pytest.approx(expected, rel=1e-5)


def test_equals_keras_sgd():
    gradients = np.random.default_rng(0).normal(size=20)
    ours, _ = descend(SGD(0.1, momentum=0.7), gradients)
    theirs = keras.Variable(np.zeros(3, "float32"))
    optimizer = keras.optimizers.SGD(0.1, momentum=0.7)
    for gradient in gradients:
        optimizer.apply([keras.ops.convert_to_tensor(np.full(3, gradient, "float32"))], [theirs])
    assert ours == pytest.approx(theirs.numpy()[0], rel=1e-5)


def test_schedules_of_rate_and_momentum():
    rate, momentum = ExponentialDecay(0.1, 1.5, 0.01), MomentumRamp(0.2, 0.8, 3, 1)
    position, _ = descend(SGD(rate, momentum), [1.0] * 4)
    velocity = expected = 0.0
    for step in range(4):
        velocity = (0.2 + 0.6 * min(step / 2, 1)) * velocity - 0.1 / 1.5**step
        expected += velocity
    assert position == pytest.approx(expected, rel=1e-5)


def test_momentum_can_be_set_while_training():
    # Keras's own SGD fixes it in the compiled step
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, use_bias=False, kernel_initializer="zeros")])
    optimizer = SGD(0.1, momentum=0.0)
    model.compile(optimizer, loss="mse")
    x = y = np.ones((1, 1), "float32")
    model.fit(x, y, verbose=0)
    optimizer.momentum = 0.9
    before = model.get_weights()[0].item()
    model.fit(x, y, verbose=0)
    moved = model.get_weights()[0].item() - before
    assert moved == pytest.approx(0.9 * before + 0.1 * 2 * (1 - before), rel=1e-5)


def test_a_scheduled_momentum_cannot_be_set():
    with pytest.raises(TypeError, match="follows a schedule"):
        SGD(0.1, MomentumRamp()).momentum = 0.5


@pytest.mark.parametrize("momentum", [-0.1, 1.0, 2])
def test_bad_momentum(momentum):
    with pytest.raises(ValueError, match=r"\[0, 1\)"):
        SGD(0.1, momentum)
    with pytest.raises(ValueError, match=r"\[0, 1\)"):
        SGD(0.1).momentum = momentum


def test_clipping():
    position, _ = descend(SGD(0.1, momentum=0.0, clipvalue=0.5), [10.0])
    assert position == pytest.approx(-0.05)
    position, _ = descend(SGD(0.1, momentum=0.0, global_clipnorm=1.0), [10.0])
    assert position == pytest.approx(-0.1 / 3**0.5, rel=1e-5)


@pytest.mark.parametrize("momentum", [0.3, MomentumRamp(0.1, 0.4, 9, 7)])
def test_sgd_serialization(momentum):
    optimizer = SGD(ExponentialDecay(0.2), momentum, clipnorm=1.0)
    revived = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(optimizer))
    assert revived.get_config() == optimizer.get_config()
    assert descend(revived, [1.0, 2.0]) == descend(optimizer, [1.0, 2.0])


def make_players():
    g, d = keras.Variable(np.zeros(2, "float32"), name="w"), keras.Variable(np.zeros(2, "float32"), name="w")
    players = TwoPlayerOptimizer(SGD(0.1, momentum=0.0), SGD(0.2, momentum=0.0))
    players.build_players([g], [d])
    return players, g, d


ONES = np.ones(2, "float32")


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"beta_1": 0.0, "beta_2": 0.99, "epsilon": 1e-5},
        {"learning_rate": ExponentialDecay(0.1, 1.5, 0.01), "clipnorm": 0.1, "weight_decay": 0.01},
        {"amsgrad": True},
    ],
)
def test_adam_is_that_of_keras(arguments):
    arguments = {"learning_rate": 1e-2, **arguments}
    random = np.random.default_rng(0)
    initial = [random.normal(size=shape).astype("float32") for shape in ((7, 5), (5,))]
    gradients = [
        [random.normal(size=each.shape).astype("float32") * 10.0**scale for each in initial] for scale in range(-6, 2)
    ]
    results = []
    for kind in (Adam, keras.optimizers.Adam):
        variables, optimizer = [keras.Variable(each) for each in initial], kind(**arguments)
        for each in gradients:
            # As a product's gradient may be: transposed, and not in one piece.
            optimizer.apply([keras.ops.transpose(keras.ops.convert_to_tensor(part.T)) for part in each], variables)
        results.append([variable.numpy() for variable in (*variables, *optimizer.variables)])
    for ours, theirs in zip(*results, strict=True):  # with 32 bits, 1 - 0.999 is off by 1.3e-5 of itself
        np.testing.assert_allclose(ours, theirs, rtol=2e-5, atol=1e-6)


def test_adam_on_rows_of_a_table():
    """TensorFlow's gradient of an embedding is a list of rows."""
    results = []
    for kind in (Adam, keras.optimizers.Adam):
        table = keras.layers.Embedding(5, 3, embeddings_initializer="ones")
        model = keras.Sequential([keras.Input((2,), dtype="int32"), table])
        model.compile(kind(0.1), loss="mse")
        model.fit(np.array([[0, 3]]), np.zeros((1, 2, 3)), epochs=3, verbose=0)
        results.append(table.get_weights()[0])
    assert (results[0][[1, 2, 4]] == 1).all()
    np.testing.assert_allclose(*results, rtol=1e-5)


def test_adam_is_saved_as_what_it_is():
    described = serialize(Adam(1e-3, beta_1=0.5, name="mine"))
    again = keras.saving.deserialize_keras_object(described)
    assert type(again) is Adam
    assert (float(again.learning_rate.numpy()), again.beta_1, again.name) == (pytest.approx(1e-3), 0.5, "mine")


def test_players_are_told_apart_by_identity():
    players, g, d = make_players()
    players.apply([keras.ops.convert_to_tensor(ONES)], [d])
    assert (g.numpy() == 0).all()
    np.testing.assert_allclose(d.numpy(), -0.2)
    assert (int(players.generator.iterations.numpy()), int(players.discriminator.iterations.numpy())) == (0, 1)
    players.apply([keras.ops.convert_to_tensor(ONES)] * 2, [g, d])
    np.testing.assert_allclose(g.numpy(), -0.1)
    np.testing.assert_allclose(d.numpy(), -0.4)
    assert int(players.iterations.numpy()) == 1


def test_learning_rates_are_readable_and_settable():
    players, *_ = make_players()
    assert float(players.learning_rate.numpy()) == pytest.approx(0.1)
    players.discriminator.learning_rate = 0.05
    assert float(players.generator.learning_rate.numpy()) == pytest.approx(0.1)
    assert float(players.discriminator.learning_rate.numpy()) == pytest.approx(0.05)
    players.learning_rate = 0.01
    assert [float(o.learning_rate.numpy()) for o in players.optimizers] == pytest.approx([0.01, 0.01])


def test_players_lists_both_states():
    players, *_ = make_players()
    assert len(players.variables) == 2 * 4  # iterations, learning rate, momentum, velocity
    other, *_ = make_players()
    players.learning_rate = 0.07
    other.set_weights([v.numpy() for v in players.variables])
    assert float(other.discriminator.learning_rate.numpy()) == pytest.approx(0.07)


def test_players_serialization():
    players, *_ = make_players()
    revived = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(players))
    assert revived.get_config() == players.get_config()


def test_one_optimizer_for_both_is_refused():
    optimizer = SGD()
    with pytest.raises(ValueError, match="same optimizer object"):
        TwoPlayerOptimizer(optimizer, optimizer)
