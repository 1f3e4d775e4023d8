"""Draws the game on a line and in the plane: Figure 1 of the paper and pictures like it."""

import dataclasses
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from keras_gan.figures import grids

_ARROWS = 17  # from z to G(z) in Figure 1


@dataclasses.dataclass(frozen=True)
class Line:
    """A panel of Figure 1: the game on a line at one moment.

    Attributes:
        title: title of the panel.
        points: x, rising, shape `(n,)`.
        p_data: density of the data at x, shape `(n,)`.
        p_g: density of the samples at x, shape `(n,)`.
        discriminator: D(x), shape `(n,)`.
        noise: z, shape `(m,)`.
        generated: G(z), shape `(m,)`.
    """

    title: str
    points: np.ndarray
    p_data: np.ndarray
    p_g: np.ndarray
    discriminator: np.ndarray
    noise: np.ndarray
    generated: np.ndarray


@dataclasses.dataclass(frozen=True)
class Plane:
    """The game in the plane at one moment.

    Attributes:
        title: title of the picture.
        points: nodes of a square grid, shape `(n * n, 2)`; the second coordinate changes faster.
        discriminator: D at the nodes, shape `(n * n,)`.
        generated: samples, shape `(m, 2)`.
        means: centres of the data's modes, shape `(modes, 2)`.
    """

    title: str
    points: np.ndarray
    discriminator: np.ndarray
    generated: np.ndarray
    means: np.ndarray


def save_figure1(panels: Sequence[Line], path: str | Path) -> None:
    """Draws Figure 1 of the paper: p_data black, dotted; p_g green, solid; D blue, dashed; arrows from z to G(z).

    Args:
        panels: the panels from left to right.
        path: PNG file to write.
    """
    import matplotlib.figure

    figure = matplotlib.figure.Figure(figsize=(3 * len(panels), 3.4), layout="constrained")
    columns = figure.subplots(2, len(panels), height_ratios=(3, 1), sharex="col", sharey="row", squeeze=False)
    height = max(1.0, *(float(panel.p_data.max()) for panel in panels)) * 1.05
    for panel, (above, below) in zip(panels, columns.T, strict=True):
        _draw_line(panel, above, below, height)
    lines = columns[0, 0].get_lines()
    figure.legend(lines, [line.get_label() for line in lines], loc="outside lower center", ncols=3, frameon=False)
    grids.save_figure(figure, path, dpi=100)


def save_line(panel: Line, path: str | Path) -> None:
    """Draws one panel of Figure 1 as a PNG file, for a frame of an animation."""
    import matplotlib.figure

    figure = matplotlib.figure.Figure(figsize=(4, 4), layout="constrained")
    above, below = figure.subplots(2, 1, height_ratios=(3, 1), sharex=True)
    _draw_line(panel, above, below, max(1.0, float(panel.p_data.max())) * 1.05)
    grids.save_figure(figure, path, dpi=60)


def save_plane(panels: Sequence[Plane], path: str | Path) -> None:
    """Draws panels side by side as a PNG file: D in the background, the modes' means, and the samples."""
    import matplotlib.figure

    figure = matplotlib.figure.Figure(figsize=(4 * len(panels), 4), layout="constrained")
    for panel, axes in zip(panels, figure.subplots(1, len(panels), squeeze=False)[0], strict=True):
        side = math.isqrt(len(panel.points))
        low, high = panel.points.min(0), panel.points.max(0)
        axes.imshow(
            panel.discriminator.reshape(side, side).T,
            extent=(low[0], high[0], low[1], high[1]),
            origin="lower",
            cmap="RdBu",
            vmin=0,
            vmax=1,
            alpha=0.5,
        )
        axes.plot(*panel.means.T, "k+", markersize=8, markeredgewidth=0.6)
        axes.plot(*panel.generated.T, ".", color="green", markersize=1.5)
        axes.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]), xticks=[], yticks=[], title=panel.title)
    grids.save_figure(figure, path, dpi=80)


def _draw_line(panel, above, below, height):
    above.plot(panel.points, panel.p_data, "k:", linewidth=1.8, label="$p_{data}$")
    above.plot(panel.points, panel.p_g, color="green", linewidth=1.4, label="$p_g$")
    above.plot(panel.points, panel.discriminator, "b--", linewidth=1.2, label="D")
    low, high = float(panel.points[0]), float(panel.points[-1])
    above.set(ylim=(0, height), xlim=(low, high), title=panel.title)
    above.tick_params(labelbottom=False)
    for y, name in ((1, "x"), (0, "z")):
        below.plot([low, high], [y, y], "k", linewidth=0.8)
        below.annotate(name, (low, y), xytext=(-10, 0), textcoords="offset points", va="center", annotation_clip=False)
    arrows = np.linspace(0, len(panel.noise) - 1, _ARROWS).round().astype(int)
    start, end = panel.noise.min(), panel.noise.max()
    for z, x in zip(panel.noise[arrows], panel.generated[arrows], strict=True):
        left = low + (high - low) * (0.1 + 0.8 * (z - start) / (end - start))  # evenly, wherever the data lie
        arrow = {"arrowstyle": "->", "color": "black", "linewidth": 0.6, "shrinkA": 0, "shrinkB": 0}
        if low <= x <= high:
            below.annotate("", (x, 1), xytext=(left, 0), arrowprops=arrow)
    below.set(ylim=(-0.25, 1.15))
    below.axis("off")
