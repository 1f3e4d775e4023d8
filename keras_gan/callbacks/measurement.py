"""Numbers measured every few epochs, in the logs of every epoch."""

import keras


class Measurement(keras.callbacks.Callback):
    """Measures at the first epoch of a `fit` and every few epochs; in between the logs keep the latest values.

    So every epoch has the same columns, which `CSVLogger` needs. A subclass defines `_measure`, which returns a dict.

    Attributes:
        earlier: dict of the latest values of a run that the next `fit` goes on with; it measures when that run would
            have. Default: none.
    """

    def __init__(self, every: int) -> None:
        super().__init__()
        self.every = every
        self.earlier: dict[str, float] = {}
        self._latest: dict[str, float] = {}

    def on_train_begin(self, logs=None):
        self._latest, self.earlier = self.earlier, {}

    def on_epoch_end(self, epoch, logs=None):
        if not self._latest or (epoch + 1) % self.every == 0:
            self._latest = self._measure()
        if logs is not None:
            logs.update(self._latest)

    def _measure(self):
        raise NotImplementedError
