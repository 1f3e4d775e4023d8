"""Figure 1 of the paper, and the game in the plane, from the snapshots of a run."""

import dataclasses
import functools
from collections.abc import Callable
from pathlib import Path

import numpy as np

from keras_gan.evaluation import theory
from keras_gan.figures import grids
from keras_gan.mixtures import pictures, report
from keras_gan.mixtures.data import Mixture
from keras_gan.mixtures.snapshots import Snapshot

_NEAR = 0.05  # nats of JSD at which the game on a line counts as near its end: panel (a) of figure 1
_FRAMES = 40  # of an animation, at most
_SHOWN = 2000  # samples in a picture of the plane


def draw_points(run: Path, picture: Path, animation: Path, on_a_line: bool) -> None:
    """Draws a run on a mixture: Figure 1 for a line, four moments for the plane, and an animation of either.

    Args:
        run: folder of the run, with the snapshots that the callback `Snapshots` wrote.
        picture: PNG file to write.
        animation: GIF file to write.
        on_a_line: whether the run's data lie on a line.

    Raises:
        ValueError: if the run has no snapshots, or was not trained on a mixture.
    """
    mixture = report.mixture_of(run)
    files = sorted((run / "samples").glob("epoch_*.npz"))
    if not files:
        raise ValueError(f"There is nothing to draw. Received: run={str(run)!r}. Expected: samples/epoch_*.npz in it.")
    shots = {int(file.stem.removeprefix("epoch_")): Snapshot.load(file) for file in files}
    shown = grids.evenly(list(shots), _FRAMES)
    frames: list[Callable[[Path], None]]
    if on_a_line:
        pictures.save_figure1(figure1(shots, mixture), picture)
        lines = [line(f"epoch {epoch}", shots[epoch], mixture) for epoch in shown]
        frames = [functools.partial(pictures.save_line, frame) for frame in lines]
    else:
        planes = {epoch: plane(f"epoch {epoch}", shots[epoch], mixture) for epoch in shown}
        pictures.save_plane([planes[epoch] for epoch in grids.evenly(list(planes), 4)], picture)
        frames = [functools.partial(pictures.save_plane, [frame]) for frame in planes.values()]
    grids.save_animation(frames, animation)


def figure1(shots: dict[int, Snapshot], mixture: Mixture) -> list[pictures.Line]:
    """The four panels of Figure 1 from a run's snapshots by epoch.

    (a) is the first snapshot with p_g within 0.05 nats of p_data: the game is near its end, and D is partly right. (b)
    has the same p_g with D*, where the inner loop of Algorithm 1 would end. (c) is the first snapshot within half of
    that distance: p_g has followed D's gradient. (d) is the last snapshot.
    """
    lines = {epoch: line("", shot, mixture) for epoch, shot in shots.items()}
    spacing = float(np.diff(next(iter(lines.values())).points)[0])
    away = {epoch: _divergence(panel, spacing) for epoch, panel in lines.items()}
    epochs = list(lines)
    first = next((epoch for epoch in epochs if away[epoch] < _NEAR), epochs[0])
    later = [epoch for epoch in epochs if epoch > first and away[epoch] < away[first] / 2]
    third, last = (later[0] if later else epochs[-1]), epochs[-1]
    optimal = theory.optimal_discriminator(lines[first].p_data, lines[first].p_g)
    return [
        _titled(f"(a) epoch {first}", lines[first]),
        _titled("(b) the same, D = D*", dataclasses.replace(lines[first], discriminator=optimal)),
        _titled(f"(c) epoch {third}", lines[third]),
        _titled(f"(d) epoch {last}", lines[last]),
    ]


def line(title: str, shot: Snapshot, mixture: Mixture) -> pictures.Line:
    """A snapshot of the game on a line, ready to be drawn."""
    p_data, p_g, _ = report.densities(shot, mixture)
    return pictures.Line(
        title, shot.points[:, 0], p_data, p_g, shot.discriminator, shot.noise[:, 0], shot.generated[:, 0]
    )


def plane(title: str, shot: Snapshot, mixture: Mixture) -> pictures.Plane:
    """A snapshot of the game in the plane, ready to be drawn."""
    return pictures.Plane(title, shot.points, shot.discriminator, shot.generated[:_SHOWN], mixture.means)


def _titled(title, panel):
    return dataclasses.replace(panel, title=title)


def _divergence(panel, spacing):
    """The JSD, or log 2 where p_g lies mostly outside the picture."""
    try:
        return theory.jensen_shannon(panel.p_data, panel.p_g, spacing)
    except ValueError:
        return float(np.log(2))
