"""Networks of any kind as players: subclassed, nested, of structures, with losses and parts of their own."""

import keras
import numpy as np
import pytest
from conftest import all_equal, make_data, make_gan, make_networks, weights
from keras import ops

import keras_gan as kg


class Generator(keras.Model):
    """Knows its shapes only when it is called, and cannot say how to be made again."""

    def __init__(self, size):
        super().__init__()
        self.hidden, self.out = keras.layers.Dense(5, "relu"), keras.layers.Dense(size, "sigmoid")

    def call(self, z):
        return self.out(self.hidden(z))


class Discriminator(keras.Model):
    def __init__(self):
        super().__init__()
        self.hidden, self.out = kg.layers.Maxout(6, 3), keras.layers.Dense(1)

    def call(self, x, training=None):
        return self.out(self.hidden(x))


class TestSubclassed:
    def test_they_train_are_averaged_and_sampled(self):
        gan = kg.GAN(Generator(4), Discriminator(), prior=kg.priors.Uniform(3), seed=1)
        gan.compile(ema=0.9)
        history = gan.fit(make_data(), batch_size=4, epochs=2, validation_data=make_data(), verbose=0).history
        assert np.isfinite(history["val_loss"]).all()
        averaged, trained = gan.sample(4, seed=0), gan.sample(4, seed=0, averaged=False)
        assert averaged.shape == (4, 4)
        assert not np.allclose(averaged, trained, rtol=1e-6)
        np.testing.assert_allclose(gan.predict(gan.prior.draw(4, 0), verbose=0), averaged, rtol=1e-5)
        with pytest.raises(ValueError, match="not shaped like"):
            gan.fit(make_data(size=5), verbose=0)

    def test_nested(self):
        inner, outer = keras.Input((3,)), keras.Input((3,))
        part = keras.Model(inner, keras.layers.Dense(5, "relu")(inner))
        generator = keras.Model(outer, keras.Sequential([keras.layers.Dense(4, "sigmoid")])(part(outer)))
        gan = kg.GAN(generator, Discriminator(), seed=1)
        gan.compile(ema=0.9)
        gan.fit(make_data(), verbose=0)
        with pytest.raises(ValueError, match=r"ends in sigmoid"):
            gan.fit(make_data() * 255, verbose=0)


def table_networks():
    """Rows of a table: numbers, and a category as probabilities."""
    z = keras.Input((3,))
    hidden = keras.layers.Dense(8, "relu")(z)
    made = {"numbers": keras.layers.Dense(2)(hidden), "kind": keras.layers.Dense(3, "softmax")(hidden)}
    x = {"numbers": keras.Input((2,)), "kind": keras.Input((3,))}
    joined = keras.layers.Concatenate()([x["numbers"], x["kind"]])
    return keras.Model(z, made), keras.Model(x, keras.layers.Dense(1)(keras.layers.Dense(6, "relu")(joined)))


def table(num=12):
    random = np.random.default_rng(0)
    kinds = np.eye(3, dtype="float32")[random.integers(0, 3, num)]
    return {"numbers": random.normal(size=(num, 2)).astype("float32"), "kind": kinds}


