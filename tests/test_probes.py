"""What frozen features are worth, against a brute-force twin."""

import numpy as np
import pytest

from keras_gan.evaluation.probes import nearest_neighbor_accuracy

pytestmark = pytest.mark.one_backend


def test_nearest_neighbors_are_those_of_brute_force():
    rng = np.random.default_rng(0)
    known, asked = rng.normal(size=(200, 5)), rng.normal(size=(50, 5))
    known_labels, labels = rng.integers(0, 3, 200), rng.integers(0, 3, 50)
    closest = ((asked[:, np.newaxis] - known) ** 2).sum(2).argmin(1)
    expected = np.mean(known_labels[closest] == labels)
    assert nearest_neighbor_accuracy(known, known_labels, asked, labels) == expected
    assert 0.1 < expected < 0.6
    assert nearest_neighbor_accuracy(known, known_labels, known, known_labels) == 1


@pytest.mark.parametrize(
    ("labels", "message"),
    [(np.zeros(3), r"3 train examples.*\(4,\)"), (np.zeros((4, 1)), r"labels of shape \(4, 1\)")],
)
def test_every_example_has_one_label(labels, message):
    points = np.zeros((len(labels) if labels.ndim > 1 else 3, 2))
    labels = np.zeros(4) if labels.ndim == 1 else labels
    with pytest.raises(ValueError, match=message):
        nearest_neighbor_accuracy(points, labels, points, labels)
