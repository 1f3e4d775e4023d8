"""Each penalty's gradient in the discriminator's weights, against differences of the same penalty in NumPy float64."""

import keras
import numpy as np
import pytest
from conftest import make_data, make_gan, make_networks, weights
from keras import ops

import keras_gan as kg
from keras_gan import penalties


class Nothing(kg.objectives.Objective):
    """Losses that are 0 whatever the outputs: what moves the discriminator is the penalty."""

    def discriminator(self, real, fake):
        return 0.0 * (ops.mean(real) + ops.mean(fake))

    def generator(self, fake, real=None):
        return 0.0 * ops.mean(fake)


def smooth_gan(penalty, num_classes=0, updates="alternating"):
    """Generator and discriminator of tanh layers; the discriminator moves by exactly minus its gradient."""
    told = [keras.Input((num_classes,))] if num_classes else []
    noise, x = keras.Input((3,)), keras.Input((4,))
    join = (lambda first: keras.layers.Concatenate()([first, *told])) if told else (lambda first: first)
    generator = keras.Model([noise, *told] if told else noise, keras.layers.Dense(4, "tanh")(join(noise)))
    hidden = keras.layers.Dense(6, "tanh", bias_initializer="normal")(join(x))
    discriminator = keras.Model([x, *told] if told else x, keras.layers.Dense(1)(hidden))
    condition = kg.conditions.Labels(num_classes) if num_classes else None
    gan = kg.GAN(generator, discriminator, condition=condition, seed=3)
    sgd = kg.optimizers.SGD(1.0, momentum=0.0)
    gan.compile(discriminator_optimizer=sgd, objective=Nothing(), penalties=[penalty], updates=updates)
    return gan


def slopes(discriminator_weights, points, c):
    """Gradient of each output in its point, shape (n, 4), float64."""
    w1, b1, w2, _ = discriminator_weights
    hidden = np.tanh(np.concatenate([points, c], 1) @ w1 + b1)
    return ((1 - hidden**2) * w2[:, 0]) @ w1[: points.shape[1]].T


def expected_gradients(cost, discriminator_weights, points, c):
    """Central differences of the mean cost of the squared slopes in every weight."""

    def value(changed):
        return cost((slopes(changed, points, c) ** 2).sum(1)).mean()

    gradients = []
    for i, weight in enumerate(discriminator_weights):
        gradient = np.zeros_like(weight)
        for index in np.ndindex(weight.shape):
            ends = []
            for step in (1e-5, -1e-5):
                changed = [w.copy() for w in discriminator_weights]
                changed[i][index] += step
                ends.append(value(changed))
            gradient[index] = (ends[0] - ends[1]) / 2e-5
        gradients.append(gradient)
    return gradients


CASES = {
    "R1": (kg.penalties.R1(3.0), lambda s: 1.5 * s),
    "R2": (kg.penalties.R2(2.0), lambda s: s),
    "GradientPenalty": (kg.penalties.GradientPenalty(10.0), lambda s: 10 * (np.sqrt(s) - 1) ** 2),
    "R1 every 2": (kg.penalties.R1(3.0, every=2), lambda s: 3.0 * s),
}


@pytest.mark.parametrize("num_classes", [0, 2])
@pytest.mark.parametrize("updates", ["alternating", "simultaneous"])
@pytest.mark.parametrize("name", CASES)
def test_the_gradient(name, updates, num_classes):
    penalty, cost = CASES[name]
    gan = smooth_gan(penalty, num_classes, updates)
    x, z = make_data(8) * 2 - 1, gan.prior.draw(8, 1)
    y = np.arange(8) % 2 if num_classes else None
    c = np.eye(num_classes)[y] if num_classes else np.zeros((8, 0))
    samples = ops.convert_to_numpy(gan.generator([z, c.astype("float32")] if num_classes else z)).astype("float64")
    before = [w.astype("float64") for w in weights(gan.discriminator)]
    seed = keras.random.SeedGenerator(int(gan.step_seed.state.numpy()[0]))
    share = ops.convert_to_numpy(keras.random.uniform((8,), seed=seed)).astype("float64")[:, np.newaxis]
    points = {"R2": samples, "GradientPenalty": share * x + (1 - share) * samples}.get(name, x)
    step = gan.simultaneous_step if updates == "simultaneous" else gan.discriminator_step
    step(x, z, y)
    for old, new, expected in zip(
        before, weights(gan.discriminator), expected_gradients(cost, before, points, c), strict=True
    ):
        np.testing.assert_allclose(old - new, expected, rtol=2e-3, atol=2e-5)