class TestStructures:
    @pytest.mark.parametrize("updates", ["alternating", "simultaneous"])
    def test_dictionaries(self, updates, tmp_path):
        gan = kg.GAN(*table_networks(), seed=1)
        every = [kg.penalties.R1(1.0), kg.penalties.R2(1.0), kg.penalties.GradientPenalty(1.0)]
        gan.compile("adam", objective="hinge", penalties=every, updates=updates, ema=0.9)
        history = gan.fit(table(), batch_size=5, epochs=2, validation_data=(table(),), verbose=0).history
        assert np.isfinite(history["val_loss"]).all()
        rows = gan.sample(7, seed=0)
        assert {name: part.shape for name, part in rows.items()} == {"numbers": (7, 2), "kind": (7, 3)}
        gan.save(tmp_path / "gan.keras")
        again = keras.saving.load_model(tmp_path / "gan.keras").sample(7, seed=0)
        assert all(np.array_equal(again[name], rows[name]) for name in rows)
        with pytest.raises(ValueError, match="not structured like"):
            gan.fit(make_data(), verbose=0)
        with pytest.raises(ValueError, match="as many rows"):
            gan.fit(table() | {"kind": table(5)["kind"]}, verbose=0)

    def test_a_map_of_patches_and_several_heads(self):
        z, x = keras.Input((3,)), keras.Input((8, 8, 1))
        generator = keras.Model(z, keras.layers.Reshape((8, 8, 1))(keras.layers.Dense(64, "sigmoid")(z)))
        maps = keras.layers.Conv2D(1, 3, 2)(x)
        images = np.random.default_rng(0).uniform(0, 1, (12, 8, 8, 1)).astype("float32")
        heads = {
            "patches": keras.Model(x, maps),
            "two": keras.Model(x, [maps, keras.layers.Dense(1)(keras.layers.Flatten()(x))]),
            "named": keras.Model(x, {"logits": maps, "features": keras.layers.Flatten()(x)}),
        }
        for discriminator in heads.values():
            gan = kg.GAN(generator, discriminator, seed=1)
            gan.compile(objective="non_saturating", penalties=kg.penalties.R1(0.1))
            history = gan.fit(images, batch_size=6, verbose=0).history
            assert np.isfinite([values[0] for values in history.values()]).all()
        unnamed = keras.Model(x, {"score": maps})
        with pytest.raises(ValueError, match=r"names what the objective judges 'logits'.*\['score'\]"):
            kg.GAN(generator, unnamed).compile()


class WithEncoder(kg.GAN):
    """A subclass with a network, a loss and a number of its own."""

    def __init__(self, *networks, trained_by="generator", **kwargs):
        super().__init__(*networks, **kwargs)
        self.encoder = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])
        self.trained_by = trained_by
        self.encoding_error = keras.metrics.Mean(name="encoding_error")

    @property
    def generator_networks(self):
        return [self.generator, self.encoder] if self.trained_by == "generator" else [self.generator]

    def compute_generator_loss(self, step):
        error = ops.mean(ops.square(self.encoder(step.samples) - step.z))
        self.encoding_error.update_state(error)
        return super().compute_generator_loss(step) + error


class TestOneOwn:
    def test_a_network_a_loss_and_a_number(self):
        gan = WithEncoder(*make_networks(), seed=1)
        gan.compile("adam")
        before = weights(gan.encoder)
        history = gan.fit(make_data(), batch_size=4, epochs=3, validation_data=make_data(), verbose=0).history
        assert not np.array_equal(before[0], weights(gan.encoder)[0])
        assert len(history["encoding_error"]) == 3
        assert np.isfinite(history["val_encoding_error"]).all()
        assert gan.evaluate(make_data(), verbose=0, return_dict=True)["encoding_error"] > 0

    def test_a_step_that_is_overridden_is_the_one_that_trains_and_logs(self):
        class Counting(kg.GAN):
            def discriminator_step(self, x, z, y=None):
                return super().discriminator_step(x, z, y) | {"rows": ops.cast(ops.shape(x)[0], "float32")}

        gan = Counting(*make_networks(), seed=1)
        gan.compile(discriminator_steps=2)
        assert gan.fit(make_data(), batch_size=3, verbose=0).history["rows"] == [3.0]

    def test_a_network_that_no_player_trains(self):
        gan = WithEncoder(*make_networks(), trained_by="nobody", seed=1)
        with pytest.raises(ValueError, match=r"No player trains .*kernel.*generator_networks"):
            gan.compile()
        gan.encoder.trainable = False
        gan.compile()
        gan.fit(make_data(), verbose=0)

    def test_the_whole_step_is_seen(self):
        seen = []

        class Watching(kg.GAN):
            def compute_discriminator_loss(self, step):
                seen.append(step)
                return super().compute_discriminator_loss(step)

            def compute_generator_loss(self, step):
                assert step.real_output.shape == step.fake_output.shape == (12, 1)  # computed when asked for
                seen.append(step)
                return super().compute_generator_loss(step)

        gan = Watching(*make_networks(), seed=1)
        gan.compile()
        x, y, z = make_data(), np.arange(12), gan.prior.draw(12, 1)
        gan.discriminator_step(x, z, y)
        gan.generator_step(z, x, y)
        for step in seen:
            assert step.x.shape == step.samples.shape == (12, 4)
            assert (step.z.shape, step.y.shape, step.condition, step.training) == ((12, 3), (12,), (), True)


