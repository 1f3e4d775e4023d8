"""What scores samples: each measure of a table is an entry here, or an object or function of a user's own.

A measure is at heart a function `(samples, splits) -> report`. Several sampling seeds and folds are the business of
`keras_gan.evaluation.evaluate`, which calls it once for each.
"""

import dataclasses
import functools
import numbers
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from keras_gan import masks
from keras_gan.conditions import Labels
from keras_gan.datasets import Dataset, Splits
from keras_gan.evaluation import ais, completion, conditional, fid, modes, parzen
from keras_gan.evaluation import features as networks
from keras_gan.evaluation.precision_recall import PrecisionRecallReport, precision_recall
from keras_gan.evaluation.table import Cell

Report = Any
_COPIES = 1000  # of the only sample there is, for measures of many
_FEWEST = 4  # images: so that each has a third neighbour


class PreparedSplits:
    """One fold of a data set on the scale of samples; each split is preprocessed when it is first asked for.

    Attributes:
        data: the fold as it was loaded.
        train: float32 array of shape `(n, ...)`; `validation` and `test` likewise.
        labels: `Splits` of int64 labels of shape `(n,)`.
        num_folds: how many folds the data set has.
    """

    def __init__(self, data: Dataset, num_folds: int = 1) -> None:
        self.data, self.num_folds = data, num_folds

    @functools.cached_property
    def train(self) -> np.ndarray:
        return self.data.preprocess(self.data.train)

    @functools.cached_property
    def validation(self) -> np.ndarray:
        return self.data.preprocess(self.data.validation)

    @functools.cached_property
    def test(self) -> np.ndarray:
        return self.data.preprocess(self.data.test)

    @property
    def labels(self) -> Splits:
        return self.data.labels


class Measure:
    """Base class of measures: override `__call__`, or `prepare` where something is needed of the data alone.

    Attributes:
        name: of the measure, in `measures=`, in a table and in its JSON.
        caption: a sentence that says what its columns are, with units.
        preparing: what `prepare` spends its time on, said before; "" if it takes none.
        published_num_samples: with how many samples published numbers were measured; None if any number compares.
        every_seed: whether every sampling seed is measured, or the first one alone.
        scores_references: whether references are measured as well as samplers.
        takes_sampler: whether the sampler itself is measured instead of its samples.
        takes_classes: whether the function that `prepare` returns is called with `(samples, classes)`: the class that
            each sample was asked to have, an array of shape `(m,)`, int64. Such a measure is made of samplers alone
            whose `condition` is a `keras_gan.conditions.Labels`.
    """

    name = ""
    caption = ""
    preparing = ""
    published_num_samples: int | None = None
    every_seed = True
    scores_references = True
    takes_sampler = False
    takes_classes = False

    def applies(self, data: Dataset) -> bool:
        """Whether the measure makes sense on a data set."""
        return True

    def applies_to(self, sampler: Any, data: Dataset) -> bool:
        """Whether the measure makes sense of a sampler; the row of one of which it does not has no entry."""
        return not self.takes_classes or isinstance(getattr(sampler, "condition", None), Labels)

    def __call__(self, samples: np.ndarray, splits: PreparedSplits) -> Report:
        """Measures samples.

        Args:
            samples: array of shape `(m, ...)`, floats, on the scale of preprocessed data.
            splits: one fold of the data on that scale.

        Returns:
            A number, a dict from names to numbers, or a dataclass.
        """
        return self.prepare(splits)(samples)

    def prepare(self, splits: PreparedSplits) -> Callable[[np.ndarray], Report]:
        """Does once what is needed of the data alone, and returns a function from samples to a report."""
        if type(self).__call__ is Measure.__call__:
            raise NotImplementedError(f"{type(self).__name__} overrides neither `__call__` nor `prepare`.")
        return lambda samples: self(samples, splits)

    def cells(self, report: Report) -> dict[str, Cell]:
        """The columns of a report, the most important one first."""
        if isinstance(report, numbers.Real):
            return {self.name: Cell(float(report))}
        if dataclasses.is_dataclass(report) and not isinstance(report, type):
            report = {field.name: getattr(report, field.name) for field in dataclasses.fields(report)}
        if isinstance(report, dict):
            cells = {name: Cell(float(value)) for name, value in report.items() if isinstance(value, numbers.Real)}
            if cells:
                return cells
        raise ValueError(
            f"The measure {self.name} returned a {type(report).__name__} without a number. "
            "Expected: a number, a dict from names to numbers, or a dataclass that has some."
        )

    def interval(self, reports: Sequence[Report]) -> tuple[float, float] | None:
        """A 95% interval of the first column over test images and sampling seeds, from a report per seed."""
        return None

    def lines(self, report: Report) -> tuple[str, ...]:
        """What a report says that fits into no column."""
        return ()


