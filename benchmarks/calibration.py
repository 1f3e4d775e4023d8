"""What a Parzen-window number means: the protocol of Table 1 on samples that come from no model.

    python benchmarks/calibration.py                       # downloads MNIST by Keras; takes about six minutes
    python benchmarks/calibration.py --data-path mnist.npz

It needs the paper's rows (training 0-49,999, validation 50,000-50,999). Each row is compared with a value computed once
by an independent NumPy program: within 0.1 nats where nothing is random, within 1 nat where something is drawn. Draws
of 10,000 images differ by about 0.8 nats, so several are averaged. The last rows have no expected value: they come from
the shipped generator, which gets the prior's noise and smaller noise.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import keras
import numpy as np
from sklearn.decomposition import PCA

import keras_gan as kg
from keras_gan.evaluation import parzen
from keras_gan.evaluation.references import kmeans_centres

DRAWN, FIXED = 1.0, 0.1  # nats


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data-path", help="an npz file in the format of Keras's mnist.npz; default: Keras's download")
    parser.add_argument("--only", help="rows whose name contains this")
    arguments = parser.parse_args()
    data = kg.datasets.load("mnist", source=None if arguments.data_path else "keras", path=arguments.data_path)
    train, validation, test = (
        x.reshape(len(x), -1) / np.float32(255) for x in (data.train, data.validation, data.test)
    )

    def images(seed: int, num: int = 10_000) -> np.ndarray:
        return train[np.random.default_rng(seed).permutation(len(train))[:num]]

    def principal_components(seed: int) -> np.ndarray:
        pca = PCA(50, svd_solver="full").fit(train)
        return pca.inverse_transform(pca.transform(images(seed))).clip(0, 1)

    def noisy(seed: int) -> np.ndarray:
        return (images(seed) + np.random.default_rng(seed).normal(0, 0.1, (10_000, 784))).clip(0, 1)

    def gaussian(seed: int) -> np.ndarray:
        mean, covariance = train.mean(axis=0, dtype="float64"), np.cov(train.T)
        return np.random.default_rng(seed).multivariate_normal(mean, covariance, 10_000, method="eigh").clip(0, 1)

    def bernoulli(seed: int) -> np.ndarray:
        return (np.random.default_rng(seed).uniform(size=(10_000, 784)) < train.mean(axis=0)).astype("float32")

    shipped = keras.saving.load_model(Path(__file__).parent.parent / "saved_models" / "mnist" / "generator.keras")

    def generated(scale: float) -> Callable[[int], np.ndarray]:
        prior = kg.priors.Uniform(shipped.input_shape[-1])
        return lambda seed: shipped.predict(scale * prior.draw(10_000, seed), batch_size=1000, verbose=0)

    # name, function from a seed to samples, expected value, draws to average (1 if nothing is random, or it takes
    # minutes), grid of sigmas
    rows: list[tuple[str, Callable[[int], np.ndarray], float | None, int, Sequence[float]]] = [
        ("10,000 training images", images, 243.6, 4, parzen.GRID),
        ("the same, sigma 0.18", images, 244.7, 4, (0.18,)),
        ("the same, sigma 0.2", images, 232.4, 4, (0.2,)),
        ("1,000 training images", lambda seed: images(seed, 1000), 121.0, 4, parzen.GRID),
        ("all 50,000 training images", lambda seed: train, 318.4, 0, parzen.GRID),
        ("k-means, 1,000 centres", lambda seed: kmeans_centres(train, 1000, seed), 285.5, 1, parzen.GRID),
        ("k-means, 10,000 centres", lambda seed: kmeans_centres(train, 10_000, seed), 334.4, 1, parzen.GRID),
        ("50 principal components", principal_components, 313.8, 2, parzen.GRID),
        ("images + N(0, 0.1^2)", noisy, 194.8, 4, parzen.GRID),
        ("images made black and white", lambda seed: (images(seed) > 0.5).astype("float32"), 113.8, 2, parzen.GRID),
        ("a Gaussian, full covariance", gaussian, 64.5, 2, parzen.GRID),
        ("the mean image alone", lambda seed: train.mean(axis=0, keepdims=True), -59.1, 0, parzen.GRID),
        ("independent Bernoulli pixels", bernoulli, -284.3, 2, parzen.GRID),
        ("the shipped generator", generated(1.0), None, 3, parzen.GRID),
        ("the same, noise times 0.8", generated(0.8), None, 3, parzen.GRID),
        ("the same, noise times 0.6", generated(0.6), None, 3, parzen.GRID),
    ]
    print(f"{'samples':30}{'draws':>6}{'sigma':>8}{'test LL':>9}{'SE':>6}{'expected':>10}")
    missed = 0
    for name, make, expected, draws, grid in rows:
        if arguments.only and arguments.only not in name:
            continue
        reports = [parzen.log_likelihood(make(seed), validation, test, grid=grid) for seed in range(max(draws, 1))]
        mean, tolerance = float(np.mean([report.mean for report in reports])), DRAWN if draws else FIXED
        line = f"{name:30}{draws or '-':>6}{reports[0].sigma:8.4f}{mean:9.1f}{reports[0].standard_error:6.1f}"
        if expected is not None:
            met = abs(mean - expected) <= tolerance + 0.05  # the expected value has one decimal
            missed += not met
            line += f"{expected:10.1f}  {'met' if met else 'MISSED'} (within {tolerance:g})"
        print(line, flush=True)
    return missed


if __name__ == "__main__":
    sys.exit(main())
