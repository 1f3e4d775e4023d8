import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
from conftest import BACKENDS, all_equal, make_data, make_gan, make_networks, weights
from keras import ops
from numpy_game import NumpyGame

import keras_gan as kg
from keras_gan import backend


def other_backend(name):
    """In CI each backend writes for one other, in a ring."""
    following = BACKENDS[(BACKENDS.index(keras.backend.backend()) + 1) % len(BACKENDS)]
    return pytest.param(name, marks=() if name == following else pytest.mark.slow)


OBJECTIVES = sorted(kg.objectives.OBJECTIVES)
EAGER_AND_GRAPH = ({"run_eagerly": True}, {"jit_compile": False})


def largest_relative_difference(ours, theirs):
    """The worst of max|a - b| / max|b|, a variable at a time; one that is 0 is measured by the largest of all."""
    ours = [ops.convert_to_numpy(a) for a in ours]
    largest = max(np.abs(b).max() for b in theirs)
    return max(np.abs(a - b).max() / (np.abs(b).max() or largest) for a, b in zip(ours, theirs, strict=True))


def numpy_twin(gan, objective, weight=1.0, r1=0.0):
    return NumpyGame(weights(gan.generator), weights(gan.discriminator), objective, weight, r1)


def velocities(gan):
    return [*gan.optimizer.generator.velocities, *gan.optimizer.discriminator.velocities]


def tensors(*arrays):
    return [ops.convert_to_tensor(array) for array in arrays]


class TestOneUpdateEqualsNumpy:
    @pytest.mark.parametrize("objective", OBJECTIVES)
    def test_alternating(self, objective):
        gan = make_gan(compile_arguments={"objective": objective})
        twin = numpy_twin(gan, objective)
        x, z1, z2 = make_data(), gan.prior.draw(12, 1), gan.prior.draw(12, 2)
        gan.discriminator_step(*tensors(x, z1)), gan.generator_step(*tensors(z2, x))
        twin.discriminator_step(x, z1), twin.generator_step(z2, x)
        assert largest_relative_difference(velocities(gan), twin.g_velocity + twin.d_velocity) <= 1e-4

    @pytest.mark.parametrize("objective", OBJECTIVES)
    def test_simultaneous(self, objective):
        arguments = {"objective": objective, "updates": "simultaneous", "discriminator_weight": 0.5}
        gan = make_gan(compile_arguments=arguments)
        twin = numpy_twin(gan, objective, 0.5)
        x, z = make_data(), gan.prior.draw(12, 1)
        gan.simultaneous_step(*tensors(x, z))
        twin.simultaneous_step(x, z)
        assert largest_relative_difference(velocities(gan), twin.g_velocity + twin.d_velocity) <= 1e-4

    @pytest.mark.parametrize("updates", ["alternating", "simultaneous"])
    def test_with_r1_penalty(self, updates):
        gan = make_gan(
            compile_arguments={"objective": "non_saturating", "updates": updates, "penalties": kg.penalties.R1(3.0)}
        )
        twin, without = numpy_twin(gan, "non_saturating", r1=3.0), numpy_twin(gan, "non_saturating")
        x, z = make_data(), gan.prior.draw(12, 1)
        if updates == "alternating":
            gan.discriminator_step(*tensors(x, z)), gan.generator_step(*tensors(z, x))
        else:
            gan.simultaneous_step(*tensors(x, z))
        for one in (twin, without):
            if updates == "alternating":
                one.discriminator_step(x, z), one.generator_step(z, x)
            else:
                one.simultaneous_step(x, z)
        assert largest_relative_difference(velocities(gan), twin.g_velocity + twin.d_velocity) <= 1e-4
        assert largest_relative_difference(twin.d_velocity[2:3], without.d_velocity[2:3]) > 1e-2

    @pytest.mark.parametrize("updates", ["alternating", "simultaneous"])
    def test_in_fit(self, updates):
        # the compiled train_step on noise drawn inside, against NumPy on the same noise drawn outside
        gan = make_gan(compile_arguments={"objective": "non_saturating", "updates": updates})
        twin = numpy_twin(gan, "non_saturating")
        seed = keras.random.SeedGenerator(int(gan.noise_seed.state.numpy()[0]))
        x = make_data()
        gan.fit(x, batch_size=12, shuffle=False, verbose=0)
        z = ops.convert_to_numpy(gan.prior(12, seed))
        if updates == "alternating":
            twin.discriminator_step(x, z)
            twin.generator_step(ops.convert_to_numpy(gan.prior(12, seed)), x)
        else:
            twin.simultaneous_step(x, z)
        assert largest_relative_difference(velocities(gan), twin.g_velocity + twin.d_velocity) <= 1e-4

    def test_order_matters(self):
        # or neither mode would be tested above
        gan = make_gan()
        one, other = numpy_twin(gan, "minimax"), numpy_twin(gan, "minimax")
        x, z = make_data(), gan.prior.draw(12, 1)
        one.discriminator_step(x, z), one.generator_step(z, x)
        other.simultaneous_step(x, z)
        assert largest_relative_difference(one.g_velocity, other.g_velocity) > 1e-3


