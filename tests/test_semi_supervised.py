"""The game with K + 1 classes: its losses against NumPy, labels beside the data, the classifier, bad input."""

import keras
import numpy as np
import pytest
from checks import check_equal_state
from keras import layers, ops

import keras_gan as kg
from keras_gan.models.semi_supervised import supervised


def make_gan(noise=0.0, seed=0, **settings):
    keras.utils.set_random_seed(seed)
    x = keras.Input((5,))
    hidden = layers.Dense(6, "relu")(layers.GaussianNoise(noise)(x) if noise else x)
    discriminator = keras.Model(x, {"logits": layers.Dense(3)(hidden), "features": hidden})
    generator = keras.Sequential([keras.Input((4,)), layers.Dense(5)])
    gan = kg.SemiSupervisedGAN(generator, discriminator, seed=seed)
    gan.compile(keras.optimizers.SGD(0.1), keras.optimizers.SGD(0.1), **settings)
    return gan


def make_data(num=24, labeled=6, seed=0):
    rng = np.random.default_rng(seed)
    y = np.full(num, -1)
    y[rng.permutation(num)[:labeled]] = np.arange(labeled) % 3
    return rng.normal(size=(num, 5)).astype("float32"), y


class Numpy:
    """Losses and gradients of the tiny networks, by hand."""

    def __init__(self, gan):
        self.g = [w.astype("float64") for w in gan.generator.get_weights()]
        self.d = [w.astype("float64") for w in gan.discriminator.get_weights()]

    def judge(self, x):
        hidden = np.maximum(x @ self.d[0] + self.d[1], 0)
        return hidden @ self.d[2] + self.d[3], hidden

    def discriminator_gradients(self, x, z, images, classes):
        shares = [np.zeros_like(w) for w in self.d]
        fakes = z @ self.g[0] + self.g[1]

        def softmax(a):
            e = np.exp(a)
            return e / e.sum(1, keepdims=True)

        def add(x, d_logits):
            hidden = self.judge(x)[1]
            d_hidden = d_logits @ self.d[2].T * (hidden > 0)
            for share, part in zip(
                shares, (x.T @ d_hidden, d_hidden.sum(0), hidden.T @ d_logits, d_logits.sum(0)), strict=True
            ):
                share += part

        logits = self.judge(x)[0]  # -log Z / (Z + 1): its slope is -(1 - D) softmax
        add(x, -0.5 * softmax(logits) / (1 + np.exp(logits).sum(1, keepdims=True)) / len(x))
        logits = self.judge(fakes)[0]  # log(Z + 1): D softmax
        add(fakes, 0.5 * np.exp(logits) / (1 + np.exp(logits).sum(1, keepdims=True)) / len(z))
        add(images, (softmax(self.judge(images)[0]) - np.eye(3)[classes]) / len(images))
        return shares

    def generator_gradients(self, x, z):
        fakes = z @ self.g[0] + self.g[1]
        gap = self.judge(fakes)[1].mean(0) - self.judge(x)[1].mean(0)
        d_hidden = np.broadcast_to(2 * gap / len(gap) / len(z), (len(z), len(gap))) * (self.judge(fakes)[1] > 0)
        d_fakes = d_hidden @ self.d[0].T
        return [z.T @ d_fakes, d_fakes.sum(0)]


