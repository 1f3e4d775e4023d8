import keras
import numpy as np
import pytest
from scipy import special

from keras_gan import backend, priors

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
def test_bad_dim(dim):
    with pytest.raises(ValueError, match="at least one value"):
        priors.Uniform(dim)


@pytest.mark.parametrize("prior", PRIORS)
def test_both_maps_of_uniform_values_are_the_same(prior):
    u = np.random.default_rng(0).uniform(0.001, 0.999, (50, 2, 6))
    z = prior(6).quantile(u)
    assert (z.shape, z.dtype) == ((50, 2, 6), np.float64)
    on_backend = prior(6).from_uniform(keras.ops.convert_to_tensor(u, "float32"))
    assert keras.backend.standardize_dtype(on_backend.dtype) == "float32"
    np.testing.assert_allclose(keras.ops.convert_to_numpy(on_backend), z, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("prior", PRIORS)
def test_uniform_values_become_the_prior(prior):
    u = np.random.default_rng(0).uniform(size=(50_000, 3))
    z, drawn = (np.sort(noise, axis=0) for noise in (prior(3).quantile(u), prior(3).draw(50_000, seed=1)))
    np.testing.assert_allclose(z[500:-500], drawn[500:-500], atol=0.06)


def test_quantiles_with_known_values():
    u = np.array([[0.5], [0.975], [0.025]])
    np.testing.assert_allclose(priors.Normal(1).quantile(u)[:, 0], [0, 1.959964, -1.959964], atol=1e-6)
    np.testing.assert_allclose(priors.Uniform(1).quantile(u)[:, 0], [0, 0.95 * 3**0.5, -0.95 * 3**0.5], atol=1e-12)
    vector = np.array([0.3, 0.8, 0.6])
    z, normal = priors.Spherical(3).quantile(vector), priors.Normal(3).quantile(vector)
    np.testing.assert_allclose(z, normal * (3**0.5 / np.linalg.norm(normal)), rtol=1e-12)


@pytest.mark.parametrize("prior", PRIORS)
def test_the_map_can_be_differentiated(prior):
    u = np.array([[0.2, 0.7, 0.4]])
    weight = np.array([1.0, -2.0, 0.5], "float32")

    def function(u):
        return keras.ops.sum(keras.ops.matmul(prior(3).from_uniform(u), weight[:, np.newaxis])), ()

    _, gradient = backend.input_gradient(function, keras.ops.convert_to_tensor(u, "float32"), [])
    steps = 1e-6 * np.eye(3)
    values = [prior(3).quantile(u + sign * steps) @ weight for sign in (1, -1)]
    np.testing.assert_allclose(keras.ops.convert_to_numpy(gradient)[0], (values[0] - values[1]) / 2e-6, rtol=1e-3)


class Logistic(priors.Prior):
    """One that has the maps and nothing else."""

    def quantile(self, u):
        return 3**0.5 / np.pi * np.log(u / (1 - u))

    def from_uniform(self, u):
        return 3**0.5 / np.pi * keras.ops.log(u / (1 - u))


class TwoPoints(priors.Prior):
    """With the map of the base class."""

    def from_uniform(self, u):
        return keras.ops.sign(u - 0.5)


@pytest.mark.parametrize("prior", [priors.Uniform(4), priors.Normal(4), priors.Spherical(4), TwoPoints(4)])
def test_normal_values_become_the_prior(prior):
    """By way of their distribution function, but exact far out, too."""
    u = np.random.default_rng(0).standard_normal((50, 4)).astype("float32")
    noise = keras.ops.convert_to_numpy(prior.from_normal(keras.ops.convert_to_tensor(u)))
    uniform = keras.ops.convert_to_tensor(special.ndtr(u).astype("float32"))
    np.testing.assert_allclose(noise, keras.ops.convert_to_numpy(prior.from_uniform(uniform)), atol=1e-4)
    far = keras.ops.convert_to_numpy(prior.from_normal(keras.ops.full((1, 4), 9.0)))
    assert np.isfinite(far).all()


def test_a_prior_of_ones_own_needs_its_maps_alone():
    prior = Logistic(10)
    for z in (keras.ops.convert_to_numpy(prior(20_000, keras.random.SeedGenerator(3))), prior.draw(20_000, seed=0)):
        assert (z.shape, z.dtype) == ((20_000, 10), np.float32)
        assert np.isfinite(z).all()
        assert np.abs(z.mean(0)).max() < 0.04
        np.testing.assert_allclose(z.var(0), 1, atol=0.06)
    np.testing.assert_array_equal(prior.draw(5, seed=1), prior.draw(5, seed=1))


def test_a_prior_without_maps():
    for use in (lambda prior: prior.quantile(np.ones(2)), lambda prior: prior.draw(2), lambda prior: prior(2, 0)):
        with pytest.raises(NotImplementedError, match="Prior has no"):
            use(priors.Prior(2))


def test_get():
    for name, kind in priors.PRIORS.items():
        for given in (name, kind, kind(3)):
            found = priors.get(given, 3)
            assert type(found) is kind
            assert found.dim == 3
    prior = Logistic(4)
    assert priors.get(prior) is prior
    assert isinstance(priors.get(Logistic, 2), Logistic)
    for bad in ("cauchy", int, 3, None):
        with pytest.raises(ValueError, match="Unknown prior"):
            priors.get(bad, 3)
    with pytest.raises(ValueError, match=r"dim=4, and dim=5\. Pass Logistic\(5\)"):
        priors.get(prior, 5)
    with pytest.raises(ValueError, match="dim=None"):
        priors.get("normal")


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
