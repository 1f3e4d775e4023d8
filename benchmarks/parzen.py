"""Times the Parzen window against other ways to compute it, in one run.

    python benchmarks/parzen.py                    # about two minutes on two cores
    python benchmarks/parzen.py --rounds 3         # a quicker look

Points and samples are random, with the size of MNIST images (784) and with distances like theirs. The contenders are

- `product`, a bare float32 matrix product of the same size, which each of them needs at least,
- `keras_gan`, at one bandwidth and at ten,
- `broadcasting`, the 2014 script's form in NumPy, which compares a batch of 100 points with all samples at once,
- `cdist`, SciPy's distances and logsumexp, and `torch.cdist`, PyTorch's, where it is installed.

Contenders take turns, and the table has the median of the rounds. At the end comes one whole MNIST evaluation: ten
bandwidths on 1,000 points, then one on 10,000, under 10,000 samples.
"""

import argparse
import importlib.util
import statistics
import time
from collections.abc import Callable

import numpy as np
from scipy.spatial.distance import cdist
from scipy.special import logsumexp

from keras_gan.evaluation import parzen

WIDTH, SAMPLES, POINTS, SIGMA = 784, 10_000, 1000, 0.2


def broadcasting(points: np.ndarray, samples: np.ndarray, batch: int = 100) -> np.ndarray:
    """The released script's form: differences of a batch of points and all samples, whole in memory."""
    parts = []
    for start in range(0, len(points), batch):
        scaled = (points[start : start + batch, np.newaxis] - samples[np.newaxis]) / SIGMA
        parts.append(logsumexp(-0.5 * (scaled**2).sum(2), axis=1) - np.log(len(samples)))
    return np.concatenate(parts) - WIDTH * np.log(SIGMA * np.sqrt(2 * np.pi))


def by_cdist(points: np.ndarray, samples: np.ndarray) -> np.ndarray:
    squares = cdist(points, samples, "sqeuclidean")
    return (
        logsumexp(-squares / (2 * SIGMA**2), axis=1) - np.log(len(samples)) - WIDTH * np.log(SIGMA * np.sqrt(2 * np.pi))
    )


def by_torch(points: np.ndarray, samples: np.ndarray) -> np.ndarray:
    import torch

    squares = torch.cdist(torch.from_numpy(points), torch.from_numpy(samples)).square_()
    sums = torch.logsumexp(-squares / (2 * SIGMA**2), dim=1).numpy()
    return sums - np.log(len(samples)) - WIDTH * np.log(SIGMA * np.sqrt(2 * np.pi))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args().rounds
    random = np.random.default_rng(0)
    # Sparse and in [0, 1], so that norms and distances are like those of MNIST images.
    images = random.uniform(size=(SAMPLES + POINTS, WIDTH)) * (random.uniform(size=(SAMPLES + POINTS, WIDTH)) < 0.3)
    images = images.astype("float32")
    samples, points = images[:SAMPLES], images[SAMPLES:]

    # The slow ones get fewer points: their time grows with the number of points, no faster.
    contenders: dict[str, tuple[Callable[[np.ndarray, np.ndarray], object], int]] = {
        "product": (lambda p, s: p @ s.T, POINTS),
        "keras_gan, 1 sigma": (lambda p, s: parzen.log_density(p, s, SIGMA), POINTS),
        "keras_gan, 10 sigmas": (lambda p, s: parzen.sigma_curve(s, p), POINTS),
        "broadcasting": (broadcasting, 10),
        "cdist": (by_cdist, 100),
    }

    if importlib.util.find_spec("torch"):
        contenders["torch.cdist"] = (by_torch, 100)
    times: dict[str, list[float]] = {name: [] for name in contenders}
    for warm_up in [True] + [False] * rounds:
        for name, (function, count) in contenders.items():
            started = time.perf_counter()
            function(points[:count], samples)
            if not warm_up:
                times[name].append((time.perf_counter() - started) / (count * SAMPLES) * 1e6)  # microseconds a pair
    micros = {name: statistics.median(values) for name, values in times.items()}
    print(f"{'contender':22}{'million pairs per second':>26}{'time / product':>16}")
    for name, value in micros.items():
        print(f"{name:22}{1 / value:26.2f}{value / micros['product']:16.2f}")
    exact = by_cdist(points[:10].astype("float64"), samples.astype("float64"))
    worst = np.abs(parzen.log_density(points, samples, SIGMA)[:10] - exact).max()
    print(f"\nkeras_gan against float64 cdist: {worst:.1e} nats apart at most")

    def judge(what: str, met: bool) -> None:
        print(("met     " if met else "MISSED  ") + what)

    ratio = micros["broadcasting"] / micros["keras_gan, 1 sigma"]
    judge(f"broadcasting / keras_gan: {ratio:.0f} (bar: >= 100)", ratio >= 100)
    ratio = micros["keras_gan, 1 sigma"] / micros["product"]
    judge(f"one sigma / product: {ratio:.2f} (bar: <= 2)", ratio <= 2)
    ratio = micros["keras_gan, 10 sigmas"] / micros["product"]
    judge(f"ten sigmas / product: {ratio:.2f} (bar: <= 8)", ratio <= 8)

    test = np.tile(points, (10, 1))
    started = time.perf_counter()
    parzen.log_likelihood(samples, points, test)
    print(f"\nA whole MNIST evaluation (10 sigmas x 1,000 + 10,000 points): {time.perf_counter() - started:.1f} s")


if __name__ == "__main__":
    main()
