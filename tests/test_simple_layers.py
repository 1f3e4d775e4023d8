"""Layers that treat each row by itself: which they are, and that a step that knows of them is the same step."""

import keras
import numpy as np
import pytest
from conftest import make_data, make_gan, weights
from keras import layers, ops

import keras_gan as kg
from keras_gan import backend
from keras_gan.backend import simple_layers
from keras_gan.models.step import Stepping


class Own(layers.Dense):
    """A user's own."""


class Watching(layers.Layer):
    """Keeps what it was called with."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.rows = []

    def call(self, inputs):
        self.rows.append(inputs.shape[0])
        return inputs


def network(*added):
    return keras.Sequential([keras.Input((4,)), layers.Dense(6, "tanh"), *added, layers.Dense(1)])


@pytest.mark.one_backend("jax")
def test_the_papers_networks_are_made_of_them():
    assert all(map(simple_layers.are_simple, kg.networks.build("mnist")))
    for name in ("cifar10_dense", "cifar10_conv", "residual"):
        assert all(map(simple_layers.are_simple, kg.networks.build(name, width=0.05))), name


@pytest.mark.parametrize(
    "added",
    [
        layers.BatchNormalization(),
        layers.Dense(5, activity_regularizer="l2"),
        layers.ActivityRegularization(l2=0.1),
        layers.Dense(5, activation=lambda x: x - ops.mean(x, axis=0)),
        layers.Activation(lambda x: x - ops.mean(x, axis=0)),
        layers.Dropout(0.5, noise_shape=(1, 6)),
        Own(5),
        Watching(),
        layers.Lambda(lambda x: x - ops.mean(x, axis=0)),
        layers.GaussianNoise(0.1),
        kg.layers.SpectralNormalization(layers.Dense(5)),
    ],
)
def test_others_are_not_known(added):
    assert simple_layers.are_simple(network(layers.Dropout(0.5), layers.Activation("relu")))
    assert not simple_layers.are_simple(network(added))


def test_an_operation_between_layers_is_not_known():
    x = keras.Input((4,))
    assert simple_layers.are_simple(keras.Model(x, layers.Dense(1)(x)))
    assert not simple_layers.are_simple(keras.Model(x, layers.Dense(1)(x - ops.mean(x, axis=0))))


def test_a_model_of_ones_own_is_not_known():
    class Model(keras.Model):
        def call(self, inputs):
            return inputs

    class Stack(keras.Sequential):
        pass

    assert not simple_layers.are_simple(Model())
    assert not simple_layers.are_simple(Stack([keras.Input((4,)), layers.Dense(1)]))


class Apart(kg.GAN):
    """Data and samples in two batches, whatever the discriminator."""

    _judges_rows_alone = False


class Joint(kg.GAN):
    _judges_rows_alone = True


@pytest.mark.parametrize("updates", ["alternating", "simultaneous"])
@pytest.mark.parametrize("penalties", [None, [kg.penalties.R1(3.0), kg.penalties.R2(2.0)]])
@pytest.mark.parametrize("num_classes", [0, 3])
def test_one_batch_of_data_and_samples_is_the_same_step(updates, penalties, num_classes):
    def played(model):
        told = [keras.Input((num_classes,))] if num_classes else []
        noise, x = keras.Input((3,)), keras.Input((4,))
        join = (lambda first: layers.Concatenate()([first, *told])) if told else (lambda first: first)
        keras.utils.set_random_seed(1)
        generator = keras.Model([noise, *told] if told else noise, layers.Dense(4)(join(noise)))
        hidden = layers.Dense(6, "tanh", bias_initializer="normal")(join(x))
        discriminator = keras.Model([x, *told] if told else x, layers.Dense(1)(hidden))
        condition = kg.conditions.Labels(num_classes) if num_classes else None
        gan = model(generator, discriminator, condition=condition, seed=3)
        gan.compile(updates=updates, objective="relativistic", penalties=penalties)
        x = np.random.default_rng(0).normal(size=(40, 4)).astype("float32")
        y = np.arange(40) % num_classes if num_classes else None
        history = gan.fit(x, y, batch_size=10, epochs=2, shuffle=False, verbose=0).history
        return weights(gan.generator) + weights(gan.discriminator), history["loss"]

    (apart, losses), (joint, others) = played(Apart), played(Joint)
    assert losses == pytest.approx(others, rel=1e-4)
    for one, other in zip(apart, joint, strict=True):
        np.testing.assert_allclose(one, other, rtol=2e-4, atol=1e-6)


def rows_seen(**compile_arguments):
    """How many rows the discriminator's layers see in an eager step of it, on 12 data and 12 samples."""
    gan = make_gan(compile_arguments={"run_eagerly": True, **compile_arguments})
    rows = []

    def judge(self, x, *arguments, **settings):
        rows.append(int(x.shape[0]))
        return Stepping._judge(self, x, *arguments, **settings)

    gan._judge = judge.__get__(gan)
    x, z = make_data(), gan.prior.draw(12, 1)
    gan.discriminator_step(ops.convert_to_tensor(x), ops.convert_to_tensor(z))
    return rows


def test_when_there_is_one_batch():
    assert rows_seen() == [24]
    assert rows_seen(penalties=kg.penalties.R1(1.0)) == [12, 12]  # or samples would be differentiated for nothing
    assert rows_seen(penalties=[kg.penalties.R1(1.0), kg.penalties.R2(1.0)]) == [24]
    assert rows_seen(penalties=kg.penalties.R1(1.0, every=4))[:1] == [24]


def test_a_discriminator_that_looks_across_a_batch_sees_data_by_themselves():
    watching = Watching()
    discriminator = network(layers.BatchNormalization(), watching)
    generator = keras.Sequential([keras.Input((3,)), layers.Dense(4)])
    gan = kg.GAN(generator, discriminator)
    gan.compile(run_eagerly=True)
    watching.rows.clear()
    gan.fit(np.zeros((10, 4), "float32"), batch_size=10, verbose=0)
    assert 20 not in watching.rows
    assert 10 in watching.rows


@pytest.mark.parametrize("training", [True, False])
def test_a_call_without_keras_checks_gives_the_same_bits(training):
    generator, discriminator = kg.networks.build("mnist")
    x = np.random.default_rng(0).random((5, 28, 28, 1)).astype("float32")
    for model, inputs in ((discriminator, x), (generator, x.reshape(5, -1)[:, :100])):
        results = []
        for call in (backend.call, lambda network, x, training: network(x, training=training)):
            keras.utils.set_random_seed(1)
            model_inputs = ops.convert_to_tensor(inputs)
            for layer in model.layers:
                if isinstance(layer, layers.Dropout):
                    layer.seed_generator.state.assign([1, 0])
            results.append(ops.convert_to_numpy(call(model, model_inputs, training)))
        np.testing.assert_array_equal(*results)


def test_a_wrong_shape_is_refused_by_keras():
    with pytest.raises(ValueError, match="shape"):
        backend.call(network(), ops.zeros((2, 5)), True)
