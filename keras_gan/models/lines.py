"""Samples along lines in the noise, of whatever is fed by a prior."""

from typing import Any

import numpy as np

from keras_gan import priors
from keras_gan.models.checks import asked_for, check_number


class Lines:
    """What a GAN and a loaded generator have in common: samples between two draws of the prior.

    A subclass has a `prior` and a `condition` (or None), and defines `samples_of`.
    """

    prior: Any
    condition: Any

    def samples_of(self, z: np.ndarray, told: tuple[np.ndarray, ...]) -> Any:
        """Samples for noise and what the generator is told, row by row."""
        raise NotImplementedError

    def interpolate(
        self, lines: int, steps: int, seed: int | None = None, spherical: bool = False, condition: Any = None
    ) -> np.ndarray:
        """Samples along lines in the noise, from one draw of the prior to another.

        Args:
            lines: number of lines.
            steps: samples on a line, ends included.
            seed: integer. Default: fresh noise.
            spherical: whether to go along great circles.
            condition: what the samples shall have: one for all, or one for each line. Default: drawn for each line as
                the training data had it.

        Returns:
            NumPy array of shape `(lines * steps, ...)`, float32, line by line.

        Raises:
            ValueError: if there are fewer than 1 line or 2 steps, or the condition does not fit.
        """
        check_number(lines, "lines")
        check_number(steps, "steps", 2)
        ends = self.prior.draw(2 * lines, seed)
        z = priors.interpolate(ends[::2], ends[1::2], steps, spherical)
        told = asked_for(self.condition, condition, lines, seed)
        return self.samples_of(z.reshape(-1, self.prior.dim), tuple(np.repeat(part, steps, axis=0) for part in told))