@pytest.mark.parametrize("updates", ["alternating", "simultaneous"])
def test_fifty_steps_agree_across_backends(updates):
    # every backend within 5e-4 of the same float64 run: any two within 1e-3 of each other
    gan = make_gan(compile_arguments={"objective": "non_saturating", "updates": updates})
    twin = numpy_twin(gan, "non_saturating")
    for step in range(50):
        x, z1, z2 = make_data(seed=step), gan.prior.draw(12, 2 * step), gan.prior.draw(12, 2 * step + 1)
        if updates == "alternating":
            gan.discriminator_step(*tensors(x, z1)), gan.generator_step(*tensors(z2, x))
            twin.discriminator_step(x, z1), twin.generator_step(z2, x)
        else:
            gan.simultaneous_step(*tensors(x, z1))
            twin.simultaneous_step(x, z1)
    assert largest_relative_difference(velocities(gan), twin.g_velocity + twin.d_velocity) <= 5e-4
    assert largest_relative_difference(gan.generator.variables + gan.discriminator.variables, twin.g + twin.d) <= 5e-4


def weights_of(variables):
    return [variable.numpy().astype("float64") for variable in variables]


def moved(net, before):
    """Whether every variable of the net moved."""
    return all(not np.array_equal(a, b) for a, b in zip(weights(net), before, strict=True))


class TestWhoMoves:
    @pytest.mark.parametrize("batch_norm", [False, True])
    def test_a_discriminator_step_leaves_the_generator_bit_identical(self, batch_norm):
        gan = make_gan(batch_norm=batch_norm)
        g, d, g_state = weights(gan.generator), weights(gan.discriminator), weights(gan.optimizer.generator)
        logs = gan.discriminator_step(*tensors(make_data(), gan.prior.draw(12, 0)))
        assert all_equal(weights(gan.generator), g)
        assert all_equal(weights(gan.optimizer.generator), g_state)
        assert moved(gan.discriminator, d)
        assert set(logs) == {"d_loss", "value", "d_on_data", "d_on_samples", "d_accuracy"}

    @pytest.mark.parametrize("batch_norm", [False, True])
    def test_a_generator_step_leaves_the_discriminator_bit_identical(self, batch_norm):
        gan = make_gan(batch_norm=batch_norm)
        g, d, d_state = weights(gan.generator), weights(gan.discriminator), weights(gan.optimizer.discriminator)
        logs = gan.generator_step(*tensors(gan.prior.draw(12, 0)))
        assert all_equal(weights(gan.discriminator), d)
        assert all_equal(weights(gan.optimizer.discriminator), d_state)
        assert moved(gan.generator, g)
        assert set(logs) == {"g_loss"}

    @pytest.mark.parametrize("updates", ["alternating", "simultaneous"])
    def test_both_move_in_fit(self, updates):
        gan = make_gan(compile_arguments={"updates": updates})
        before = weights(gan.generator) + weights(gan.discriminator)
        gan.fit(make_data(), verbose=0)
        after = weights(gan.generator) + weights(gan.discriminator)
        assert all(not np.array_equal(a, b) for a, b in zip(before, after, strict=True))

    def test_k_discriminator_updates_each_on_other_data(self):
        gan = make_gan(compile_arguments={"discriminator_steps": 3})
        twin = numpy_twin(gan, "minimax")
        seed = keras.random.SeedGenerator(int(gan.noise_seed.state.numpy()[0]))
        x = make_data(12)
        gan.fit(x, batch_size=4, shuffle=False, verbose=0)
        assert int(gan.optimizer.generator.iterations.numpy()) == 1
        assert int(gan.optimizer.discriminator.iterations.numpy()) == 3
        for i in range(3):  # rows 0-3, 4-7, 8-11, fresh noise each
            twin.discriminator_step(x[4 * i : 4 * i + 4], ops.convert_to_numpy(gan.prior(4, seed)))
        twin.generator_step(ops.convert_to_numpy(gan.prior(4, seed)), x)
        assert largest_relative_difference(velocities(gan), twin.g_velocity + twin.d_velocity) <= 1e-4

    @pytest.mark.parametrize(
        ("rows", "steps"),
        [(13, 2), (25, 3), *(pytest.param(*case, marks=pytest.mark.one_backend) for case in ((12, 1), (14, 2)))],
    )
    def test_k_with_a_short_last_batch(self, rows, steps):
        gan = make_gan(compile_arguments={"discriminator_steps": 3})
        history = gan.fit(make_data(rows), batch_size=4, verbose=0)
        assert int(gan.optimizer.generator.iterations.numpy()) == steps
        assert int(gan.optimizer.discriminator.iterations.numpy()) == 3 * steps
        assert np.isfinite(list(history.history.values())).all()

    def test_batch_norm_statistics_move_in_their_own_net_only(self):
        gan = make_gan(batch_norm=True)

        def moving(net):
            return [v.numpy().copy() for v in net.non_trainable_variables if "moving" in v.path]

        g, d = moving(gan.generator), moving(gan.discriminator)
        gan.discriminator_step(*tensors(make_data(), gan.prior.draw(12, 0)))
        assert not all_equal(moving(gan.discriminator), d)
        for _ in range(2):
            gan.fit(make_data(), verbose=0)
            assert not all_equal(moving(gan.generator), g)
            g = moving(gan.generator)

    def test_dropout_draws_new_masks_and_its_seed_moves(self):
        gan = make_gan(dropout=0.5, compile_arguments={"updates": "simultaneous"})
        seed = next(v for v in gan.discriminator.variables if "seed" in v.path)
        states = [seed.numpy().copy()]
        for _ in range(2):
            gan.fit(make_data(), verbose=0)
            states.append(seed.numpy().copy())
        # two passes per iteration, for data and for samples, or one for both where calls cost time
        passes = 1 if backend.CALLS_COST_TIME else 2
        assert [int(state[-1]) for state in states] == [0, passes, 2 * passes]

    def test_simultaneous_shares_the_mask_between_the_losses(self):
        # with the same mask, the losses' gradients in the logits are functions of the same logits
        gan = make_gan(dropout=0.5, compile_arguments={"updates": "simultaneous", "objective": "non_saturating"})
        logs = gan.simultaneous_step(*tensors(make_data(1), gan.prior.draw(1, 0)))
        on_samples = float(ops.convert_to_numpy(logs["d_on_samples"]))
        assert np.exp(-float(ops.convert_to_numpy(logs["g_loss"]))) == pytest.approx(on_samples, rel=3e-7)

    def test_regularizers_count_for_their_own_player(self):
        generator, discriminator = make_networks()
        discriminator = keras.Sequential(
            [
                keras.Input((4,)),
                kg.layers.Maxout(6, 3, kernel_regularizer=keras.regularizers.L2(0.1)),
                keras.layers.Dense(1),
            ]
        )
        gan = kg.GAN(generator, discriminator)
        gan.compile(discriminator_weight=0.0)
        kernel = discriminator.trainable_variables[0].numpy().copy()
        logs = gan.discriminator_step(*tensors(make_data(), gan.prior.draw(12, 0)))
        assert float(ops.convert_to_numpy(logs["d_loss"])) == pytest.approx(0.1 * (kernel**2).sum(), rel=1e-5)
        np.testing.assert_allclose(discriminator.trainable_variables[0].numpy(), kernel * (1 - 0.1 * 0.2), rtol=1e-4)


