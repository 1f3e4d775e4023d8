"""A trained model's row of Table 1, beside what the number hides: all that `keras-gan evaluate` prints."""

import dataclasses
import json
import warnings
from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from keras_gan.datasets import Dataset, tfd
from keras_gan.evaluation import modes, parzen

# Table 1 of the paper: mean and standard error, in nats.
PUBLISHED: dict[str, dict[str, tuple[float, float]]] = {
    "mnist": {"DBN": (138, 2), "Stacked CAE": (121, 1.6), "Deep GSN": (214, 1.1), "Adversarial nets": (225, 2)}
}
PUBLISHED_TFD: dict[str, tuple[float, float]] = {
    "DBN": (1909, 66),
    "Stacked CAE": (2110, 50),
    "Deep GSN": (1890, 29),
    "Adversarial nets": (2057, 26),
}
_WITH_MODES = ("mnist", "digits")  # a small classifier tells their classes apart
Sampler = Callable[[int, int], np.ndarray]


@dataclasses.dataclass(frozen=True)
class Scores:
    """What `score` found; log-likelihoods in nats.

    Attributes:
        name: of the data set.
        reports: a `ParzenReport` a sampling seed.
        interval: 95% bootstrap interval over test points and sampling seeds.
        references: a `ParzenReport` for each set of images that is no model.
        modes: `ModesReport` of the first seed's samples against test images, or None.
    """

    name: str
    reports: tuple[parzen.ParzenReport, ...]
    interval: tuple[float, float]
    references: dict[str, parzen.ParzenReport]
    modes: modes.ModesReport | None

    @property
    def mean(self) -> float:
        """Test log-likelihood, the mean over sampling seeds."""
        return float(np.mean([report.mean for report in self.reports]))

    def to_json(self) -> str:
        """Everything but single test points, as JSON."""

        def plain(report):
            values = dataclasses.asdict(report)
            values.pop("log_likelihoods")
            return values

        content: dict[str, Any] = {
            "dataset": self.name,
            "test_log_likelihood": self.mean,
            "interval_95": self.interval,
            "seeds": [plain(report) for report in self.reports],
            "published": PUBLISHED.get(self.name, {}),
            "references": {name: plain(report) for name, report in self.references.items()},
            "modes": None,
        }
        if self.modes is not None:
            content["modes"] = dataclasses.asdict(self.modes) | {"class_shares": self.modes.class_shares.tolist()}
        return json.dumps(content, indent=2)

    def __str__(self) -> str:
        first = self.reports[0]
        lines = [
            f"Parzen-window log-likelihood of {first.num_test} test images of {self.name}, in nats, with "
            f"{first.num_samples} samples; sigma from {first.num_validation} validation images.",
            "",
            f"{'this model':28}{self.mean:8.1f} +- {first.standard_error:.1f}   sigma {first.sigma:.3f}   mean of "
            f"{len(self.reports)} sampling seeds; 95% interval {self.interval[0]:.1f} ... {self.interval[1]:.1f}",
        ]
        for name, (mean, error) in PUBLISHED.get(self.name, {}).items():
            lines.append(f"{'paper: ' + name:28}{mean:8.1f} +- {error:.1f}")
        for name, report in self.references.items():
            lines.append(
                f"{name:28}{report.mean:8.1f} +- {report.standard_error:.1f}   sigma {report.sigma:.3f}   "
                f"{report.num_samples} of them as samples"
            )
        if self.modes is not None:
            lines += ["", "What it hides:", *(f"  {line}" for line in str(self.modes).split("; "))]
        return "\n".join(lines)


@dataclasses.dataclass(frozen=True)
class FoldScores:
    """What `score_folds` found; log-likelihoods in nats.

    Attributes:
        description: of the images.
        reports: a `FoldsReport` a sampling seed.
        references: a `FoldsReport` for each set of images that is no model.
        published: the paper's numbers; none beside a stand-in.
    """

    description: str
    reports: tuple[parzen.FoldsReport, ...]
    references: dict[str, parzen.FoldsReport]
    published: dict[str, tuple[float, float]]

    @property
    def mean(self) -> float:
        """Test log-likelihood, the mean over folds and sampling seeds."""
        return float(np.mean([report.mean for report in self.reports]))

    def to_json(self) -> str:
        """Everything but single test points, as JSON."""

        def plain(report):
            folds = [dataclasses.asdict(fold) for fold in report.folds]
            for fold in folds:
                fold.pop("log_likelihoods")
            return {"mean": report.mean, "standard_error": report.standard_error, "folds": folds}

        content = {
            "dataset": self.description,
            "test_log_likelihood": self.mean,
            "seeds": [plain(report) for report in self.reports],
            "published": self.published,
            "references": {name: plain(report) for name, report in self.references.items()},
        }
        return json.dumps(content, indent=2)

    def __str__(self) -> str:
        first = self.reports[0]
        lines = [
            f"Parzen-window log-likelihood of {self.description}, in nats, with {first.folds[0].num_samples} samples.",
            "A sigma a fold from its validation images; mean and standard error over folds (ddof 1).",
            "",
            f"{'fold':28}{'sigma':>8}{'validation':>12}{'test':>8}{'log-likelihood':>16}",
        ]
        for number, fold in enumerate(first.folds):
            lines.append(f"{number:<28}{fold.sigma:8.3f}{fold.num_validation:12}{fold.num_test:8}{fold.mean:16.1f}")
        lines.append("")
        lines.append(
            f"{'this model':28}{self.mean:8.1f} +- {first.standard_error:.1f}   mean of "
            f"{len(self.reports)} sampling seeds"
        )
        for name, (mean, error) in self.published.items():
            lines.append(f"{'paper: ' + name:28}{mean:8.1f} +- {error:.1f}")
        for name, report in self.references.items():
            lines.append(
                f"{name:28}{report.mean:8.1f} +- {report.standard_error:.1f}   "
                f"{report.folds[0].num_samples} of them as samples"
            )
        if not self.published:
            lines.append("Not measured on the Toronto Face Database: not to be compared with the paper's TFD column.")
        return "\n".join(lines)


