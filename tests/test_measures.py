"""The registry of measures, and what a measure of a user's own has to be."""

import dataclasses
import json

import keras
import numpy as np
import pytest

import keras_gan as kg
from keras_gan.evaluation import evaluate, features, fid, measures, modes, parzen, precision_recall

pytestmark = pytest.mark.one_backend("jax")


@pytest.fixture(scope="module")
def data():
    return kg.datasets.load("digits")


@pytest.fixture(scope="module")
def samples(data):
    return data.preprocess(data.train[:300])


class Images:
    """A sampler of the data's first images; a seed later ones."""

    def __init__(self, data):
        self.data = data

    def sample(self, num, seed):
        return self.data.preprocess(self.data.train[seed : seed + num])


def test_splits_are_preprocessed_once(data):
    splits = measures.PreparedSplits(data)
    for name in ("train", "validation", "test"):
        np.testing.assert_array_equal(getattr(splits, name), getattr(data, name) / np.float32(16))
        assert getattr(splits, name) is getattr(splits, name)
    assert splits.labels is data.labels


def test_names_give_the_measures_of_the_package(data, samples):
    splits = measures.PreparedSplits(data)
    report = measures.get("parzen")(samples, splits)
    expected = parzen.log_likelihood(samples, splits.validation, splits.test)
    assert report == expected
    assert measures.get("modes").prepare(splits)(samples).kl == pytest.approx(
        modes.Detector(splits.train, data.labels.train, splits.test).measure(samples).kl
    )


def test_validation_images_that_choose_sigma(data, samples):
    """As the released code: the first 1,000, but all of a fold's."""
    longer = dataclasses.replace(data, validation=np.concatenate([data.validation] * 6))
    alone, fold = (measures.get("parzen")(samples, measures.PreparedSplits(longer, num)) for num in (1, 5))
    assert (alone.num_validation, fold.num_validation) == (1000, 1500)


def test_modes_apply_to_classes_alone(data):
    assert measures.get("modes").applies(data)
    assert not measures.get("modes").applies(dataclasses.replace(data, separable_classes=False))
    assert not measures.get("modes").applies(kg.datasets.load("ring"))


def test_a_function_is_a_measure(data):
    """It is given the samples of each seed, and the data on their scale; what it returns is a column."""

    def brightness(samples, splits):
        assert splits.test.max() == 1
        return samples.mean()

    table = evaluate(Images(data), data, [brightness], num_samples=50, num_seeds=2)
    expected = [Images(data).sample(50, seed).mean() for seed in (0, 1)]
    entry = table["this model", "brightness"]
    assert entry.cells["brightness"].value == pytest.approx(np.mean(expected), rel=1e-6)
    assert [reports for (reports,) in entry.reports] == expected
    assert table["real training images", "brightness"].cells["brightness"].value > 0
    header = next(line for line in str(table).splitlines() if line.startswith(" "))
    assert header.split() == ["brightness"]


def test_a_measure_of_ones_own(data):
    """Prepared once; its report a dataclass, its columns chosen; only where it applies, and only for samplers."""

    @dataclasses.dataclass(frozen=True)
    class Report:
        distance: float
        label: str

    class Distance(measures.Measure):
        name = "distance"
        caption = "Distance of the mean sample from the mean test image."
        scores_references = False
        every_seed = False
        prepared = 0

        def applies(self, data):
            return data.card["name"] == "digits"

        def prepare(self, splits):
            self.prepared += 1
            mean = splits.test.mean(axis=0)
            return lambda samples: Report(float(np.abs(samples.mean(axis=0) - mean).sum()), "l1")

    measure = Distance()
    table = evaluate({"a": Images(data), "b": Images(data)}, data, ["parzen", measure], num_samples=50, num_seeds=2)
    assert measure.prepared == 1
    assert len(table["a", "distance"].reports) == 1
    assert list(table["a", "distance"].cells) == ["distance"]  # a label is no number
    assert table["a", "distance"].as_dict()["reports"][0][0]["label"] == "l1"
    assert measure.caption in str(table)
    with pytest.raises(KeyError, match=r"no 'distance' of 'real training images'.*'a', 'b'"):
        table["real training images", "distance"]
    with pytest.raises(ValueError, match=r"No measure applies to ring. Received: measures=\['distance'\]"):
        evaluate(Images(data), kg.datasets.load("ring"), [measure])


def test_a_dict_is_columns():
    cells = measures.get(lambda samples, splits: None).cells({"precision": 0.5, "recall": np.float32(0.25), "k": "3"})
    assert {name: cell.value for name, cell in cells.items()} == {"precision": 0.5, "recall": 0.25}