class ParzenMeasure(Measure):
    """The Parzen-window log-likelihood of Table 1, `keras_gan.evaluation.parzen`."""

    name = "parzen"
    caption = (
        "Parzen-window log-likelihood of test images in nats, with its standard error; sigma is chosen on validation "
        "images. An interval is of the mean, by bootstrap over test images and sampling seeds."
    )
    published_num_samples = parzen.PUBLISHED_NUM_SAMPLES

    def prepare(self, splits: PreparedSplits) -> Callable[[np.ndarray], parzen.ParzenReport]:
        # Where there are folds, all validation images of one choose its sigma; else the first 1,000, as in the paper.
        num_validation = None if splits.num_folds > 1 else 1000
        return lambda samples: parzen.log_likelihood(samples, splits.validation, splits.test, num_validation)

    def cells(self, report: parzen.ParzenReport) -> dict[str, Cell]:
        return {
            "log_likelihood": Cell(report.mean, report.standard_error, decimals=1),
            "sigma": Cell(report.sigma, decimals=3, averaged=False),
            "samples": Cell(report.num_samples, decimals=0, averaged=False),
            "validation": Cell(report.num_validation, decimals=0, averaged=False),
            "test": Cell(report.num_test, decimals=0, averaged=False),
        }

    def interval(self, reports: Sequence[parzen.ParzenReport]) -> tuple[float, float]:
        return parzen.bootstrap_interval(reports)


class ModesMeasure(Measure):
    """What a likelihood hides: lost modes and copies, `keras_gan.evaluation.modes`. Needs labels of classes."""

    name = "modes"
    caption = (
        "What it hides, in the first sampling seed: KL divergence of the class shares from the data's in nats (0 is "
        "best); share of the rarest class; the classifier's median confidence; near-duplicates (0.01 among real "
        "images); distance to the nearest training image, beside that of held-out images; accuracy at telling samples "
        "from data (0.5 is best)."
    )
    preparing = "training a small classifier of the data"
    every_seed = False  # one seed says it, and takes long enough
    scores_references = False

    def applies(self, data: Dataset) -> bool:
        return data.separable_classes

    def prepare(self, splits: PreparedSplits) -> Callable[[np.ndarray], modes.ModesReport]:
        return modes.Detector(splits.train, splits.labels.train, splits.test).measure

    def cells(self, report: modes.ModesReport) -> dict[str, Cell]:
        return {
            "kl": Cell(report.kl, decimals=4),
            "rarest": Cell(report.fewest, decimals=3),
            "confidence": Cell(report.confidence, decimals=3),
            "duplicates": Cell(report.near_duplicates, decimals=3),
            "nearest": Cell(report.nearest_training, decimals=2),
            "held_out": Cell(report.nearest_training_of_data, decimals=2),
            "told_apart": Cell(report.two_sample_accuracy, decimals=3),
        }

    def lines(self, report: modes.ModesReport) -> tuple[str, ...]:
        return (f"classes in % {_percent(report.class_shares)}",)


