"""Precision and recall, density and coverage: prdc's numbers, directions, and what is refused."""

import json
from pathlib import Path

import numpy as np
import pytest
from test_fid import golden_features

from keras_gan.evaluation.precision_recall import precision_recall

pytestmark = pytest.mark.one_backend("jax")

GOLDEN = json.loads((Path(__file__).parent / "golden" / "features.json").read_text())


def numbers(report):
    return [report.precision, report.recall, report.density, report.coverage]


@pytest.mark.parametrize("k", [3, 5])
def test_the_numbers_are_those_of_prdc(k):
    report = precision_recall(golden_features(1), golden_features(2), k)
    assert numbers(report) == pytest.approx(GOLDEN[f"prdc_{k}"], rel=1e-12)
    assert (report.k, report.num_real, report.num_samples) == (k, 700, 700)


def test_they_are_what_they_are_said_to_be():
    """By loops over pairs, on sets of different size."""
    random = np.random.default_rng(0)
    real, fake = random.normal(size=(40, 3)), random.normal(size=(60, 3)) + 0.7
    distance = np.linalg.norm(real[:, np.newaxis] - fake, axis=-1)

    def radius(points, i):
        return sorted(np.linalg.norm(points - points[i], axis=-1))[2]

    in_real = np.array([[distance[i, j] < radius(real, i) for j in range(60)] for i in range(40)])
    in_fake = np.array([[distance[i, j] < radius(fake, j) for j in range(60)] for i in range(40)])
    expected = [in_real.any(0).mean(), in_fake.any(1).mean(), in_real.sum(0).mean() / 2, in_real.any(1).mean()]
    assert numbers(precision_recall(real, fake, k=2)) == pytest.approx(expected, rel=1e-12)


@pytest.fixture(scope="module")
def real():
    """Three clusters, in two draws."""
    random = np.random.default_rng(0)
    centres = np.array([[0, 0, 0], [9, 0, 0], [0, 9, 0]])
    return [centres[random.integers(3, size=600)] + random.normal(size=(600, 3)) for _ in range(2)]


def test_collapse_lowers_recall_and_not_precision(real):
    whole = precision_recall(*real)
    collapsed = precision_recall(real[0], real[1][np.abs(real[1]).max(axis=1) < 3])
    assert collapsed.precision > whole.precision - 0.05
    assert collapsed.recall < 0.6 * whole.recall
    assert collapsed.coverage < 0.6 * whole.coverage
    to_the_mean = precision_recall(real[0], np.repeat(real[1][:1], 500, axis=0))
    assert (to_the_mean.precision, to_the_mean.recall) == (1, 0)


def test_noise_lowers_precision_and_not_recall(real):
    whole = precision_recall(*real)
    noisy = precision_recall(real[0], real[1] + 3 * np.random.default_rng(1).normal(size=real[1].shape))
    assert noisy.precision < 0.6 * whole.precision
    assert noisy.recall > whole.recall - 0.05
    assert noisy.density < 0.6 * whole.density


def test_other_images_of_the_same_kind_have_a_density_of_1(real):
    assert precision_recall(*real).density == pytest.approx(1, abs=0.06)
    assert precision_recall(real[0], real[0]).coverage == 1


@pytest.mark.parametrize("k", [0, 5, 6])
def test_a_neighbour_that_is_not_there(k):
    with pytest.raises(ValueError, match=f"no such neighbour. Received: k={k}, 9 real images and 5 samples.*1 to 4"):
        precision_recall(np.random.default_rng(0).normal(size=(9, 2)), np.ones((5, 2)), k)


@pytest.mark.parametrize(
    ("real", "fake", "message"),
    [
        (np.ones((9, 3)), np.arange(27.0).reshape(9, 3), "The features say nothing. Received: 9 real images"),
        (np.arange(27.0).reshape(9, 3), np.ones((9, 4)), "different networks. Received: 3 and 4"),
        (np.arange(27.0).reshape(9, 3), np.full((9, 3), np.inf), "NaN or infinite"),
        (np.arange(27.0).reshape(9, 3), np.ones((0, 3)), "nothing to measure"),
    ],
)
def test_bad_input(real, fake, message):
    with pytest.raises(ValueError, match=message):
        precision_recall(real, fake)
