"""What a Parzen-window likelihood hides: lost modes, copies of the data, samples that a classifier tells from data.

A generator that maps many z to few images ("the Helvetica scenario" of the paper's section 6), or that repeats training
images, can have a good likelihood. Each measure here detects one such failure. Beside it stands its value on real
held-out images, so that a reader knows what is good.
"""

import dataclasses
import warnings

import numpy as np

from keras_gan.evaluation.distances import SquaredDistances, flat, nearest

_HIDDEN_UNITS = 128
_DUPLICATE_QUANTILE = 0.01


@dataclasses.dataclass(frozen=True)
class ModesReport:
    """What `Detector.measure` found.

    Attributes:
        class_shares: array of shape `(classes,)`: share of the samples that the classifier puts into each class.
        kl: KL divergence of those shares from the data's, in nats; 0 is best.
        fewest: smallest of `class_shares`.
        confidence: median of the classifier's highest probability; near 1 if each sample clearly looks like one class.
        near_duplicates: share of samples closer to another sample than 99% of as many real images are to each other;
            0.01 for real images, 1 for a collapsed generator.
        nearest_training: mean Euclidean distance of a sample to its nearest training image.
        nearest_training_of_data: the same distance for held-out images. Samples that are much nearer are copies.
        two_sample_accuracy: accuracy of a fresh classifier at telling samples from held-out images, on images it was
            not trained on: 0.5 is best, 1 is worst.
    """

    class_shares: np.ndarray
    kl: float
    fewest: float
    confidence: float
    near_duplicates: float
    nearest_training: float
    nearest_training_of_data: float
    two_sample_accuracy: float

    def __str__(self) -> str:
        shares = " ".join(f"{100 * share:.1f}" for share in self.class_shares)
        return (
            f"classes in % {shares}; KL {self.kl:.4f} nats; confidence {self.confidence:.3f}; near-duplicates "
            f"{100 * self.near_duplicates:.1f}%; nearest training image at {self.nearest_training:.2f} (held-out "
            f"images {self.nearest_training_of_data:.2f}); told from data with accuracy {self.two_sample_accuracy:.3f}"
        )


class Detector:
    """Measures samples against data. A small classifier of the data is trained once; everything is seeded.

    Args:
        train: training images on the scale of samples, shape `(n, ...)`, floats.
        labels: their classes, shape `(n,)`, integers from 0.
        held_out: images that the generator has not seen, on the same scale; during training, validation images.
        num_samples: how many samples are measured, and at most how many held-out images are used.
        seed: integer, for the classifiers and the choice of images.

    Raises:
        ValueError: if an array is empty, of integers or not finite, or labels do not fit.
    """

    def __init__(
        self, train: np.ndarray, labels: np.ndarray, held_out: np.ndarray, num_samples: int = 2000, seed: int = 0
    ) -> None:
        self.train, held_out = (flat(name, array) for name, array in (("train", train), ("held_out", held_out)))
        labels = np.asarray(labels)
        if labels.shape != (len(self.train),):
            raise ValueError(
                f"Labels do not fit the training images. Received: labels of shape {labels.shape}, {len(self.train)} "
                "images. Expected: one class per image."
            )
        self.num_samples, self.seed = num_samples, seed
        self.data_shares = np.bincount(labels) / len(labels)
        self.classifier = _fitted(self.train, labels, seed, updates=3000)
        random = np.random.default_rng(seed)
        self.held_out = held_out[random.permutation(len(held_out))[:num_samples]]
        # As many images of the data as samples, because distances fall with numbers.
        data = self.train[random.permutation(len(self.train))[:num_samples]]
        self._close = float(np.quantile(_nearest_other(data), _DUPLICATE_QUANTILE))
        self.nearest_training_of_data = float(nearest(self.held_out, self.train)[1].mean())

    def measure(self, samples: np.ndarray) -> ModesReport:
        """Measures the first `num_samples` samples.

        Args:
            samples: array of shape `(m, ...)`, floats, on the data's scale.

        Returns:
            `ModesReport`.

        Raises:
            ValueError: if samples and data differ in size, or the array is empty, of integers or not finite.
        """
        samples = flat("samples", samples)[: self.num_samples]
        if samples.shape[1] != self.train.shape[1]:
            raise ValueError(
                "Samples and data differ in size. Received: "
                f"{samples.shape[1]} and {self.train.shape[1]} values each. Give both in the same shape."
            )
        probabilities = self.classifier.predict_proba(samples)
        counts = np.bincount(probabilities.argmax(axis=1), minlength=len(self.data_shares))
        shares = counts / len(samples)
        seen = shares > 0
        return ModesReport(
            class_shares=shares,
            kl=float((shares[seen] * np.log(shares[seen] / self.data_shares[seen])).sum()),
            fewest=float(shares.min()),
            confidence=float(np.median(probabilities.max(axis=1))),
            near_duplicates=float((_nearest_other(samples) < self._close).mean()),
            nearest_training=float(nearest(samples, self.train)[1].mean()),
            nearest_training_of_data=self.nearest_training_of_data,
            two_sample_accuracy=two_sample_accuracy(samples, self.held_out, self.seed),
        )


def two_sample_accuracy(samples: np.ndarray, data: np.ndarray, seed: int = 0) -> float:
    """Accuracy of a fresh classifier at telling samples from data, trained on one half and tested on the other.

    This is a classifier two-sample test (Lopez-Paz and Oquab 2017): 0.5 means that nothing tells them apart.

    Args:
        samples: array of shape `(m, ...)`, floats.
        data: array of shape `(n, ...)`, on the same scale; the larger set is cut to the smaller's size.
        seed: integer.

    Returns:
        Accuracy in [0, 1].

    Raises:
        ValueError: if a set has fewer than 4 rows, holds integers, or is not finite.
    """
    samples, data = flat("samples", samples), flat("data", data)
    half = min(len(samples), len(data)) // 2
    if half < 2:
        raise ValueError(
            "A two-sample test needs at least 4 rows of each set. Received: "
            f"{len(samples)} samples, {len(data)} rows of data."
        )
    random = np.random.default_rng(seed)
    sets = [array[random.permutation(len(array))[: 2 * half]] for array in (samples, data)]
    answers = np.repeat([0, 1], half)
    classifier = _fitted(np.concatenate([array[:half] for array in sets]), answers, seed, updates=1000)
    return float(classifier.score(np.concatenate([array[half:] for array in sets]), answers))


def _fitted(points, labels, seed, updates):
    import threadpoolctl
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPClassifier

    batch_size = min(200, len(points))
    epochs = -(-updates * batch_size // len(points))
    classifier = MLPClassifier((_HIDDEN_UNITS,), batch_size=batch_size, random_state=seed, max_iter=epochs)
    # Products this small gain nothing from threads, which wait long for each other where other work runs.
    with warnings.catch_warnings(), threadpoolctl.threadpool_limits(1):
        warnings.simplefilter("ignore", ConvergenceWarning)  # the number of epochs is chosen, not a limit
        return classifier.fit(points.astype("float32"), labels)


def _nearest_other(points):
    """Distance of each point to the nearest of the others, shape `(n,)`."""
    found = np.empty(len(points))
    for rows, second in SquaredDistances(points, points).map(lambda smallest, excess: smallest + _second(excess)):
        found[rows] = np.sqrt(second)
    return found


def _second(excess):
    """Second smallest value of each row: the smallest is the point itself, or an equally near copy."""
    return np.partition(excess, 1, axis=1)[:, 1].astype("float64")