class AISMeasure(Measure):
    """The likelihood itself, of a generator with Gaussian observation noise: `keras_gan.evaluation.ais`.

    Sigma is chosen on the first 20 validation images; test images are drawn with a seed.

    Args:
        budget: a name of `keras_gan.evaluation.ais.BUDGETS`, or an `ais.Budget`.

    Raises:
        ValueError: if there is no budget of that name.
    """

    name = "ais"
    caption = (
        "Log-likelihood of some test images in nats by annealed importance sampling, with its standard error: a lower "
        "bound in expectation. The observation noise sigma is chosen on validation images. The gap is between the "
        "upper and the lower bound of simulated images."
    )
    every_seed = False
    scores_references = False
    takes_sampler = True
    _num_validation = 20

    def __init__(self, budget: str | ais.Budget = "quick") -> None:
        if isinstance(budget, str):
            if budget not in ais.BUDGETS:
                raise ValueError(f"Unknown budget. Received: {budget!r}. Expected one of {list(ais.BUDGETS)}.")
            budget = ais.BUDGETS[budget]
        self.budget = budget

    def prepare(self, splits: PreparedSplits) -> Callable[[Any], ais.AISReport]:
        return lambda sampler: self._measure(sampler, splits)

    def _measure(self, sampler, splits):
        budget, test = self.budget, splits.test
        points = test[np.random.default_rng(0).permutation(len(test))[: budget.num_points]]
        sigma, _ = ais.choose_sigma(
            sampler,
            splits.validation[: self._num_validation],
            num_temperatures=min(400, budget.num_temperatures),
            num_leapfrogs=budget.num_leapfrogs,
        )
        return ais.log_likelihood(
            sampler,
            points,
            sigma,
            num_chains=budget.num_chains,
            num_temperatures=budget.num_temperatures,
            num_leapfrogs=budget.num_leapfrogs,
            num_simulated=budget.num_simulated,
        )

    def cells(self, report: ais.AISReport) -> dict[str, Cell]:
        cells = {
            "log_likelihood": Cell(report.mean, report.standard_error, decimals=1),
            "sigma": Cell(report.sigma, decimals=3, averaged=False),
            "images": Cell(report.num_points, decimals=0, averaged=False),
            "temperatures": Cell(report.num_temperatures, decimals=0, averaged=False),
        }
        if report.simulated is not None:
            cells["gap"] = Cell(report.simulated.gap, decimals=1)
        return cells


@dataclasses.dataclass(frozen=True)
class FeatureReport:
    """What a measure of features found.

    Attributes:
        samples: the measure of the samples against the test images.
        floor: that of as many training images in their place: what perfect samples would have.
        num_samples: number of samples.
        num_real: number of test images.
        features: the network, with its hash: only numbers of one network can be compared.
    """

    samples: Any
    floor: Any
    num_samples: int
    num_real: int
    features: str


class FeatureMeasure(Measure):
    """Base class of measures that compare features of samples with those of test images: override `compare`.

    Args:
        features: what `keras_gan.evaluation.features.get` takes. Default: the classifier that ships for the data set,
            and that of CIFAR-10 for a folder of pictures.
    """

    def __init__(self, features: Any = None) -> None:
        self.features = features

    def applies(self, data: Dataset) -> bool:
        few = min(len(data.train), len(data.test)) < _FEWEST
        return self.features is not None or (networks.default(data) is not None and not few)

    def prepare(self, splits: PreparedSplits) -> Callable[[np.ndarray], FeatureReport]:
        data = splits.data
        network = networks.get(networks.default(data) if self.features is None else self.features, data)
        self.caption = f"{type(self).caption} Features: {network}."
        real = network.reference(splits.test)
        order = np.random.default_rng(0).permutation(len(data.train))

        @functools.lru_cache(1)
        def floor(num):
            return self.compare(network.reference(data.preprocess(data.train[order[:num]])), real)

        def measure(samples):
            found: np.ndarray = network(samples)
            if len(found) == 1:  # it stands for a model that always gives this one
                found = np.repeat(found, _COPIES, axis=0)
            return FeatureReport(self.compare(found, real), floor(len(found)), len(samples), len(real), str(network))

        return measure

    def compare(self, samples: np.ndarray, real: np.ndarray) -> Any:
        """What is measured of samples, and of training images in their place.

        Args:
            samples: features, array of shape `(m, d)`, float32.
            real: features of the test images, array of shape `(n, d)`.
        """
        raise NotImplementedError


