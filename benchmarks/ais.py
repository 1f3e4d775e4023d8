"""Times annealed importance sampling against a loop written by hand in JAX, and says what a core's minutes buy.

    KERAS_BACKEND=jax python benchmarks/ais.py                                       # speed, in about 3 minutes
    KERAS_BACKEND=jax python benchmarks/ais.py --model mnist --num-temperatures 2000 # a likelihood and its gap

Without `--model`, keras_gan and the loop anneal chains of a generator of MNIST's size, with the same step sizes. They
take turns; the table has the median of the rounds, and the ratio is the median of the rounds' ratios. The loop is one
jitted `lax.scan` with its random numbers and weights.

With `--model`, sigma is chosen on 20 validation images, and 100 test images (`--num-points`) are measured beside the
Parzen window on the same images, with the gap on 20 simulated ones (`--num-simulated`).
"""

import argparse
import json
import statistics
import time
from pathlib import Path

import keras
import numpy as np

import keras_gan
from keras_gan import datasets, priors
from keras_gan.evaluation import ais, parzen

DIM, WIDTH, PIXELS, SIGMA = 100, 1200, 784, 0.17
POINTS, CHAINS, LEAPFROGS = 50, 4, 5


def by_hand(weights, points, num_chains, num_leapfrogs):
    """AIS of a ReLU network with a sigmoid at its end, as one would write it for this one purpose."""
    import jax
    from jax import numpy as jnp

    points = jnp.repeat(jnp.asarray(points), num_chains, axis=0)

    def log_density(weights, u):
        h = 3**0.5 * jax.scipy.special.erf(u / 2**0.5)
        for kernel, bias in weights[:-1]:
            h = jax.nn.relu(h @ kernel + bias)
        kernel, bias = weights[-1]
        values = -jnp.square(jax.nn.sigmoid(h @ kernel + bias) - points).sum(axis=1) / (2 * SIGMA**2)
        return values.sum(), values

    @jax.jit
    def anneal(weights, key, betas, steps):
        slope_of = jax.grad(lambda u: log_density(weights, u), has_aux=True)

        def move(carry, given):
            u, value, slope, total, key = carry
            beta, difference, step = given
            key, for_momentum, for_choice = jax.random.split(key, 3)
            momentum = jax.random.normal(for_momentum, u.shape)

            def leapfrog(_, moving):
                v, p, _, slope = moving
                p = p + step / 2 * (beta * slope - v)
                v = v + step * p
                slope, value = slope_of(v)
                return v, p + step / 2 * (beta * slope - v), value, slope

            v, p, new_value, new_slope = jax.lax.fori_loop(0, num_leapfrogs, leapfrog, (u, momentum, value, slope))
            energy = lambda u, p, value: (jnp.square(u) + jnp.square(p)).sum(axis=1) / 2 - beta * value  # noqa: E731
            accept = jnp.log(jax.random.uniform(for_choice, value.shape)) < energy(u, momentum, value) - energy(
                v, p, new_value
            )
            u, slope = jnp.where(accept[:, None], v, u), jnp.where(accept[:, None], new_slope, slope)
            value = jnp.where(accept, new_value, value)
            return (u, value, slope, total + difference * value, key), None

        key, first = jax.random.split(key)
        u = jax.random.normal(first, (len(points), DIM))
        slope, value = slope_of(u)
        differences = jnp.diff(betas)
        start = (u, value, slope, differences[0] * value, key)
        return jax.lax.scan(move, start, (betas[1:-1], differences[1:], steps))[0][3]

    return lambda seed, betas, steps: anneal(weights, jax.random.key(seed), betas, steps).block_until_ready()


