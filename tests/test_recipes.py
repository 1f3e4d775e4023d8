"""Whole runs of the recipes, as a user starts them: minutes each."""

import time

import numpy as np
import pytest
from keras_gan.recipes import digits

import keras_gan as kg


@pytest.mark.slow
def test_digits_learns_all_ten_classes(tmp_path):
    """A classifier of held-out real digits sees every class in the samples, and is sure of most."""
    import keras
    from sklearn.neural_network import MLPClassifier

    started = time.perf_counter()
    digits.main(digits.Digits(run_dir=str(tmp_path / "run")))
    seconds = time.perf_counter() - started
    data = kg.datasets.load("digits")
    held_out = np.concatenate([data.validation, data.test]).reshape(-1, 64) / 16
    labels = np.concatenate([data.labels.validation, data.labels.test])
    classifier = MLPClassifier((128,), max_iter=500, random_state=0).fit(held_out, labels)
    real = classifier.score(data.train.reshape(-1, 64) / 16, data.labels.train)
    assert real > 0.93
    samples = keras.saving.load_model(tmp_path / "run" / "gan.keras").sample(1000, seed=0).reshape(-1, 64)
    probabilities = classifier.predict_proba(samples)
    shares = np.bincount(probabilities.argmax(1), minlength=10) / len(samples)
    confidence = np.median(probabilities.max(1))
    print(f"{seconds:.0f} s; classes {shares.min():.3f} to {shares.max():.3f}; median confidence {confidence:.3f}")
    assert shares.min() >= 0.03
    assert confidence >= 0.9
    assert seconds < 180