def test_both_steps_are_those_of_numpy():
    gan = make_gan()
    twin, (x, _) = Numpy(gan), make_data(8)
    rng = np.random.default_rng(1)
    z, images, classes = rng.uniform(size=(8, 4)).astype("float32"), make_data(8, seed=2)[0], np.arange(8) % 3
    logs = gan.discriminator_step(x, z, (images, classes))
    for weight, before, gradient in zip(
        gan.discriminator.get_weights(), twin.d, twin.discriminator_gradients(x, z, images, classes), strict=True
    ):
        np.testing.assert_allclose(weight, before - 0.1 * gradient, atol=1e-6)
    real, fake, own = (twin.judge(part)[0] for part in (x, z @ twin.g[0] + twin.g[1], images))
    sums = [np.exp(a).sum(1) for a in (real, fake)]
    entropy = -np.log(np.exp(own)[np.arange(8), classes] / np.exp(own).sum(1)).mean()
    expected = entropy - 0.5 * np.log(sums[0] / (1 + sums[0])).mean() - 0.5 * np.log(1 / (1 + sums[1])).mean()
    assert float(logs["d_loss"]) == pytest.approx(expected, rel=1e-5)
    assert float(logs["d_on_data"]) == pytest.approx((sums[0] / (1 + sums[0])).mean(), rel=1e-5)

    twin = Numpy(gan)
    g_loss = gan.generator_step(z, x)["g_loss"]
    for weight, before, gradient in zip(
        gan.generator.get_weights(), twin.g, twin.generator_gradients(x, z), strict=True
    ):
        np.testing.assert_allclose(weight, before - 0.1 * gradient, atol=1e-6)
    gap = twin.judge(z @ twin.g[0] + twin.g[1])[1].mean(0) - twin.judge(x)[1].mean(0)
    assert float(g_loss) == pytest.approx(np.mean(gap**2), rel=1e-4)


def test_examples_without_a_label_do_not_count():
    logits = np.random.default_rng(0).normal(size=(4, 3)).astype("float32")
    entropy, accuracy, count = supervised(logits, np.array([2, -1, 0, -1]))
    expected = -np.log(np.exp(logits) / np.exp(logits).sum(1, keepdims=True))[[0, 2], [2, 0]].mean()
    assert float(entropy) == pytest.approx(expected, rel=1e-5)
    assert float(accuracy) == (logits.argmax(1) == [2, -1, 0, -1]).sum() / 2
    assert float(count) == 2
    assert [float(part) for part in supervised(logits, np.full((4, 1), -1))] == [0, 0, 0]


def test_a_labeled_example_stands_beside_each_example():
    gan, (x, y) = make_gan(), make_data()
    same, (images, classes) = gan._beside((x, y))
    np.testing.assert_array_equal(same, x)
    labeled = {tuple(row): label for row, label in zip(x, y, strict=True) if label >= 0}
    assert [labeled[tuple(row)] for row in images] == classes.tolist()
    assert np.unique(images, axis=0, return_counts=True)[1].tolist() == [4] * 6  # all equally often


@pytest.mark.parametrize("updates", ["alternating", "simultaneous"])
def test_training_resumes_bit_for_bit(updates, tmp_path):
    settings = {"updates": updates, "ema": 0.99, "examples_per_label": 2}
    x, y = make_data()
    whole, stopped = make_gan(0.3, **settings), make_gan(0.3, **settings)
    whole.fit(x, y, batch_size=8, epochs=3, verbose=0)
    stopped.fit(x, y, batch_size=8, epochs=2, verbose=0)
    stopped.save(tmp_path / "model.keras")
    resumed = keras.saving.load_model(tmp_path / "model.keras")
    resumed.fit(x, y, batch_size=8, epochs=3, initial_epoch=2, verbose=0)
    check_equal_state(whole, resumed)
    np.testing.assert_array_equal(whole.classify(x), resumed.classify(x))


@pytest.mark.one_backend
def test_the_classifier_learns_and_is_averaged():
    rng = np.random.default_rng(0)
    classes = np.arange(90) % 3
    x = (3 * np.eye(3, 5)[classes] + rng.normal(size=(90, 5))).astype("float32")
    gan = make_gan(0.1, ema=0.9)
    history = gan.fit(x, kg.datasets.hide_labels(classes, 9), batch_size=10, epochs=15, verbose=0)
    assert history.history["accuracy"][-1] > 0.9
    probabilities = gan.classify(x)
    assert probabilities.shape == (90, 3)
    assert probabilities.dtype == "float32"
    np.testing.assert_allclose(probabilities.sum(1), 1, rtol=1e-5)
    assert np.mean(probabilities.argmax(1) == classes) > 0.85
    assert gan.evaluate(x, classes, verbose=0, return_dict=True)["accuracy"] == pytest.approx(
        np.mean(probabilities.argmax(1) == classes)
    )
    logits = ops.convert_to_numpy(gan.discriminator(x)["logits"])  # the weights themselves are still there
    own = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    np.testing.assert_allclose(gan.classify(x, averaged=False), own, rtol=1e-4, atol=1e-6)
    assert np.abs(own - probabilities).max() > 1e-4
    average = [ops.convert_to_numpy(value) for value in gan.classifier_average.averages]
    gan.discriminator.set_weights(average)
    np.testing.assert_allclose(gan.classify(x, averaged=False), probabilities, rtol=1e-5, atol=1e-6)


