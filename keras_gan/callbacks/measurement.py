"""Numbers measured every few epochs, in the logs of every epoch."""

import keras


class Measurement(keras.callbacks.Callback):
    """Measures at the first epoch of a `fit` and every few epochs; in between the logs keep the latest values.

    So every epoch has the same columns, which `CSVLogger` needs. A subclass defines `names` and `measure`.

    Args:
        every: epochs between measurements, at least 1.

    Attributes:
        names: of the numbers that it writes into the logs.
        earlier: dict of the latest values of a run that the next `fit` goes on with; it measures when that run would
            have. Default: none.

    Raises:
        ValueError: if `every` is less than 1.
    """

    names: tuple[str, ...] = ()

    def __init__(self, every: int) -> None:
        super().__init__()
        if every < 1:
            raise ValueError(f"{type(self).__name__} needs every >= 1. Received: every={every}.")
        self.every = every
        self.earlier: dict[str, float] = {}
        self._latest: dict[str, float] = {}

    def on_train_begin(self, logs=None):
        self._latest, self.earlier = self.earlier, {}

    def on_epoch_end(self, epoch, logs=None):
        if not self._latest or (epoch + 1) % self.every == 0:
            self._latest = self.measure()
        if logs is not None:
            logs.update(self._latest)

    def measure(self) -> dict[str, float]:
        """Measures `self.model` as it is now: a number for each of the names."""
        raise NotImplementedError
