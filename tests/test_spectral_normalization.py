import os
import subprocess
import sys

import keras
import numpy as np
import pytest
from checks import check_layer, check_mask, check_saving
from conftest import BACKENDS, all_equal, make_data, weights
from keras import layers, ops

import keras_gan as kg
from keras_gan import backend
from keras_gan.layers import Maxout, MaxoutConv2D, SpectralNormalization

LAYERS = {
    "dense": (lambda: layers.Dense(4), (6, 7)),
    "conv1d": (lambda: layers.Conv1D(4, 3), (6, 9, 2)),
    "conv2d": (lambda: layers.Conv2D(4, 3, strides=2, padding="same", activation="relu"), (6, 5, 5, 3)),
    "conv2d_transpose": (lambda: layers.Conv2DTranspose(2, 3, strides=2), (6, 4, 4, 3)),
    "maxout": (lambda: Maxout(4, pieces=3), (6, 7)),
    "maxout_conv2d": (lambda: MaxoutConv2D(4, 2, kernel_size=3, pool_size=2), (6, 6, 6, 2)),
}


def largest_singular_value(kernel):
    return np.linalg.svd(np.reshape(ops.convert_to_numpy(kernel), (-1, kernel.shape[-1])), compute_uv=False)[0]


def set_weights(layer, seed=0):
    rng = np.random.default_rng(seed)
    layer.set_weights([rng.normal(size=value.shape).astype("float32") for value in layer.get_weights()])


@pytest.mark.parametrize("name", ["dense", "conv2d", "maxout"])
def test_layer(name, tmp_path):
    make, shape = LAYERS[name]
    check_saving(*check_layer(lambda: SpectralNormalization(make(), power_iterations=30), shape), tmp_path / "m.keras")


@pytest.mark.parametrize("name", LAYERS)
def test_the_kernel_is_divided_by_its_largest_singular_value(name):
    make, shape = LAYERS[name]
    layer, plain = SpectralNormalization(make()), make()
    x = np.random.default_rng(1).normal(size=shape).astype("float32")
    layer(x), plain(x)
    set_weights(layer)
    kernel = layer.kernel.numpy()
    assert largest_singular_value(kernel) > 2
    for _ in range(200):
        layer(x, training=True)
    np.testing.assert_array_equal(layer.kernel.numpy(), kernel)
    assert largest_singular_value(layer.normalized_kernel()) == pytest.approx(1, rel=1e-4)
    # What the layer does is what a plain one does with that kernel.
    others = [weight for weight in layer.layer.weights if weight is not layer.kernel]
    plain.set_weights([kernel / largest_singular_value(kernel), *(weight.numpy() for weight in others)])
    np.testing.assert_allclose(ops.convert_to_numpy(layer(x)), ops.convert_to_numpy(plain(x)), atol=1e-3)


def test_more_iterations_are_more_steps():
    values = []
    for calls, iterations in ((6, 1), (2, 3)):
        layer = SpectralNormalization(layers.Dense(4), iterations)
        layer.build((None, 5))
        set_weights(layer)
        for _ in range(calls):
            layer(np.ones((1, 5)), training=True)
        values.append(layer.u.numpy())
    np.testing.assert_allclose(*values, rtol=1e-5)


def test_u_changes_in_training_alone():
    layer = SpectralNormalization(layers.Dense(4))
    layer.build((None, 5))
    before = weights(layer)
    for settings in ({}, {"training": False}):
        layer(np.ones((2, 5)), **settings)
        assert all_equal(before, weights(layer))
    layer(np.ones((2, 5)), training=True)
    changed = [v.name for v, old in zip(layer.variables, before, strict=True) if not np.array_equal(v.numpy(), old)]
    assert changed == [v.name for v in layer.non_trainable_variables] == ["u"]


