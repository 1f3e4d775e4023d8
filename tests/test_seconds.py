import time

import keras
from conftest import make_data, make_gan

import keras_gan as kg


class Slow(keras.callbacks.Callback):
    def on_train_batch_end(self, batch, logs=None):
        time.sleep(0.02)

    def on_epoch_end(self, epoch, logs=None):
        time.sleep(0.5)


def test_seconds_are_those_of_the_epochs_alone():
    gan = make_gan()
    gan.fit(make_data(), batch_size=4, verbose=0)  # compiles
    callbacks = [kg.callbacks.Seconds(100.0), Slow()]
    seconds = gan.fit(make_data(), batch_size=4, epochs=3, verbose=0, callbacks=callbacks).history["seconds"]
    passed = [b - a for a, b in zip([100.0, *seconds[:-1]], seconds, strict=True)]
    assert all(0.06 <= epoch < 0.5 for epoch in passed)