class Batches(keras.utils.PyDataset):
    def __init__(self, x, **kwargs):
        super().__init__(**kwargs)
        self.x = x

    def __len__(self):
        return 3

    def __getitem__(self, index):
        return (self.x[4 * index : 4 * index + 4],)


def generator_of_batches(x):
    while True:
        for start in range(0, len(x), 4):
            yield (x[start : start + 4],)


def tf_dataset(x):
    tf = pytest.importorskip("tensorflow")
    return tf.data.Dataset.from_tensor_slices(x).batch(4)


def torch_loader(x):
    torch = pytest.importorskip("torch")
    return torch.utils.data.DataLoader(torch.utils.data.TensorDataset(torch.from_numpy(x)), batch_size=4)


class TestKeras:
    @pytest.mark.parametrize(
        "stream",
        [lambda x: x, lambda x: list(x), lambda x: ops.convert_to_tensor(x), Batches, tf_dataset, torch_loader],
        ids=["array", "list", "tensor", "PyDataset", "tf.data", "torch"],
    )
    def test_inputs_of_every_kind_train_alike(self, stream):
        x, results = make_data(), []
        for data in (x, stream(x)):
            gan = make_gan()
            arrays = isinstance(data, list) or kg.models.gan.checks.are_arrays(data)
            gan.fit(data, verbose=0, shuffle=False, **({"batch_size": 4} if arrays else {}))
            results.append(weights(gan.generator) + weights(gan.discriminator))
        for a, b in zip(*results, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-6)

    def test_a_generator_keeps_its_first_batch(self):
        gan, other = make_gan(), make_gan()
        gan.fit(generator_of_batches(make_data()), steps_per_epoch=3, epochs=2, verbose=0)
        other.fit(make_data(), batch_size=4, epochs=2, shuffle=False, verbose=0)
        for a, b in zip(weights(gan.generator), weights(other.generator), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-6)

    def test_history_and_metrics(self):
        gan = make_gan()
        history = gan.fit(make_data(), batch_size=4, epochs=2, validation_data=make_data(8, seed=1), verbose=0).history
        names = {"loss", "d_loss", "g_loss", "value", "d_on_data", "d_on_samples", "d_accuracy"}
        assert set(history) == names | {f"val_{name}" for name in names}
        assert all(len(values) == 2 and np.isfinite(values).all() for values in history.values())
        np.testing.assert_allclose(history["loss"], np.add(history["d_loss"], history["g_loss"]), rtol=1e-5)
        np.testing.assert_allclose(history["value"], np.negative(history["d_loss"]), rtol=1e-5)

    def test_metrics_are_of_the_logits(self):
        gan = make_gan()
        twin = numpy_twin(gan, "minimax")
        x, z = make_data(), gan.prior.draw(12, 0)
        real, fake = twin.discriminate(x)[0], twin.discriminate(twin.generate(z)[0])[0]
        logs = {name: float(ops.convert_to_numpy(v)) for name, v in gan.discriminator_step(*tensors(x, z)).items()}
        d = lambda a: 1 / (1 + np.exp(-a))  # noqa: E731
        assert logs["value"] == pytest.approx(np.log(d(real)).mean() + np.log(1 - d(fake)).mean(), rel=1e-5)
        assert logs["d_on_data"] == pytest.approx(d(real).mean(), rel=1e-5)
        assert logs["d_on_samples"] == pytest.approx(d(fake).mean(), rel=1e-5)
        assert logs["d_accuracy"] == pytest.approx(((real > 0).mean() + (fake < 0).mean()) / 2)

    def test_epoch_metrics_weigh_every_example_alike(self):
        gan = make_gan(compile_arguments={"discriminator_weight": 1.0})
        gan.optimizer.learning_rate = 0.0
        x = make_data(7)
        history = gan.fit(x, batch_size=4, shuffle=False, verbose=0).history
        expected = 1 / (1 + np.exp(-numpy_twin(gan, "minimax").discriminate(x)[0]))
        assert history["d_on_data"][0] == pytest.approx(expected.mean(), rel=1e-5)

    def test_evaluate_is_repeatable_and_changes_nothing(self):
        gan = make_gan(dropout=0.5)
        gan.fit(make_data(), verbose=0)
        before = weights(gan.generator) + weights(gan.discriminator)
        one, two = (gan.evaluate(make_data(), verbose=0, return_dict=True) for _ in range(2))
        assert one == two
        assert all_equal(before, weights(gan.generator) + weights(gan.discriminator))

    @pytest.mark.parametrize(
        "compiled",  # TensorFlow has three ways to run, the others two or one
        [{}, *(pytest.param(way, marks=pytest.mark.one_backend("tensorflow")) for way in EAGER_AND_GRAPH)],
    )
    def test_training_is_the_same_with_and_without_validation_and_sampling(self, compiled):
        one, two = make_gan(dropout=0.3, compile_arguments=compiled), make_gan(dropout=0.3, compile_arguments=compiled)
        two.discriminator.set_weights(one.discriminator.get_weights())
        sample = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: two.sample(5, seed=epoch))
        keras.utils.set_random_seed(1)
        one.fit(make_data(), batch_size=4, epochs=3, verbose=0)
        keras.utils.set_random_seed(1)
        two.fit(make_data(), batch_size=4, epochs=3, verbose=0, validation_data=make_data(), callbacks=[sample])
        assert all_equal(
            weights(one.generator) + weights(one.discriminator), weights(two.generator) + weights(two.discriminator)
        )

    @pytest.mark.parametrize("game", [{"discriminator_steps": 2}, {"updates": "simultaneous"}])
    def test_eager_and_compiled_agree(self, game):
        results = []
        for run_eagerly in (True, False):
            gan = make_gan(dropout=0.5, compile_arguments={"run_eagerly": run_eagerly, **game})
            gan.fit(make_data(8), batch_size=3, shuffle=False, verbose=0)
            results.append(weights(gan.generator) + weights(gan.discriminator))
        for a, b in zip(*results, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)

    def test_jit_compile(self):
        if keras.backend.backend() == "torch":
            pytest.skip("torch.compile takes minutes to warm up")
        gan = make_gan(dropout=0.5, compile_arguments={"jit_compile": True, "discriminator_steps": 2})
        assert np.isfinite(gan.fit(make_data(), batch_size=3, verbose=0).history["loss"]).all()

    def test_steps_per_execution(self):
        gan = make_gan(compile_arguments={"steps_per_execution": 2})
        if keras.backend.backend() == "torch":
            with pytest.raises(ValueError, match="steps_per_execution"):
                gan.fit(make_data(), batch_size=4, verbose=0)
            return
        one = make_gan()
        for model in (gan, one):
            model.fit(make_data(10), batch_size=4, verbose=0)  # three minibatches, of which the last is short
            assert int(model.optimizer.iterations.numpy()) == 3
        assert all_equal(weights(gan.generator), weights(one.generator))

    def test_a_file_with_several_steps_per_execution_trains_everywhere(self):
        gan = make_gan()
        gan.compile_from_config({**gan.get_compile_config(), "steps_per_execution": 10})
        gan.fit(make_data(), batch_size=4, verbose=0)
        assert int(gan.optimizer.iterations.numpy()) == 3

    def test_train_on_batch(self):
        gan = make_gan()
        logs = gan.train_on_batch(make_data(), return_dict=True)
        assert np.isfinite(list(logs.values())).all()
        assert int(gan.optimizer.iterations.numpy()) == 1
        assert set(gan.test_on_batch(make_data(), return_dict=True)) == set(logs)

    def test_call_predict_and_sample(self):
        gan = make_gan()
        z = gan.prior.draw(10, seed=3)
        expected = numpy_twin(gan, "minimax").generate(z)[0]
        np.testing.assert_allclose(ops.convert_to_numpy(gan(z)), expected, rtol=1e-5)
        np.testing.assert_allclose(gan.predict(z, verbose=0), expected, rtol=1e-5)
        samples = gan.sample(10, seed=3, batch_size=4)
        assert samples.dtype == np.float32
        np.testing.assert_allclose(samples, expected, rtol=1e-5)
        assert not np.array_equal(gan.sample(10), gan.sample(10))

    def test_summary(self):
        lines = []
        make_gan().summary(print_fn=lines.append)
        assert "generator" in "".join(lines)
        assert "discriminator" in "".join(lines)

    @pytest.mark.parametrize("stream", [False, True])
    def test_labels_are_ignored_with_one_warning(self, stream):
        gan, x, y = make_gan(), make_data(), np.arange(12)
        batches = ((x[i : i + 4], y[i : i + 4]) for i in (0, 4, 8))
        arguments = {"x": batches, "steps_per_epoch": 3} if stream else {"x": x, "y": y, "epochs": 3}
        with pytest.warns(UserWarning, match="labels and sample weights in the data are ignored") as warnings:
            gan.fit(**arguments, verbose=0)
        assert sum("labels" in str(w.message) for w in warnings) == 1

    def test_preprocessing_takes_integers_to_scale(self):
        generator, discriminator = make_networks()
        gan = kg.GAN(generator, discriminator, preprocessing=keras.layers.Rescaling(1 / 255), seed=0)
        gan.compile()
        other = make_gan()
        pixels = np.random.default_rng(0).integers(0, 256, (12, 4)).astype("uint8")
        gan.fit(pixels, shuffle=False, verbose=0)
        other.fit(pixels.astype("float32") / 255, shuffle=False, verbose=0)
        for a, b in zip(weights(gan.discriminator), weights(other.discriminator), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-7)

    def test_any_keras_optimizer_will_do(self):
        gan = make_gan(
            compile_arguments={"generator_optimizer": "adam", "discriminator_optimizer": keras.optimizers.RMSprop(1e-3)}
        )
        gan.fit(make_data(), epochs=2, verbose=0)
        assert isinstance(gan.optimizer.generator, keras.optimizers.Adam)
        assert int(gan.optimizer.discriminator.iterations.numpy()) == 2

    def test_clipping_is_kept(self):
        clipped = kg.optimizers.SGD(0.1, momentum=0.0, global_clipnorm=1e-3)
        gan = make_gan(compile_arguments={"discriminator_optimizer": clipped})
        before = weights(gan.discriminator)
        gan.discriminator_step(*tensors(make_data(), gan.prior.draw(12, 0)))
        moved = sum(((a - b) ** 2).sum() for a, b in zip(weights(gan.discriminator), before, strict=True)) ** 0.5
        assert moved == pytest.approx(1e-4, rel=1e-2)

    @pytest.mark.parametrize(
        ("policy", "updates"),
        [
            ("mixed_bfloat16", "alternating"),
            ("mixed_float16", "simultaneous"),
            pytest.param("mixed_bfloat16", "simultaneous", marks=pytest.mark.one_backend),
            pytest.param("mixed_float16", "alternating", marks=pytest.mark.one_backend),
        ],
    )
    def test_mixed_precision(self, policy, updates):
        keras.config.set_dtype_policy(policy)
        gan = make_gan(dropout=0.5, compile_arguments={"updates": updates, "ema": 0.9})
        before = weights(gan.generator) + weights(gan.discriminator)
        history = gan.fit(make_data(), batch_size=4, epochs=2, verbose=0).history
        assert np.isfinite(list(history.values())).all()
        after = weights(gan.generator) + weights(gan.discriminator)
        assert sum(not np.array_equal(a, b) for a, b in zip(before, after, strict=True)) >= 8
        assert all(v.dtype == "float32" for v in gan.trainable_variables)
        assert gan.sample(3, seed=0).dtype == np.float32
        for optimizer in gan.optimizer.optimizers:
            assert isinstance(optimizer, keras.optimizers.LossScaleOptimizer) == (policy == "mixed_float16")

    def test_loss_scale_is_a_players_own_and_skips_what_overflows(self):
        keras.config.set_dtype_policy("mixed_float16")
        gan = make_gan()
        players = gan.optimizer.optimizers
        players[1].dynamic_scale.assign(np.float32(2.0**60))
        d = weights(gan.discriminator)
        gan.fit(make_data(), verbose=0)
        assert all_equal(weights(gan.discriminator), d)
        assert [float(o.dynamic_scale.numpy()) for o in players] == [2.0**15, 2.0**59]
        assert [int(o.iterations.numpy()) for o in players] == [1, 0]


