import numpy as np
import pytest

from keras_gan.evaluation.few_labels import few_label_errors

pytestmark = pytest.mark.one_backend("jax")


def clusters(each, seed, spread=0.3):
    labels = np.repeat([0, 1, 2], each)
    noise = np.random.default_rng(seed).normal(0, spread, (3 * each, 2, 2))
    return np.eye(3, 4)[labels].reshape(-1, 2, 2) + noise, labels


def test_good_features_have_small_errors_and_noise_has_large_ones():
    train, test = clusters(6, 0), clusters(100, 1)
    errors = few_label_errors(*train, *test)
    assert set(errors) == {"logistic regression", "1-NN"}
    assert all(error < 15 for error in errors.values())
    random = np.random.default_rng(2)
    noise = few_label_errors(random.normal(size=(18, 4)), train[1], random.normal(size=(300, 4)), test[1])
    assert all(50 < error < 80 for error in noise.values())


def test_neither_scale_nor_place_of_the_features_counts():
    train, test = clusters(6, 0), clusters(50, 1)
    moved = few_label_errors(1000 * train[0] + 7, train[1], 1000 * test[0] + 7, test[1])
    assert moved == few_label_errors(*train, *test)


def test_the_nearest_neighbour_is_the_nearest():
    train, test = clusters(5, 3), clusters(20, 4)
    flat = [part.reshape(len(part), -1) for part in (train[0], test[0])]
    nearest = np.linalg.norm(flat[1][:, np.newaxis] - flat[0], axis=2).argmin(axis=1)
    expected = 100 * np.mean(train[1][nearest] != test[1])
    assert few_label_errors(*train, *test)["1-NN"] == pytest.approx(expected)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda x, y: (x[1:], y), "Received: features"),
        (lambda x, y: (x[5:], y[5:]), r"Received: \{0: 1"),
        (lambda x, y: (x * np.nan, y), "not finite"),
        (lambda x, y: (x[:, :1], y), "rows of one size"),
    ],
)
def test_what_does_not_fit_is_refused(change, said):
    train, test = clusters(6, 0), clusters(5, 1)
    with pytest.raises(ValueError, match=said):
        few_label_errors(*change(*train), *test)
