"""Training on arrays: which rows, in which order, and what looking aside leaves alone."""

import subprocess
import sys

import keras
import numpy as np
import pytest
from conftest import all_equal, make_data, make_gan, make_networks, weights

import keras_gan as kg
from keras_gan.models import checks
from keras_gan.models.minibatches import Minibatches


def test_with_accumulation_the_next_fit_has_another_order(monkeypatch):
    gan = make_gan()
    gan.compile(*(keras.optimizers.SGD(0.1, gradient_accumulation_steps=4) for _ in range(2)))
    orders = []
    original = Minibatches.next_order
    monkeypatch.setattr(Minibatches, "next_order", lambda self: orders.append(original(self)) or orders[-1])
    for _ in range(3):
        gan.fit(make_data(), batch_size=4, verbose=0)
    assert int(gan.iterations) == 9
    assert len({tuple(order) for order in orders}) == 3


def test_a_short_last_batch_can_be_left_out():
    gan = make_gan()
    gan.fit(make_data(11), batch_size=4, epochs=2, drop_remainder=True, verbose=0)
    assert int(gan.iterations) == 4
    gan.fit(make_data(11), batch_size=4, verbose=0)
    assert int(gan.iterations) == 7


def test_random_preprocessing_is_random_in_training_alone():
    def flipping():
        generator = keras.Sequential(
            [keras.Input((3,)), keras.layers.Dense(16, "sigmoid"), keras.layers.Reshape((4, 4, 1))]
        )
        discriminator = keras.Sequential([keras.Input((4, 4, 1)), keras.layers.Flatten(), keras.layers.Dense(1)])
        flip = keras.layers.RandomFlip("horizontal", seed=3)
        gan = kg.GAN(generator, discriminator, preprocessing=flip, seed=1)
        gan.compile()
        return gan

    keras.utils.set_random_seed(1)
    one = flipping()
    keras.utils.set_random_seed(1)
    other = flipping()
    other.set_weights(one.get_weights())
    images = np.random.default_rng(0).uniform(0, 1, (8, 4, 4, 1)).astype("float32")
    losses = {one.evaluate(images, verbose=0)[0] for _ in range(4)}
    assert len(losses) == 1
    one.fit(images, batch_size=4, epochs=3, validation_data=images, verbose=0)
    other.fit(images, batch_size=4, epochs=3, verbose=0)
    assert all_equal(weights(one.discriminator), weights(other.discriminator))


def test_validation_data_are_checked_first():
    gan = make_gan()
    before = weights(gan)
    for wrong, message in ((make_data() * np.nan, "not finite"), (make_data(size=5), "not shaped like")):
        with pytest.raises(ValueError, match=message):
            gan.fit(make_data(), validation_data=wrong, verbose=0)
    assert all_equal(weights(gan), before)


def test_batches_that_do_not_divide_over_devices(monkeypatch):
    class Mesh:
        shape = (4,)

    class Distribution:
        device_mesh = Mesh()

    monkeypatch.setattr(keras.distribution, "distribution", Distribution)
    for batch_size, total, drop in ((6, 12, False), (4, 14, False)):
        with pytest.raises(ValueError, match="divide over the 4 devices"):
            checks.check_devices(batch_size, total, drop)
    checks.check_devices(4, 14, True)
    checks.check_devices(4, 12, False)
    assert checks.check_devices(8, 14, False, uneven=True) == 4
    with pytest.raises(ValueError, match="the last of 3"):
        checks.check_devices(8, 11, False, uneven=True)


def test_an_unknown_remainder():
    with pytest.raises(ValueError, match="drop_remainder='yes'"):
        make_gan().fit(make_data(), drop_remainder="yes", verbose=0)