def score_folds(
    sampler: Sampler,
    load_fold: Callable[[int], Dataset],
    num_samples: int = parzen.PUBLISHED_NUM_SAMPLES,
    num_seeds: int = 3,
) -> FoldScores:
    """Scores samples by the paper's protocol for the Toronto Face Database: five folds, one set of samples.

    Args:
        sampler: function of a number and a seed that returns so many samples, on the scale of preprocessed data.
        load_fold: function from a fold, 0 to 4, to its `Dataset`.
        num_samples: samples a seed; published numbers use 10,000.
        num_seeds: sampling seeds 0, 1, ..., at least 1.

    Returns:
        `FoldScores`.

    Raises:
        ValueError: if `num_seeds` is less than 1, or the samples do not fit the data.
    """
    _check_numbers(True, num_samples, num_seeds)
    data = load_fold(0)
    folds = [(_scaled(data, data.validation), _scaled(data, data.test))]
    for number in range(1, tfd.NUM_FOLDS):
        fold = load_fold(number)
        folds.append((_scaled(fold, fold.validation), _scaled(fold, fold.test)))
    chosen = np.random.default_rng(0).permutation(len(data.train))[:num_samples]
    sets = {
        "real training images": _scaled(data, data.train[chosen]),
        "the mean training image": data.pixel_mean().astype("float32")[np.newaxis],
    }
    return FoldScores(
        data.card["description"],
        tuple(parzen.evaluate_folds(sampler(num_samples, seed), folds) for seed in range(num_seeds)),
        {name: parzen.evaluate_folds(images, folds) for name, images in sets.items()},
        PUBLISHED_TFD if tfd.is_tfd(data) else {},
    )


def score(
    sampler: Sampler,
    data: Dataset,
    name: str,
    num_samples: int = parzen.PUBLISHED_NUM_SAMPLES,
    num_seeds: int = 3,
    with_modes: bool = True,
    with_kmeans: bool = False,
) -> Scores:
    """Scores samples against a data set by the paper's protocol, and by what that hides.

    Args:
        sampler: function of a number and a seed that returns so many samples, on the scale of preprocessed data.
        data: `keras_gan.datasets.Dataset`.
        name: of the data set.
        num_samples: samples a seed; published numbers use 10,000.
        num_seeds: sampling seeds 0, 1, ..., at least 1.
        with_modes: whether to look for lost modes and copies as well (mnist and digits).
        with_kmeans: whether to score the centres of as many clusters of the training images, too; takes minutes.

    Returns:
        `Scores`.

    Raises:
        ValueError: if `num_seeds` is less than 1, or the samples do not fit the data.
    """
    _check_numbers(name in PUBLISHED, num_samples, num_seeds)
    train, validation, test = (_scaled(data, split) for split in (data.train, data.validation, data.test))
    first = sampler(num_samples, 0)
    reports = [parzen.evaluate(first, validation, test)]
    for seed in range(1, num_seeds):
        reports.append(parzen.evaluate(sampler(num_samples, seed), validation, test))
    chosen = np.random.default_rng(0).permutation(len(train))[:num_samples]
    references = {
        "real training images": parzen.evaluate(train[chosen], validation, test),
        "the mean training image": parzen.evaluate(train.mean(axis=0, keepdims=True), validation, test),
    }
    if with_kmeans:
        references["k-means centres"] = parzen.evaluate(kmeans_centres(train, num_samples), validation, test)
    found = None
    if with_modes and name in _WITH_MODES:
        found = modes.Modes(train, data.labels.train, test).measure(first)
    return Scores(name, tuple(reports), parzen.bootstrap_interval(reports), references, found)


def kmeans_centres(images: np.ndarray, num_centres: int, seed: int = 0, rounds: int = 10) -> np.ndarray:
    """Centres of so many clusters of the images, by Lloyd's algorithm from randomly chosen images.

    Args:
        images: array of shape `(n, ...)`, floats.
        num_centres: at most n.
        seed: integer.
        rounds: of Lloyd's algorithm, at most.

    Returns:
        Array of shape `(num_centres, ...)`, of the images' dtype.
    """
    from sklearn.cluster import KMeans

    flat = images.reshape(len(images), -1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the number of rounds is chosen
        found = KMeans(num_centres, init="random", n_init=1, max_iter=rounds, random_state=seed).fit(flat)
    return found.cluster_centers_.astype(images.dtype).reshape(num_centres, *images.shape[1:])


def _scaled(data, images):
    parts = (data.preprocessing(images[start : start + 1000]) for start in range(0, len(images), 1000))
    return np.concatenate([keras.ops.convert_to_numpy(part) for part in parts])


def _check_numbers(published, num_samples, num_seeds):
    if num_seeds < 1:
        raise ValueError(f"Samples need a seed. Received: num_seeds={num_seeds}. Expected: at least 1.")
    if published and num_samples != parzen.PUBLISHED_NUM_SAMPLES:
        warnings.warn(
            f"Published numbers use {parzen.PUBLISHED_NUM_SAMPLES} samples, and the value grows with their number: "
            f"{num_samples} samples cannot be compared with them.",
            stacklevel=3,
        )
