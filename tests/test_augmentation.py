"""Random changes of what the discriminator sees."""

import keras
import numpy as np
import pytest
from checks import check_equal_state, check_layer
from keras import ops

import keras_gan as kg
from keras_gan import backend
from keras_gan.layers import Augmentation

IMAGES = np.random.default_rng(0).random((64, 8, 8, 3)).astype("float32")


def changed(images=IMAGES, **arguments):
    return ops.convert_to_numpy(Augmentation(seed=1, **arguments)(images, training=True))


def test_as_a_layer():
    check_layer(lambda: Augmentation(0.5, "cutout", flips=True, value_range=(-1, 1), seed=3), (4, 8, 8, 3), False)


def test_nothing_changes_at_strength_0_or_outside_of_training():
    np.testing.assert_array_equal(changed(), IMAGES)
    np.testing.assert_array_equal(ops.convert_to_numpy(Augmentation(1.0, seed=1)(IMAGES)), IMAGES)


def test_the_strength_is_the_share_of_pictures_that_are_changed():
    images = np.ones((2000, 2, 2, 1), "float32")
    share = (changed(images, strength=0.3, kinds="color") != images).any(axis=(1, 2, 3)).mean()
    assert share == pytest.approx(0.3, abs=0.03)


def test_a_translation_moves_pixels_and_repeats_the_edge():
    rows = np.broadcast_to(np.arange(16, dtype="float32")[None, :, None, None], (64, 16, 16, 1))
    moved = changed(rows, strength=1.0, kinds="translation")
    shifts = {int(picture[8, 8, 0]) - 8 for picture in moved}
    assert shifts == {-2, -1, 0, 1, 2}
    for picture in moved:
        expected = np.clip(np.arange(16) + int(picture[8, 8, 0]) - 8, 0, 15)
        np.testing.assert_array_equal(picture[:, 3, 0], expected)


def test_a_cutout_is_a_grey_square_of_half_a_side():
    pictures = changed(np.ones((64, 8, 8, 1), "float32"), strength=1.0, kinds="cutout")
    assert set(np.unique(pictures)) == {0.5, 1}
    grey = (pictures == 0.5)[..., 0]
    assert grey.any(axis=2).sum(axis=1).max() == grey.any(axis=1).sum(axis=1).max() == 4
    assert (grey.sum(axis=(1, 2)) == grey.any(axis=2).sum(axis=1) * grey.any(axis=1).sum(axis=1)).all()


def test_colours_keep_what_is_drawn():
    pictures = changed(strength=1.0, kinds="color")
    assert (np.abs(pictures - IMAGES).mean(axis=(1, 2, 3)) > 0.01).mean() > 0.95
    grey, before = pictures.mean(axis=3).reshape(64, -1), IMAGES.mean(axis=3).reshape(64, -1)
    assert all(np.corrcoef(a, b)[0, 1] > 0.999 for a, b in zip(grey, before, strict=True))


def test_flips_mirror_every_second_picture_whatever_the_strength():
    pictures = changed(flips=True)
    mirrored = (pictures == IMAGES[:, :, ::-1]).all(axis=(1, 2, 3))
    assert 16 < mirrored.sum() < 48
    np.testing.assert_array_equal(pictures[~mirrored], IMAGES[~mirrored])


def test_gradients_flow_through_and_may_be_differentiated_again():
    """Of a translation, a gradient is the other way around: its sum stays, and the slope of its square is there."""
    layer = Augmentation(1.0, "translation", seed=1)
    state = layer.variables

    def squares(x):
        return ops.sum(ops.square(layer(x, training=True))), ()

    _, gradient = backend.input_gradient(squares, ops.convert_to_tensor(IMAGES), state)
    layer = Augmentation(1.0, "translation", seed=1)
    moved = ops.convert_to_numpy(layer(IMAGES, training=True))
    assert float(ops.sum(gradient)) == pytest.approx(2 * moved.sum(), rel=1e-4)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"strength": 1.5}, r"is a probability.*Received: strength=1.5"),
        ({"kinds": ["blur"]}, r"Unknown kinds.*blur.*cutout"),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        Augmentation(**arguments)


def networks():
    generator = keras.Sequential(
        [keras.Input((4,)), keras.layers.Dense(64, activation="sigmoid"), keras.layers.Reshape((8, 8, 1))]
    )
    discriminator = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            keras.layers.Conv2D(4, 3, activation="softplus"),
            keras.layers.Flatten(),
            # No bias: a relativistic loss has no slope in it, and Adam would make steps of rounding errors.
            keras.layers.Dense(1, use_bias=False),
        ]
    )
    return generator, discriminator