class TestAverage:
    def test_it_is_the_moving_average(self):
        gan = make_gan(compile_arguments={"ema": 0.5}, batch_norm=True)
        average = weights_of(gan.generator.trainable_variables)
        for step in range(1, 6):
            gan.train_on_batch(make_data(seed=step))
            decay = min(0.5, (1 + step) / (4 + step))
            average = [
                decay * a + (1 - decay) * v.numpy()
                for a, v in zip(average, gan.generator.trainable_variables, strict=True)
            ]
        trained = weights(gan.generator)
        with gan.averaged_weights():
            for ours, theirs in zip(weights_of(gan.generator.trainable_variables), average, strict=True):
                np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-6)
        assert all_equal(weights(gan.generator), trained)

    def test_it_is_what_samples_unless_asked(self, tmp_path):
        gan = make_gan(compile_arguments={"ema": 0.9})
        gan.fit(make_data(), epochs=3, verbose=0)
        z = gan.prior.draw(4, seed=0)
        averaged, trained = gan.sample(4, seed=0), gan.sample(4, seed=0, averaged=False)
        assert not np.allclose(averaged, trained, rtol=1e-6)
        np.testing.assert_allclose(ops.convert_to_numpy(gan(z)), averaged, rtol=1e-6)
        np.testing.assert_allclose(ops.convert_to_numpy(gan.generator(z)), trained, rtol=1e-6)

    def test_training_is_bit_identical_with_it(self):
        one, two = make_gan(), make_gan(compile_arguments={"ema": 0.9})
        one.fit(make_data(), epochs=2, shuffle=False, verbose=0)
        two.fit(make_data(), epochs=2, shuffle=False, verbose=0)
        for a, b in zip(weights(one.generator), weights(two.generator), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-6)

    @pytest.mark.parametrize("ema", [0, 1, -0.1, 2])
    def test_bad_decay(self, ema):
        with pytest.raises(ValueError, match="between 0 and 1"):
            make_gan(compile_arguments={"ema": ema})


