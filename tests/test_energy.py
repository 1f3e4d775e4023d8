"""A generator that also pays the energy score of its samples."""

import keras
import numpy as np
import pytest
from conftest import all_equal, make_networks, weights
from keras import ops

import keras_gan as kg
from keras_gan.models.step import Step


def networks():
    """Of two numbers, told one: the generator takes [z, c], the discriminator [x, c]."""
    noise, told, x = keras.Input((1,)), keras.Input((1,)), keras.Input((2,))
    join = keras.layers.Concatenate()
    hidden = keras.layers.Dense(16, "relu")(join([noise, told]))
    generator = keras.Model([noise, told], keras.layers.Dense(2)(hidden), name="generator")
    hidden = keras.layers.Dense(8, "relu")(join([x, told]))
    return generator, keras.Model([x, told], keras.layers.Dense(1)(hidden), name="discriminator")


def energy_gan(energy=1.0, **arguments):
    gan = kg.EnergyGAN(*networks(), condition=kg.conditions.Given((1,)), seed=1, energy=energy)
    gan.compile(objective="non_saturating", **arguments)
    return gan


def some_data(num=200, seed=0):
    """x is c with noise of deviation 0.5 on both numbers."""
    random = np.random.default_rng(seed)
    c = random.uniform(-1, 1, (num, 1)).astype("float32")
    return (c + random.normal(0, 0.5, (num, 2))).astype("float32"), c


def test_what_the_generator_pays():
    gan = energy_gan(energy=0.7)
    x, c = some_data(6)
    z = gan.prior.draw(6, seed=0)
    made, others = gan.predict([z, c], verbose=0), gan.predict([z[3:], c[:3]], verbose=0)
    off = [np.linalg.norm(a - b, axis=1) for a, b in ((made[:3], x[:3]), (others, x[:3]), (made[:3], others))]
    step = Step(*map(ops.convert_to_tensor, (x, made, z)), (ops.convert_to_tensor(c),), None, ops.zeros((6, 1)), None)
    expected = np.log(2) + 0.7 * np.mean(off[0] + off[1] - off[2]) / 2
    assert float(ops.convert_to_numpy(gan.compute_generator_loss(step))) == pytest.approx(expected, rel=1e-4)
    step.training = False  # what evaluate measures is the game
    assert float(ops.convert_to_numpy(gan.compute_generator_loss(step))) == pytest.approx(np.log(2), rel=1e-5)


@pytest.mark.one_backend
def test_it_asks_for_the_spread_that_the_data_have():
    gan = energy_gan(
        energy=1000.0,  # so much that the discriminator does not matter
        generator_optimizer=keras.optimizers.Adam(0.02),
        discriminator_optimizer=keras.optimizers.Adam(1e-4),
    )
    gan.fit(*some_data(2000), batch_size=200, epochs=12, verbose=0)
    for told in (-0.5, 0.5):
        made = gan.sample(2000, seed=0, condition=np.full((2000, 1), told))
        np.testing.assert_allclose(made.mean(axis=0), told, atol=0.15)
        assert (made.std(axis=0) > 0.25).all()  # a plain squared error would have made it 0


def test_it_resumes_bit_for_bit(tmp_path):
    whole, parted = energy_gan(ema=0.9), energy_gan(ema=0.9)
    parted.set_weights(whole.get_weights())
    data = some_data(24)
    whole.fit(*data, batch_size=8, epochs=4, verbose=0)
    parted.fit(*data, batch_size=8, epochs=2, verbose=0)
    parted.save(tmp_path / "gan.keras")
    resumed = keras.saving.load_model(tmp_path / "gan.keras")
    assert (type(resumed), resumed.energy) == (kg.EnergyGAN, 1.0)
    resumed.fit(*data, batch_size=8, epochs=4, initial_epoch=2, verbose=0)
    assert all_equal(weights(whole), weights(resumed))


def test_arguments_that_do_not_fit():
    with pytest.raises(ValueError, match=r"no condition. Pass condition="):
        kg.EnergyGAN(*make_networks())
    with pytest.raises(ValueError, match="energy=-1"):
        energy_gan(energy=-1)
