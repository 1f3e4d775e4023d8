"""The likelihood itself, by annealed importance sampling: of a generator whose samples carry Gaussian noise.

A generator alone has no density. With noise of standard deviation sigma on each pixel it has one,
`p(x) = E_z N(x; G(z), sigma^2 I)`, and annealing from the prior to the posterior of z estimates it; bidirectional Monte
Carlo on simulated data says how well. The page docs/ais.md says what the number means.

Source: Wu, Burda, Salakhutdinov, Grosse, "On the quantitative analysis of decoder-based generative models" (2017);
Neal, "Annealed importance sampling" (2001); Grosse, Ghahramani, Adams, "Sandwiching the marginal likelihood using
bidirectional Monte Carlo" (2015).
"""

import dataclasses
import warnings
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops
from scipy.special import logsumexp

from keras_gan import backend, console, priors
from keras_gan.evaluation import parzen
from keras_gan.evaluation.distances import flat

GRID = parzen.GRID[:5]  # .1, .129, .167, .215, .278
_TARGET = 0.65  # acceptance (Wu et al. 2017)
_SCHEDULE_RANGE = 4.0  # the sigmoid schedule is evenly spaced on (-4, 4) (Wu et al. 2017)
_PILOT_SHARE, _PILOT_LEAST = 10, 50  # a pilot run has a tenth of the temperatures, and at least 50
_ADAPTATION = 0.5  # change in log step size for each unit of acceptance
_JITTER = 0.2  # step sizes vary by so much, or a trajectory could come back to where it began (Neal 2011)
_STRETCH = 10  # moves in one call of the compiled program
_SECONDS_BEFORE_BAR = 3


@dataclasses.dataclass(frozen=True)
class Budget:
    """How much is spent on a measurement.

    Attributes:
        num_points: test images.
        num_simulated: simulated images, of which the gap is measured.
        num_chains: chains for each image.
        num_temperatures: steps from the prior to the posterior.
        num_leapfrogs: leapfrog steps at each temperature.
    """

    num_points: int
    num_simulated: int
    num_chains: int
    num_temperatures: int
    num_leapfrogs: int


# "full" has the chains, temperatures and leapfrogs of Wu et al. (2017): 1.6 million gradients per image.
BUDGETS = {"quick": Budget(100, 20, 2, 2000, 5), "full": Budget(100, 100, 16, 10_000, 10)}


@dataclasses.dataclass(frozen=True)
class BidirectionalReport:
    """What `bidirectional` found on simulated points. Log-likelihoods are in nats.

    Attributes:
        forward: mean of the lower bounds, by annealing from the prior to the posterior.
        reverse: mean of the upper bounds, by annealing back from the exact draw of the posterior.
        gap: `reverse - forward`: on these points the mean of either is that close to the truth, but for chance.
        num_points: number of simulated points.
        lower_bounds: the forward estimate of each point, shape `(num_points,)`, float64.
        upper_bounds: the reverse estimate of each point, likewise.
        points: the simulated points, shape `(num_points, ...)`, float32.
    """

    forward: float
    reverse: float
    gap: float
    num_points: int
    lower_bounds: np.ndarray = dataclasses.field(repr=False, compare=False)
    upper_bounds: np.ndarray = dataclasses.field(repr=False, compare=False)
    points: np.ndarray = dataclasses.field(repr=False, compare=False)

    def __str__(self) -> str:
        return (
            f"{self.forward:.1f} forward, {self.reverse:.1f} reverse: a gap of {self.gap:.1f} nats on "
            f"{self.num_points} simulated points"
        )