class TestSaving:
    def test_everything_comes_back_and_training_goes_on(self, tmp_path):
        gan = make_gan(
            compile_arguments={
                "generator_optimizer": kg.optimizers.SGD(
                    kg.schedules.ExponentialDecay(0.2), kg.schedules.MomentumRamp()
                ),
                "discriminator_optimizer": keras.optimizers.Adam(1e-3),
                "objective": kg.objectives.Hinge(),
                "discriminator_steps": 2,
                "discriminator_weight": 0.7,
                "ema": 0.9,
            }
        )
        gan.fit(make_data(), batch_size=4, epochs=2, verbose=0)
        gan.save(tmp_path / "gan.keras")
        loaded = keras.saving.load_model(tmp_path / "gan.keras")
        assert all_equal(weights(gan.optimizer), weights(loaded.optimizer))
        for net in ("generator", "discriminator", "average"):
            assert all_equal(weights(getattr(gan, net)), weights(getattr(loaded, net)))
        assert loaded.get_compile_config() == gan.get_compile_config()
        assert loaded.prior.get_config() == gan.prior.get_config()
        np.testing.assert_array_equal(gan.sample(3, seed=0), loaded.sample(3, seed=0))
        loaded.fit(make_data(), batch_size=4, verbose=0)
        assert int(loaded.optimizer.iterations.numpy()) == 6

    def test_a_part_that_an_earlier_version_did_not_have_is_left_out(self):
        config = make_gan().get_config()
        del config["condition"]
        assert kg.GAN.from_config(config).condition is None

    def test_float16_scales_come_back(self, tmp_path):
        keras.config.set_dtype_policy("mixed_float16")
        gan = make_gan()
        gan.fit(make_data(), verbose=0)
        gan.save(tmp_path / "gan.keras")
        keras.config.set_dtype_policy("float32")
        loaded = keras.saving.load_model(tmp_path / "gan.keras")
        assert all_equal(weights(gan.optimizer), weights(loaded.optimizer))

    def test_weights_alone(self, tmp_path):
        gan, other = make_gan(), make_gan()
        gan.fit(make_data(), verbose=0)
        gan.save_weights(tmp_path / "gan.weights.h5")
        other.load_weights(tmp_path / "gan.weights.h5")
        assert all_equal(weights(gan.generator), weights(other.generator))
        assert all_equal(weights(gan.optimizer), weights(other.optimizer))

    def test_reading_changes_nothing_that_is_random(self, tmp_path):
        gan = make_gan(dropout=0.5)
        gan.save(tmp_path / "gan.keras")
        before = backend.random_state()
        keras.saving.load_model(tmp_path / "gan.keras").sample(3, seed=0)
        for name, state in backend.random_state().items():
            np.testing.assert_array_equal(state, before[name])

    def test_a_file_is_never_half_written(self, tmp_path, monkeypatch):
        gan = make_gan()
        gan.save(tmp_path / "gan.keras")
        before = (tmp_path / "gan.keras").read_bytes()

        def broken(self, filepath, **kwargs):
            Path(filepath).write_bytes(before[:100])
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(keras.Model, "save", broken)
        with pytest.raises(OSError, match=r"Could not write .*gan\.keras: No space left on device.*is intact"):
            gan.save(tmp_path / "gan.keras")
        assert [path.name for path in tmp_path.iterdir()] == ["gan.keras"]
        assert (tmp_path / "gan.keras").read_bytes() == before

    @pytest.mark.parametrize("other", map(other_backend, [b for b in BACKENDS if b != keras.backend.backend()]))
    def test_another_backend_goes_on(self, other, tmp_path):
        arguments = {"ema": 0.9, "discriminator_optimizer": keras.optimizers.Adam(1e-3), "updates": "simultaneous"}
        gan = make_gan(compile_arguments=arguments, batch_norm=True)
        gan.fit(make_data(), batch_size=4, epochs=2, verbose=0)
        gan.save(tmp_path / "gan.keras")
        gan.save_weights(tmp_path / "gan.weights.h5")
        program = """
import sys, keras, numpy as np, keras_gan
gan = keras.saving.load_model("gan.keras")
samples = gan.sample(20, seed=0)
iterations = int(gan.optimizer.iterations)
other = keras_gan.GAN.from_config(gan.get_config())
other.compile_from_config(gan.get_compile_config())
other.load_weights("gan.weights.h5")
data = np.random.default_rng(0).uniform(0, 1, (12, 4)).astype("float32")
gan.fit(data, batch_size=4, verbose=0)
np.savez("found.npz", samples=samples, by_weights=other.sample(20, seed=0), after=gan.sample(20, seed=0))
assert (iterations, int(gan.optimizer.iterations)) == (6, 9)
"""
        result = subprocess.run(
            [sys.executable, "-c", program],
            cwd=tmp_path,
            env={**os.environ, "KERAS_BACKEND": other},
            capture_output=True,
            text=True,
        )
        assert result.returncode == 0, result.stderr
        found = np.load(tmp_path / "found.npz")
        for name in ("samples", "by_weights"):
            np.testing.assert_allclose(found[name], gan.sample(20, seed=0), atol=1e-5)
        gan.fit(make_data(), batch_size=4, verbose=0)  # other noise, dropout none: much the same step
        assert np.abs(found["after"] - found["samples"]).max() > 1e-4
        np.testing.assert_allclose(found["after"], gan.sample(20, seed=0), atol=0.1)

    def test_export_is_of_the_average(self, tmp_path):
        gan = make_gan(compile_arguments={"ema": 0.9})
        gan.fit(make_data(), verbose=0)
        gan.export(tmp_path / "generator.keras", "keras", card={"data": {"name": "numbers"}})
        loaded = kg.load(tmp_path / "generator.keras")
        np.testing.assert_allclose(loaded.sample(5, seed=0), gan.sample(5, seed=0), atol=1e-6)
        assert loaded.card["data"] == {"name": "numbers"}