def labels_of(**changes):
    y = make_data()[1]
    return np.where(y == changes["of"], changes["become"], y)


@pytest.mark.parametrize(
    ("y", "said"),
    [
        (None, "Received: data alone"),
        (make_data()[1][:-1], r"Received: labels of shape \(23,\) for 24 examples"),
        (np.eye(3)[make_data()[1]], r"argmax\(axis=1\)"),
        (make_data()[1].astype("float32"), "Received: float32"),
        (labels_of(of=2, become=3), "Received: labels from -1 to 3"),
        (labels_of(of=2, become=-2), "Received: labels from -2 to 1"),
        (labels_of(of=2, become=-1), r"Received: 4 labels, none of the classes \[2\]"),
        (np.full(24, -1), r"Received: 0 labels, none of the classes \[0, 1, 2\]"),
    ],
)
def test_labels_that_do_not_fit_are_refused(y, said):
    gan = make_gan()
    before = gan.get_weights()
    with pytest.raises(ValueError, match=said):
        gan.fit(make_data()[0], y, verbose=0)
    assert all(np.array_equal(a, b) for a, b in zip(before, gan.get_weights(), strict=True))


def test_what_else_does_not_fit_is_refused():
    gan, (x, y) = make_gan(), make_data()
    with pytest.raises(ValueError, match=r"Received: examples of shape \(4,\)"):
        gan.fit(x[:, :4], y, verbose=0)
    with pytest.raises(ValueError, match=r"Received: shape \(24, 4\)"):
        gan.classify(x[:, :4])
    with pytest.raises(ValueError, match="Received: labels from -1 to 3"):
        gan.train_on_batch(x, labels_of(of=2, become=3))
    with pytest.raises(ValueError, match="Received: labels from -1 to 3"):
        gan.evaluate(x, labels_of(of=2, become=3), verbose=0)
    with pytest.raises(ValueError, match="examples_per_label=0"):
        gan.compile(examples_per_label=0)
    z, c, image = keras.Input((4,)), keras.Input((3,)), keras.Input((5,))
    generator = keras.Model([z, c], layers.Dense(5)(layers.Concatenate()([z, c])))
    hidden = layers.Dense(4)(layers.Concatenate()([image, c]))
    discriminator = keras.Model([image, c], {"logits": layers.Dense(3)(hidden), "features": hidden})
    with pytest.raises(ValueError, match="Received: condition="):
        kg.SemiSupervisedGAN(generator, discriminator, condition=kg.conditions.Labels(3))
    plain = keras.Sequential([keras.Input((5,)), layers.Dense(1)])
    with pytest.raises(ValueError, match=r"Received: \(None, 1\)"):
        kg.SemiSupervisedGAN(gan.generator, plain).compile()


def test_labels_are_hidden_evenly():
    labels = np.repeat([0, 1, 2], [10, 20, 5])
    kept = kg.datasets.hide_labels(labels, 9, seed=1)
    assert np.bincount(kept[kept >= 0]).tolist() == [3, 3, 3]
    np.testing.assert_array_equal(kept[kept >= 0], labels[kept >= 0])
    np.testing.assert_array_equal(kept, kg.datasets.hide_labels(labels, 9, seed=1))
    assert (kept != kg.datasets.hide_labels(labels, 9, seed=2)).any()


@pytest.mark.parametrize(
    ("labels", "keep", "said"),
    [
        ([0, 1, 2] * 5, 2, "multiple of 3"),
        ([0, 1, 2] * 5, 10, "keep=10 with 3 classes"),
        ([0, 1, 1, 1], 4, "Received: 1 of class 0"),
        ([0.0, 1.0], 2, "float64"),
    ],
)
def test_labels_that_cannot_be_hidden_so(labels, keep, said):
    with pytest.raises(ValueError, match=said):
        kg.datasets.hide_labels(np.array(labels), keep)
