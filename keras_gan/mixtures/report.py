"""Compares a trained pair with the paper's theory, from a run on a mixture of Gaussians."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np

from keras_gan.evaluation import bounds, theory
from keras_gan.mixtures import measures, snapshots
from keras_gan.mixtures.data import MIXTURES, Mixture
from keras_gan.models.gan import GAN
from keras_gan.runs import saved
from keras_gan.runs.folder import read_config

_BULK = 0.95  # share of p_data in it
_HISTOGRAM_SAMPLES, _BOUND_SAMPLES = 100_000, 50_000
_SEEDS = {"data": 101, "samples": 102}  # of what neither player was trained on


@dataclasses.dataclass(frozen=True)
class LabReport:
    """How a trained pair compares with the theory. Divergences and values are in nats.

    Attributes:
        value: V(D, G) on held-out data; -log 4 at the game's end.
        bound: lower bound on the JSD, from a fresh discriminator.
        mixture: modes, quality and divergences from histograms.
        divergence: exact JSD between p_g and p_data on a line; None in the plane.
        from_half: largest |D - 1/2| on a line, among the most likely points that hold 95% of p_data; None in the plane.
        from_optimal: largest |D - D*| on a line, among the same points; None in the plane.
    """

    value: theory.Estimate
    bound: bounds.Bound
    mixture: measures.MixtureReport
    divergence: float | None
    from_half: float | None
    from_optimal: float | None

    def row(self) -> dict[str, float]:
        """The numbers by name, for a table."""
        exact = {"JSD": self.divergence, "|D - 1/2|": self.from_half, "|D - D*|": self.from_optimal}
        return {
            **{name: value for name, value in exact.items() if value is not None},
            "V": self.value.mean,
            "SE of V": self.value.standard_error,
            "JSD bound": self.bound.divergence.mean,
            "SE of bound": self.bound.divergence.standard_error,
            "modes": self.mixture.modes,
            "within 3 sigma": self.mixture.high_quality,
            "KL forward": self.mixture.forward_kl,
            "KL reverse": self.mixture.reverse_kl,
        }


def measure_run(run: str | Path) -> LabReport:
    """Measures the pair that a run of the recipe `Gaussians` ended with.

    Args:
        run: folder of the run.

    Returns:
        `LabReport`.

    Raises:
        ValueError: if the folder holds no trained model, or one that was trained on other data.
    """
    mixture = mixture_of(run)
    gan = saved.load_best(run)
    return compare(gan, mixture, fresh_discriminator(run))


def compare(gan: GAN, mixture: Mixture, fresh: keras.Model) -> LabReport:
    """Measures a pair against the mixture it was trained on.

    Args:
        gan: the pair. Its averaged generator is measured, where there is one.
        mixture: the mixture that the data were drawn from.
        fresh: a new discriminator, to be trained against the frozen generator.

    Returns:
        `LabReport`.
    """
    samples = gan.sample(_HISTOGRAM_SAMPLES, seed=_SEEDS["samples"])
    data, _ = mixture.draw(_BOUND_SAMPLES, _SEEDS["data"])
    logits = [gan.discriminator.predict(points, batch_size=5000, verbose=0) for points in (data, samples)]
    divergence = from_half = from_optimal = None
    if snapshots.is_line(gan):
        shot = snapshots.take(gan, snapshots.nodes(*mixture.bounds()), averaged=True)
        p_data, p_g, spacing = densities(shot, mixture)
        divergence = theory.jensen_shannon(p_data, p_g, spacing)
        likely = bulk(p_data, spacing)
        from_half = float(np.abs(shot.discriminator - 0.5)[likely].max())
        optimal = theory.optimal_discriminator(p_data, p_g)
        from_optimal = float(np.abs(shot.discriminator - optimal)[likely].max())
    return LabReport(
        theory.estimate_value(*logits),
        bounds.jensen_shannon_bound(fresh, data, samples),
        measures.measure(samples, mixture),
        divergence,
        from_half,
        from_optimal,
    )


def mixture_of(run: str | Path) -> Mixture:
    """The mixture that a run was trained on.

    Raises:
        ValueError: if the folder is no run of the recipe `Gaussians`.
    """
    name = read_config(run)["data"].get("name") if (Path(run) / "config.json").exists() else None
    if name not in MIXTURES:
        raise ValueError(
            f"The theory needs a known density. Received: run={str(run)!r}, "
            f"{'trained on ' + name if name else 'which is no run'}. Expected: the folder of a run of "
            "`keras-gan train gaussians-normal`, or another whose name begins so."
        )
    return MIXTURES[name][0]


def fresh_discriminator(run: str | Path) -> keras.Model:
    """A new discriminator like the run's."""
    recipe = saved.load_recipe(run)
    data = recipe.data()
    keras.utils.set_random_seed(0)
    return recipe.networks(data)[1]


def densities(shot: snapshots.Snapshot, mixture: Mixture) -> tuple[np.ndarray, np.ndarray, float]:
    """Both densities at a snapshot's points on a line, and the points' spacing.

    Returns:
        `(p_data, p_g, spacing)`: two float64 arrays of shape `(n,)` and a float. p_g is the mean over a bin around
        each point.
    """
    points = shot.points[:, 0].astype("float64")
    spacing = float(points[1] - points[0])
    edges = np.append(points - spacing / 2, points[-1] + spacing / 2)
    return mixture.density(shot.points), measures.change_of_variable(shot.generated, edges), spacing


def bulk(p_data: np.ndarray, spacing: float) -> np.ndarray:
    """Mask of the most likely points that together hold 95% of the data."""
    order = np.argsort(-p_data, kind="stable")
    held = np.cumsum(p_data[order]) * spacing
    mask = np.zeros(len(p_data), bool)
    mask[order[: np.searchsorted(held, _BULK) + 1]] = True
    return mask


def table(reports: Sequence[tuple[str, LabReport]]) -> str:
    """A text table with one row per run; for several runs their mean and the worst follow."""
    rows = {name: report.row() for name, report in reports}
    columns = max(map(list, rows.values()), key=len)
    if len(rows) > 1:
        values = {column: [row[column] for row in rows.values() if column in row] for column in columns}
        rows["mean"] = {column: float(np.mean(values[column])) for column in columns}
        rows["worst"] = {column: _worst(column, values[column]) for column in columns}
    width = max(map(len, rows))
    lines = [" " * width + "".join(f"{column:>15s}" for column in columns)]
    for name, row in rows.items():
        cells = (f"{row[column]:.4g}" if column in row else "" for column in columns)
        lines.append(f"{name:{width}s}" + "".join(f"{cell:>15s}" for cell in cells))
    return "\n".join(lines)


def _worst(column, values):
    if column in ("modes", "within 3 sigma"):
        return min(values)
    if column == "V":
        return max(values, key=lambda value: abs(value + np.log(4)))
    return max(values)