@pytest.mark.parametrize("training", [False, True])
def test_gradient_equals_central_differences(training):
    layer = SpectralNormalization(layers.Dense(3, use_bias=False))
    layer.build((None, 4))
    set_weights(layer)
    rng = np.random.default_rng(2)
    x, target = rng.normal(size=(5, 4)), rng.normal(size=(5, 3))
    kernel, start = (variable.numpy().astype("float64") for variable in (layer.kernel, layer.u))

    def unit(vector):
        return vector / np.linalg.norm(vector)

    u = unit(start)
    if training:
        u = unit(unit(kernel @ u) @ kernel)
    v = unit(kernel @ u)

    def scalar(kernel):  # u and v stay
        return np.sum(target * (x @ (kernel / (v @ kernel @ u))))

    expected = np.zeros_like(kernel)
    for place in np.ndindex(kernel.shape):
        step = np.zeros_like(kernel)
        step[place] = 1e-6
        expected[place] = (scalar(kernel + step) - scalar(kernel - step)) / 2e-6

    def compute():
        value = ops.sum(ops.cast(target, "float32") * layer(ops.cast(x, "float32"), training=training))
        return (value,), value

    ((gradient,),), value = backend.differentiate(compute, [[layer.kernel]], layer.variables)
    assert float(value) == pytest.approx(scalar(kernel), rel=1e-4)
    np.testing.assert_allclose(ops.convert_to_numpy(gradient), expected, rtol=1e-3, atol=1e-4)


def make_gan(updates="alternating", run_eagerly=False):
    generator = keras.Sequential([keras.Input((3,)), layers.Dense(4, activation="sigmoid")])
    inside = keras.Sequential([keras.Input((4,)), SpectralNormalization(Maxout(6, pieces=2))])
    inputs = keras.Input((4,))
    discriminator = keras.Model(inputs, SpectralNormalization(layers.Dense(1))(inside(inputs)))  # nested, functional
    for seed, model in enumerate((generator, discriminator)):
        set_weights(model, seed)
    gan = kg.GAN(generator, discriminator, seed=1)
    gan.compile(updates=updates, run_eagerly=run_eagerly)
    return gan


@pytest.mark.parametrize("step", ["discriminator", "generator"])
def test_only_its_own_step_changes_the_discriminator(step):
    gan = make_gan()
    z = gan.prior.draw(8, seed=0)
    for _ in range(2):
        before = weights(gan.discriminator), weights(gan.generator)
        if step == "discriminator":
            gan.discriminator_step(ops.convert_to_tensor(make_data(8)), ops.convert_to_tensor(z))
        else:
            gan.generator_step(ops.convert_to_tensor(z))
        assert all_equal(before[0], weights(gan.discriminator)) == (step == "generator")
        assert all_equal(before[1], weights(gan.generator)) == (step == "discriminator")


@pytest.mark.parametrize("updates", ["alternating", "simultaneous"])
def test_compiled_and_eager_fits_are_the_same(updates):
    trained = []
    for run_eagerly in (True, False):
        gan = make_gan(updates, run_eagerly)
        gan.fit(make_data(), batch_size=6, epochs=2, shuffle=False, verbose=0)
        trained.append(weights(gan.discriminator))
    for eager, compiled in zip(*trained, strict=True):
        np.testing.assert_allclose(eager, compiled, rtol=1e-4, atol=1e-5)


ON_ANOTHER_BACKEND = """
import sys
import keras
import numpy as np
from test_spectral_normalization import two_training_steps
arrays = np.load(f"{sys.argv[1]}/arrays.npz")
found = keras.saving.load_model(f"{sys.argv[1]}/model.keras").predict(arrays["x"], verbose=0)
np.testing.assert_allclose(found, arrays["y"], atol=1e-5)
np.savez(f"{sys.argv[1]}/weights.npz", *two_training_steps())
"""


def two_training_steps():
    """Weights after two steps on the same data from the same weights, whatever the backend."""
    model = keras.Sequential(
        [
            keras.Input((6, 6, 2)),
            SpectralNormalization(layers.Conv2D(3, 3, activation="relu")),
            layers.Flatten(),
            SpectralNormalization(layers.Dense(2)),
        ]
    )
    set_weights(model)
    model.compile(optimizer=keras.optimizers.SGD(0.1), loss="mse")
    rng = np.random.default_rng(3)
    x, y = rng.normal(size=(8, 6, 6, 2)).astype("float32"), rng.normal(size=(8, 2)).astype("float32")
    for _ in range(2):
        model.train_on_batch(x, y)
    return model.get_weights()


