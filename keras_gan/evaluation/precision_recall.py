"""Whether samples look like data, and whether they cover them: precision and recall, density and coverage.

Around every image of a set lies a ball in the space of features that reaches to its k-th neighbour in the set.
Precision asks how many samples lie in a ball of real images, recall how many real images lie in a ball of samples.
Sources: Kynkaanniemi et al. 2019 (precision, recall), Naeem et al. 2020 (density, coverage).
"""

import dataclasses

import numpy as np

from keras_gan.evaluation.distances import SquaredDistances
from keras_gan.evaluation.fid import checked


@dataclasses.dataclass(frozen=True)
class PrecisionRecallReport:
    """What `precision_recall` found.

    Attributes:
        precision: share of samples that lie in the ball of a real image; low for samples that look like no data.
        recall: share of real images that lie in the ball of a sample; low for samples without variety.
        density: in how many balls of real images a sample lies, divided by k: precision that a lone outlier among the
            data cannot lift. It may be above 1.
        coverage: share of real images in whose ball a sample lies: recall that a lone outlier among the samples cannot
            lift.
        k: the neighbour that a ball reaches to.
        num_real: real images.
        num_samples: samples. Recall grows with their number.
    """

    precision: float
    recall: float
    density: float
    coverage: float
    k: int
    num_real: int
    num_samples: int


def precision_recall(real: np.ndarray, fake: np.ndarray, k: int = 3) -> PrecisionRecallReport:
    """Precision, recall, density and coverage of samples.

    Args:
        real: features of real images, array of shape `(n, d)`, floats.
        fake: features of samples, array of shape `(m, d)`, of the same network.
        k: neighbour that the balls reach to, from 1 to one less than either set has rows.

    Returns:
        `PrecisionRecallReport`. Real images against as many others of theirs have a density of 1, and a precision, a
        recall and a coverage that are below 1: compare with those.

    Raises:
        ValueError: if the sets differ in d, one is empty, of integers or not finite, k does not fit, or all real images
            have the same features.
    """
    real, fake = checked(real, fake, rows=1, what="distances")
    if not 1 <= k < min(len(real), len(fake)):
        raise ValueError(
            f"There is no such neighbour. Received: k={k}, {len(real)} real images and {len(fake)} samples. Expected: "
            f"k from 1 to {min(len(real), len(fake)) - 1}. Give more samples or a smaller k."
        )
    if (real == real[0]).all():
        raise ValueError(
            f"The features say nothing. Received: {len(real)} real images whose features are all the same. Expected: "
            "features of a trained network."
        )
    real_radii, fake_radii = _squared_radii(real, k), _squared_radii(fake, k)
    balls = _over_rows(fake, real, lambda smallest, squares: (squares < real_radii).sum(axis=1))
    found = _over_rows(real, fake, lambda smallest, squares: np.stack([(squares < fake_radii).any(axis=1), smallest]))
    return PrecisionRecallReport(
        precision=float((balls > 0).mean()),
        recall=float(found[0].mean()),
        density=float(balls.mean() / k),
        coverage=float((found[1] < real_radii).mean()),
        k=k,
        num_real=len(real),
        num_samples=len(fake),
    )


def _squared_radii(points, k):
    """The squared distance of each point to the k-th nearest of the others."""

    def radii(smallest, squares):  # the first is the point's own, or that of an equal copy
        squares.partition(k, axis=1)
        return squares[:, k]

    return _over_rows(points, points, radii)


def _over_rows(points, samples, function):
    """What a function makes of each point's smallest squared distance, and of all; its last axis is the points."""

    def of_squares(smallest, excess):
        excess += smallest[:, np.newaxis]
        return function(smallest, excess)

    pairs = SquaredDistances(points, samples, "float64")
    return np.concatenate([part for _, part in pairs.map(of_squares)], axis=-1)