class FrechetMeasure(FeatureMeasure):
    """FID: the Frechet distance of features, `keras_gan.evaluation.fid`."""

    name = "fid"
    caption = (
        "Frechet distance of samples and test images (FID; 0 is best); the floor is that of as many training images. "
        "At infinity: extrapolated to infinitely many samples and test images, with its standard error."
    )

    def compare(self, samples: np.ndarray, real: np.ndarray) -> fid.FrechetReport:
        # Both halves of what is extrapolated from must have a covariance.
        enough = min(len(samples), len(real)) >= max(fid.FEWEST_AT_INFINITY, 2 * (real.shape[1] + 1))
        infinite = fid.frechet_distance_at_infinity(samples, real) if enough else None
        return fid.FrechetReport(fid.frechet_distance(samples, real), infinite)

    def cells(self, report: FeatureReport) -> dict[str, Cell]:
        cells = {"fid": Cell(report.samples.distance), "floor": Cell(report.floor.distance)}
        if (infinite := report.samples.at_infinity) is not None:
            cells["at_infinity"] = Cell(infinite.distance, infinite.standard_error)
        return cells | {"samples": Cell(report.num_samples, decimals=0, averaged=False)}


class KernelMeasure(FeatureMeasure):
    """KID: the kernel distance of features, `keras_gan.evaluation.fid`."""

    name = "kid"
    caption = (
        "Kernel distance of samples and test images (KID; 0 is best), with its standard deviation over subsets; the "
        "floor is that of as many training images."
    )

    def compare(self, samples: np.ndarray, real: np.ndarray) -> fid.KernelReport:
        return fid.kernel_distance(samples, real, subset_size=min(fid.SUBSET_SIZE, len(samples), len(real)))

    def cells(self, report: FeatureReport) -> dict[str, Cell]:
        found = report.samples
        return {
            "kid": Cell(found.mean),
            "deviation": Cell(found.standard_deviation),
            "floor": Cell(report.floor.mean),
            "subset": Cell(found.subset_size, decimals=0, averaged=False),
        }


class PrecisionRecallMeasure(FeatureMeasure):
    """Precision, recall, density and coverage of features, `keras_gan.evaluation.precision_recall`."""

    name = "precision_recall"
    caption = (
        "Share of samples among test images (precision) and of test images among samples (recall), by balls to the "
        "third neighbour; density and coverage are the same without the weight of outliers. Beside them the precision "
        "and recall of as many training images."
    )

    def compare(self, samples: np.ndarray, real: np.ndarray) -> PrecisionRecallReport:
        return precision_recall(real, samples)

    def cells(self, report: FeatureReport) -> dict[str, Cell]:
        found = {name: getattr(report.samples, name) for name in ("precision", "recall", "density", "coverage")}
        found |= {f"real_{name}": getattr(report.floor, name) for name in ("precision", "recall")}
        return {name: Cell(value, decimals=3) for name, value in found.items()}