@dataclasses.dataclass(frozen=True)
class AISReport:
    """What `log_likelihood` found. Log-likelihoods are in nats, and lower bounds in expectation.

    Attributes:
        mean: mean log-likelihood of the points.
        standard_error: standard deviation over points (ddof 0, as in `parzen`) / sqrt of their number.
        sigma: standard deviation of the observation noise.
        num_points: number of points.
        num_chains: chains for each point.
        num_temperatures: steps from the prior to the posterior.
        num_leapfrogs: leapfrog steps at each temperature.
        acceptance: mean probability with which a trajectory was accepted; 0.65 is aimed at.
        effective_sample_size: mean over points of how many of its chains count, from 1 to `num_chains`.
        simulated: `BidirectionalReport` with the same settings on simulated points, or None.
        log_likelihoods: log-likelihood of each point, shape `(num_points,)`, float64.
        log_weights: log-weight of each chain, shape `(num_points, num_chains)`, float64.
    """

    mean: float
    standard_error: float
    sigma: float
    num_points: int
    num_chains: int
    num_temperatures: int
    num_leapfrogs: int
    acceptance: float
    effective_sample_size: float
    simulated: BidirectionalReport | None
    log_likelihoods: np.ndarray = dataclasses.field(repr=False, compare=False)
    log_weights: np.ndarray = dataclasses.field(repr=False, compare=False)

    def __str__(self) -> str:
        text = (
            f">= {self.mean:.1f} +- {self.standard_error:.1f} nats (sigma {self.sigma:.4g}, {self.num_points} points, "
            f"{self.num_chains} chains, {self.num_temperatures} temperatures, {self.num_leapfrogs} leapfrogs; "
            f"acceptance {self.acceptance:.2f}, effective sample size {self.effective_sample_size:.1f})"
        )
        return text if self.simulated is None else f"{text}; {self.simulated}"


def log_likelihood(
    generator: Any,
    points: np.ndarray,
    sigma: float,
    prior: priors.Prior | str | None = None,
    num_chains: int = 2,
    num_temperatures: int = 1000,
    num_leapfrogs: int = 5,
    num_simulated: int = 0,
    seed: int = 0,
    batch_size: int = 400,
) -> AISReport:
    """Log-likelihood of points under a generator with Gaussian observation noise, by annealed importance sampling.

    Chains go from the prior to the posterior of the noise by Hamiltonian Monte Carlo, at the inverse temperatures `b_t`
    of `schedule`, and `w = sum_t (b_t - b_(t-1)) log p(x | z_(t-1))` is a chain's log-weight. The result,
    `log mean exp(w)` over chains, is a lower bound in expectation: the more temperatures, the closer. Step sizes are
    found for each point in a pilot run with random numbers of its own, and fixed for the run that counts: they cannot
    bias it.

    Args:
        generator: what is fed noise alone and can be differentiated: a `GAN`, what `keras_gan.load` returns for a
            `.keras` file or a run's folder, or a Keras model from noise to samples.
        points: array of shape `(n, ...)`, floats, of the generator's samples' shape and on their scale.
        sigma: standard deviation (not variance) of the observation noise, positive. `choose_sigma` finds one.
        prior: `"uniform"`, `"normal"`, `"spherical"` or a `Prior`. Default: the generator's own.
        num_chains: chains for each point, at least 1.
        num_temperatures: steps from the prior to the posterior, at least 1, which is simple importance sampling.
        num_leapfrogs: leapfrog steps at each temperature, at least 1: as many gradients.
        num_simulated: simulated points on which `bidirectional` measures how far the result is from the truth.
        seed: integer; the same seed gives the same random numbers on every backend.
        batch_size: chains that run at once, which bounds memory.

    Returns:
        `AISReport`.

    Raises:
        ValueError: if the generator cannot be differentiated, is told a condition or has no known prior, if points
            are not finite or have another shape, or a number is out of its range.
    """
    annealing = Annealing(generator, prior, num_chains, num_temperatures, num_leapfrogs, batch_size)
    _check_sigmas([sigma])
    points = annealing.checked(points)
    _check_count("num_simulated", num_simulated, 0)
    with annealing.progress(len(points) + 2 * num_simulated, len(points) + num_simulated):
        weights, _, acceptance = annealing.estimate(points, sigma, (seed, 0))
        simulated = annealing.bidirectional(num_simulated, sigma, seed) if num_simulated else None
    values = _log_mean_exp(weights)
    return AISReport(
        mean=float(values.mean()),
        standard_error=parzen.standard_error(values),
        sigma=float(sigma),
        num_points=len(points),
        num_chains=num_chains,
        num_temperatures=num_temperatures,
        num_leapfrogs=num_leapfrogs,
        acceptance=acceptance,
        effective_sample_size=float(np.exp(2 * logsumexp(weights, axis=1) - logsumexp(2 * weights, axis=1)).mean()),
        simulated=simulated,
        log_likelihoods=values,
        log_weights=weights,
    )


