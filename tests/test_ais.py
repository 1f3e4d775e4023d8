"""Annealed importance sampling against likelihoods that are known exactly."""

import conftest
import keras
import numpy as np
import pytest
from keras import ops
from scipy.special import logsumexp
from scipy.stats import multivariate_normal

import keras_gan as kg
from keras_gan.evaluation import ais, evaluate, measures

pytestmark = pytest.mark.one_backend("jax")

SIGMA = 1.0
GOLDEN = -5.98649  # of seed 0, as every backend has it
FEW = {"num_chains": 2, "num_temperatures": 3, "num_leapfrogs": 1}


def linear(dim, size):
    """A generator z W + b with a normal prior, and the exact density of its samples with noise."""
    random = np.random.default_rng(dim)
    generator = keras.Sequential([keras.Input((dim,)), keras.layers.Dense(size)])
    kernel, bias = random.normal(size=(dim, size)) / dim**0.5, random.normal(size=size)
    generator.layers[0].set_weights([kernel.astype("float32"), bias.astype("float32")])
    kernel, bias = (w.astype("float64") for w in generator.layers[0].get_weights())
    return generator, multivariate_normal(bias, kernel.T @ kernel + SIGMA**2 * np.eye(size))


@pytest.mark.parametrize(("dim", "size", "num_temperatures"), [(2, 5, 100), (10, 13, 200), (50, 20, 400)])
def test_a_linear_decoder_within_a_tenth_of_a_nat(dim, size, num_temperatures):
    generator, exact = linear(dim, size)
    points = exact.rvs(8, random_state=1).astype("float32")
    report = ais.log_likelihood(generator, points, SIGMA, "normal", 20, num_temperatures)
    assert abs((report.log_likelihoods - exact.logpdf(points)).mean()) < 0.1
    assert report.mean == pytest.approx(report.log_likelihoods.mean())
    assert report.standard_error == pytest.approx(report.log_likelihoods.std() / 8**0.5)
    assert (report.log_likelihoods.dtype, report.log_weights.shape) == ("float64", (8, 20))
    assert 0.5 < report.acceptance < 0.8
    assert 10 < report.effective_sample_size <= 20


@pytest.mark.slow
@pytest.mark.parametrize("dim", [2, 10, 50])
def test_every_point_within_a_tenth_of_a_nat(dim):
    generator, exact = linear(dim, 2 * dim)
    points = exact.rvs(20, random_state=1).astype("float32")
    report = ais.log_likelihood(generator, points, SIGMA, "normal", 100, 3000, batch_size=2000)
    assert np.abs(report.log_likelihoods - exact.logpdf(points)).max() < 0.1


def test_forward_exact_reverse():
    """The bounds hold the exact value between them, and come together as temperatures grow."""
    generator, exact = linear(8, 10)
    gaps = []
    for num_temperatures in (2, 10, 50):
        report = ais.bidirectional(generator, SIGMA, "normal", 20, 2, num_temperatures)
        truth = exact.logpdf(report.points).mean()
        assert report.forward < truth + 0.1
        assert report.reverse > truth - 0.1
        assert report.gap == pytest.approx(report.reverse - report.forward)
        gaps.append(report.gap)
    assert gaps[0] > 1.5 * gaps[1] > 3 * gaps[2]
    assert gaps[2] < 2