class ConditionalMeasure(Measure):
    """Whether samples are of the class that was asked for, and vary within it: `keras_gan.evaluation.conditional`.

    It is made of samplers that are told one of the data's classes, by the classifier that ships for the data set.
    """

    name = "conditional"
    caption = (
        "Share of samples that a classifier puts into the class that was asked for (agreement), and that of the class "
        "with the lowest; real: the same share of test images. Diversity: mean distance of two samples of a class over "
        "that of two test images of it (1 is best), as a mean over classes and that of the least diverse class, in the "
        "classifier's features and in pixels."
    )
    scores_references = False
    takes_classes = True

    def applies(self, data: Dataset) -> bool:
        return data.card["name"] in networks.shipped()

    def applies_to(self, sampler: Any, data: Dataset) -> bool:
        return super().applies_to(sampler, data) and sampler.condition.num_classes == len(np.unique(data.labels.train))

    def prepare(self, splits: PreparedSplits) -> Callable[..., FeatureReport]:
        data, name = splits.data, splits.data.card["name"]
        judge = conditional.Judge(
            networks.load_classifier(name), splits.test, splits.labels.test, name=f"{name}-classifier"
        )
        self.caption = f"{type(self).caption} Features: {judge.features}."
        order = np.random.default_rng(0).permutation(len(data.train))

        @functools.lru_cache(1)
        def floor(num):
            return judge.measure(data.preprocess(data.train[order[:num]]), data.labels.train[order[:num]])

        def measure(samples, classes):
            found = judge.measure(samples, classes)
            return FeatureReport(found, floor(len(samples)), len(samples), len(data.test), str(judge.features))

        return measure

    def cells(self, report: FeatureReport) -> dict[str, Cell]:
        found = report.samples
        error = (found.agreement * (1 - found.agreement) / found.num_samples) ** 0.5
        values = {
            "lowest": _of_known(np.min, found.agreement_by_class),
            "real": found.real_agreement,
            "diversity": _of_known(np.mean, found.diversity_by_class),
            "least": _of_known(np.min, found.diversity_by_class),
            "pixel_diversity": _of_known(np.mean, found.pixel_diversity_by_class),
            "pixel_least": _of_known(np.min, found.pixel_diversity_by_class),
        }
        cells = {name: Cell(value, decimals=3) for name, value in values.items()}
        return {"agreement": Cell(found.agreement, error, decimals=4), **cells}

    def lines(self, report: FeatureReport) -> tuple[str, ...]:
        found, floor = report.samples, report.floor
        return (
            f"agreement by class in % {_percent(found.agreement_by_class)}",
            f"the same of test images {_percent(found.real_agreement_by_class)}",
            f"diversity by class in % {_percent(found.diversity_by_class)}",
            f"the same of training images {_percent(floor.diversity_by_class)}",
            f"in pixels {_percent(found.pixel_diversity_by_class)}",
            f"in pixels, the same of training images {_percent(floor.pixel_diversity_by_class)}",
        )


class CompletionMeasure(Measure):
    """How well a sampler completes test images: `keras_gan.evaluation.completion`. For models that do.

    Agreement and FID need the classifier that ships for the data set.

    Args:
        kinds: of masks: names of `keras_gan.masks.MASKS`.
        num_images: test images, drawn with a fixed seed; all of them if there are fewer.
        num_completions: of each image.
    """

    name = "completion"
    caption = (
        "Completions of test images, mean over the four halves that are hidden: share of completions that a classifier "
        "puts into the image's class (agreement), and the same with the mean training image or the nearest training "
        "image in the hole; error: root mean square of the hidden pixels of one completion; spread: their standard "
        "deviation from one completion to another, beside that of the nearest training images; FID of completions, "
        "beside that of the images themselves (floor). Below, each kind of mask."
    )
    preparing = "reading the training images"
    every_seed = False
    scores_references = False
    takes_sampler = True

    def __init__(
        self,
        kinds: Sequence[str] = (*masks.SIDES, "center", "block", "pixels", "all"),
        num_images: int = 5000,
        num_completions: int = 5,
    ) -> None:
        self.kinds, self.num_images, self.num_completions = tuple(kinds), num_images, num_completions

    def applies(self, data: Dataset) -> bool:
        return data.train.ndim == 4

    def applies_to(self, sampler: Any, data: Dataset) -> bool:
        return bool(getattr(getattr(sampler, "condition", None), "completes", False))

    def prepare(self, splits: PreparedSplits) -> Callable[[Any], list[completion.CompletionReport]]:
        name = splits.data.card["name"]
        ships = name in networks.shipped()
        chosen = np.random.default_rng(0).permutation(len(splits.test))[: self.num_images]
        judge = completion.Judge(
            splits.train,
            splits.test[chosen],
            splits.labels.test[chosen],
            networks.load_classifier(name) if ships else None,
            networks.get(name) if ships else None,
        )
        return lambda sampler: [judge.measure(sampler, kind, self.num_completions) for kind in self.kinds]

    def cells(self, report: list[completion.CompletionReport]) -> dict[str, Cell]:
        halves = [kind for kind in report if kind.mask in masks.SIDES] or report

        def mean(name):
            return Cell(float(np.mean([getattr(kind, name) for kind in halves])), decimals=3)

        return {name: mean(attribute) for name, attribute in _OF_HALVES.items()}

    def lines(self, report: list[completion.CompletionReport]) -> tuple[str, ...]:
        rows = [["hidden", *(name for name, _ in _OF_EACH_MASK)]]
        for kind in report:
            rows.append([kind.mask, *(f"{getattr(kind, attribute):.3f}" for _, attribute in _OF_EACH_MASK)])
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        return tuple("  ".join([name.ljust(widths[0]), *map(str.rjust, texts, widths[1:])]) for name, *texts in rows)


