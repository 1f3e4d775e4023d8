"""One table of any samplers and any measures."""

import dataclasses
import json

import numpy as np
import pytest

import keras_gan as kg
from keras_gan.evaluation import evaluate, parzen

pytestmark = pytest.mark.one_backend("jax")


@pytest.fixture(scope="module")
def data():
    return kg.datasets.load("digits")


class Real:
    """A sampler of real training images."""

    def __init__(self, data):
        self.data = data

    def sample(self, num, seed):
        return self.data.preprocess(self.data.train[np.random.default_rng(seed).permutation(1297)[:num]])


def test_real_images_as_samples(data):
    table = evaluate(Real(data), data, num_samples=500, num_seeds=2)
    reports = [
        parzen.log_likelihood(
            Real(data).sample(500, seed), data.preprocess(data.validation), data.preprocess(data.test)
        )
        for seed in (0, 1)
    ]
    entry = table["this model", "parzen"]
    cell = entry.cells["log_likelihood"]
    assert [report.mean for (report,) in entry.reports] == [report.mean for report in reports]
    assert cell.value == np.mean([report.mean for report in reports])
    assert cell.standard_error == reports[0].standard_error
    assert cell.interval == parzen.bootstrap_interval(reports)
    assert cell.interval[0] < cell.value < cell.interval[1]
    assert entry.cells["sigma"].value == reports[0].sigma
    real, mean = (table[name, "parzen"] for name in ("real training images", "the mean training image"))
    assert real.reports[0][0] == reports[0]
    assert real.cells["log_likelihood"].interval is None  # of one draw
    assert mean.cells["log_likelihood"].value < cell.value - 10
    assert mean.cells["samples"].value == 1
    modes = table["this model", "modes"]
    assert len(modes.reports) == 1
    assert modes.cells["duplicates"].value < 0.05
    assert [row.kind for row in table.rows] == ["sampler", "reference", "reference"]
    text = str(table)
    assert f"{cell.value:.1f} +- {cell.standard_error:.1f}" in text
    assert "real training images" in text
    assert "What it hides" in text
    assert "classes in %" in text
    assert max(map(len, text.splitlines())) <= 100
    ours = json.loads(table.to_json())["rows"][0]["measures"]
    assert ours["parzen"]["cells"]["log_likelihood"]["value"] == cell.value
    assert len(ours["parzen"]["reports"]) == 2
    assert len(ours["parzen"]["reports"][0][0]["validation_means"]) == 10
    assert "log_likelihoods" not in ours["parzen"]["reports"][0][0]
    assert len(ours["modes"]["reports"][0][0]["class_shares"]) == 10


def test_several_samplers_in_one_table(data):
    class Gray:
        def sample(self, num, seed):
            return np.full((num, 8, 8, 1), 0.5, "float32")

    samplers = {"real": Real(data), "gray": Gray()}
    table = evaluate(samplers, data, ["parzen"], num_samples=100, num_seeds=1, references=False)
    assert [row.name for row in table.rows] == ["real", "gray"]
    values = [table[name, "parzen"].cells["log_likelihood"].value for name in ("real", "gray")]
    assert values[0] > values[1]
    assert "What it hides" not in str(table)
    assert "modes" not in json.loads(table.to_json())["rows"][0]["measures"]


def test_kmeans_centres_score_above_images_of_the_same_number(data):
    table = evaluate(Real(data), data, ["parzen"], num_samples=100, num_seeds=1, kmeans=True)
    centres, images = (
        table[name, "parzen"].cells["log_likelihood"].value for name in ("k-means centres", "real training images")
    )
    assert centres > images


def test_published_numbers_stand_beside_ten_thousand_samples_only(data):
    known = dataclasses.replace(data, published={"parzen": {"Adversarial nets": (225, 2)}, "modes": {"DBN": (1, 1)}})
    with pytest.warns(UserWarning, match="Published numbers use 10000 samples"):
        table = evaluate(Real(data), known, ["parzen"], num_samples=50, num_seeds=1)
    assert "225.0 +- 2.0" in next(
        line for line in str(table).splitlines() if line.startswith("paper: Adversarial nets")
    )
    assert [row.name for row in table.rows if row.kind == "published"] == ["paper: Adversarial nets"]


