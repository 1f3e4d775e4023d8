"""One table of any samplers and any measures, over sampling seeds and folds."""

import dataclasses
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from keras_gan.conditions import Labels
from keras_gan.datasets import Dataset
from keras_gan.evaluation import features as networks
from keras_gan.evaluation import parzen, references
from keras_gan.evaluation.measures import Measure, PreparedSplits
from keras_gan.evaluation.measures import get as get_measure
from keras_gan.evaluation.table import Cell, Entry, Row, Table


def evaluate(
    samplers: Any,
    data: Dataset,
    measures: Sequence[Any] = ("parzen", "modes", "fid", "kid", "precision_recall", "conditional", "completion"),
    num_samples: int = parzen.PUBLISHED_NUM_SAMPLES,
    num_seeds: int = 3,
    references: bool = True,
    kmeans: bool = False,
    progress: Callable[[str], None] | None = None,
    features: Any = None,
) -> Table:
    """Scores samplers on a data set, beside published numbers and samples that are no model's.

    A data set with folds is scored as the paper scores the Toronto Face Database: one set of samples, everything else
    per fold (a sigma, a test mean), and the mean and standard error over folds with ddof 1.

    ```python
    data = keras_gan.datasets.load("digits")
    real = keras_gan.evaluation.references.RealImages(data)
    table = keras_gan.evaluation.evaluate({"real": real}, data, measures=["parzen"], num_samples=200, num_seeds=2)
    print(table)
    table["real", "parzen"].cells["log_likelihood"].value
    ```

    Args:
        samplers: dict from names to samplers, or one sampler alone. A sampler has `sample(num, seed)`, which returns an
            array of shape `(num, ...)`, floats, on the scale of preprocessed data: a GAN, a loaded generator, ... One
            that also has a `condition` of `keras_gan.conditions.Labels` is asked for classes, by `sample(num, seed,
            condition=)`, as often as its training data had them.
        data: `keras_gan.datasets.Dataset`.
        measures: names of `keras_gan.evaluation.measures.MEASURES`, `Measure` objects, or functions
            `(samples, splits) -> report`. One that does not apply to the data set, or to any sampler, is left out.
        num_samples: samples drawn with each seed, at least 1; published Parzen numbers use 10,000.
        num_seeds: sampling seeds 0, 1, ..., at least 1.
        references: whether to score real training images and the mean training image, too.
        kmeans: whether to score the centres of `num_samples` clusters of the training images, too; takes minutes.
        progress: called with a line of text before each slow step.
        features: network of `"fid"`, `"kid"` and `"precision_recall"`, as `keras_gan.evaluation.features.get` takes it.
            Default: the classifier that ships for the data set, and that of CIFAR-10 for a folder of pictures; where
            there is none, these measures do not apply.

    Returns:
        `Table`.

    Raises:
        ValueError: if a number is less than 1, something is no sampler or no measure, no measure applies to the data
            set and the samplers, or the samples do not fit the data.
    """
    if num_seeds < 1 or num_samples < 1:
        raise ValueError(
            f"Samples need a number and a seed. Received: num_samples={num_samples}, num_seeds={num_seeds}. "
            "Expected: at least 1 of each."
        )
    say = progress or (lambda line: None)
    named = _named(samplers)
    network = None if features is None else networks.get(features, data)
    chosen = _applicable([get_measure(measure, network) for measure in measures], data, named, say)
    for measure in chosen:
        if measure.name in data.published and measure.published_num_samples not in (None, num_samples):
            warnings.warn(
                f"Published numbers use {measure.published_num_samples} samples, and the value grows with their "
                f"number: {num_samples} samples cannot be compared with them.",
                stacklevel=2,
            )
    scorers = _prepare(chosen, data, say)
    rows = [
        _score(name, "sampler", sampler, _those_of(scorers, sampler, data), num_samples, range(num_seeds), say)
        for name, sampler in named.items()
    ]
    rows += _published(chosen, data, rows)
    scorers = {measure: score for measure, score in scorers.items() if measure.scores_references}
    if scorers:
        rows += [
            _score(
                reference.name, "reference", reference, _those_of(scorers, reference, data), num_samples, range(1), say
            )
            for reference in _references(data.folds[0], references, kmeans)
        ]
    return Table(
        data=data.card,
        note=data.note,
        num_samples=num_samples,
        num_seeds=num_seeds,
        num_folds=len(data.folds),
        captions={measure.name: measure.caption or f"{measure.name}." for measure in chosen},
        rows=tuple(rows),
    )


def _named(samplers):
    named = dict(samplers) if isinstance(samplers, Mapping) else {"this model": samplers}
    if not named:
        raise ValueError("A table needs a sampler. Received: an empty dict. Expected: names and samplers.")
    for name, sampler in named.items():
        if not callable(getattr(sampler, "sample", None)):
            raise ValueError(
                f"{name} is no sampler. Received: a {type(sampler).__name__}. "
                "Expected: an object with a method sample(num, seed), such as a GAN or what keras_gan.load returns."
            )
    return named