@pytest.mark.one_backend("torch")
@pytest.mark.parametrize("other", [name for name in BACKENDS if name != keras.backend.backend()])
def test_another_backend_trains_alike_and_reads_the_file(other, tmp_path):
    pytest.importorskip(other)
    model = keras.Sequential([keras.Input((5,)), SpectralNormalization(Maxout(4, pieces=2))])
    x = np.random.default_rng(0).normal(size=(3, 5)).astype("float32")
    model(x, training=True)
    model.save(tmp_path / "model.keras")
    np.savez(tmp_path / "arrays.npz", x=x, y=model.predict(x, verbose=0))
    result = subprocess.run(
        [sys.executable, "-c", ON_ANOTHER_BACKEND, tmp_path],
        cwd=os.path.dirname(__file__),
        env={**os.environ, "KERAS_BACKEND": other},
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stderr
    with np.load(tmp_path / "weights.npz") as file:
        for ours, theirs in zip(two_training_steps(), file.values(), strict=True):
            np.testing.assert_allclose(ours, theirs, atol=1e-5)


def test_what_the_layer_adds_to_the_loss_is_kept():
    layer = SpectralNormalization(layers.Dense(2, activity_regularizer="l2", kernel_regularizer="l2"))
    y = ops.convert_to_numpy(layer(np.ones((3, 4))))
    activity, kernel = (float(ops.convert_to_numpy(loss)) for loss in layer.losses)
    assert activity == pytest.approx(0.01 * np.sum(y**2) / 3, rel=1e-5)
    assert kernel == pytest.approx(0.01 * np.sum(layer.kernel.numpy() ** 2), rel=1e-5)


def test_the_layers_precision_is_the_wrappers():
    keras.config.set_dtype_policy("mixed_float16")
    layer = SpectralNormalization(layers.Dense(2, dtype="float32"))
    assert keras.backend.standardize_dtype(layer(np.ones((3, 2))).dtype) == "float32"
    model = keras.Sequential([keras.Input((4,)), SpectralNormalization(Maxout(2, pieces=2)), layer])
    assert [weight.dtype for weight in model.weights] == ["float32"] * 6
    model.compile(optimizer="sgd", loss="mse")
    assert np.isfinite(model.fit(np.ones((8, 4)), np.ones((8, 2)), verbose=0).history["loss"]).all()


def test_a_kernel_of_zeros():
    layer = SpectralNormalization(layers.Dense(2, kernel_initializer="zeros", bias_initializer="ones"))
    for training in (False, True):
        np.testing.assert_array_equal(ops.convert_to_numpy(layer(np.ones((3, 4)), training=training)), np.ones((3, 2)))


def test_a_frozen_layer_is_still_normalized():
    layer = SpectralNormalization(layers.Dense(4))
    layer.build((None, 5))
    set_weights(layer)
    x = np.ones((2, 5))
    expected = ops.convert_to_numpy(layer(x))
    layer.layer.trainable = False
    np.testing.assert_array_equal(ops.convert_to_numpy(layer(x)), expected)
    assert layer.trainable_variables == []


def test_masks_are_the_layers_business():
    check_mask(SpectralNormalization(Maxout(5, pieces=2)), masked=True)
    with pytest.warns(UserWarning, match="does not support masking"):
        check_mask(SpectralNormalization(layers.Conv1D(5, 1)), masked=False)


def test_bad_arguments():
    for iterations in (0, 1.5, None):
        with pytest.raises(ValueError, match="power_iterations"):
            SpectralNormalization(layers.Dense(2), iterations)
    with pytest.raises(ValueError, match="type Flatten, which has none"):
        SpectralNormalization(layers.Flatten())(np.ones((2, 3)))
    with pytest.raises(ValueError, match="valid Keras layer"):
        SpectralNormalization(3)