@pytest.mark.every_backend
def test_a_model_is_left_as_it_was_and_gives_the_same_table_again(data):
    gan = kg.GAN(*kg.networks.build("digits"), seed=1)
    gan.compile()
    first, second = (evaluate(gan, data, ["parzen"], num_samples=50, num_seeds=2).to_json() for _ in range(2))
    assert first == second


class Noise:
    def sample(self, num, seed):
        return np.random.default_rng(seed).uniform(size=(num, 8, 8, 1)).astype("float32")


@pytest.fixture
def five_folds(data):
    """The data set with other validation and test images in each fold."""
    folds = []
    for number in range(5):
        held_out = np.random.default_rng(number).permutation(np.concatenate([data.validation, data.test]))
        folds.append(dataclasses.replace(data, validation=held_out[:75], test=held_out[75 : 200 + number]))
    return dataclasses.replace(folds[0], other_folds=tuple(folds), separable_classes=False, note="A stand-in.")


def test_five_folds(five_folds):
    table = evaluate(Noise(), five_folds, ["parzen", "modes"], num_samples=50, num_seeds=2)
    pairs = [(fold.preprocess(fold.validation), fold.preprocess(fold.test)) for fold in five_folds.folds]
    expected = [parzen.log_likelihood_over_folds(Noise().sample(50, seed), pairs) for seed in (0, 1)]
    entry = table["this model", "parzen"]
    cell = entry.cells["log_likelihood"]
    assert cell.value == np.mean([report.mean for report in expected])
    assert cell.standard_error == expected[0].standard_error
    assert cell.interval is None
    assert [report.folds for report in expected] == list(entry.reports)
    assert [fold["log_likelihood"].value for fold in entry.folds] == [fold.mean for fold in expected[0].folds]
    assert entry.cells["samples"].value == 50
    assert "test" not in entry.cells  # differs from fold to fold
    assert [fold["test"].value for fold in entry.folds] == [125, 126, 127, 128, 129]
    text = str(table)
    assert text.endswith("A stand-in.")
    assert "Mean and standard error over folds (ddof 1), 5 of them." in text
    assert text.count("\n  fold ") == 5
    assert "129" in next(line for line in text.splitlines() if line.startswith("  fold 4"))
    content = json.loads(table.to_json())
    assert (content["num_folds"], content["note"]) == (5, "A stand-in.")
    assert [len(row["measures"]["parzen"]["folds"]) for row in content["rows"]] == [5, 5, 5]


def test_each_slow_step_is_said_before(data):
    said = []
    evaluate({"noise": Noise()}, data, ["parzen", "modes"], num_samples=20, num_seeds=2, progress=said.append)
    assert said[0] == "modes: training a small classifier of the data"
    assert "noise: 20 samples of seed 1" in said
    assert "noise: parzen of seed 1" in said
    assert "noise: modes of seed 0" in said
    assert "noise: modes of seed 1" not in said
    assert "real training images: parzen of seed 0" in said
    evaluate(
        Noise(), dataclasses.replace(data, separable_classes=False), num_samples=20, num_seeds=1, progress=said.append
    )
    assert "The measure modes does not apply to digits and is left out." in said


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"num_seeds": 0}, "num_seeds=0"),
        ({"num_samples": 0}, "num_samples=0"),
        ({"samplers": {}}, "an empty dict"),
        ({"samplers": {"it": np.zeros(3)}}, r"it is no sampler. Received: a ndarray.*sample\(num, seed\)"),
        ({"measures": ["parzen", "parzen"]}, r"Two measures have one name. Received: \['parzen'\]"),
        ({"measures": ["fidelity"]}, "Unknown measure"),
        ({"measures": []}, "No measure applies"),
    ],
)
def test_what_cannot_be_evaluated(arguments, message, data):
    with pytest.raises(ValueError, match=message):
        evaluate(**{"samplers": Noise(), "data": data, "num_samples": 5, "num_seeds": 1} | arguments)
