import keras
import numpy as np
import pytest

from keras_gan import noise

PRIORS = [noise.Uniform, noise.Normal, noise.Spherical]


@pytest.mark.parametrize("prior", PRIORS)
def test_both_draws_have_mean_0_and_variance_1(prior):
    prior = prior(10)
    from_seed = keras.ops.convert_to_numpy(prior(20_000, keras.random.SeedGenerator(3)))
    for z in (from_seed, prior.draw(20_000, seed=0)):
        assert z.shape == (20_000, 10)
        assert z.dtype == np.float32
        assert np.abs(z.mean(0)).max() < 0.04
        np.testing.assert_allclose(z.var(0), 1, atol=0.05)


def test_shapes_of_the_distributions():
    assert np.abs(noise.Uniform(5).draw(1000, 0)).max() <= 3**0.5
    assert np.abs(noise.Uniform(5).draw(1000, 0)).max() > 1.7
    np.testing.assert_allclose(np.linalg.norm(noise.Spherical(7).draw(100, 0), axis=1), 7**0.5, rtol=1e-6)
    on_backend = keras.ops.convert_to_numpy(noise.Spherical(7)(100, 1))
    np.testing.assert_allclose(np.linalg.norm(on_backend, axis=1), 7**0.5, rtol=1e-5)
    kurtosis = (noise.Normal(1).draw(100_000, 0) ** 4).mean()
    assert kurtosis == pytest.approx(3, abs=0.1)


@pytest.mark.parametrize("prior", PRIORS)
def test_a_seed_gives_the_same_noise_and_none_gives_fresh(prior):
    prior = prior(4)
    np.testing.assert_array_equal(prior.draw(5, seed=1), prior.draw(5, seed=1))
    assert not np.array_equal(prior.draw(5, seed=1), prior.draw(5, seed=2))
    assert not np.array_equal(prior.draw(5), prior.draw(5))


def test_the_same_seed_gives_these_numbers_on_every_backend():
    np.testing.assert_allclose(noise.Uniform(2).draw(1, seed=0), [[0.47444919, -0.79748219]], rtol=1e-5)
    np.testing.assert_allclose(noise.Normal(2).draw(1, seed=0), [[0.12573022, -0.13210486]], rtol=1e-5)


@pytest.mark.parametrize("prior", PRIORS)
def test_serialization(prior):
    revived = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(prior(6)))
    assert type(revived) is prior
    assert revived.dim == 6


@pytest.mark.parametrize("dim", [0, -1, 2.5, None])
def test_bad_width(dim):
    with pytest.raises(ValueError, match="width of at least 1"):
        noise.Uniform(dim)