# Columns of the table, and of the lines below it: names, and attributes of a report.
_OF_HALVES = {
    "agreement": "agreement",
    "mean_fill": "agreement_of_mean_fill",
    "neighbour": "agreement_of_neighbour",
    "error": "error",
    "neighbour_error": "error_of_neighbour",
    "spread": "spread",
    "neighbour_spread": "spread_of_neighbours",
    "fid": "fid",
    "floor": "fid_of_images",
}
_OF_EACH_MASK = (
    ("agreement", "agreement"),
    ("mean fill", "agreement_of_mean_fill"),
    ("neighbour", "agreement_of_neighbour"),
    ("error", "error"),
    ("of mean", "error_of_mean"),
    ("mean fill", "error_of_mean_fill"),
    ("neighbour", "error_of_neighbour"),
    ("spread", "spread"),
    ("neighbours", "spread_of_neighbours"),
    ("fixed", "fixed"),
    ("fid", "fid"),
    ("floor", "fid_of_images"),
)


class FunctionMeasure(Measure):
    """A function `(samples, splits) -> report` as a measure.

    Args:
        function: takes samples, an array of shape `(m, ...)`, and `PreparedSplits`; returns a number, a dict from
            names to numbers, or a dataclass.
    """

    def __init__(self, function: Callable[[np.ndarray, PreparedSplits], Report]) -> None:
        self._function = function
        self.name = getattr(function, "__name__", type(function).__name__)

    def __call__(self, samples: np.ndarray, splits: PreparedSplits) -> Report:
        return self._function(samples, splits)


MEASURES: dict[str, type[Measure]] = {
    measure.name: measure
    for measure in (
        *(ParzenMeasure, ModesMeasure, FrechetMeasure, KernelMeasure, PrecisionRecallMeasure),
        *(ConditionalMeasure, CompletionMeasure, AISMeasure),
    )
}


def get(measure: str | Measure | Callable[[np.ndarray, PreparedSplits], Report], features: Any = None) -> Measure:
    """The measure of that name; a `Measure` as it is, a function `(samples, splits) -> report` as a measure.

    Args:
        measure: one of these.
        features: of the measures that compare features, where they are given by name.

    Raises:
        ValueError: if it is none of these.
    """
    if isinstance(measure, Measure):
        return measure
    if isinstance(measure, str) and measure in MEASURES:
        kind = MEASURES[measure]
        return kind(features) if issubclass(kind, FeatureMeasure) else kind()
    if callable(measure) and not isinstance(measure, type):
        return FunctionMeasure(measure)
    raise ValueError(
        f"Unknown measure. Received: {measure!r}. Expected one of {sorted(MEASURES)}, a "
        "keras_gan.evaluation.measures.Measure, or a function of samples and splits."
    )


def _percent(shares):
    return " ".join(f"{100 * share:.1f}" for share in shares)


def _of_known(function, values):
    """Of the classes that were asked for often enough; NaN where none was."""
    known = values[~np.isnan(values)]
    return float(function(known)) if len(known) else float("nan")
