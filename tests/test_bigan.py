"""The joint form: who learns from which pairs, and that such a model is trained, saved and read like any other."""

import keras
import numpy as np
import pytest
from conftest import all_equal, make_data, weights

import keras_gan as kg
from keras_gan.artifacts import files


def make_bigan(objective="non_saturating", normalized=False, **arguments):
    keras.utils.set_random_seed(3)
    generator = keras.Sequential([keras.Input((3,)), keras.layers.Dense(6, "relu"), keras.layers.Dense(4, "sigmoid")])
    norm = [keras.layers.BatchNormalization()] if normalized else []
    encoder = keras.Sequential([keras.Input((4,)), keras.layers.Dense(6, "relu"), *norm, keras.layers.Dense(3)])
    x, z = keras.Input((4,)), keras.Input((3,))
    pair = keras.layers.Dense(8, "relu")(keras.layers.Concatenate()([x, z]))
    gan = kg.BiGAN(generator, keras.Model([x, z], keras.layers.Dense(1)(pair)), encoder, seed=5)
    rates = {"generator_optimizer": keras.optimizers.SGD(0.1), "discriminator_optimizer": keras.optimizers.SGD(0.1)}
    gan.compile(**rates, objective=objective, **arguments)
    return gan


def array(tensor):
    return keras.ops.convert_to_numpy(tensor)


def test_the_losses_are_those_of_pairs():
    gan = make_bigan(updates="simultaneous")
    x, z = map(keras.ops.convert_to_tensor, (make_data(5), np.ones((5, 3), "float32")))
    real = array(gan.discriminator([x, gan.encoder(x)]))
    fake = array(gan.discriminator([gan.generator(z), z]))
    logs = gan.simultaneous_step(x, z)
    softplus = lambda a: np.log1p(np.exp(a))  # noqa: E731
    np.testing.assert_allclose(array(logs["d_loss"]), softplus(-real).mean() + softplus(fake).mean(), rtol=1e-5)
    np.testing.assert_allclose(array(logs["g_loss"]), softplus(real).mean() + softplus(-fake).mean(), rtol=1e-5)


@pytest.mark.parametrize("objective", ["non_saturating", "relativistic"])
@pytest.mark.parametrize("step", ["simultaneous_step", "discriminator_step", "generator_step"])
@pytest.mark.parametrize("name", ["reconstruction_weight", "code_weight"])
def test_errors_count_in_the_generators_loss_alone(objective, step, name):
    x, z = map(keras.ops.convert_to_tensor, (make_data(5), np.ones((5, 3), "float32")))
    logs = {}
    for weight in (0.0, 0.5):
        gan = make_bigan(objective, **{name: weight})
        if name == "reconstruction_weight":
            error = ((array(gan.generator(gan.encoder(x))) - array(x)) ** 2).sum(axis=1).mean()
        else:
            error = ((array(gan.encoder(gan.generator(z))) - array(z)) ** 2).mean()
        found = gan.generator_step(z, x) if step == "generator_step" else getattr(gan, step)(x, z)
        logs[weight] = {loss: float(array(found[loss])) for loss in ("d_loss", "g_loss") if loss in found}
    expected = {loss: value + (0.5 * error if loss == "g_loss" else 0) for loss, value in logs[0.0].items()}
    assert logs[0.5] == pytest.approx(expected, rel=1e-5)


def test_reconstructions_become_better_when_they_count():
    errors = {}
    for weight in (0.0, 10.0):
        gan = make_bigan(reconstruction_weight=weight)
        gan.fit(make_data(64), batch_size=16, epochs=20, verbose=0)
        errors[weight] = np.square(gan.reconstruct(make_data(64)) - make_data(64)).mean()
    assert errors[10.0] < 0.8 * errors[0.0]


@pytest.mark.parametrize("weight", [-1, float("inf"), None, True])
@pytest.mark.parametrize("name", ["reconstruction_weight", "code_weight"])
def test_a_wrong_weight_of_an_error(name, weight):
    with pytest.raises(ValueError, match=f"finite weight of 0 or more.*{name}"):
        make_bigan(**{name: weight})


@pytest.mark.parametrize("objective", ["non_saturating", "relativistic"])
def test_the_encoder_learns_in_the_generators_step_alone(objective):
    gan, x, z = make_bigan(objective, normalized=True), make_data(5), np.ones((5, 3), "float32")
    networks = gan.generator, gan.encoder, gan.discriminator
    before = [weights(network) for network in networks]
    gan.discriminator_step(x, z)
    assert [all_equal(weights(net), old) for net, old in zip(networks, before, strict=True)] == [True, True, False]
    before = [weights(network) for network in networks]
    gan.generator_step(z, x)
    assert [all_equal(weights(net), old) for net, old in zip(networks, before, strict=True)] == [False, False, True]


