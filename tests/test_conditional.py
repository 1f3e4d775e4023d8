"""Whether samples are of the class that was asked for, and vary: measured, in the table, on the command line."""

import json

import keras
import numpy as np
import pytest

import keras_gan as kg
from keras_gan import cli
from keras_gan.evaluation import evaluate, features
from keras_gan.evaluation.conditional import Judge, mean_distance

pytestmark = pytest.mark.one_backend("tensorflow")


@pytest.fixture(scope="module")
def data():
    return kg.datasets.load("digits")


@pytest.fixture(scope="module")
def judge(data):
    return Judge(features.load_classifier("digits"), data.preprocess(data.test), data.labels.test, name="mine")


@pytest.fixture(scope="module")
def train(data):
    return data.preprocess(data.train)


class Real:
    """Draws training images of the classes that it is asked for."""

    def __init__(self, data, shares=None):
        self.data, self.condition = data, kg.conditions.Labels(10)
        if shares is not None:
            self.condition.counts.assign(shares)

    def sample(self, num, seed, condition=None):
        random, labels = np.random.default_rng(seed), self.data.labels.train
        asked = np.argmax(condition, axis=1)
        return self.data.preprocess(
            np.stack([self.data.train[random.choice(np.flatnonzero(labels == label))] for label in asked])
        )


def test_real_images_are_what_was_asked_for(data, judge, train):
    report = judge.measure(train, data.labels.train)
    said = np.asarray(features.load_classifier("digits").predict(train, verbose=0)).argmax(axis=1)
    right = said == data.labels.train
    assert report.agreement == right.mean() > 0.98
    expected = [right[data.labels.train == label].mean() for label in range(10)]
    np.testing.assert_allclose(report.agreement_by_class, expected)
    assert 0.95 < report.real_agreement < 1  # test images
    for diversity in (report.diversity_by_class, report.pixel_diversity_by_class):
        assert diversity.shape == (10,)
        np.testing.assert_allclose(diversity, 1, atol=0.2)
    assert report.num_samples == 1297


def test_diversity_is_the_mean_distance_of_pairs(data, judge, train):
    """By its definition, in float64, one pair at a time."""

    def within(images, labels, label):
        rows = (labels == label) & (judge.classifier(images).argmax(axis=1) == label)
        points = images[rows].reshape(rows.sum(), -1).astype("float64")
        distances = np.linalg.norm(points[:, np.newaxis] - points, axis=-1)
        return distances[~np.eye(len(points), dtype=bool)].mean()

    test = data.preprocess(data.test)
    report = judge.measure(train, data.labels.train)
    expected = within(train, data.labels.train, 3) / within(test, data.labels.test, 3)
    assert report.pixel_diversity_by_class[3] == pytest.approx(expected, rel=1e-6)
    assert mean_distance(np.array([[0.0], [1.0], [3.0]])) == pytest.approx(2)  # of 1, 3 and 2