def _applicable(measures, data, named, say):
    names = [measure.name for measure in measures]
    if repeated := {name for name in names if names.count(name) > 1}:
        raise ValueError(f"Two measures have one name. Received: {sorted(repeated)}. Give each a name of its own.")
    chosen = [measure for measure in measures if measure.applies(data)]
    for measure in measures:
        if measure not in chosen:
            say(f"The measure {measure.name} does not apply to {data.card['name']} and is left out.")
    if not chosen:
        raise ValueError(f"No measure applies to {data.card['name']}. Received: measures={names}.")
    of_some = [measure for measure in chosen if any(measure.applies_to(sampler, data) for sampler in named.values())]
    if not of_some:
        raise ValueError(
            f"No measure applies to {' or '.join(named)}. Received: measures={names}. What is asked for is measured of "
            "models that are told one of the data's classes, completions of models that complete images."
        )
    return of_some


def _those_of(scorers, sampler, data):
    """The measures that apply to a sampler."""
    return {measure: score for measure, score in scorers.items() if measure.applies_to(sampler, data)}


def _prepare(measures, data, say):
    """For each measure a function from samples to a report, for each fold."""
    splits = [PreparedSplits(fold, len(data.folds)) for fold in data.folds]
    scorers = {}
    for measure in measures:
        if measure.preparing:
            say(f"{measure.name}: {measure.preparing}")
        scorers[measure] = [measure.prepare(fold) for fold in splits]
    return scorers


def _score(name, kind, sampler, scorers, num_samples, seeds, say):
    reports: dict[Measure, list[tuple[Any, ...]]] = {measure: [] for measure in scorers}
    for seed in seeds:
        say(f"{name}: {num_samples} samples of seed {seed}")
        samples, classes = _drawn(sampler, num_samples, seed)
        if not np.isfinite(samples).all():
            raise ValueError(
                f"The samples of {name} are not finite: no measure says anything of them. Received: "
                f"{int(np.sum(~np.isfinite(samples)))} NaN or infinite values of {samples.size}. If it was trained, "
                "its training diverged."
            )
        for measure, score_folds in scorers.items():
            if seed == seeds[0] or measure.every_seed:
                say(f"{name}: {measure.name} of seed {seed}")
                measured = _measured(measure, sampler, samples, classes)
                reports[measure].append(tuple(score(*measured) for score in score_folds))
    with_interval = kind == "sampler"
    return Row(name, kind, {measure.name: _entry(measure, reports[measure], with_interval) for measure in scorers})


def _drawn(sampler, num, seed):
    """Samples, and the class that each was asked to have, as often as the data have it; None if it is told none."""
    if not isinstance(condition := getattr(sampler, "condition", None), Labels):
        return np.asarray(sampler.sample(num, seed)), None
    (told,) = condition.draw(num, seed)
    return np.asarray(sampler.sample(num, seed, condition=told)), told.argmax(axis=1)


def _measured(measure, sampler, samples, classes):
    """The arguments of a measure's function."""
    if measure.takes_classes:
        return samples, classes
    return (sampler if measure.takes_sampler else samples,)


def _entry(measure, reports, with_interval):
    """Reports, for each seed one per fold, as columns."""
    each = [[measure.cells(report) for report in folds] for folds in reports]
    num_folds = len(each[0])
    cells = {}
    for name in each[0][0]:
        if (cell := _over_seeds_and_folds([[fold[name] for fold in folds] for folds in each])) is not None:
            cells[name] = cell
    if with_interval and num_folds == 1:
        interval = measure.interval([folds[0] for folds in reports])
        first = next(iter(cells))
        cells[first] = dataclasses.replace(cells[first], interval=interval)
    return Entry(
        cells=cells,
        folds=tuple(each[0]) if num_folds > 1 else (),
        reports=tuple(reports),
        lines=measure.lines(reports[0][0]) if num_folds == 1 else (),
    )


def _over_seeds_and_folds(cells):
    """One cell of many, or None where a number that is not averaged differs between folds.

    The paper's rule for folds: mean and standard error of their means. Its code does not say the divisor: ddof 1.
    """
    first = cells[0]
    if not first[0].averaged:
        return first[0] if len({cell.value for cell in first}) == 1 else None
    values = np.array([[cell.value for cell in folds] for folds in cells])
    error = first[0].standard_error
    if len(first) > 1:
        error = float(values[0].std(ddof=1) / len(first) ** 0.5)
    return dataclasses.replace(first[0], value=float(np.mean([folds.mean() for folds in values])), standard_error=error)


def _published(measures, data, rows):
    """A row for each system that the data set has a published number of."""
    entries: dict[str, dict[str, Entry]] = {}
    for measure in measures:
        (name, cell), *_ = next(row.entries[measure.name] for row in rows if measure.name in row.entries).cells.items()
        for system, (value, error) in data.published.get(measure.name, {}).items():
            published = Cell(value, error, decimals=cell.decimals)
            entries.setdefault(system, {})[measure.name] = Entry({name: published})
    return [Row(f"paper: {system}", "published", found) for system, found in entries.items()]


def _references(data, usual, kmeans):
    if usual:
        yield references.RealImages(data)
        yield references.MeanImage(data)
    if kmeans:
        yield references.KMeansCentres(data)