class TestKerasHabits:
    def test_losses_of_layers_count_for_their_own_player_once_per_call(self):
        x, z = make_data(), np.random.default_rng(1).uniform(-1, 1, (12, 3)).astype("float32")

        def losses(strength):
            generator, discriminator = make_networks()
            half = keras.layers.ActivityRegularization(l2=strength)
            generator = keras.Sequential([keras.Input((3,)), *generator.layers, half])
            regularized = keras.layers.ActivityRegularization(l1=strength)
            discriminator = keras.Sequential([keras.Input((4,)), *discriminator.layers, regularized])
            gan = kg.GAN(generator, discriminator, seed=1)
            gan.compile(keras.optimizers.SGD(0.0))
            together = gan.discriminator_step(x, z) | gan.generator_step(z)
            real, fake, made = discriminator(x), discriminator(generator(z)), generator(z)
            return {name: float(ops.convert_to_numpy(v)) for name, v in together.items()}, (real, fake, made)

        without, (real, fake, made) = losses(0.0)
        with_them, _ = losses(0.01)
        absolute = [float(np.abs(ops.convert_to_numpy(a)).sum()) / 12 for a in (real, fake)]
        squares = float(np.square(ops.convert_to_numpy(made)).sum()) / 12
        assert with_them["d_loss"] - without["d_loss"] == pytest.approx(0.01 * sum(absolute), rel=1e-3)
        assert with_them["g_loss"] - without["g_loss"] == pytest.approx(0.01 * squares, rel=1e-3)

    @pytest.mark.parametrize("updates", ["alternating", "simultaneous"])
    def test_add_loss_reaches_the_gradient(self, updates):
        class Pull(keras.layers.Layer):
            def call(self, x):
                self.add_loss(1e3 * ops.mean(ops.square(x - 0.25)))
                return x

        generator, discriminator = make_networks()
        gan = kg.GAN(keras.Sequential([keras.Input((3,)), *generator.layers, Pull()]), discriminator, seed=1)
        gan.compile("adam", updates=updates)
        gan.optimizer.learning_rate = 0.02
        gan.fit(make_data(), batch_size=6, epochs=60, verbose=0)
        assert np.abs(gan.sample(50, seed=0) - 0.25).mean() < 0.1

    def test_frozen_parts(self):
        gan = make_gan()
        gan.generator.layers[0].trainable = False
        with pytest.raises(ValueError, match=r"frozen or unfrozen after compile.*Call compile\(\) again"):
            gan.fit(make_data(), verbose=0)
        with pytest.raises(ValueError, match="frozen or unfrozen"):
            gan.train_on_batch(make_data())
        gan.compile(ema=0.9)
        frozen, free = weights(gan.generator.layers[0]), weights(gan.generator.layers[1])
        gan.fit(make_data(), verbose=0)
        assert all_equal(weights(gan.generator.layers[0]), frozen)
        assert not all_equal(weights(gan.generator.layers[1]), free)

    @pytest.mark.parametrize("updates", ["alternating", "simultaneous"])
    def test_a_frozen_player_lets_the_other_learn(self, updates):
        generator, discriminator = make_networks()
        generator.trainable = False
        gan = kg.GAN(generator, discriminator, seed=1)
        gan.compile(updates=updates)
        before = weights(generator), weights(discriminator)
        gan.fit(make_data(), batch_size=4, epochs=2, verbose=0)
        assert all_equal(weights(generator), before[0])
        assert not all_equal(weights(discriminator), before[1])
        assert int(gan.iterations) == 6

    def test_a_shared_layer(self):
        shared = keras.layers.Dense(4)
        generator = keras.Sequential([keras.Input((4,)), shared])
        discriminator = keras.Sequential([keras.Input((4,)), shared, keras.layers.Dense(1)])
        with pytest.raises(ValueError, match=r"share weights.*kernel"):
            kg.GAN(generator, discriminator)

    def test_keras_spectral_normalization(self):
        layer = keras.layers.SpectralNormalization(keras.layers.Dense(1))
        discriminator = keras.Sequential([keras.Input((4,)), layer])
        with pytest.raises(ValueError, match=r"Use keras_gan\.layers\.SpectralNormalization"):
            kg.GAN(make_networks()[0], discriminator)

    def test_weight_decay_and_accumulation(self):
        decayed, plain = make_gan(), make_gan()
        decayed.compile(keras.optimizers.SGD(0.0, weight_decay=0.1), keras.optimizers.SGD(0.0))
        plain.compile(keras.optimizers.SGD(0.1, gradient_accumulation_steps=2), keras.optimizers.SGD(0.0))
        before = weights(plain.generator)
        plain.train_on_batch(make_data())
        assert all_equal(weights(plain.generator), before)
        plain.train_on_batch(make_data())
        assert not all_equal(weights(plain.generator), before)
        decayed.compile(keras.optimizers.SGD(0.5, weight_decay=0.1), keras.optimizers.SGD(0.0))
        decayed.fit(make_data(), verbose=0)

    def test_a_picture_is_a_condition(self):
        generator = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Conv2D(1, 3, padding="same")])
        with pytest.raises(ValueError, match=r"are not noise.*condition=keras_gan\.conditions\.Given"):
            kg.GAN(generator, Discriminator())


