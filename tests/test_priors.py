import keras
import numpy as np
import pytest

from keras_gan import priors

PRIORS = [priors.Uniform, priors.Normal, priors.Spherical]


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
    assert np.abs(priors.Uniform(5).draw(1000, 0)).max() <= 3**0.5
    assert np.abs(priors.Uniform(5).draw(1000, 0)).max() > 1.7
    np.testing.assert_allclose(np.linalg.norm(priors.Spherical(7).draw(100, 0), axis=1), 7**0.5, rtol=1e-6)
    on_backend = keras.ops.convert_to_numpy(priors.Spherical(7)(100, 1))
    np.testing.assert_allclose(np.linalg.norm(on_backend, axis=1), 7**0.5, rtol=1e-5)
    kurtosis = (priors.Normal(1).draw(100_000, 0) ** 4).mean()
    assert kurtosis == pytest.approx(3, abs=0.1)


@pytest.mark.parametrize("prior", PRIORS)
def test_a_seed_gives_the_same_noise_and_none_gives_fresh(prior):
    prior = prior(4)
    np.testing.assert_array_equal(prior.draw(5, seed=1), prior.draw(5, seed=1))
    assert not np.array_equal(prior.draw(5, seed=1), prior.draw(5, seed=2))
    assert not np.array_equal(prior.draw(5), prior.draw(5))


def test_a_numpy_generator_moves_on_from_draw_to_draw():
    rng, again = np.random.default_rng(3), np.random.default_rng(3)
    first, second = (priors.Uniform(4).draw(5, rng) for _ in range(2))
    assert not np.array_equal(first, second)
    np.testing.assert_array_equal(first, priors.Uniform(4).draw(5, again))


def test_the_same_seed_gives_these_numbers_on_every_backend():
    np.testing.assert_allclose(priors.Uniform(2).draw(1, seed=0), [[0.47444919, -0.79748219]], rtol=1e-5)
    np.testing.assert_allclose(priors.Normal(2).draw(1, seed=0), [[0.12573022, -0.13210486]], rtol=1e-5)


@pytest.mark.parametrize("prior", PRIORS)
def test_serialization(prior):
    revived = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(prior(6)))
    assert type(revived) is prior
    assert revived.dim == 6


@pytest.mark.parametrize("dim", [0, -1, 2.5, None])
def test_bad_width(dim):
    with pytest.raises(ValueError, match="width of at least 1"):
        priors.Uniform(dim)


def test_straight_lines():
    a, b = priors.Normal(100).draw(2, seed=0)
    line = priors.interpolate(a, b, 5)
    assert line.shape == (5, 100)
    np.testing.assert_allclose(line, [a, 0.75 * a + 0.25 * b, (a + b) / 2, 0.25 * a + 0.75 * b, b], atol=1e-6)


def test_great_circles_keep_the_length():
    a, b = priors.Spherical(100).draw(2, seed=0)
    circle = priors.interpolate(a, b, 7, spherical=True)
    np.testing.assert_allclose(np.linalg.norm(circle, axis=1), 10, rtol=1e-5)
    np.testing.assert_allclose(circle[[0, -1]], [a, b], atol=1e-5)
    steps = np.linalg.norm(np.diff(circle, axis=0), axis=1)
    np.testing.assert_allclose(steps, steps[0], rtol=1e-4)


def test_many_lines_at_once():
    ends = priors.Uniform(6).draw(8, seed=0).reshape(2, 4, 6)
    for spherical in (False, True):
        lines = priors.interpolate(*ends, 3, spherical)
        assert lines.shape == (4, 3, 6)
        np.testing.assert_allclose(lines[2], priors.interpolate(ends[0, 2], ends[1, 2], 3, spherical), atol=1e-6)


def test_ends_in_one_direction():
    a = np.ones(4, "float32")
    for b in (a, 2 * a, -a, 0 * a):
        circle = priors.interpolate(a, b, 3, spherical=True)
        np.testing.assert_allclose(circle, [a, (a + b) / 2, b], atol=1e-6)


def test_lines_that_cannot_be():
    with pytest.raises(ValueError, match=r"\(3,\), \(4,\)"):
        priors.interpolate(np.ones(3), np.ones(4), 5)
    with pytest.raises(ValueError, match="num=1"):
        priors.interpolate(np.ones(3), np.ones(3), 1)


def test_an_unknown_name():
    with pytest.raises(ValueError, match="Unknown prior"):
        priors.get("cauchy", 3)
