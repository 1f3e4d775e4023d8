"""Pictures of the samples while training goes on."""

from pathlib import Path
from typing import Any

from keras_gan.callbacks.series import Series
from keras_gan.figures import grids


class SampleGrid(Series):
    """Writes a grid of samples from fixed noise, so that pictures of different epochs show progress.

    Files are `folder/samples/epoch_0000.png` (before training) and so on: after 1, 2, 5, 10, 20, 50, ... epochs until
    `every`, so that there is something to see early, and then every so often. Training is bit-identical with and
    without it.

    Args:
        folder: folder of the run; made if it is not there.
        every: epochs between pictures after the early ones, at least 1; the last epoch always gets one.
        rows: rows of the grid; it has as many columns.
        seed: seed of the noise.
        value_range: the samples' values for black and white. Default: `keras_gan.figures.display_range` of each grid.
        condition: what the samples shall have, `rows * rows` of them in the order of the grid, for a model that is told
            a condition. Default: drawn as the training data have it.
    """

    SUFFIX = ".png"

    def __init__(
        self,
        folder: str | Path,
        every: int = 1,
        rows: int = 10,
        seed: int = 0,
        value_range: tuple[float, float] | None = None,
        condition: Any = None,
    ) -> None:
        super().__init__(folder, every)
        if rows < 1:
            raise ValueError(f"SampleGrid needs rows >= 1. Received: rows={rows}.")
        self.rows, self.seed, self.value_range, self.condition = rows, seed, value_range, condition

    def _is_due(self, epochs_done):
        early = epochs_done < self.every and str(epochs_done).rstrip("0") in ("1", "2", "5")
        return early or super()._is_due(epochs_done)

    def _write(self, path):
        asked = {} if self.condition is None else {"condition": self.condition}
        samples = self.model.sample(self.rows**2, seed=self.seed, **asked)
        grids.save_grid(samples, path, self.rows, self.value_range)