def test_wrong_classes_are_seen_and_are_no_variety(data, judge, train):
    """A third of the sevens that were asked for are other digits."""
    labels = data.labels.train.copy()
    wrong = np.flatnonzero(labels != 7)[: (labels == 7).sum() // 2]
    before = judge.measure(train, labels)
    labels[wrong] = 7
    report = judge.measure(train, labels)
    assert report.agreement_by_class[7] == pytest.approx(2 / 3, abs=0.03)
    assert report.agreement_by_class.argmin() == 7
    assert report.agreement < before.agreement - 0.03
    assert report.diversity_by_class[7] == pytest.approx(before.diversity_by_class[7], rel=0.02)


def test_one_picture_for_each_class_is_seen(data, judge, train):
    """Agreement applauds; diversity does not, in features and in pixels, nor where half of a class collapsed."""
    labels = data.labels.train
    said = judge.classifier(train).argmax(axis=1)
    first = [np.flatnonzero((labels == label) & (said == label))[0] for label in range(10)]
    collapsed = train[np.array(first)[labels]]
    report = judge.measure(collapsed, labels)
    assert report.agreement == 1
    np.testing.assert_allclose([report.diversity_by_class, report.pixel_diversity_by_class], 0, atol=1e-6)
    half = np.where((np.arange(len(train)) % 2 == 0).reshape(-1, 1, 1, 1), collapsed, train)
    assert judge.measure(half, labels).diversity_by_class.mean() < 0.9


def test_classes_that_are_never_asked_for(judge, train):
    report = judge.measure(train[:3], np.array([0, 0, 1]))
    assert np.isnan(report.agreement_by_class[2:]).all()
    assert np.isnan(report.diversity_by_class[1:]).all()


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (np.array([0, 10]), r"knows no such class. Received: asked from 0 to 10. Expected: 0 to 9, as mine"),
        (np.array([0, -1]), "from -1 to 0"),
        (np.array([0]), r"asked of shape \(1,\), int64, for 2 images. Expected: integers of shape \(2,\)"),
        (np.array([0.0, 1.0]), "float64, for 2 images"),
        (np.array(["0", "1"]), "Expected: integers"),
        (np.eye(10)[:2], r"shape \(2, 10\)"),
    ],
)
def test_classes_that_do_not_fit(asked, message, judge, train):
    with pytest.raises(ValueError, match=message):
        judge.measure(train[:2], asked)


def test_images_that_do_not_fit(data, judge, train):
    classifier = features.load_classifier("digits")
    with pytest.raises(ValueError, match=r"do not fit the network. Received: 49 values"):
        judge.measure(np.zeros((2, 7, 7, 1), "float32"), np.array([0, 1]))
    with pytest.raises(ValueError, match="hold NaN"):
        judge.measure(np.full((2, 8, 8, 1), np.nan, "float32"), np.array([0, 1]))
    few = data.labels.train < 9
    with pytest.raises(ValueError, match=r"0\] images that the classifier reads right. Expected: at least two"):
        Judge(classifier, train[few], data.labels.train[few])
    with pytest.raises(ValueError, match=r"between two points\. Received: 1"):
        mean_distance(train[:1])


class TestInTheTable:
    def test_a_sampler_that_is_told_the_class(self, data):
        """Classes are drawn as the training data had them, and the one that is not told has no such entry."""
        real, alike = Real(data), kg.evaluation.references.RealImages(data)
        table = evaluate(
            {"alike": alike, "real": real}, data, ["parzen", "conditional"], 400, 2, references=True, progress=None
        )
        entry = table["real", "conditional"]
        first = entry.cells["agreement"]
        assert first.value == np.mean([report.samples.agreement for (report,) in entry.reports]) > 0.95
        assert first.standard_error == pytest.approx(
            (entry.reports[0][0].samples.agreement * (1 - entry.reports[0][0].samples.agreement) / 400) ** 0.5
        )
        assert entry.cells["real"].value == entry.reports[0][0].samples.real_agreement
        for name in ("diversity", "pixel_diversity"):
            assert entry.cells[name].value == pytest.approx(1, abs=0.1)
        for name in ("alike", "real training images", "the mean training image"):
            with pytest.raises(KeyError):
                table[name, "conditional"]
        text = str(table)
        assert "real: agreement by class in %" in text
        assert max(map(len, text.splitlines())) <= 100
        (report,) = json.loads(table.to_json())["rows"][1]["measures"]["conditional"]["reports"][0]
        assert len(report["samples"]["agreement_by_class"]) == len(report["floor"]["diversity_by_class"]) == 10

    def test_the_samples_have_the_shares_of_the_data(self, data):
        """One set of samples is scored by every measure: here nearly all of them are ones and sevens."""
        shares = np.full(10, 1.0)
        shares[[1, 7]] = 100
        asked = []

        def count(samples, splits):
            return 0.0

        class Counting(Real):
            def sample(self, num, seed, condition=None):
                asked.append(np.mean(condition, axis=0))
                return super().sample(num, seed, condition)

        evaluate({"real": Counting(data, shares)}, data, [count, "conditional"], 1000, 1, references=False)
        assert len(asked) == 1
        np.testing.assert_allclose(asked[0][[1, 7]], 100 / 208, atol=0.05)

    def test_where_it_says_nothing(self, data):
        """Without a word, by default; where nothing else was asked for, with one."""
        said = []
        noise = kg.evaluation.references.RealImages(data)
        table = evaluate({"noise": noise}, data, ["parzen", "conditional"], 50, 1, progress=said.append)
        assert "conditional" not in "".join(said) + str(table) + table.to_json()
        few = Real(data)
        few.condition = kg.conditions.Labels(7)  # classes of its own
        with pytest.raises(ValueError, match=r"No measure applies to few. Received: measures=\['conditional'\]"):
            evaluate({"few": few}, data, ["conditional"], 50, 1)


