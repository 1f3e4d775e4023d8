"""What becomes of the average when a model is compiled again, and where its weights are."""

import numpy as np
import pytest
from conftest import all_equal, make_data, make_gan, weights


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