class TestCompile:
    def test_one_name_is_for_both(self):
        gan = make_gan()
        gan.compile("adam")
        assert [type(player).__name__ for player in gan.optimizer.optimizers] == ["Adam", "Adam"]
        gan.compile(discriminator_optimizer=keras.optimizers.RMSprop(0.3))
        players = gan.optimizer.optimizers
        assert [type(player).__name__ for player in players] == ["RMSprop", "RMSprop"]
        assert players[0] is not players[1]
        assert float(players[0].learning_rate.numpy()) == pytest.approx(0.3)
        gan.compile()
        assert all(isinstance(player, kg.optimizers.SGD) for player in gan.optimizer.optimizers)

    def test_an_objective_by_its_class_and_one_of_no_class(self):
        gan = make_gan()
        gan.compile(objective=kg.objectives.Hinge)
        assert isinstance(gan.objective, kg.objectives.Hinge)

        class Mine:
            def discriminator(self, real, fake):
                return ops.mean(fake) - ops.mean(real)

            def generator(self, fake, real=None):
                return -ops.mean(fake)

        gan.compile(objective=Mine())
        assert set(gan.fit(make_data(), verbose=0).history) == {"loss", "d_loss", "g_loss"}

    @pytest.mark.one_backend
    @pytest.mark.parametrize("name", ["d_optimizer", "g_optimizer", "loss_fn"])
    def test_names_of_other_libraries(self, name):
        with pytest.raises(ValueError, match=f"takes no `{name}`.*(generator_optimizer|objective)="):
            make_gan(compile_arguments={name: "adam"})

    def test_least_squares_knows_its_own_accuracy(self):
        objective = kg.objectives.LeastSquares()
        ones, zeros = ops.ones((4, 1)), ops.zeros((4, 1))
        metrics = {name: float(ops.convert_to_numpy(v)) for name, v in objective.metrics(ones, zeros).items()}
        assert metrics == {"d_on_data": 1.0, "d_on_samples": 0.0, "d_accuracy": 1.0}
        pairs = kg.objectives.Wasserstein().metrics(ones * 7, ones * 6)
        assert float(ops.convert_to_numpy(pairs["d_accuracy"])) == 1.0

    @pytest.mark.one_backend
    @pytest.mark.parametrize("objective", sorted(kg.objectives.OBJECTIVES))
    def test_loss_comes_first(self, objective):
        gan = make_gan(compile_arguments={"objective": objective})
        logs = gan.evaluate(make_data(), verbose=0, return_dict=True)
        assert gan.evaluate(make_data(), verbose=0)[0] == pytest.approx(logs["loss"])
        assert set(logs) == {"loss", "d_loss", "g_loss", *gan.objective.metric_names}
        assert gan.train_on_batch(make_data())[0] == pytest.approx(gan.train_on_batch(make_data())[0], rel=2)


@pytest.mark.one_backend
@pytest.mark.parametrize("num", [0, -1, 2.5, True, "3", None])
def test_samples_are_counted_in_whole_numbers(num, tmp_path):
    gan = make_gan()
    gan.save(tmp_path / "gan.keras")
    for sampler in (gan, kg.load(tmp_path / "gan.keras")):
        with pytest.raises(ValueError, match=r"Received: num=.*Expected: at least 1"):
            sampler.sample(num)
        with pytest.raises(ValueError, match=r"Received: lines=.*Expected: at least 1"):
            sampler.interpolate(num, 3)
        with pytest.raises(ValueError, match=r"Received: steps=.*Expected: at least 2"):
            sampler.interpolate(3, num)
    assert gan.sample(np.int64(2)).shape == (2, 4)