class TestStockCallbacks:
    def test_they_work_unchanged(self, tmp_path):
        gan = make_gan(compile_arguments={"ema": 0.9})
        gan.fit(
            make_data(),
            batch_size=4,
            epochs=3,
            verbose=0,
            validation_data=make_data(seed=1),
            callbacks=[
                keras.callbacks.ModelCheckpoint(
                    tmp_path / "best.keras", monitor="val_value", mode="max", save_best_only=True
                ),
                keras.callbacks.EarlyStopping(monitor="val_loss", patience=10),
                keras.callbacks.CSVLogger(str(tmp_path / "history.csv")),
                keras.callbacks.TerminateOnNaN(),
                keras.callbacks.LearningRateScheduler(lambda epoch, rate: rate * 0.5),
            ],
        )
        assert len((tmp_path / "history.csv").read_text().splitlines()) == 4
        assert keras.saving.load_model(tmp_path / "best.keras").sample(2).shape == (2, 4)
        for optimizer in gan.optimizer.optimizers:
            assert float(optimizer.learning_rate.numpy()) == pytest.approx(0.1 / 8)

    @pytest.mark.one_backend
    def test_tensorboard(self, tmp_path):
        pytest.importorskip("tensorflow")
        pytest.importorskip("tensorboard")
        gan = make_gan()
        gan.fit(make_data(), verbose=0, callbacks=[keras.callbacks.TensorBoard(tmp_path, histogram_freq=1)])
        assert list(tmp_path.rglob("events*"))

    @pytest.mark.one_backend
    def test_early_stopping_stops(self):
        gan = make_gan()
        stop = keras.callbacks.EarlyStopping(monitor="loss", mode="min", patience=0, min_delta=1e9)
        assert len(gan.fit(make_data(), epochs=9, verbose=0, callbacks=[stop]).history["loss"]) == 2

    def test_terminate_on_nan_stops(self):
        gan = make_gan(compile_arguments={"discriminator_optimizer": keras.optimizers.SGD(1e30)})
        history = gan.fit(make_data(), batch_size=4, epochs=9, verbose=0, callbacks=[keras.callbacks.TerminateOnNaN()])
        assert len(history.history["loss"]) < 9

    @pytest.mark.one_backend
    def test_backup_and_restore(self, tmp_path):
        class Crash(keras.callbacks.Callback):
            def on_epoch_begin(self, epoch, logs=None):
                if epoch == 2:
                    raise RuntimeError("crash")

        gan = make_gan()
        with pytest.raises(RuntimeError, match="crash"):
            gan.fit(make_data(), epochs=4, verbose=0, callbacks=[keras.callbacks.BackupAndRestore(tmp_path), Crash()])
        resumed = make_gan()
        backup = keras.callbacks.BackupAndRestore(tmp_path)
        history = resumed.fit(make_data(), epochs=4, verbose=0, callbacks=[backup])
        assert history.epoch == [2, 3]
        assert int(resumed.optimizer.iterations.numpy()) == 4