def test_every_so_many_updates():
    gan = smooth_gan(kg.penalties.R1(3.0, every=3))
    moved = []
    for step in range(7):
        before = weights(gan.discriminator)
        gan.train_on_batch(make_data(8, seed=step))
        moved.append(not np.array_equal(before[0], weights(gan.discriminator)[0]))
    assert moved == [True, False, False, True, False, False, True]


def test_a_weight_that_falls_with_the_updates():
    """At each update it is the game with that weight: the third moves as one of a constant 3 / 4 would."""
    falling = kg.schedules.ExponentialDecay(3.0, factor=2.0, minimum=0.0)
    gan = smooth_gan(kg.penalties.R1(falling), 0, "alternating")
    x, z = make_data(8) * 2 - 1, gan.prior.draw(8, 1)
    for updates in range(3):
        before = [w.astype("float64") for w in weights(gan.discriminator)]
        gan.discriminator_step(x, z)
        cost = lambda s, weight=3.0 / 2**updates: 0.5 * weight * s  # noqa: E731
        expected = expected_gradients(cost, before, x, np.zeros((8, 0)))
        for old, new, moved in zip(before, weights(gan.discriminator), expected, strict=True):
            np.testing.assert_allclose(old - new, moved, rtol=2e-3, atol=2e-5)


def test_r1_and_r2_in_fit_with_dropout_and_average():
    pair = [kg.penalties.R1(2.0), kg.penalties.R2(2.0, every=2)]
    arguments = {"objective": "relativistic", "penalties": pair, "ema": 0.9, "updates": "simultaneous"}
    arguments["generator_optimizer"] = keras.optimizers.Adam(1e-3)
    gan = make_gan(compile_arguments=arguments, dropout=0.5)
    history = gan.fit(make_data(), batch_size=4, epochs=3, verbose=0).history
    assert np.isfinite(history["loss"]).all()


def test_a_flat_discriminator_has_finite_gradients():
    generator, _ = make_networks()
    flat = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1, kernel_initializer="zeros")])
    gan = kg.GAN(generator, flat, seed=1)
    gan.compile(objective="wasserstein", penalties=kg.penalties.GradientPenalty())
    gan.fit(make_data(), verbose=0)
    assert all(np.isfinite(weight).all() for weight in weights(gan.discriminator))


def test_they_come_back_from_a_file(tmp_path):
    schedule = kg.schedules.ExponentialDecay(2.0, 1.5, 0.1)
    pair = [kg.penalties.R1(2.0, every=4), kg.penalties.GradientPenalty(5.0), kg.penalties.R2(schedule)]
    make_gan(compile_arguments={"penalties": pair}).save(tmp_path / "gan.keras")
    loaded = keras.saving.load_model(tmp_path / "gan.keras")
    found = [(type(penalty), penalty.get_config()) for penalty in loaded.penalties]
    assert found == [(type(penalty), penalty.get_config()) for penalty in pair]


def test_bad_penalties():
    for arguments, message in [
        ((-1.0,), "finite weight of 0 or more.*-1.0"),
        ((float("nan"),), "finite weight"),
        ((1.0, 0), "every=0"),
        ((1.0, 1.5), "every=1.5"),
    ]:
        with pytest.raises(ValueError, match=message):
            penalties.R1(*arguments)
    for wrong in ("r1", [3.0], {"R1": 2.0}):
        with pytest.raises(ValueError, match=r"Penalties are objects of keras_gan\.penalties"):
            make_gan(compile_arguments={"penalties": wrong})
    with pytest.raises(ValueError, match=r"takes no `r1_penalty`.*penalties=\[keras_gan\.penalties\.R1"):
        make_gan(compile_arguments={"r1_penalty": 2.0})