TWO_REPLICAS = """
import keras, numpy as np, tensorflow as tf
import keras_gan as kg
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
def made():
    gan = kg.GAN(*[keras.Sequential([keras.Input((3,)), keras.layers.Dense(size)]) for size in (3, 1)])
    gan.compile()
    return gan
central = tf.distribute.experimental.CentralStorageStrategy(["CPU:0", "CPU:1"], "CPU:0").scope
mirrored = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"]).scope
with central():
    inside = made()
outside = made()
def trained_outside(): inside.fit(np.zeros((4, 3), "float32"), verbose=0)
def trained_inside():
    with mirrored():
        outside.train_on_batch(np.zeros((4, 3), "float32"))
for train in (trained_outside, trained_inside):
    try:
        train()
    except ValueError as error:
        print(error)
outside.fit(np.zeros((4, 3), "float32"), verbose=0)
"""


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="tf.distribute is TensorFlow's")
def test_other_strategies_are_refused_and_models_from_outside_the_scope():
    done = subprocess.run([sys.executable, "-c", TWO_REPLICAS], capture_output=True, text=True, check=True)
    assert "not supported. Received: CentralStorageStrategy" in done.stdout
    assert "must be made inside strategy.scope(). Received: MirroredStrategy with 2 replicas" in done.stdout


@pytest.mark.skipif(keras.backend.backend() != "torch", reason="torch.distributed is PyTorch's")
def test_a_group_of_several_processes_is_refused():
    import torch
    from torch.testing._internal.distributed.fake_pg import FakeStore

    torch.distributed.init_process_group("fake", rank=0, world_size=2, store=FakeStore())
    try:
        for train in (make_gan().fit, make_gan().train_on_batch):
            with pytest.raises(ValueError, match=r"group of 2 processes. Call keras_gan.devices.use\(2\)"):
                train(make_data())
    finally:
        torch.distributed.destroy_process_group()


@pytest.mark.one_backend
@pytest.mark.parametrize("data", ["a name", 3, object(), ["a", "b"], (x for x in ["a"])])
def test_what_are_no_data(data):
    with pytest.raises(ValueError, match=r"no data to train on"):
        make_gan().fit(data, verbose=0)


@pytest.mark.one_backend
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        *(({name: 0}, f"{name}=0") for name in ("batch_size", "epochs", "steps_per_epoch", "validation_batch_size")),
        ({"batch_size": -5}, "batch_size=-5"),
        ({"batch_size": 2.5}, r"batch_size=2\.5"),
        ({"batch_size": True}, "batch_size=True"),
        ({"epochs": -1}, "epochs=-1"),
        ({"validation_steps": 0}, "validation_steps=0"),
        ({"validation_freq": 0}, "validation_freq=0"),
        *(({"validation_split": x}, f"validation_split={x!r}") for x in (1.0, -0.5, 1.5, float("nan"), "half")),
        ({"validation_split": 0.95}, "12 examples, of which validation_split=0.95 leaves none"),
        ({"batch_size": 20, "drop_remainder": True}, "12 examples, fewer than a batch of 20"),
    ],
)
def test_numbers_out_of_range(arguments, message):
    gan = make_gan()
    before = weights(gan)
    with pytest.raises(ValueError, match=f"Received: .*{message}"):
        gan.fit(make_data(), verbose=0, **arguments)
    assert all_equal(weights(gan), before)


def test_numbers_within_their_range():
    gan = make_gan()
    gan.fit(
        make_data(), batch_size=np.int64(4), epochs=np.int32(1), validation_split=0.5, validation_freq=[1], verbose=0
    )
    assert int(gan.iterations) == 2
    gan.fit(make_data(), batch_size=4, epochs=3, initial_epoch=3, verbose=0)  # nothing is left to do
    assert int(gan.iterations) == 2


@pytest.mark.parametrize("batch", [make_data(0), None])
def test_a_batch_without_rows(batch):
    gan = make_gan()
    with pytest.raises(ValueError, match="no data to train on"):
        gan.train_on_batch(batch)
    assert int(gan.iterations) == 0


def test_a_model_of_arrays_is_what_its_networks_are():
    assert checks.are_arrays(make_data())
    assert checks.are_arrays({"a": make_data(), "b": (make_data(),)})
    assert not checks.are_arrays([])
    assert not checks.are_arrays("text")
    assert make_networks()
