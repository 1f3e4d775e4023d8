"""Pictures of the samples while training goes on."""

from pathlib import Path

import keras

from keras_gan import plotting


class SampleGrid(keras.callbacks.Callback):
    """Writes a grid of samples from fixed noise, so that pictures of different epochs show progress.

    Files are `folder/samples/epoch_0000.png` (before training) and so on. Training is bit-identical with and
    without it.

    Args:
        folder: folder of the run; made if it is not there.
        every: epochs between pictures, at least 1; the last epoch always gets one.
        rows: rows of the grid; it has as many columns.
        seed: seed of the noise.
        value_range: the samples' values for black and white. Default: `keras_gan.plotting.display_range` of each grid.
    """

    def __init__(
        self,
        folder: str | Path,
        every: int = 1,
        rows: int = 10,
        seed: int = 0,
        value_range: tuple[float, float] | None = None,
    ) -> None:
        super().__init__()
        if every < 1 or rows < 1:
            raise ValueError(f"SampleGrid needs every >= 1 and rows >= 1. Received: every={every}, rows={rows}.")
        self.folder = Path(folder) / "samples"
        self.every, self.rows, self.seed, self.value_range = every, rows, seed, value_range
        self._epochs_done: int | None = None
        self._drawn: int | None = None

    def on_train_begin(self, logs=None):
        self.folder.mkdir(parents=True, exist_ok=True)
        self._epochs_done = self._drawn = None

    def on_epoch_begin(self, epoch, logs=None):
        if self._epochs_done is None:
            self._draw(epoch)

    def on_epoch_end(self, epoch, logs=None):
        self._epochs_done = epoch + 1
        if (epoch + 1) % self.every == 0:
            self._draw(epoch + 1)

    def on_train_end(self, logs=None):
        if self._epochs_done is not None and self._drawn != self._epochs_done:
            self._draw(self._epochs_done)

    def _draw(self, epochs_done):
        self._drawn = epochs_done
        samples = self.model.sample(self.rows**2, seed=self.seed)
        plotting.save_grid(samples, self.folder / f"epoch_{epochs_done:04d}.png", self.rows, self.value_range)