def bidirectional(
    generator: Any,
    sigma: float,
    prior: priors.Prior | str | None = None,
    num_points: int = 20,
    num_chains: int = 2,
    num_temperatures: int = 1000,
    num_leapfrogs: int = 5,
    seed: int = 0,
    batch_size: int = 400,
) -> BidirectionalReport:
    """Bounds the log-likelihood of simulated points from both sides, by bidirectional Monte Carlo.

    A point is simulated as a sample plus observation noise, so the noise vector that it was made from is an exact
    draw of its posterior. Chains that start there and go back to the prior give an upper bound in expectation.

    Args:
        generator: as for `log_likelihood`, and so are the other arguments.
        sigma: standard deviation of the observation noise.
        prior: of the generator's noise.
        num_points: points to simulate, at least 1.
        num_chains: chains for each point, in each direction.
        num_temperatures: steps between the prior and the posterior.
        num_leapfrogs: leapfrog steps at each temperature.
        seed: integer.
        batch_size: chains that run at once.

    Returns:
        `BidirectionalReport`.

    Raises:
        ValueError: as `log_likelihood`.
    """
    annealing = Annealing(generator, prior, num_chains, num_temperatures, num_leapfrogs, batch_size)
    _check_sigmas([sigma])
    _check_count("num_points", num_points, 1)
    with annealing.progress(2 * num_points, num_points):
        return annealing.bidirectional(num_points, sigma, seed)


def choose_sigma(
    generator: Any,
    validation: np.ndarray,
    prior: priors.Prior | str | None = None,
    grid: Sequence[float] = GRID,
    num_chains: int = 2,
    num_temperatures: int = 400,
    num_leapfrogs: int = 5,
    seed: int = 0,
    batch_size: int = 400,
) -> tuple[float, dict[float, float]]:
    """Finds the observation noise under which validation points have the highest mean log-likelihood.

    A few points and temperatures will do, because all candidates are tried on the same points with the same random
    numbers. As the bound is looser for small sigma, a small budget prefers a larger one. Warns if the result lies at an
    edge of the grid.

    Args:
        generator: as for `log_likelihood`, and so are the other arguments.
        validation: array of shape `(n, ...)`, floats, on the scale of samples; never test data.
        prior: of the generator's noise.
        grid: standard deviations, positive, in rising order.
        num_chains: chains for each point.
        num_temperatures: steps from the prior to the posterior.
        num_leapfrogs: leapfrog steps at each temperature.
        seed: integer.
        batch_size: chains that run at once.

    Returns:
        `(sigma, means)`: the standard deviation, and a dict from each one of the grid to its mean log-likelihood.

    Raises:
        ValueError: as `log_likelihood`.
    """
    annealing = Annealing(generator, prior, num_chains, num_temperatures, num_leapfrogs, batch_size)
    _check_sigmas(grid)
    validation = annealing.checked(validation)
    runs = len(grid) * len(validation)
    with annealing.progress(runs, runs):
        means = {
            float(sigma): float(_log_mean_exp(annealing.estimate(validation, sigma, (seed, 0))[0]).mean())
            for sigma in grid
        }
    best = max(means, key=lambda sigma: means[sigma])
    if len(means) > 1 and best in (min(means), max(means)):
        warnings.warn(
            f"sigma={best:.4g} lies at the edge of the grid {min(means):.4g} ... {max(means):.4g}: a better one may "
            "lie beyond it. Pass a wider grid.",
            stacklevel=2,
        )
    return best, means