@pytest.mark.every_backend
def test_the_exact_posterior_stays_in_place():
    """Long trajectories with an acceptance of about a half: without the right choice the covariance would grow."""
    dim, size, num, moves = 3, 4, 20_000, 10
    generator, _ = linear(dim, size)
    kernel, bias = (w.astype("float64") for w in generator.layers[0].get_weights())
    point = np.array([1.0, -1.0, 0.5, 2.0])
    covariance = np.linalg.inv(np.eye(dim) + kernel @ kernel.T / SIGMA**2)
    mean = covariance @ kernel @ (point - bias) / SIGMA**2
    random = np.random.default_rng(0)
    start = random.multivariate_normal(mean, covariance, num).astype("float32")

    annealing = ais.Annealing(generator, "normal", num, 2, 3)
    points, scale = point[np.newaxis].astype("float32"), np.float32(0.5 / SIGMA**2)
    place = (start, *annealing.start(points, scale, start), np.zeros(1, "float32"), np.zeros(1, "float32"))
    given = (
        np.ones(moves, "float32"),
        np.log(random.uniform(0.67, 0.7, (moves, 1))).astype("float32"),
        random.standard_normal((moves, num, dim), "float32"),
        -random.standard_exponential((moves, num), "float32"),
    )
    (u, values, slopes, _, acceptance), _ = annealing.move(points, scale, np.float32(0), place, given)
    u = ops.convert_to_numpy(u)
    assert 0.3 < float(acceptance[0]) < 0.8
    assert abs(np.corrcoef(u[:, 0], start[:, 0])[0, 1]) < 0.1
    error = (np.diag(covariance) / num) ** 0.5
    assert (np.abs(u.mean(axis=0) - mean) < 4 * error).all()
    np.testing.assert_allclose(np.cov(u.T), covariance, atol=4 * 2**0.5 * covariance.max() / num**0.5)
    # What a rejected chain keeps is of where it is.
    expected_values, expected_slopes = annealing.start(points, scale, u)
    for kept, expected in ((values, expected_values), (slopes, expected_slopes)):
        np.testing.assert_allclose(ops.convert_to_numpy(kept), ops.convert_to_numpy(expected), rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("prior", ["uniform", "normal", "spherical"])
def test_a_curved_decoder_against_a_sum_over_the_plane(prior):
    random = np.random.default_rng(5)
    generator = keras.Sequential(
        [keras.Input((2,)), keras.layers.Dense(8, activation="tanh"), keras.layers.Dense(3, activation="sigmoid")]
    )
    generator.set_weights([random.normal(0, 1, w.shape).astype("float32") for w in generator.get_weights()])
    points = random.uniform(size=(6, 3)).astype("float32")
    places = (np.arange(400) + 0.5) / 400
    u = np.stack(np.meshgrid(places, places), axis=-1).reshape(-1, 2)
    samples = generator.predict(kg.priors.get(prior, 2).quantile(u).astype("float32"), batch_size=10**6, verbose=0)
    squares = np.square(points[:, np.newaxis].astype("float64") - samples).sum(axis=2)
    exact = logsumexp(-squares / (2 * 0.2**2), axis=1) - np.log(len(u)) - 3 * np.log(0.2 * (2 * np.pi) ** 0.5)
    report = ais.log_likelihood(generator, points, 0.2, prior, 200, 60, batch_size=1200)
    assert np.abs(report.log_likelihoods - exact).max() < 0.2
    assert abs((report.log_likelihoods - exact).mean()) < 0.05


def test_one_temperature_is_simple_importance_sampling():
    generator, exact = linear(2, 3)
    points = exact.rvs(4, random_state=1).astype("float32")
    report = ais.log_likelihood(generator, points, SIGMA, "normal", 5000, 1)
    np.testing.assert_allclose(report.log_likelihoods, exact.logpdf(points), atol=0.2)
    assert report.acceptance == 1


@pytest.mark.every_backend
def test_a_seed_gives_the_same_numbers_in_chunks_and_on_every_backend():
    generator, exact = linear(2, 3)
    points = exact.rvs(5, random_state=1).astype("float32")
    reports = [ais.log_likelihood(generator, points, SIGMA, "normal", 2, 20, 2, 1, seed) for seed in (0, 1)]
    assert reports[0].mean != reports[1].mean
    assert reports[0].mean == pytest.approx(GOLDEN, abs=1e-3)
    assert "a gap of" in str(reports[0])
    chunked = ais.log_likelihood(generator, points, SIGMA, "normal", 20, 50, batch_size=60)  # 3 points, then 2
    assert len(chunked.log_likelihoods) == 5
    np.testing.assert_allclose(chunked.log_likelihoods, exact.logpdf(points), atol=0.3)


def test_schedule():
    betas = ais.schedule(4)
    sigmoid = 1 / (1 + np.exp([4.0, 2.0, 0.0, -2.0, -4.0]))
    np.testing.assert_allclose(betas, (sigmoid - sigmoid[0]) / (sigmoid[-1] - sigmoid[0]))
    np.testing.assert_allclose(betas[[0, 2, -1]], [0, 0.5, 1], atol=1e-15)


def test_sigma_of_the_noise_is_found():
    generator, exact = linear(2, 20)
    points = exact.rvs(30, random_state=2).astype("float32")
    sigma, means = ais.choose_sigma(generator, points, "normal", (0.5, 1.0, 2.0), 4, 30)
    assert sigma == 1.0
    assert list(means) == [0.5, 1.0, 2.0]
    assert means[1.0] == pytest.approx(exact.logpdf(points).mean(), abs=0.3)
    with pytest.warns(UserWarning, match="sigma=2 lies at the edge of the grid 2 ... 4"):
        ais.choose_sigma(generator, points, "normal", (2.0, 4.0), **FEW)


def test_a_saved_gan_with_averaged_weights(tmp_path):
    """Its likelihood is that of the averaged generator alone, not of the one in training."""
    gan = conftest.make_gan(compile_arguments={"ema": 0.9})
    gan.fit(conftest.make_data(), batch_size=4, epochs=1, verbose=0)
    gan.save(tmp_path / "gan.keras")
    points = conftest.make_data(3)
    found = ais.log_likelihood(kg.load(tmp_path / "gan.keras"), points, 0.2, **FEW).log_likelihoods
    own = ais.log_likelihood(gan.generator, points, 0.2, "uniform", **FEW).log_likelihoods
    with gan.averaged_weights():
        average = ais.log_likelihood(gan.generator, points, 0.2, "uniform", **FEW).log_likelihoods
    np.testing.assert_allclose(found, average, rtol=1e-5)
    assert not np.allclose(found, own, rtol=1e-5)


def test_a_row_of_the_table():
    data = kg.datasets.load("digits")
    generator = keras.Sequential(
        [keras.Input((2,)), keras.layers.Dense(64, activation="sigmoid"), keras.layers.Reshape((8, 8, 1))]
    )
    sampler = kg.GAN(
        generator, keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Flatten(), keras.layers.Dense(1)])
    )
    measure = measures.AISMeasure(ais.Budget(5, 2, 1, 2, 1))
    table = evaluate(sampler, data, [measure], num_samples=5, num_seeds=2)
    cells = table["this model", "ais"].cells
    assert list(cells) == ["log_likelihood", "sigma", "images", "temperatures", "gap"]
    assert (cells["images"].value, cells["temperatures"].value) == (5, 2)
    ((report,),) = table["this model", "ais"].reports  # of one seed and one fold
    assert cells["log_likelihood"].value == report.mean
    assert cells["gap"].value == report.simulated.gap
    assert "lower" in str(table)
    assert '"reverse"' in table.to_json()
    with pytest.raises(KeyError):
        table["real training images", "ais"]
    assert measures.get("ais").budget == ais.BUDGETS["quick"]
    with pytest.raises(ValueError, match=r"Unknown budget. Received: 'huge'. Expected one of \['quick', 'full'\]"):
        measures.AISMeasure("huge")


