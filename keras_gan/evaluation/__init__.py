"""Measures of samples against data, and the table that they fill."""

from keras_gan.evaluation import (
    ais,
    bounds,
    completion,
    conditional,
    distances,
    features,
    few_labels,
    fid,
    inference,
    measures,
    modes,
    parzen,
    precision_recall,
    probes,
    references,
    theory,
)
from keras_gan.evaluation.harness import evaluate
from keras_gan.evaluation.table import Table

__all__ = [
    "Table",
    "ais",
    "bounds",
    "completion",
    "conditional",
    "distances",
    "evaluate",
    "features",
    "few_labels",
    "fid",
    "inference",
    "measures",
    "modes",
    "parzen",
    "precision_recall",
    "probes",
    "references",
    "theory",
]