def schedule(num_temperatures: int) -> np.ndarray:
    """Inverse temperatures `b_0 = 0, ..., b_T = 1`, sigmoids of evenly spaced values from -4 to 4, scaled.

    Args:
        num_temperatures: T, at least 1.

    Returns:
        Array of shape `(num_temperatures + 1,)`, float64.
    """
    values = 1 / (1 + np.exp(-np.linspace(-_SCHEDULE_RANGE, _SCHEDULE_RANGE, num_temperatures + 1)))
    return (values - values[0]) / (values[-1] - values[0])


class Annealing:
    """Chains between the prior and the posterior of a generator's noise.

    All is in u, which is standard normal under the prior; `prior.from_normal(u)` is the noise. With
    `l(u) = log p(x | u)`, the target at the inverse temperature b is `exp(b l(u) - |u|^2 / 2)`.

    Args:
        generator: as for `log_likelihood`, and so are the other arguments.
        prior: of the generator's noise.
        num_chains: chains for each point.
        num_temperatures: steps between the prior and the posterior.
        num_leapfrogs: leapfrog steps at each temperature.
        batch_size: chains that run at once.

    Raises:
        ValueError: as `log_likelihood`.
    """

    def __init__(
        self,
        generator: Any,
        prior: priors.Prior | str | None,
        num_chains: int,
        num_temperatures: int,
        num_leapfrogs: int,
        batch_size: int = 400,
    ) -> None:
        for name, count in (
            ("num_chains", num_chains),
            ("num_temperatures", num_temperatures),
            ("num_leapfrogs", num_leapfrogs),
            ("batch_size", batch_size),
        ):
            _check_count(name, count, 1)
        self.model, self.prior = _differentiable(generator, prior)
        self.num_chains, self.num_temperatures, self.num_leapfrogs = num_chains, num_temperatures, num_leapfrogs
        self._points_at_once = max(1, batch_size // num_chains)
        self._bar: Any = None
        try:
            self.shape = self._samples(np.random.default_rng(0).standard_normal((2, self.prior.dim))).shape[1:]
        except NotImplementedError as error:
            raise ValueError(f"The chains need the prior as a map of standard normal values. {error}") from error
        self.start = backend.compiled(self._value_and_slope, self.model.variables)
        self.move = backend.compiled(self._move, self.model.variables)

    def checked(self, points: np.ndarray) -> np.ndarray:
        """The points, flattened to shape `(n, d)`."""
        if np.shape(points)[1:] != self.shape:
            raise ValueError(
                f"Points and samples differ in shape. Received: points of shape {np.shape(points)}. Expected: "
                f"(n, {', '.join(map(str, self.shape))}), as the generator's samples."
            )
        return flat("points", points).astype("float32")

    def progress(self, runs: int, pilots: int) -> Any:
        """The bar of so many points' runs and pilot runs, counted in moves of a point's chains."""
        total = runs * (self.num_temperatures - 1) + pilots * self._num_pilot  # without the last chunk's repeats
        self._bar = console.bar(total, "AIS", "move", delay=_SECONDS_BEFORE_BAR, scaled=True)
        return self._bar

    @property
    def _num_pilot(self):
        """Moves of a pilot run."""
        if self.num_temperatures == 1:
            return 0
        return max(_PILOT_LEAST, self.num_temperatures // _PILOT_SHARE) - 1

    def estimate(
        self, points: np.ndarray, sigma: float, seed: tuple[int, ...], posterior: np.ndarray | None = None
    ) -> tuple[np.ndarray, np.ndarray, float]:
        """Anneals from the prior to the posterior, and back again where a draw of the posterior is known.

        Args:
            points: array of shape `(n, d)`, float32.
            sigma: standard deviation of the observation noise.
            seed: tuple of integers.
            posterior: array of shape `(n, dim)`, draws of u given each point, or None.

        Returns:
            `(forward, reverse, acceptance)`: log-weights of shape `(n, chains)`, `reverse` is empty without
            `posterior`; and the mean acceptance forwards.
        """
        num = len(points)
        num_chunks = -(-num // self._points_at_once)
        size = -(-num // num_chunks)
        forward, reverse, accepted = [], [], []
        for chunk in range(num_chunks):
            # The last chunk begins again with the first points: one shape is one compiled program.
            rows = np.arange(chunk * size, (chunk + 1) * size) % num
            keep = min(size, num - chunk * size)
            random = np.random.default_rng((*seed, chunk))
            log_steps = self._pilot(points[rows], sigma, random)
            start = random.standard_normal((size * self.num_chains, self.prior.dim), "float32")
            weights, acceptance, _ = self.run(points[rows], sigma, start, log_steps, random)
            forward.append(weights[:keep])
            accepted.append(acceptance[:, :keep])
            if posterior is not None:
                start = np.repeat(posterior[rows], self.num_chains, axis=0)
                weights, _, _ = self.run(points[rows], sigma, start, log_steps, random, back=True)
                reverse.append(weights[:keep])
        acceptance = np.concatenate(accepted, axis=1)
        return (
            np.concatenate(forward),
            np.concatenate(reverse) if reverse else np.empty((0, self.num_chains)),
            float(acceptance.mean()) if acceptance.size else 1.0,
        )

    def bidirectional(self, num_points: int, sigma: float, seed: int) -> BidirectionalReport:
        """`BidirectionalReport` of as many simulated points."""
        random = np.random.default_rng((seed, 1))
        u = random.standard_normal((num_points, self.prior.dim), "float32")
        points = self._samples(u).reshape(num_points, -1)
        points = points + np.float32(sigma) * random.standard_normal(points.shape, "float32")
        forward, reverse, _ = self.estimate(points, sigma, (seed, 2), u)
        lower, upper = _log_mean_exp(forward), -_log_mean_exp(-reverse)
        return BidirectionalReport(
            forward=float(lower.mean()),
            reverse=float(upper.mean()),
            gap=float(upper.mean() - lower.mean()),
            num_points=num_points,
            lower_bounds=lower,
            upper_bounds=upper,
            points=points.reshape(num_points, *self.shape),
        )

    def _pilot(self, points, sigma, random):
        """Log step sizes of shape `(T - 1, n)`, as a short run of its own finds them."""
        if self.num_temperatures == 1:
            return np.empty((0, len(points)))
        num = self._num_pilot + 1
        start = random.standard_normal((len(points) * self.num_chains, self.prior.dim), "float32")
        log_steps = np.full((num - 1, len(points)), -0.25 * np.log(self.prior.dim))
        _, _, offsets = self.run(points, sigma, start, log_steps, random, rate=_ADAPTATION)
        found = log_steps + offsets
        places, wanted = np.arange(1, num) / num, np.arange(1, self.num_temperatures) / self.num_temperatures
        return np.stack([np.interp(wanted, places, column) for column in found.T], axis=1)

    def run(
        self,
        points: np.ndarray,
        sigma: float,
        start: np.ndarray,
        log_steps: np.ndarray,
        random: np.random.Generator,
        rate: float = 0.0,
        back: bool = False,
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """One run of the chains of each point, with as many moves as there are step sizes.

        Forwards, a chain is weighed at the prior and after each move; backwards all is done in the opposite order.

        Args:
            points: array of shape `(n, d)`, float32.
            sigma: standard deviation of the observation noise.
            start: array of shape `(n * chains, dim)`, where the chains begin, those of a point side by side.
            log_steps: array of shape `(moves, n)`, logs of the step sizes on the way from the prior.
            random: NumPy generator.
            rate: how fast step sizes adapt; 0 in a run that counts.
            back: whether to go from the posterior to the prior.

        Returns:
            `(log_weights, acceptance, offsets)`: of shape `(n, chains)`, `(moves, n)`, and `(moves, n)`, what
            adaptation added to the log step sizes.
        """
        num_moves, num_points = log_steps.shape
        betas = schedule(num_moves + 1)
        order = slice(None, None, -1 if back else 1)
        parts, betas, log_steps = np.diff(betas)[order], betas[1:-1][order], log_steps[order]
        scale = np.float32(0.5 / sigma**2)
        values, slopes = self.start(points, scale, start)
        along = [np.array(ops.convert_to_numpy(values))[np.newaxis]]
        _check_start(along[0], ops.convert_to_numpy(slopes))
        place = (start, values, slopes, np.zeros(num_points, "float32"), np.zeros(num_points, "float32"))
        accepted = [np.empty((0, num_points), "float32")]
        offsets = [np.empty((0, num_points), "float32")]
        # The last stretch is filled with moves of length 0: one shape is one compiled program.
        fill = -num_moves % _STRETCH
        betas, log_steps = np.pad(betas, (0, fill)), np.pad(log_steps, ((0, fill), (0, 0)), constant_values=-np.inf)
        for first in range(0, num_moves, _STRETCH):
            moves = slice(first, first + _STRETCH)
            steps = log_steps[moves] + np.log(random.uniform(1 - _JITTER, 1 + _JITTER, (_STRETCH, num_points)))
            place, (_, *found) = self.move(
                points,
                scale,
                np.float32(rate),
                place,
                (
                    betas[moves].astype("float32"),
                    steps.astype("float32"),
                    random.standard_normal((_STRETCH, *start.shape), "float32"),
                    -random.standard_exponential((_STRETCH, len(start)), "float32"),  # logs of uniform numbers
                ),
            )
            for kept, array in zip((along, offsets, accepted), (found[0], *found[2:]), strict=True):
                kept.append(np.array(ops.convert_to_numpy(array)))
            if self._bar is not None:
                self._bar.update(num_points * min(_STRETCH, num_moves - first))
        log_densities = np.concatenate(along)[: num_moves + 1].astype("float64")
        weights = (parts @ log_densities).reshape(num_points, self.num_chains)
        weights -= points.shape[1] * np.log(sigma * (2 * np.pi) ** 0.5)
        return weights, np.concatenate(accepted)[:num_moves], np.concatenate(offsets)[:num_moves]

    def _samples(self, u):
        samples = self.model(self.prior.from_normal(ops.convert_to_tensor(u, "float32")), training=False)
        if keras.tree.is_nested(samples):
            raise ValueError(
                f"A likelihood needs one array of samples. Received: a generator that returns a "
                f"{type(samples).__name__}. Expected: a Keras model from noise to one tensor."
            )
        return ops.convert_to_numpy(ops.cast(samples, "float32"))

    def _value_and_slope(self, points, scale, u):
        """`l(u)` without its constant, shape `(n * chains,)`, and its gradient in u."""
        points = ops.repeat(points, self.num_chains, axis=0)

        def in_total(u):
            samples = ops.cast(self.model(self.prior.from_normal(u), training=False), "float32")
            values = -scale * ops.sum(ops.square(ops.reshape(samples, points.shape) - points), axis=1)
            return ops.sum(values), values

        return backend.input_gradient(in_total, u, self.model.variables, again=False)

    def _move(self, points, scale, rate, place, given):
        """Moves all chains at one temperature after the other.

        Args:
            points: tensor of shape `(n, d)`.
            scale: scalar tensor, `1 / (2 sigma^2)`.
            rate: scalar tensor: how fast step sizes adapt, 0 in a run that counts.
            place: `(u, values, slopes, offsets, acceptance)`: where the chains are, `l` and its gradient there, what
                is added to each point's log step size, and how probably its last move was accepted.
            given: `(betas, log_steps, momenta, log_uniforms)` for each temperature.

        Returns:
            `(place, places)`: the last place, and the one after each move.
        """

        def move(place, given):
            u, value, slope, offsets, _ = place
            beta, log_steps, momentum, log_uniform = given
            step = ops.expand_dims(ops.repeat(ops.exp(log_steps + offsets), self.num_chains), 1)

            def leapfrog(_, moving):
                u, momentum, _, slope = moving
                momentum = momentum + 0.5 * step * (beta * slope - u)
                u = u + step * momentum
                value, slope = self._value_and_slope(points, scale, u)
                return u, momentum + 0.5 * step * (beta * slope - u), value, slope

            end = ops.fori_loop(0, self.num_leapfrogs, leapfrog, (u, momentum, value, slope))
            before, after = _kinetic(u, momentum), _kinetic(*end[:2])
            log_ratio = beta * (end[2] - value) + before - after
            log_ratio = ops.where(ops.isnan(log_ratio), -float("inf"), log_ratio)  # it went out of all bounds
            accept = log_uniform < log_ratio
            u = ops.where(accept[:, None], end[0], u)
            value = ops.where(accept, end[2], value)
            slope = ops.where(accept[:, None], end[3], slope)
            probability = ops.exp(ops.minimum(log_ratio, 0.0))
            acceptance = ops.mean(ops.reshape(probability, (-1, self.num_chains)), axis=1)
            offsets = offsets + rate * (acceptance - _TARGET)
            place = (u, value, slope, offsets, acceptance)
            return place, place  # both alike, as Keras's scan on TensorFlow needs them

        return ops.scan(move, place, given)


def _kinetic(u, momentum):
    """What a trajectory keeps beside `b l(u)`: `(|u|^2 + |momentum|^2) / 2`."""
    return 0.5 * ops.sum(ops.square(u) + ops.square(momentum), axis=1)


def _log_mean_exp(weights):
    return logsumexp(weights, axis=1) - np.log(weights.shape[1])


def _differentiable(generator, prior):
    """The Keras model from noise to samples, and its prior."""
    condition = getattr(generator, "condition", None)
    model = generator if isinstance(generator, keras.Model) else getattr(generator, "model", generator)
    if model is None:
        raise ValueError(
            "This generator cannot be differentiated. Received: a program (SavedModel, ONNX, LiteRT or .pt2), of which "
            "only the samples are known. Pass the .keras file or the run's folder that it was exported from."
        )
    prior = getattr(generator, "prior", None) if prior is None else prior
    if not isinstance(model, keras.Model) or (prior is None and hasattr(model, "sample")):
        raise ValueError(
            f"This is no generator that is fed noise. Received: a {type(generator).__name__}. Expected: a "
            "keras_gan.GAN, what keras_gan.load returns for a .keras file, or a Keras model from noise to samples."
        )
    network = getattr(model, "generator", model)  # of a GAN, whose weights may be averages of the generator's
    if condition is not None or len(getattr(network, "inputs", None) or [0]) > 1:
        raise ValueError(
            "A conditional generator has one likelihood for each condition. Received: a generator that is told one. "
            "Expected: a Keras model from noise alone. Fix the condition: keras.Model(z, generator([z, c])), with a "
            "constant c."
        )
    shapes = [tensor.shape for tensor in getattr(network, "inputs", None) or []]
    if prior is None or not (shapes or isinstance(prior, priors.Prior)):
        raise ValueError(
            f"Nothing says what noise the generator takes, and how much. Received: prior={prior!r}. Pass "
            "prior=keras_gan.priors.Uniform(100), for example; a name will do for a model that knows its inputs."
        )
    return model, priors.get(prior, shapes[0][-1] if shapes else None)


def _check_start(values, slopes):
    if not (np.isfinite(values).all() and np.isfinite(slopes).all()):
        raise ValueError(
            "The generator's samples or their gradients are NaN or infinite, or sigma is too small for float32. "
            f"Received: log-likelihoods from {values.min():.3g} to {values.max():.3g} at noise of the prior. Check "
            "generator(z) and its gradient, or use a larger sigma."
        )
    if not slopes.any():
        raise ValueError(
            "This generator cannot be differentiated. Received: a gradient of 0 in every noise vector, as of samples "
            "that are rounded or do not depend on the noise. Expected: a Keras model of differentiable operations."
        )


def _check_sigmas(sigmas):
    if not len(sigmas) or not all(
        isinstance(sigma, (int, float, np.number)) and np.isfinite(sigma) and sigma > 0 for sigma in sigmas
    ):
        raise ValueError(
            "Observation noise has a positive, finite standard deviation. Received: "
            f"{', '.join(f'sigma={sigma!r}' for sigma in sigmas) or 'an empty grid'}. Try sigma=0.17 for images in "
            "[0, 1], or choose_sigma."
        )


def _check_count(name, count, least):
    if isinstance(count, bool) or not isinstance(count, (int, np.integer)) or count < least:
        raise ValueError(f"A count is too small or no integer. Received: {name}={count!r}. Expected: at least {least}.")
