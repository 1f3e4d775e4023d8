import json

import numpy as np
import pytest

import keras_gan as kg
from keras_gan import masks
from keras_gan.evaluation import completion, evaluate, features, measures

pytestmark = pytest.mark.one_backend("tensorflow")

SHAPE = (4, 5, 2)


def some_images(num, seed=0, shape=SHAPE):
    return np.random.default_rng(seed).uniform(0, 1, (num, *shape)).astype("float32")


class Completer:
    """A sampler that fills holes with values of its own: `fill(num, seed, images)`."""

    def __init__(self, fill, shape=SHAPE):
        self.fill, self.condition = fill, kg.conditions.Observed()
        self.condition.fit_to(shape)

    def sample(self, num, seed, condition=None):
        images, hidden_by = self.condition.draw(num) if condition is None else self.condition.encode(condition, num)
        made = np.broadcast_to(self.fill(num, seed, images), images.shape).astype("float32")
        return np.where(hidden_by > 0, images, made)


def noise(num, seed, images):
    return np.random.default_rng(seed).uniform(0, 1, images.shape)


def grey(num, seed, images):
    return 0.5


class TestNearestObserved:
    @pytest.mark.parametrize("kind", ["left", "pixels", "block"])
    def test_against_brute_force(self, kind):
        images, candidates = some_images(30), some_images(60, seed=1)
        hidden_by = masks.get(kind).draw(30, SHAPE, seed=3)
        off = ((images[:, np.newaxis] - candidates) * hidden_by[:, np.newaxis]).astype("float64")
        expected = (off**2).sum((2, 3, 4)).argsort(axis=1)[:, :3].T
        seen = hidden_by.any((1, 2, 3))
        assert seen.sum() > 20
        found = completion.nearest_observed(images, hidden_by, candidates, 3)
        np.testing.assert_array_equal(found[:, seen], expected[:, seen])

    def test_hidden_pixels_do_not_matter(self):
        images, candidates = some_images(10), some_images(40, seed=1)
        hidden_by = masks.get("top").draw(1, SHAPE)[0]
        torn = np.where(hidden_by > 0, images, np.nan)
        np.testing.assert_array_equal(
            completion.nearest_observed(torn, hidden_by, candidates),
            completion.nearest_observed(images, hidden_by, candidates),
        )

    def test_where_nothing_is_observed_candidates_are_drawn(self):
        found = completion.nearest_observed(some_images(50), np.zeros((4, 5, 1)), some_images(40), 2)
        assert (found[0] != found[1]).all()
        assert len(np.unique(found)) > 20

    def test_a_number_out_of_range(self):
        with pytest.raises(ValueError, match=r"1 to 4 of the candidates. Received: num=5"):
            completion.nearest_observed(some_images(2), np.ones((4, 5, 1)), some_images(4), 5)


class TestScores:
    def test_errors_and_spreads_are_of_hidden_pixels_alone(self):
        images = np.zeros((2, 1, 2, 1))
        hidden_by = np.array([[[[1.0], [0.0]]], [[[0.0], [0.0]]]])
        made = np.array([[[[[9.0], [1.0]]], [[[2.0], [3.0]]]], [[[[7.0], [1.0]]], [[[2.0], [5.0]]]]])
        assert completion.squared_error(made, images, hidden_by) == pytest.approx((1 + 4 + 9 + 1 + 4 + 25) / 6)
        assert completion.spread(made, hidden_by) == pytest.approx((2 / 3) ** 0.5)

    def test_energy_score_by_hand(self):
        made, images = np.array([[[0.0, 0.0]], [[3.0, 4.0]]]), np.array([[3.0, 0.0]])
        assert completion.energy_score(made, images) == pytest.approx(5 / 2 - (3 + 4) / 2)

    def test_the_true_distribution_has_the_highest_energy(self):
        random = np.random.default_rng(0)
        truth, drawn = random.normal(0, 1, (2000, 8)), random.normal(0, 1, (4, 2000, 8))
        scores = [completion.energy_score(scale * drawn, truth) for scale in (0.0, 0.5, 1.0, 1.5)]
        assert max(scores) == scores[2]
        assert scores[0] < completion.energy_score(drawn + 0.3, truth) < scores[2]


