"""The callbacks of a model that completes images."""

import keras
import numpy as np
import pytest
from conftest import all_equal, weights
from PIL import Image

import keras_gan as kg
from keras_gan import callbacks, masks
from keras_gan.evaluation import completion

pytestmark = pytest.mark.one_backend


def completing_gan():
    networks = kg.networks.build("digits", observed=True)
    gan = kg.GAN(*networks, condition=kg.conditions.Observed(), preprocessing=keras.layers.Rescaling(1 / 16), seed=1)
    gan.compile(objective="relativistic", updates="simultaneous", ema=0.9)
    return gan


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(0).integers(0, 17, (40, 8, 8, 1)).astype("uint8")


def test_pictures_and_scores_of_a_training_that_they_do_not_change(images, tmp_path):
    classifier, labels = kg.evaluation.features.load_classifier("digits"), np.arange(40) % 10
    scores = callbacks.CompletionScores(images, 2, labels, classifier, num_validation=12)
    gan = completing_gan()
    own = [scores, callbacks.Completions(tmp_path, images, every=2)]
    history = gan.fit(images, batch_size=20, epochs=3, verbose=0, callbacks=own).history
    trained = weights(gan)
    files = sorted(path.name for path in (tmp_path / "samples").iterdir())
    assert files == [f"epoch_000{epoch}.png" for epoch in (0, 2, 3)]
    x = gan.preprocess(images[:12])
    hidden_by = masks.by_turns(masks.SHOWN, 12, (8, 8, 1))
    made = completion.complete(gan, x, hidden_by)
    shown = np.asarray(Image.open(tmp_path / "samples" / "epoch_0003.png"))
    np.testing.assert_array_equal(shown, kg.figures.completions(x, hidden_by, made)[..., 0])
    assert shown.shape == (12 * 49 - 1, 7 * 49 - 1)

    assert history["val_energy"][0] != history["val_energy"][1] == history["val_energy"][2]
    assert 0 < history["val_spread"][1] < history["val_rmse"][1] < 1
    assert 0 <= history["val_agreement"][1] <= 1
    half = masks.by_turns(masks.SIDES, 12, (8, 8, 1))
    made = completion.complete(gan, x, half, 3)
    scores.set_model(gan)
    assert scores.measure() == pytest.approx(
        {
            "val_energy": completion.energy_score(made, x),
            "val_rmse": completion.squared_error(made, x, half) ** 0.5,
            "val_spread": completion.spread(made, half),
            "val_agreement": np.mean([classifier.predict(each, verbose=0).argmax(1) == labels[:12] for each in made]),
        },
        rel=1e-5,
    )
    assert all_equal(weights(gan), trained)  # random states among them: to look on changes nothing


def test_without_a_classifier(images):
    assert callbacks.CompletionScores(images).names == ("val_energy", "val_rmse", "val_spread")
    with pytest.raises(ValueError, match="both labels and a classifier"):
        callbacks.CompletionScores(images, labels=np.zeros(40))