def make(strength, **arguments):
    keras.utils.set_random_seed(1)
    augmentation = None if strength is None else Augmentation(strength, flips=False, seed=5)
    gan = kg.GAN(*networks(), seed=1, augmentation=augmentation)
    gan.compile("adam", "adam", objective="relativistic", penalties=[kg.penalties.R1(1.0), kg.penalties.R2(1.0)])
    return gan


DATA = IMAGES[..., :1]


def test_a_game_at_strength_0_is_the_game_without():
    games = [make(strength) for strength in (None, 0.0, 0.9)]
    for gan in games:
        gan.fit(DATA, batch_size=16, epochs=2, verbose=0)
    plain, off, on = ([ops.convert_to_numpy(v) for v in gan.trainable_variables] for gan in games)
    for a, b in zip(plain, off, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)
    assert any(np.abs(a - b).max() > 1e-3 for a, b in zip(plain, on, strict=True))


def test_in_mixed_precision_the_strength_keeps_its_32_bits():
    layer = Augmentation(0.7, flips=True, seed=1, dtype="mixed_bfloat16")
    changed = ops.convert_to_numpy(ops.cast(layer(IMAGES, training=True), "float32"))
    assert np.isfinite(changed).all()
    share = np.mean(np.abs(changed - IMAGES).max(axis=(1, 2, 3)) > 0.1)
    assert 0.7 < share <= 1
    layer.strength.assign(0.7001)  # which bfloat16 does not have
    assert float(ops.convert_to_numpy(layer.strength)) == pytest.approx(0.7001, abs=1e-6)


def test_a_resumed_run_sees_the_changes_that_it_would_have_seen(tmp_path):
    whole, part = make(0.5), make(0.5)
    whole.fit(DATA, batch_size=16, epochs=2, verbose=0)
    part.fit(DATA, batch_size=16, epochs=1, verbose=0)
    part.augmentation.strength.assign(0.5)
    part.save(tmp_path / "gan.keras")
    resumed = keras.saving.load_model(tmp_path / "gan.keras")
    resumed.fit(DATA, batch_size=16, epochs=2, initial_epoch=1, verbose=0)
    check_equal_state(whole, resumed)


def test_the_strength_is_saved(tmp_path):
    gan = make(0.0)
    gan.augmentation.strength.assign(0.25)
    gan.save(tmp_path / "gan.keras")
    assert float(keras.saving.load_model(tmp_path / "gan.keras").augmentation.strength) == 0.25


def test_games_that_no_augmentation_fits():
    shape = (8, 8, 1)
    with pytest.raises(ValueError, match=r"An augmentation is a Keras layer.*'flips'"):
        kg.GAN(*networks(), augmentation="flips")
    pairs = kg.networks.pairs(shape, 4, 8)
    with pytest.raises(ValueError, match=r"sees noise beside each example.*Leave augmentation= out"):
        kg.BiGAN(*pairs, kg.networks.encoder(shape, 4, 8), augmentation=Augmentation())


def test_overfitting_moves_the_strength():
    """D knows the training pictures by heart where these are 1 and held-out ones 0, as samples nearly are."""
    gan = make(0.5)
    train, validation = np.ones((20, 8, 8, 1), "float32"), np.zeros((20, 8, 8, 1), "float32")
    bias = gan.generator.layers[0].bias
    bias.assign(np.full(bias.shape, -20.0))  # samples are 0, too
    kernel = gan.generator.layers[0].kernel
    kernel.assign(np.zeros(kernel.shape))
    measured = [
        kg.callbacks.Overfitting(train, validation, pictures=200),
        kg.callbacks.Overfitting(train, train, pictures=200),
    ]
    for layer in (gan.discriminator.layers[0], gan.discriminator.layers[-1]):  # D says how bright a picture is
        layer.kernel.assign(np.ones(layer.kernel.shape))
    for callback in measured:
        callback.set_model(gan)
    assert measured[0].measure() == {"overfitting": pytest.approx(1.0), "augmentation": pytest.approx(0.6)}
    assert measured[1].measure() == {"overfitting": 0.0, "augmentation": pytest.approx(0.5)}
    off = kg.callbacks.Overfitting(train, validation, adapt=False)
    off.set_model(gan)
    assert list(off.measure()) == ["overfitting"]
    measured[0].set_model(make(None))
    with pytest.raises(ValueError, match=r"no augmentation.*Pass adapt=False"):
        measured[0].measure()
    with pytest.raises(ValueError, match=r"needs a target.*target=2"):
        kg.callbacks.Overfitting(train, validation, target=2)


def test_training_is_bit_identical_with_and_without_looks_at_overfitting():
    games = [make(0.3), make(0.3)]
    look = kg.callbacks.Overfitting(DATA[:32], DATA[32:], adapt=False)
    for gan, callbacks in zip(games, ([], [look]), strict=True):
        gan.fit(DATA, batch_size=16, epochs=2, verbose=0, callbacks=callbacks)
    check_equal_state(*games)