def speed(rounds: int, num_temperatures: int) -> None:
    import jax

    random = np.random.default_rng(0)
    generator = keras.Sequential(
        [
            keras.Input((DIM,)),
            keras.layers.Dense(WIDTH, activation="relu"),
            keras.layers.Dense(WIDTH, activation="relu"),
            keras.layers.Dense(PIXELS, activation="sigmoid"),
        ]
    )
    points = random.uniform(size=(POINTS, PIXELS)).astype("float32")
    weights = [tuple(jax.numpy.asarray(w) for w in layer.get_weights()) for layer in generator.layers]
    hand = by_hand(weights, points, CHAINS, LEAPFROGS)
    betas = ais.schedule(num_temperatures).astype("float32")
    steps = np.full(num_temperatures - 1, 0.05, "float32")

    engine = ais.Annealing(generator, priors.Uniform(DIM), CHAINS, num_temperatures, LEAPFROGS)
    start = random.standard_normal((POINTS * CHAINS, DIM), "float32")
    log_steps = np.log(np.repeat(steps[:, np.newaxis], POINTS, axis=1))
    contenders = {
        "loop by hand": lambda seed: hand(seed, betas, steps),
        "keras_gan": lambda seed: engine.run(points, SIGMA, start, log_steps, np.random.default_rng(seed)),
    }
    rates: dict[str, list[float]] = {name: [] for name in contenders}
    for seed in range(rounds + 1):
        for name, run in contenders.items():
            started = time.perf_counter()
            run(seed)
            if seed:  # the first compiles
                gradients = POINTS * CHAINS * LEAPFROGS * (num_temperatures - 1)
                rates[name].append(gradients / (time.perf_counter() - started))
    print(f"{'contender':16}{'gradients per second':>22}")
    for name, values in rates.items():
        print(f"{name:16}{statistics.median(values):22.0f}")
    ratio = statistics.median(a / b for a, b in zip(rates["keras_gan"], rates["loop by hand"], strict=True))
    print(f"{'met' if ratio >= 0.9 else 'MISSED':8}keras_gan / loop: {ratio:.2f} (bar: >= 0.9)")


def measure(arguments: argparse.Namespace) -> None:
    generator = keras_gan.load(arguments.model)
    data = datasets.load(arguments.dataset, **({"path": arguments.data_path} if arguments.data_path else {}))
    validation = data.preprocess(data.validation[:20])
    chosen = np.random.default_rng(0).permutation(len(data.test))[: arguments.num_points]
    test = data.preprocess(data.test[chosen])
    result = {"arguments": vars(arguments)}
    sigma = arguments.sigma
    if sigma is None:
        started = time.process_time()
        sigma, means = ais.choose_sigma(generator, validation)
        result |= {"sigma_means": means, "sigma_seconds": time.process_time() - started}
        print(f"sigma {sigma:.4f}, chosen in {result['sigma_seconds']:.0f} s: {means}", flush=True)
    started, clock = time.process_time(), time.perf_counter()
    report = ais.log_likelihood(
        generator,
        test,
        sigma,
        num_chains=arguments.num_chains,
        num_temperatures=arguments.num_temperatures,
        num_leapfrogs=arguments.num_leapfrogs,
        num_simulated=arguments.num_simulated,
    )
    seconds, wall = time.process_time() - started, time.perf_counter() - clock
    samples = generator.sample(10_000, 0)
    window, _ = parzen.select_sigma(samples, data.preprocess(data.validation[:1000]))
    values = {sigma: parzen.log_density(test, samples, sigma) for sigma in sorted({sigma, window})}
    print(f"AIS {report}", flush=True)
    print(f"{seconds / 60:.1f} minutes of a core, {wall / 60:.1f} by the clock")
    for window, each in values.items():
        print(f"Parzen on the same images, sigma {window:.4f}: {each.mean():.1f} +- {parzen.standard_error(each):.1f}")
    assert report.simulated is not None
    result |= {
        "sigma": sigma,
        "mean": report.mean,
        "standard_error": report.standard_error,
        "acceptance": report.acceptance,
        "effective_sample_size": report.effective_sample_size,
        "forward": report.simulated.forward,
        "reverse": report.simulated.reverse,
        "lower_bounds": report.simulated.lower_bounds.tolist(),
        "upper_bounds": report.simulated.upper_bounds.tolist(),
        "log_likelihoods": report.log_likelihoods.tolist(),
        "seconds": seconds,
        "wall": wall,
        "parzen": {window: [each.mean(), parzen.standard_error(each)] for window, each in values.items()},
    }
    if arguments.json:
        Path(arguments.json).write_text(json.dumps(result, indent=1))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--num-temperatures", type=int, default=None)
    parser.add_argument("--model", help="a generator to measure, for example mnist, the shipped one")
    parser.add_argument("--dataset", default="mnist")
    parser.add_argument("--data-path")
    parser.add_argument("--sigma", type=float, help="by default chosen on validation images")
    parser.add_argument("--num-points", type=int, default=100)
    parser.add_argument("--num-simulated", type=int, default=20)
    parser.add_argument("--num-chains", type=int, default=2)
    parser.add_argument("--num-leapfrogs", type=int, default=5)
    parser.add_argument("--json", help="file for the result, with every image's number")
    arguments = parser.parse_args()
    if arguments.model is None:
        speed(arguments.rounds, arguments.num_temperatures or 51)
    else:
        arguments.num_temperatures = arguments.num_temperatures or 2000
        measure(arguments)


if __name__ == "__main__":
    main()
