"""What becomes of the average when a model is compiled again, and where its weights are."""

import keras
import numpy as np
import pytest
from conftest import all_equal, make_data, make_gan, weights

from keras_gan.models.averaging import Average


def test_compiled_without_it_samples_are_the_trained_generators():
    gan = make_gan(compile_arguments={"ema": 0.9})
    gan.fit(make_data(), epochs=3, verbose=0)
    gan.compile()
    assert (gan.average, gan.ema) == (None, None)
    assert len(gan.variables) == len(make_gan().variables)
    np.testing.assert_array_equal(gan.sample(4, seed=0), gan.sample(4, seed=0, averaged=False))


def test_compiled_again_it_is_kept():
    gan = make_gan(compile_arguments={"ema": 0.9})
    gan.fit(make_data(), epochs=30, verbose=0)
    before, averages = gan.sample(4, seed=0), weights(gan.average)
    gan.compile(ema=0.99)
    np.testing.assert_array_equal(gan.sample(4, seed=0), before)
    assert all_equal(weights(gan.average), averages)
    gan.fit(make_data(), epochs=1, verbose=0)
    # Its own count of updates has gone on: it moves by 1/34 at most, not by 3/5 as an average that begins would.
    trained = weights(gan.generator)
    for old, new, now in zip(averages[1:], weights(gan.average)[1:], trained, strict=True):
        moved, gap = np.abs(new - old).max(), np.abs(now - old).max()
        assert moved <= 0.1 * gap + 1e-7


@pytest.mark.parametrize(("share", "expected"), [(1.0, 2.5), (0.5, 3.0), (1 / 3, 3.25)])
def test_it_covers_a_share_of_its_updates(share, expected):
    """Of weights 1, 2, 3, 4 after as many updates: their mean, or one that forgets the first."""
    network = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, use_bias=False, kernel_initializer="zeros")])
    average = Average(0.999, network, share)
    numbers, memory = [1.0, 2.0, 3.0, 4.0], 0.0
    for update, number in enumerate(numbers, 1):
        network.trainable_variables[0].assign([[number]])
        average.update()
        decay = (1 + update) / (1 + 1 / share + update)
        memory = decay * memory + (1 - decay) * number
    found = float(keras.ops.convert_to_numpy(average.averages[0])[0, 0])
    assert found == pytest.approx(memory, rel=1e-6)
    initial = np.prod([(1 + u) / (1 + 1 / share + u) for u in range(1, 5)])
    assert found / (1 - initial) == pytest.approx(expected, abs=0.3)


def test_another_share_is_saved_and_a_wrong_one_refused(tmp_path):
    gan = make_gan(compile_arguments={"ema": 0.9, "ema_share": 1.0})
    gan.save(tmp_path / "gan.keras")
    assert keras.saving.load_model(tmp_path / "gan.keras").average.share == 1.0
    gan.compile(ema=0.99)
    assert (gan.average.decay, gan.average.share) == (0.99, 1 / 3)
    for wrong in (0, 1.5, True, "all"):
        with pytest.raises(ValueError, match=r"at most all of its updates, and some. Received: ema_share="):
            gan.compile(ema=0.9, ema_share=wrong)


def test_the_weights_come_back_after_an_error():
    gan = make_gan(compile_arguments={"ema": 0.9})
    gan.fit(make_data(), epochs=3, verbose=0)
    before = weights(gan.generator)

    def broken():
        with gan.averaged_weights():
            assert not all_equal(weights(gan.generator), before)
            raise KeyError

    with pytest.raises(KeyError):
        broken()
    assert all_equal(weights(gan.generator), before)


def test_files_hold_the_generators_weights_once(tmp_path):
    import zipfile

    import h5py

    gan = make_gan(compile_arguments={"ema": 0.9})
    gan.save(tmp_path / "gan.keras")
    with zipfile.ZipFile(tmp_path / "gan.keras") as archive:
        archive.extract("model.weights.h5", tmp_path)
    with h5py.File(tmp_path / "model.weights.h5") as file:
        assert len(file["average"]["vars"]) == 1 + len(gan.generator.trainable_variables)
