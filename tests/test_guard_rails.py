"""What goes wrong with few pictures, said once with the remedy; and precision and recall in the logs."""

import numpy as np
import pytest

import keras_gan as kg
from keras_gan.evaluation import features, fid

SHAPE = (8, 8, 1)


class Sampler:
    """A model whose samples are given."""

    condition = None

    def __init__(self, samples):
        self.samples = samples

    def sample(self, num, seed=None, **_):
        return np.resize(self.samples, (num, *SHAPE))

    def preprocess(self, images):
        return images


def pictures(seed, num=200):
    random = np.random.default_rng(seed)
    return (random.random((num, 1, 1, 1)) * random.random((num, *SHAPE))).astype("float32")


def said(callback, samples, capsys, logs=None):
    callback.set_model(Sampler(samples))
    callback.on_train_begin()
    for epoch in range(3):
        logs = {**(logs or {})}
        callback.on_epoch_end(epoch, logs)
    return logs, capsys.readouterr().out


@pytest.fixture(scope="module")
def network():
    return features.random(SHAPE)


def rails(network, num_train=2000, **arguments):
    return kg.callbacks.GuardRails(pictures(0), pictures(1), network, 1, num_train=num_train, **arguments)


def test_nothing_is_said_of_good_samples(network, capsys):
    logs, text = said(rails(network), pictures(2), capsys, {"overfitting": 0.2})
    assert text == ""
    assert 0.7 < logs["variety"] < 1.4
    assert 0.8 < logs["nearness"] < 1.25


@pytest.mark.parametrize(
    ("samples", "logs", "sentence"),
    [
        (pictures(2)[:1], {}, "the generator has collapsed. Begin a new run with"),
        (pictures(0), {}, "copies of training pictures (twice as near to them as held-out pictures are). Add"),
        (pictures(2), {"overfitting": 0.95}, "knows the training pictures by heart"),
    ],
)
def test_each_thing_is_said_once(network, capsys, samples, logs, sentence):
    text = said(rails(network), samples, capsys, logs)[1]
    assert text.count(sentence) == 1
    assert text.count("\n") == 1
    assert said(rails(network, after=5), samples, capsys, logs)[1] == ""


def test_few_pictures_are_named_at_once(network, capsys):
    assert said(rails(network, num_train=400), pictures(2), capsys)[1].startswith(
        "There are only 400 training pictures"
    )


def test_precision_and_recall(network):
    callback = kg.callbacks.PrecisionRecall(pictures(1), network, 1)
    found = {}
    for name, samples in {"good": pictures(2), "collapsed": pictures(2)[:1], "noise": 5 + pictures(3)}.items():
        callback.set_model(Sampler(samples))
        found[name] = callback.measure()
    assert min(found["good"].values()) > 0.6
    assert found["collapsed"]["val_recall"] < 0.1
    assert found["noise"]["val_precision"] == 0
    with pytest.raises(ValueError, match=r"need 4 validation images or more\. Received: 3"):
        kg.callbacks.PrecisionRecall(pictures(1, 3), network)


def test_random_features_are_the_same_everywhere_and_tell_good_samples():
    """Its numbers are pinned; noise, blur and lost variety are farther than other pictures of the same kind."""
    network = features.random((16, 16, 3))
    ramp = np.linspace(0, 1, 768, dtype="float32").reshape(1, 16, 16, 3)
    np.testing.assert_allclose(network(ramp)[0, :3], PINNED, rtol=1e-3)
    assert network.dim == 64
    random = np.random.default_rng(0)
    coarse = random.random((1200, 4, 4, 3)).repeat(4, axis=1).repeat(4, axis=2).astype("float32")
    real, good = coarse[:600], coarse[600:]
    blurred = (good + np.roll(good, 2, 1) + np.roll(good, 2, 2) + np.roll(good, 3, 1)) / 4
    bad = [blurred, good + random.normal(0, 0.2, good.shape).astype("float32"), np.resize(good[:20], good.shape)]
    reference = network(real)
    floor = fid.frechet_distance(network(good), reference)
    assert all(fid.frechet_distance(network(each), reference) > 1.5 * floor for each in bad)
    with pytest.raises(ValueError, match="8 pixels a side or more"):
        features.random((4, 4, 1))


PINNED = (0.153494, -0.762721, -1.694483)


def test_a_model_that_is_broken_gives_nan(network):
    for callback in (rails(network), kg.callbacks.PrecisionRecall(pictures(1), network)):
        callback.set_model(Sampler(pictures(2) * np.nan))
        assert np.isnan(list(callback.measure().values())).all()