def told_a_class():
    z, c = keras.Input((2,)), keras.Input((3,))
    return keras.Model([z, c], keras.layers.Dense(3)(keras.layers.Concatenate()([z, c])))


def exported():
    from keras_gan.artifacts import loading

    return loading.Generator(lambda inputs: inputs[0], kg.priors.Normal(2), {})


class Rounded(keras.layers.Layer):
    def call(self, x):
        return ops.cast(ops.cast(10 * x, "int32"), "float32")


class Broken(keras.layers.Layer):
    def call(self, x):
        return x / ops.zeros_like(x)


class Several(keras.Model):
    def call(self, x):
        return [x, x]


class Sampler:
    def sample(self, num, seed):
        return np.zeros((num, 3))


def of(layer):
    return keras.Sequential([keras.Input((3,)), layer])


GOOD = np.full((2, 3), 0.5, "float32")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"sigma": 0.0}, "positive, finite standard deviation. Received: sigma=0.0"),
        ({"sigma": -1.0}, "Received: sigma=-1.0"),
        ({"sigma": float("nan")}, "Received: sigma=nan"),
        ({"sigma": "auto"}, "Received: sigma='auto'"),
        ({"points": np.array([[0.5, np.nan, 0.5]])}, "NaN or infinite values. Received: 1 such rows of 1"),
        ({"points": np.zeros((2, 4))}, r"Received: points of shape \(2, 4\). Expected: \(n, 3\)"),
        ({"points": np.zeros((0, 3))}, "nothing to measure"),
        ({"points": np.zeros((2, 3), "int64")}, "Integers are not on the scale"),
        ({"num_chains": 0}, "num_chains=0. Expected: at least 1"),
        ({"num_temperatures": 0}, "num_temperatures=0. Expected: at least 1"),
        ({"num_leapfrogs": 0}, "num_leapfrogs=0. Expected: at least 1"),
        ({"num_chains": 2.5}, "num_chains=2.5"),
        ({"num_simulated": -1}, "num_simulated=-1. Expected: at least 0"),
        ({"batch_size": 0}, "batch_size=0. Expected: at least 1"),
        ({"prior": None}, "Nothing says what noise the generator takes.*Received: prior=None. Pass prior="),
        ({"generator": lambda: Several()}, "Nothing says what noise the generator takes, and how much"),
        ({"prior": kg.priors.Normal(5)}, "vectors of another length"),
        ({"generator": exported}, "cannot be differentiated.*ONNX.*Pass the .keras file"),
        ({"generator": told_a_class}, "conditional generator.*Fix the condition"),
        ({"generator": Sampler}, "no generator that is fed noise. Received: a Sampler"),
        ({"generator": lambda: of(Rounded())}, "cannot be differentiated. Received: a gradient of 0"),
        ({"generator": lambda: of(Broken())}, "NaN or infinite"),
        ({"generator": lambda: Several(), "prior": kg.priors.Normal(3)}, "one array of samples. Received.*list"),
    ],
)
def test_bad_input(change, message):
    arguments = {"generator": lambda: linear(2, 3)[0], "points": GOOD, "sigma": 0.5, "prior": "normal"} | FEW | change
    generator = arguments.pop("generator")()
    with pytest.raises(ValueError, match=message):
        ais.log_likelihood(generator, **arguments)


def test_a_gan_with_a_condition_is_refused():
    generator = told_a_class()
    x, c = keras.Input((3,)), keras.Input((3,))
    discriminator = keras.Model([x, c], keras.layers.Dense(1)(keras.layers.Concatenate()([x, c])))
    gan = kg.GAN(generator, discriminator, condition=kg.conditions.Labels(3))
    with pytest.raises(ValueError, match="conditional generator"):
        ais.bidirectional(gan, 0.5)


def test_a_prior_without_a_map_is_refused():
    class Own(kg.priors.Prior):
        pass

    with pytest.raises(ValueError, match=r"map of standard normal values. Own has no from_uniform"):
        ais.bidirectional(linear(2, 3)[0], 0.5, Own(2))
