import keras
import numpy as np
import pytest
from conftest import all_equal, weights
from scipy import special

import keras_gan as kg
from keras_gan.mixtures import snapshots

pytestmark = pytest.mark.one_backend


def make_gan(size=1, noise_dim=1, **settings):
    gan = kg.GAN(*kg.networks.build("points", size=size, noise_dim=noise_dim, units=8), seed=1)
    gan.compile(**settings)
    return gan


def points(size=1):
    return np.random.default_rng(0).normal(size=(40, size)).astype("float32")


def test_files_before_training_every_so_often_and_at_the_end(tmp_path):
    gan = make_gan()
    gan.fit(points(), epochs=5, verbose=0, callbacks=[kg.callbacks.Snapshots(tmp_path, [-4], [4], every=2)])
    files = sorted((tmp_path / "samples").iterdir())
    assert [path.name for path in files] == [f"epoch_000{epoch}.npz" for epoch in (0, 2, 4, 5)]
    first, last = (snapshots.Snapshot.load(path) for path in (files[0], files[-1]))
    assert not np.array_equal(first.generated, last.generated)
    np.testing.assert_allclose(last.generated, gan.predict(last.noise, verbose=0), atol=1e-6)
    logits = keras.ops.convert_to_numpy(gan.discriminator(last.points))[:, 0]
    np.testing.assert_allclose(last.discriminator, 1 / (1 + np.exp(-logits)), atol=1e-6)
    np.testing.assert_allclose(last.points[[0, 200, 400], 0], [-4, 0, 4], atol=1e-6)
    steps = np.diff(last.noise[:, 0])
    np.testing.assert_allclose(steps, 2 * 3**0.5 / 4000, rtol=1e-2)
    assert np.abs(last.noise).max() == pytest.approx(3**0.5)


@pytest.mark.every_backend
def test_training_is_bit_identical(tmp_path):
    trained = []
    for callbacks in ([], [kg.callbacks.Snapshots(tmp_path, [-4], [4])]):
        keras.utils.set_random_seed(3)
        gan = make_gan()
        gan.fit(points(), batch_size=20, epochs=3, verbose=0, callbacks=callbacks)
        trained.append(weights(gan.generator) + weights(gan.discriminator))
    assert all_equal(*trained)


def test_the_plane():
    gan = make_gan(2, 2)
    shot = snapshots.take(gan, snapshots.nodes([-1, -2], [1, 2]))
    assert (shot.points.shape, shot.discriminator.shape) == ((61 * 61, 2), (61 * 61,))
    np.testing.assert_allclose(shot.points[1] - shot.points[0], [0, 4 / 60], atol=1e-6)
    assert shot.generated.shape == (4001, 2)
    np.testing.assert_array_equal(shot.noise, gan.prior.draw(4001, 0))


def test_noise_with_equal_probability_between_neighbours():
    bound = 3**0.5
    expected = {
        kg.priors.Uniform: np.linspace(-bound, bound, 4001, dtype="float32"),
        kg.priors.Normal: special.ndtri((np.arange(4001) + 0.5) / 4001).astype("float32"),
    }
    for prior, values in expected.items():
        gan = kg.GAN(*kg.networks.build("points", size=1, noise_dim=1, units=8), prior=prior(1))
        shot = snapshots.take(gan, snapshots.nodes([-1], [1]))
        np.testing.assert_array_equal(shot.noise, values[:, np.newaxis])


def test_noise_whose_quantiles_do_not_rise_is_drawn():
    gan = kg.GAN(*kg.networks.build("points", size=1, noise_dim=1, units=8), prior=kg.priors.Spherical(1))
    assert not snapshots.is_line(gan)
    np.testing.assert_array_equal(snapshots.take(gan, snapshots.nodes([-1], [1])).noise, gan.prior.draw(4001, 0))


def test_the_trained_generator_is_shown_unless_the_average_is_asked_for():
    gan = make_gan(ema=0.99)
    gan.fit(points(), epochs=3, verbose=0)
    where = snapshots.nodes([-1], [1])
    trained, averaged = (snapshots.take(gan, where, averaged=averaged) for averaged in (False, True))
    assert not np.array_equal(trained.generated, averaged.generated)
    np.testing.assert_allclose(averaged.generated, gan.predict(trained.noise, verbose=0), atol=1e-6)


def test_bad_arguments(tmp_path):
    with pytest.raises(ValueError, match="on a line or in the plane"):
        kg.callbacks.Snapshots(tmp_path, [0, 0, 0], [1, 1, 1])
    with pytest.raises(ValueError, match="Snapshots needs every"):
        kg.callbacks.Snapshots(tmp_path, [0], [1], every=0)


@pytest.mark.parametrize("content", [b"", b"no snapshot", b"PK\x03\x04 cut off"])
def test_a_damaged_file_is_named(content, tmp_path):
    (tmp_path / "epoch_0000.npz").write_bytes(content)
    with pytest.raises(ValueError, match=r"epoch_0000\.npz is no snapshot of a run"):
        snapshots.Snapshot.load(tmp_path / "epoch_0000.npz")


def test_a_file_without_an_array_is_named(tmp_path):
    np.savez(tmp_path / "epoch_0000.npz", points=np.zeros(3))
    with pytest.raises(ValueError, match=r"epoch_0000\.npz is no snapshot of a run.*discriminator"):
        snapshots.Snapshot.load(tmp_path / "epoch_0000.npz")