class TestOnTheCommandLine:
    @pytest.fixture(scope="class")
    def gan(self, data):
        keras.utils.set_random_seed(1)
        networks = kg.networks.build("digits", pixel_mean=data.pixel_mean(), num_classes=10)
        return kg.GAN(*networks, condition=kg.conditions.Labels(10), preprocessing=data.preprocessing, seed=1)

    @pytest.fixture
    def file(self, gan, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        gan.export(tmp_path / "generator.keras", "keras", {"data": {"name": "digits"}})
        return "generator.keras"

    def test_every_class_of_the_same_noise(self, gan, file, tmp_path):
        z = gan.prior.draw(3, 5)
        for words, classes in ((["--condition", "4", "2"], [4, 2]), ([], range(10))):
            cli.main(["sample", file, "--same-noise", *words, "--n", "3", "--seed", "5", "--out", "out.npz"])
            samples = np.load("out.npz")["samples"]
            assert len(samples) == 3 * len(classes)
            for row in range(3):
                told = np.eye(10, dtype="float32")[list(classes)]
                expected = gan.samples_of(np.repeat(z[row : row + 1], len(classes), axis=0), (told,))
                np.testing.assert_allclose(samples[row * len(classes) :][: len(classes)], expected, atol=1e-5)
        cli.main(["sample", file, "--same-noise", "--seed", "5", "--out", "out.png"])
        from PIL import Image

        assert Image.open("out.png").size == (10 * 49 - 1, 8 * 49 - 1)  # 8 rows of 10 classes

    def test_several_classes_share_the_samples(self, file):
        from PIL import Image

        cli.main(["sample", file, "--condition", *map(str, range(10)), "--out", "rows.png"])
        assert Image.open("rows.png").size == (8 * 49 - 1, 10 * 49 - 1)  # a row is a class

    @pytest.mark.parametrize(
        ("words", "message"),
        [
            ("--n 64 --condition 0 1 2", "n=64 and 3 classes. Expected: a multiple of 3, such as --n 66"),
            ("--n 2 --condition 0 1 2", "such as --n 3"),
            ("--condition 10", "classes from 10 to 10. Expected: 0 to 9"),
            ("--same-noise --condition 0 11", "classes from 0 to 11"),
            ("--same-noise --interpolate 3", "--same-noise or --interpolate"),
        ],
    )
    def test_wishes_that_do_not_fit(self, words, message, file, capsys):
        with pytest.raises(SystemExit) as stop:
            cli.main(["sample", file, *words.split()])
        assert stop.value.code == 2
        assert message in capsys.readouterr().err

    def test_a_generator_that_is_told_nothing(self, tmp_path, monkeypatch, capsys):
        monkeypatch.chdir(tmp_path)
        for words, message in (("--same-noise", "mnist is told no class"), ("--condition 3", "has no condition")):
            with pytest.raises(SystemExit):
                cli.main(["sample", "mnist", *words.split()])
            assert message in capsys.readouterr().err

    def test_evaluate(self, file, capsys):
        cli.main(["evaluate", file, "--num-samples", "100", "--seeds", "1", "--measures", "conditional", "--json"])
        (row,) = json.loads(capsys.readouterr().out)["rows"]
        assert 0 <= row["measures"]["conditional"]["cells"]["agreement"]["value"] < 0.5  # it has learnt nothing
