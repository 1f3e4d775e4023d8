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

from keras_gan.datasets import Dataset, Splits
from keras_gan.evaluation import ais, modes, parzen
from keras_gan.evaluation.table import Cell

Report = Any


class PreparedSplits:
    """One fold of a data set on the scale of samples; each split is preprocessed when it is first asked for.

    Attributes:
        train: float32 array of shape `(n, ...)`; `validation` and `test` likewise.
        labels: `Splits` of int64 labels of shape `(n,)`.
        num_folds: how many folds the data set has.
    """

    def __init__(self, data: Dataset, num_folds: int = 1) -> None:
        self._data, self.num_folds = data, num_folds

    @functools.cached_property
    def train(self) -> np.ndarray:
        return self._data.preprocess(self._data.train)

    @functools.cached_property
    def validation(self) -> np.ndarray:
        return self._data.preprocess(self._data.validation)

    @functools.cached_property
    def test(self) -> np.ndarray:
        return self._data.preprocess(self._data.test)

    @property
    def labels(self) -> Splits:
        return self._data.labels


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
    """

    name = ""
    caption = ""
    preparing = ""
    published_num_samples: int | None = None
    every_seed = True
    scores_references = True
    takes_sampler = False

    def applies(self, data: Dataset) -> bool:
        """Whether the measure makes sense on a data set."""
        return True

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
        return ("classes in % " + " ".join(f"{100 * share:.1f}" for share in report.class_shares),)


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


MEASURES: dict[str, type[Measure]] = {measure.name: measure for measure in (ParzenMeasure, ModesMeasure, AISMeasure)}


def get(measure: str | Measure | Callable[[np.ndarray, PreparedSplits], Report]) -> Measure:
    """The measure of that name; a `Measure` as it is, a function `(samples, splits) -> report` as a measure.

    Raises:
        ValueError: if it is none of these.
    """
    if isinstance(measure, Measure):
        return measure
    if isinstance(measure, str) and measure in MEASURES:
        return MEASURES[measure]()
    if callable(measure) and not isinstance(measure, type):
        return FunctionMeasure(measure)
    raise ValueError(
        f"Unknown measure. Received: {measure!r}. Expected one of {sorted(MEASURES)}, a "
        "keras_gan.evaluation.measures.Measure, or a function of samples and splits."
    )
