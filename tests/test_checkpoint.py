import keras
import numpy as np
from checks import check_equal_state
from conftest import make_data, make_gan, make_networks

import keras_gan as kg


def test_the_model_is_saved_after_every_epoch_and_the_one_before_kept(tmp_path):
    gan = make_gan()
    checkpoint = kg.callbacks.Checkpoint(tmp_path / "model.keras")
    assert str(checkpoint) == "No epoch had ended: nothing was saved."
    gan.fit(make_data(), batch_size=4, epochs=3, verbose=0, callbacks=[checkpoint])
    assert {path.name for path in tmp_path.iterdir()} == {"model.keras", "previous-model.keras"}
    last, before = (keras.saving.load_model(tmp_path / name) for name in ("model.keras", "previous-model.keras"))
    assert [int(model.iterations) for model in (last, before)] == [9, 6]
    check_equal_state(last, gan)
    assert str(checkpoint) == f"{tmp_path / 'model.keras'} holds epoch 3."
    assert (checkpoint.saved, checkpoint.diverged) == (3, 0)


def test_a_model_that_is_lost_is_not_saved(tmp_path):
    gan = make_gan()
    gan.fit(make_data(), verbose=0, callbacks=[kg.callbacks.Checkpoint(str(tmp_path / "model.keras"))])
    content = (tmp_path / "model.keras").read_bytes()
    gan.generator.trainable_variables[-1].assign(np.full(gan.generator.trainable_variables[-1].shape, np.nan))
    checkpoint = kg.callbacks.Checkpoint(tmp_path / "model.keras", epochs_done=1)
    gan.fit(make_data(), epochs=2, initial_epoch=1, verbose=0, callbacks=[checkpoint])
    assert (checkpoint.saved, checkpoint.diverged) == (1, 2)
    assert (tmp_path / "model.keras").read_bytes() == content


def test_any_keras_model_is_saved(tmp_path):
    network = make_networks()[1]
    network.compile(loss="mse")
    network.fit(make_data(), np.zeros(12), verbose=0, callbacks=[kg.callbacks.Checkpoint(tmp_path / "model.keras")])
    check_equal_state(keras.saving.load_model(tmp_path / "model.keras"), network)