@pytest.mark.parametrize("updates", ["alternating", "simultaneous"])
def test_penalties_see_both_halves_of_a_pair(updates):
    penalties = [kg.penalties.R1(3.0), kg.penalties.R2(2.0), kg.penalties.GradientPenalty(1.0)]
    x, z = make_data(5), np.ones((5, 3), "float32")
    steps = {"alternating": "discriminator_step", "simultaneous": "simultaneous_step"}
    paid = {}
    for name, chosen in (("none", []), ("R1", penalties[:1]), ("all", penalties)):
        gan = make_bigan(penalties=chosen, updates=updates)
        if name == "none":
            hidden, output = gan.discriminator.layers[-2:]
            active = array(hidden(keras.ops.concatenate([x, gan.encoder(x)], 1))) > 0
            slopes = (active * output.kernel.numpy()[:, 0]) @ hidden.kernel.numpy().T
        paid[name] = float(array(getattr(gan, steps[updates])(x, z)["d_loss"]))
    np.testing.assert_allclose(paid["R1"] - paid["none"], 1.5 * np.mean(np.sum(slopes**2, 1)), rtol=1e-3)
    assert paid["all"] > paid["R1"]


@pytest.mark.one_backend
def test_it_learns_to_invert_a_line():
    keras.utils.set_random_seed(1)
    data = np.random.default_rng(0).uniform(-3, 3, (1000, 1)).astype("float32") + 5
    x, z = keras.Input((1,)), keras.Input((1,))
    pair = keras.layers.Concatenate()([x - 5, z])
    for _ in range(2):
        pair = keras.layers.Dense(32, "relu")(pair)
    generator = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    encoder = keras.Sequential([keras.Input((1,)), keras.layers.Rescaling(1.0, -5.0), keras.layers.Dense(1)])
    gan = kg.BiGAN(generator, keras.Model([x, z], keras.layers.Dense(1)(pair)), encoder, seed=1)
    adam = [keras.optimizers.Adam(0.01, beta_1=0.5) for _ in range(2)]
    gan.compile(*adam, objective="relativistic", penalties=[kg.penalties.R1(0.1), kg.penalties.R2(0.1)])
    before = np.abs(gan.reconstruct(data) - data).mean()
    gan.fit(data, batch_size=100, epochs=40, verbose=0)
    assert np.abs(gan.reconstruct(data) - data).mean() < before / 5
    assert gan.errors(500, seed=0).mean() < 0.2


def test_stopped_saved_and_resumed_it_is_the_same(tmp_path):
    data = make_data(24)
    settings = {"objective": "relativistic", "penalties": [kg.penalties.R1(1.0, every=2)], "ema": 0.9}
    straight, stopped = make_bigan(**settings), make_bigan(**settings)
    straight.fit(data, batch_size=8, epochs=4, verbose=0)
    stopped.fit(data, batch_size=8, epochs=2, verbose=0)
    stopped.save(tmp_path / "m.keras")
    resumed = files.load_model(tmp_path / "m.keras")
    assert type(resumed) is kg.BiGAN
    resumed.fit(data, batch_size=8, epochs=4, initial_epoch=2, verbose=0)
    assert all_equal(weights(straight), weights(resumed))
    np.testing.assert_array_equal(straight.encode(data), resumed.encode(data))
    assert straight.sample(3, seed=0).shape == kg.load(tmp_path / "m.keras").sample(3, seed=0).shape == (3, 4)


def test_evaluate_and_features():
    gan = make_bigan()
    logs = gan.evaluate(make_data(10), verbose=0, return_dict=True)
    assert logs == gan.evaluate(make_data(10), verbose=0, return_dict=True)
    hidden = array(gan.encoder.layers[0](make_data(10)))
    np.testing.assert_allclose(gan.features(make_data(10)), hidden, rtol=1e-5, atol=1e-6)
    with pytest.raises(ValueError, match=r"Received: shape \(10, 3\)"):
        gan.features(make_data(10, size=3))


@pytest.mark.one_backend
def test_wrong_parts():
    gan = make_bigan()
    one = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
    with pytest.raises(ValueError, match=r"discriminator of one input, \(None, 4\).*keras.Model\(\[x, z\]"):
        kg.BiGAN(gan.generator, one, gan.encoder)
    with pytest.raises(ValueError, match=r"noise has shape \(None, 3\).*Dense\(3\)"):
        kg.BiGAN(gan.generator, gan.discriminator, keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)]))
    layers = [keras.layers.Dense(3), *gan.generator.layers, keras.layers.Dense(3)]
    shared = keras.Sequential([keras.Input((4,)), *layers])
    with pytest.raises(ValueError, match="shares weights"):
        kg.BiGAN(gan.generator, gan.discriminator, shared)
    with pytest.raises(ValueError, match="least_squares"):
        make_bigan("least_squares")