class TestJudge:
    @pytest.fixture(scope="class")
    def data(self):
        return kg.datasets.load("digits")

    @pytest.fixture(scope="class")
    def judge(self, data):
        train, test = data.preprocess(data.train), data.preprocess(data.test)[:200]
        classifier = features.load_classifier("digits")
        return completion.Judge(train, test, data.labels.test[:200], classifier, features.get("digits"))

    def test_perfect_completions(self, judge):
        report = judge.measure(Completer(lambda num, seed, images: judge.images, (8, 8, 1)), "bottom", 2)
        assert (report.mask, report.num_images, report.num_completions, report.hidden) == ("bottom", 200, 2, 0.5)
        assert report.error == report.error_of_mean == report.spread == 0
        assert report.fixed == 1  # each the same, where neighbours differ
        assert report.energy == 0
        assert report.agreement == report.agreement_of_images > 0.9
        assert report.fid == report.fid_of_images

    def test_noise(self, judge):
        report = judge.measure(Completer(noise, (8, 8, 1)), "right")
        assert report.error > report.error_of_mean
        assert report.error > report.error_of_mean_fill > report.error_of_neighbour
        assert report.spread == pytest.approx(12**-0.5, abs=0.01)
        assert report.fixed == 0
        assert report.energy < report.energy_of_neighbours
        assert report.agreement < report.agreement_of_neighbour < report.agreement_of_images
        assert report.fid > 2 * report.fid_of_images
        again = judge.measure(Completer(noise, (8, 8, 1)), masks.Side("right"))
        assert again.error_of_neighbour == report.error_of_neighbour
        assert again.mask == "side"

    def test_without_a_classifier(self):
        judge = completion.Judge(some_images(20), some_images(10, seed=1))
        report = judge.measure(Completer(grey), "pixels", 2)
        assert np.isnan([report.agreement, report.agreement_of_images, report.fid, report.fid_of_images]).all()
        assert report.error > 0

    def test_a_table(self, data):
        measure = measures.CompletionMeasure(("left", "top", "all"), num_images=60, num_completions=2)
        assert measure.applies(data)
        samplers = {"noise": Completer(noise, (8, 8, 1)), "images": kg.evaluation.references.RealImages(data)}
        table = evaluate(samplers, data, [measure, "parzen"], 300, num_seeds=1, references=False)
        (kinds,) = table["noise", "completion"].reports[0]
        assert [kind.mask for kind in kinds] == ["left", "top", "all"]
        cells = table["noise", "completion"].cells
        assert cells["error"].value == pytest.approx((kinds[0].error + kinds[1].error) / 2)  # of the halves alone
        assert "completion" not in table.rows[1].entries
        assert "parzen" in table.rows[1].entries
        lines = [line.split() for line in str(table).splitlines() if line.startswith("noise: ")]
        assert [line[1] for line in lines] == ["hidden", "left", "top", "all"]
        kept = json.loads(table.to_json())["rows"][0]["measures"]["completion"]["reports"][0][0]
        assert kept[0]["spread_of_neighbours"] == kinds[0].spread_of_neighbours

    def test_of_models_that_complete_nothing(self, data):
        with pytest.raises(ValueError, match=r"No measure applies to this model.*complete images"):
            evaluate(kg.evaluation.references.RealImages(data), data, ["completion"])

    def test_bad_input(self):
        with pytest.raises(ValueError, match="two held-out images or more"):
            completion.Judge(some_images(4), some_images(4, shape=(4, 4, 1)))
        with pytest.raises(ValueError, match="num=1"):
            completion.Judge(some_images(4), some_images(4)).measure(Completer(grey), "left", 1)
        with pytest.raises(ValueError, match=r"told nothing but noise.*mnist-completion"):
            completion.complete(kg.load("mnist"), some_images(2), np.ones((4, 5, 1)))
        with pytest.raises(ValueError, match="num=0"):
            completion.complete(Completer(grey), some_images(2), np.ones((4, 5, 1)), 0)
        with pytest.raises(ValueError, match="images do not fit 2 samples"):
            completion.complete(Completer(grey), some_images(2, shape=(4, 4, 2)), np.ones((4, 5, 1)))


def test_completions_keep_what_is_observed():
    images, hidden_by = some_images(3), masks.get("pixels").draw(3, SHAPE)
    made = completion.complete(Completer(noise), images, hidden_by, 4, seed=2)
    assert made.shape == (4, 3, *SHAPE)
    kept = np.broadcast_to(hidden_by > 0, images.shape)
    for each in made:
        np.testing.assert_array_equal(each[kept], images[kept])
    assert (made[0] != made[1])[np.broadcast_to(~kept, images.shape)].all()
    np.testing.assert_array_equal(made, completion.complete(Completer(noise), images, hidden_by, 4, seed=2))
    others = completion.complete(Completer(noise), images, hidden_by, 4, seed=3)
    assert not any((mine == theirs).all() for mine in made for theirs in others)  # seeds share no noise