@pytest.mark.one_backend
class TestBadInput:
    def networks(self, last=None, size=4, noise_dim=3):
        generator, _ = make_networks(noise_dim=noise_dim)
        return generator, keras.Sequential([keras.Input((size,)), last or keras.layers.Dense(1)])

    def test_samples_do_not_fit_the_discriminator(self):
        with pytest.raises(ValueError, match=r"samples of shape \(None, 4\).*takes \(None, 5\)"):
            kg.GAN(*self.networks(size=5))

    @pytest.mark.parametrize("units", [2, 10])
    def test_not_one_output(self, units):
        with pytest.raises(ValueError, match=rf"one number for each.*\(None, {units}\).*Dense\(1\)"):
            kg.GAN(*self.networks(keras.layers.Dense(units))).compile()

    def test_a_sigmoid_on_the_discriminator(self):
        with pytest.raises(ValueError, match=r"last activation is 'sigmoid'.*no activation"):
            kg.GAN(*self.networks(keras.layers.Dense(1, activation="sigmoid"))).compile()
        generator, discriminator = self.networks()
        inputs = keras.Input((4,))
        functional = keras.Model(inputs, ops.sigmoid(discriminator(inputs)))
        with pytest.raises(ValueError, match="sigmoid"):
            kg.GAN(generator, functional).compile()
        nested = keras.Sequential([keras.Input((4,)), functional])
        with pytest.raises(ValueError, match="sigmoid"):
            kg.GAN(generator, nested).compile()

    def test_noise_of_the_wrong_width(self):
        with pytest.raises(ValueError, match=r"noise of shape \(None, 3\).*vectors of 7 values.*Uniform\(3\)"):
            kg.GAN(*self.networks(), prior=kg.priors.Normal(7))

    def test_unknown_noise_width(self):
        generator = keras.Sequential([keras.layers.Dense(4)])
        with pytest.raises(ValueError, match="pass the prior"):
            kg.GAN(generator, self.networks()[1])
        kg.GAN(generator, self.networks()[1], prior=kg.priors.Normal(2))

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ({"discriminator_steps": 0}, "discriminator_steps=0"),
            ({"discriminator_steps": 1.5}, "discriminator_steps=1.5"),
            ({"updates": "simultaneous", "discriminator_steps": 2}, "alternating"),
            ({"updates": "both"}, "Unknown updates.*alternating"),
            ({"objective": "wasserstien"}, "Unknown objective.*minimax"),
            ({"loss": "mse"}, "takes no `loss`.*objective="),
            ({"optimizer": "adam"}, "takes no `optimizer`.*generator_optimizer="),
            ({"metrics": ["accuracy"]}, "takes no `metrics`"),
            ({"discriminator_steps": True}, "discriminator_steps=True"),
            *(({"discriminator_weight": w}, f"discriminator_weight={w!r}") for w in (-1.0, float("nan"), "half", None)),
            *(({"ema": decay}, f"ema={decay!r}") for decay in (-0.1, 0, 1.0, float("nan"), "0.9", True)),
            ({"generator_optimizer": keras.optimizers.Adam(-1e-3)}, "Received: -0.001.* as the generator's"),
            ({"discriminator_optimizer": kg.optimizers.SGD(float("nan"))}, "Received: nan as the (dis|g)"),
            (
                {
                    "generator_optimizer": "adam",
                    "discriminator_optimizer": keras.optimizers.SGD(
                        keras.optimizers.schedules.CosineDecay(float("inf"), 10)
                    ),
                },
                "Received: inf as the discriminator's",
            ),
        ],
    )
    def test_compile(self, arguments, message):
        with pytest.raises(ValueError, match=message):
            make_gan(compile_arguments=arguments)

    def test_misspelt_argument(self):
        with pytest.raises(TypeError, match="'objectiv'"):
            make_gan(compile_arguments={"objectiv": "minimax"})

    def test_one_optimizer_for_both(self):
        sgd = kg.optimizers.SGD()
        with pytest.raises(ValueError, match="same optimizer object"):
            make_gan(compile_arguments={"generator_optimizer": sgd, "discriminator_optimizer": sgd})

    @pytest.mark.parametrize(
        "stream", [lambda x: x, Batches, tf_dataset, torch_loader], ids=["array", "PyDataset", "tf", "torch"]
    )
    @pytest.mark.parametrize(
        ("data", "message"),
        [
            (make_data(size=5), r"not shaped like.*\(5,\).*Expected: \(4,\)"),
            (make_data() * 255, r"ends in sigmoid.*\[0, 1\].*Rescal"),
            (make_data() - 0.5, r"ends in sigmoid.*values from -0\."),
            (np.where(make_data() > 0.5, np.nan, make_data()), "not finite.*NaN"),
        ],
        ids=["shape", "pixels", "centred", "nan"],
    )
    def test_data(self, stream, data, message):
        gan = make_gan()
        before = weights(gan.generator)
        with pytest.raises(ValueError, match=message):
            gan.fit(stream(data.astype("float32")), verbose=0)
        assert all_equal(weights(gan.generator), before)

    def test_an_array_is_checked_whole(self):
        data = make_data(3000)
        data[-1, -1] = np.nan
        with pytest.raises(ValueError, match="not finite"):
            make_gan().fit(data, verbose=0)

    def test_tanh(self):
        _, discriminator = make_networks()
        generator = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4, activation="tanh")])
        gan = kg.GAN(generator, discriminator)
        gan.compile()
        gan.fit(make_data() * 2 - 1, verbose=0)
        with pytest.raises(ValueError, match=r"ends in tanh.*\[-1, 1\]"):
            gan.fit(make_data() * 4 - 1, verbose=0)

    @pytest.mark.parametrize("data", [None, np.zeros((0, 4), "float32"), iter([])], ids=["None", "empty", "no batch"])
    def test_no_data(self, data):
        with pytest.raises(ValueError, match="no data to train on"):
            make_gan().fit(data, verbose=0)

    def test_single_steps_take_numpy_and_need_compile(self):
        gan = kg.GAN(*make_networks())
        with pytest.raises(ValueError, match=r"compile\(\)"):
            gan.generator_step(gan.prior.draw(4, 0))
        gan.compile()
        gan.discriminator_step(make_data(4), gan.prior.draw(4, 0))
        gan.generator_step(gan.prior.draw(4, 0))

    def test_not_compiled(self):
        with pytest.raises(ValueError, match="compile"):
            kg.GAN(*make_networks()).fit(make_data())
