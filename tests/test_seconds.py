import keras
from conftest import make_data, make_gan

import keras_gan as kg


class Clock(keras.callbacks.Callback):
    """A clock that goes on by 1 in every batch, by 10 where an epoch begins and by 100 where one has ended."""

    now = 0.0

    def perf_counter(self):
        return self.now

    def on_epoch_begin(self, epoch, logs=None):
        self.now += 10

    def on_train_batch_end(self, batch, logs=None):
        self.now += 1

    def on_epoch_end(self, epoch, logs=None):
        self.now += 100


def test_seconds_are_those_of_the_epochs_alone(monkeypatch):
    clock = Clock()
    monkeypatch.setattr("keras_gan.callbacks.seconds.time", clock)
    callbacks = [kg.callbacks.Seconds(1000.0), clock]
    seconds = make_gan().fit(make_data(), batch_size=4, epochs=3, verbose=0, callbacks=callbacks).history["seconds"]
    assert seconds == [1013.0, 1026.0, 1039.0]