@pytest.mark.parametrize("report", [None, "good", {}, {"a": "b"}])
def test_a_report_without_a_number(report, data):
    def nothing(samples, splits):
        return report

    with pytest.raises(ValueError, match=r"The measure nothing returned a .* without a number"):
        evaluate(Images(data), data, [nothing], num_samples=5, num_seeds=1)


def test_a_measure_that_overrides_nothing(data):
    with pytest.raises(NotImplementedError, match="overrides neither"):
        measures.Measure()(np.zeros((3, 8, 8, 1)), measures.PreparedSplits(data))


@pytest.mark.parametrize("measure", ["inception", 3, measures.ParzenMeasure])
def test_what_is_no_measure(measure):
    with pytest.raises(ValueError, match=r"Unknown measure.*\['ais', 'completion', 'conditional', 'fid', 'kid'"):
        measures.get(measure)


FEATURES = ["fid", "kid", "precision_recall"]


def test_measures_of_features(data, samples):
    """They are those of the arrays; beside each stand as many training images, the counts and the network's hash."""
    splits = measures.PreparedSplits(data)
    network = features.get("digits")
    real, found = network(splits.test), network(samples)
    floor = network(data.preprocess(data.train[np.random.default_rng(0).permutation(1297)[:300]]))
    reports = {name: measures.get(name)(samples, splits) for name in FEATURES}
    for report in reports.values():
        assert (report.num_samples, report.num_real, report.features) == (300, 250, str(network))
    compared = {
        "fid": lambda x: fid.FrechetReport(fid.frechet_distance(x, real), fid.frechet_distance_at_infinity(x, real)),
        "kid": lambda x: fid.kernel_distance(x, real, subset_size=250),
        "precision_recall": lambda x: precision_recall.precision_recall(real, x),
    }
    for name, compare in compared.items():
        assert reports[name].samples == compare(found), name
        assert reports[name].floor == compare(floor), name


def test_measures_of_features_in_a_table(data):
    table = evaluate({"real": Images(data)}, data, FEATURES, num_samples=300, num_seeds=2)
    entry, row = table["real", "fid"], table["real training images", "fid"]
    assert entry.cells["fid"].value == np.mean([report.samples.distance for (report,) in entry.reports])
    assert row.cells["fid"].value == row.cells["floor"].value  # they are the same images
    assert row.cells["at_infinity"].standard_error > 0
    assert list(table["real", "kid"].cells) == ["kid", "deviation", "floor", "subset"]
    found = table["real", "precision_recall"].cells
    assert found["precision"].value == pytest.approx(found["real_precision"].value, abs=0.1)
    mean = table["the mean training image", "precision_recall"].cells
    assert (mean["recall"].value, mean["precision"].value in (0, 1)) == (0, True)
    assert table["the mean training image", "fid"].cells["samples"].value == 1
    text = str(table)
    assert f"hash {features.get('digits').hash[:12]}" in text.replace("\n", " ")
    assert max(map(len, text.splitlines())) <= 100
    (report,) = json.loads(table.to_json())["rows"][0]["measures"]["precision_recall"]["reports"][0]
    assert report["samples"]["k"] == 3
    assert report["features"].endswith(features.get("digits").hash[:12])


def test_too_few_samples_to_extrapolate_leave_a_column_out(data, samples):
    report = measures.get("fid")(samples[:60], measures.PreparedSplits(data))
    assert report.samples.at_infinity is None
    assert "at_infinity" not in measures.get("fid").cells(report)


def test_measures_of_features_need_a_network(data, samples):
    """The one that ships for the data set, or any that is given."""
    pictures = dataclasses.replace(data, card={**data.card, "name": "tfd"})
    flat = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Flatten()])
    for name in FEATURES:
        assert measures.get(name).applies(data)
        assert not measures.get(name).applies(pictures)
        assert measures.get(name, flat).applies(pictures)
    table = evaluate(Images(pictures), pictures, ["parzen", "kid"], 100, 1, references=False, features=flat)
    assert ", 64 numbers, hash" in table.captions["kid"].replace("\n", " ")
    table = evaluate(Images(pictures), pictures, ["parzen", "kid"], 100, 1, references=False)
    assert list(table.captions) == ["parzen"]
    few = dataclasses.replace(data, test=data.test[:3], card={**data.card, "name": "images"})
    assert not measures.get("precision_recall").applies(few)
    with pytest.raises(ValueError, match=r"do not fit the network. Received: 64 values per image. Expected: 784"):
        evaluate(Images(data), data, ["fid"], 100, 1, features="mnist")
