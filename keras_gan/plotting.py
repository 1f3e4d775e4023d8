"""Pictures from arrays of samples, and curves from runs."""

import dataclasses
import itertools
import math
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from keras_gan import history

_SMALLEST = 48  # pixels a side below which an image is enlarged, so that a person can see it
_ARROWS = 17  # from z to G(z) in Figure 1


def grid(images: np.ndarray, columns: int, value_range: tuple[float, float] = (0.0, 1.0)) -> np.ndarray:
    """Tiles images into one, row by row, a pixel of mid-grey between them.

    Args:
        images: array of shape `(n, h, w, c)`, c = 1 or 3.
        columns: images in a row; a last row may be short.
        value_range: the values shown as black and white; values beyond are clipped.

    Returns:
        uint8 array of shape `(height, width, c)`.
    """
    images = np.asarray(images, "float64")
    if images.ndim != 4 or images.shape[-1] not in (1, 3):
        raise ValueError(
            f"A grid is made of images of shape (n, h, w, 1) or (n, h, w, 3). Received: {images.shape}. "
            "Reshape the samples first."
        )
    low, high = value_range
    pixels = np.round(np.nan_to_num(np.clip((images - low) / (high - low), 0, 1)) * 255).astype("uint8")  # NaN is black
    scale = -(-_SMALLEST // min(pixels.shape[1:3]))
    pixels = pixels.repeat(scale, axis=1).repeat(scale, axis=2)
    num, height, width, channels = pixels.shape
    rows = -(-num // columns)
    tiled = np.full((rows * (height + 1) - 1, columns * (width + 1) - 1, channels), 128, "uint8")
    for i, image in enumerate(pixels):
        top, left = (i // columns) * (height + 1), (i % columns) * (width + 1)
        tiled[top : top + height, left : left + width] = image
    return tiled


def display_range(images: np.ndarray) -> tuple[float, float]:
    """The values to show as black and white: 0 and 1 for images within them; else -m and m, m the largest |value|.

    So zero is mid-grey in images of zero mean, as in the paper's pictures of CIFAR-10.
    """
    if images.min() >= 0 and images.max() <= 1:
        return 0.0, 1.0
    largest = float(np.abs(images).max())
    return -largest, largest


def save_grid(
    images: np.ndarray, path: str | Path, columns: int, value_range: tuple[float, float] | None = None
) -> None:
    """Writes `grid(images, columns, value_range)` as a PNG file; by default with `display_range(images)`."""
    save(grid(images, columns, value_range or display_range(images)), path)


def save(pixels: np.ndarray, path: str | Path) -> None:
    """Writes uint8 pixels of shape `(height, width, 1)` or `(height, width, 3)` as a PNG file."""
    from PIL import Image

    Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels).save(path)


def beside_neighbours(samples: np.ndarray, neighbours: np.ndarray) -> np.ndarray:
    """Figure 2 of the paper: rows of samples, and beside each row the training image nearest to its last sample.

    Args:
        samples: array of shape `(rows * columns, h, w, c)`, on the model's scale.
        neighbours: array of shape `(rows, h, w, c)`, on the same scale.

    Returns:
        uint8 array of shape `(height, width, c)`; a white gap parts the neighbours from the samples.
    """
    shown = display_range(samples)
    left = grid(samples, len(samples) // len(neighbours), shown)
    right = grid(neighbours, 1, shown)
    return np.concatenate([left, np.full((len(left), 8, left.shape[-1]), 255, "uint8"), right], axis=1)


def side_by_side(panels: Sequence[np.ndarray], gap: int = 24) -> np.ndarray:
    """Pictures in a row, on white; grey ones become coloured where one is.

    Args:
        panels: uint8 arrays of shape `(height, width, 1)` or `(height, width, 3)`, of any sizes.
        gap: pixels between them.

    Returns:
        uint8 array of shape `(height, width, c)`.
    """
    channels = max(panel.shape[-1] for panel in panels)
    height = max(len(panel) for panel in panels)
    width = sum(panel.shape[1] for panel in panels) + gap * (len(panels) - 1)
    pixels = np.full((height, width, channels), 255, "uint8")
    left = 0
    for panel in panels:
        pixels[: len(panel), left : left + panel.shape[1]] = panel
        left += panel.shape[1] + gap
    return pixels


def save_strip(pictures: Sequence[str | Path], path: str | Path) -> None:
    """Writes picture files side by side as one PNG file, from left to right."""
    from PIL import Image

    panels = []
    for picture in pictures:
        with Image.open(picture) as image:
            panels.append(np.asarray(image.convert("RGB")))
    save(side_by_side(panels), path)


def save_gif(pictures: Sequence[str | Path], path: str | Path, milliseconds: int = 200) -> None:
    """Writes picture files as an animation that shows the last one longest.

    Args:
        pictures: PNG files of one size, in order.
        path: GIF file to write.
        milliseconds: that each is shown; the last one ten times as long.

    Raises:
        ValueError: if there is no picture.
    """
    from PIL import Image

    if not pictures:
        raise ValueError("There are no pictures to animate. A run writes them to its folder samples/.")
    frames = []
    for picture in pictures:
        with Image.open(picture) as image:
            frames.append(image.convert("RGB").quantize(64))
    durations = [milliseconds] * (len(frames) - 1) + [10 * milliseconds]
    frames[0].save(path, save_all=True, append_images=frames[1:], duration=durations, loop=0)


@dataclasses.dataclass(frozen=True)
class Line:
    """A panel of Figure 1: the game on a line at one moment.

    Attributes:
        title: of the panel.
        points: x, rising, shape `(n,)`.
        p_data: density of the data there.
        p_g: density of the samples there.
        discriminator: D there.
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
        title: of the picture.
        points: nodes of a square grid, the second coordinate the faster one, shape `(n * n, 2)`.
        discriminator: D there, shape `(n * n,)`.
        generated: samples, shape `(m, 2)`.
        means: of the data's modes, shape `(modes, 2)`.
    """

    title: str
    points: np.ndarray
    discriminator: np.ndarray
    generated: np.ndarray
    means: np.ndarray


def save_figure1(panels: Sequence[Line], path: str | Path) -> None:
    """Draws Figure 1 of the paper: p_data black, dotted; p_g green, solid; D blue, dashed; arrows from z to G(z).

    Args:
        panels: in order, from left to right.
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
    figure.savefig(path, dpi=100)


def save_line(panel: Line, path: str | Path) -> None:
    """Draws one panel of Figure 1 as a PNG file: a frame of an animation."""
    import matplotlib.figure

    figure = matplotlib.figure.Figure(figsize=(4, 4), layout="constrained")
    above, below = figure.subplots(2, 1, height_ratios=(3, 1), sharex=True)
    _draw_line(panel, above, below, max(1.0, float(panel.p_data.max())) * 1.05)
    figure.savefig(path, dpi=60)


def save_plane(panels: Sequence[Plane], path: str | Path) -> None:
    """Draws samples on the modes' means and D behind them, panels side by side, as a PNG file."""
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
    figure.savefig(path, dpi=80)


def save_animation(draw: Sequence[Callable[[Path], None]], path: str | Path, milliseconds: int = 100) -> None:
    """Writes frames, each drawn by a function of the PNG file to write, as a GIF that shows the last one longest."""
    with tempfile.TemporaryDirectory() as folder:
        frames = [Path(folder) / f"{number:05d}.png" for number in range(len(draw))]
        for function, frame in zip(draw, frames, strict=True):
            function(frame)
        save_gif(frames, path, milliseconds)


def save_saturation(logits: np.ndarray, gradients: dict[str, np.ndarray], path: str | Path) -> None:
    """Draws the size of each objective's gradient in a sample's logit, with a linear and a logarithmic axis.

    Args:
        logits: shape `(n,)`.
        gradients: of each objective, by name, shape `(n,)`.
        path: PNG file to write.
    """
    import matplotlib.figure

    figure = matplotlib.figure.Figure(figsize=(8, 3.2), layout="constrained")
    for axes, scale in zip(figure.subplots(1, 2), ("linear", "log"), strict=True):
        for (name, gradient), style in zip(gradients.items(), ("-", "--"), strict=False):
            axes.plot(logits, np.abs(gradient), style, label=name)
        axes.set(yscale=scale, xlabel="logit a of a sample, D = sigmoid(a)")
        axes.grid(alpha=0.3)
    figure.axes[0].set_ylabel("|gradient of the generator's loss in a|")
    figure.axes[0].legend()
    figure.savefig(path, dpi=100)


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


def save_game(run: str | Path, path: str | Path) -> None:
    """Draws how a run's game went, from its history.csv: losses, mean D, value and accuracy over epochs.

    Args:
        run: folder of a run.
        path: PNG file to write.

    Raises:
        ValueError: if the folder holds no history.
    """
    import matplotlib.figure

    panels = {
        "losses": {"d_loss": "discriminator", "g_loss": "generator"},
        "mean D": {"d_on_data": "on data", "d_on_samples": "on samples"},
        "value V(D, G), nats": {"value": "value"},
        "discriminator's accuracy": {"d_accuracy": "training"},
    }
    rows, _ = history.read(Path(run) / "history.csv", [name for lines in panels.values() for name in lines])
    epochs = [int(row["epoch"]) + 1 for row in rows]
    levels = {"value V(D, G), nats": (-math.log(4), "-log 4: cannot tell"), "mean D": (0.5, "cannot tell")}
    figure = matplotlib.figure.Figure(figsize=(10, 6), layout="constrained")
    for panel, (title, lines) in zip(figure.subplots(2, 2, sharex=True).flat, panels.items(), strict=True):
        for name, label in lines.items():
            panel.plot(epochs, [float(row[name]) for row in rows], label=label)
        if title in levels:
            level, label = levels[title]
            panel.plot([epochs[0], epochs[-1]], [level, level], color="0.6", linewidth=0.8, label=label)
        panel.set_title(title)
        panel.grid(alpha=0.3)
        panel.legend()
    figure.supxlabel("epochs")
    figure.savefig(path, dpi=100)


def save_curves(runs: Sequence[str | Path], path: str | Path, levels: dict[str, float] | None = None) -> None:
    """Draws the validation images' Parzen log-likelihood over epochs and over seconds, from runs' history.csv.

    Solid: the generator that samples (the averaged one, where there is one); dashed: the trained one beside it.

    Args:
        runs: folders of runs that measured it.
        path: PNG file to write.
        levels: values to mark, by name, in nats; what lies 300 nats and more below them, collapsed, is cut off.

    Raises:
        ValueError: if a folder holds no such history.
    """
    import matplotlib.figure

    figure = matplotlib.figure.Figure(figsize=(10, 4), layout="constrained")
    panels = figure.subplots(1, 2, sharey=True)
    for number, run in enumerate(map(Path, runs)):
        rows = _measured(run)
        values = {name: [float(row[name]) for row in rows] for name in rows[0] if name.startswith("val_parzen_ll")}
        for panel, x in zip(
            panels, ([int(row["epoch"]) + 1 for row in rows], [float(row["seconds"]) for row in rows]), strict=True
        ):
            for name, y in values.items():
                averaged = name == "val_parzen_ll"
                panel.plot(x, y, f"C{number}{'-' if averaged else '--'}", label=run.name if averaged else None)
    for panel, label in zip(panels, ("epochs", "seconds"), strict=True):
        for name, level in (levels or {}).items():
            panel.axhline(level, color="0.6", linewidth=0.8)
            panel.annotate(
                name, (0.01, level), xycoords=("axes fraction", "data"), va="bottom", color="0.4", fontsize=8
            )
        panel.set_xlabel(label)
        if levels:
            panel.set_ylim(bottom=min(levels.values()) - 300)
        panel.grid(alpha=0.3)
    panels[0].set_ylabel("Parzen log-likelihood of validation images, nats")
    panels[0].legend(loc="lower right")
    figure.savefig(path, dpi=100)


def _measured(run):
    """The epochs of a run's history.csv at which the log-likelihood was measured anew."""
    rows = [row for row in history.read(run / "history.csv", ("seconds",))[0] if row.get("val_parzen_ll")]
    if not rows:
        raise ValueError(f"{run} measured no Parzen log-likelihood. The recipes do, but for digits.")
    pairs = itertools.pairwise(rows)
    return [rows[0], *(row for before, row in pairs if row["val_parzen_ll"] != before["val_parzen_ll"])]
