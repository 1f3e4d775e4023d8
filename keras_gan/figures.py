"""The paper's figures, drawn from runs of the recipes: all that `keras-gan figures` writes."""

import dataclasses
import functools
from collections.abc import Callable
from pathlib import Path

import numpy as np

from keras_gan import labs, noise, plotting
from keras_gan.callbacks.snapshots import Snapshot, is_line
from keras_gan.datasets import Dataset
from keras_gan.datasets.gaussians import Mixture
from keras_gan.evaluation import theory
from keras_gan.evaluation.distances import nearest
from keras_gan.gan import GAN
from keras_gan.runs import load_best, load_data

_ROWS, _COLUMNS = 4, 5  # of figure 2: samples drawn in this order, none left out
_CHUNK = 10_000  # training images preprocessed at once
_NEAR = 0.05  # nats of JSD at which the game on a line counts as near its end: panel (a) of figure 1
_FRAMES = 40  # of an animation, at most
_SHOWN = 2000  # samples in a picture of the plane


def draw(runs: list[str], folder: str | Path, seed: int = 0, steps: int = 12) -> list[Path]:
    """Writes figure2.png and figure3.png of runs side by side; of each run curves, a GIF and four of its frames.

    Of a run whose data are points: figure 1 (on a line, one noise value) or the plane, in place of figures 2 and 3.

    Args:
        runs: folders of runs.
        folder: where to; made if it is not there.
        seed: of the noise.
        steps: images from one end of a line of noise to the other in figure 3.

    Returns:
        The files written.

    Raises:
        ValueError: if a folder is not that of a run, or its data cannot be loaded.
    """
    folder = Path(folder)
    models = [(run, load_best(run), load_data(run)) for run in map(Path, runs)]
    images = [(gan, data) for _, gan, data in models if not _is_points(data)]
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    if images:
        written = [folder / name for name in ("figure2.png", "figure3.png", "figure3-spherical.png")]
        plotting.save(plotting.side_by_side([figure2(gan, data, seed) for gan, data in images]), written[0])
        for path, spherical in zip(written[1:], (False, True), strict=True):
            plotting.save(plotting.side_by_side([figure3(gan, steps, seed, spherical) for gan, _ in images]), path)
    for run, gan, data in models:
        name = run.resolve().name
        curves, animation = folder / f"{name}-curves.png", folder / f"{name}-training.gif"
        plotting.save_game(run, curves)
        if _is_points(data):
            written.append(folder / f"{name}-{'figure1' if is_line(gan) else 'plane'}.png")
            draw_points(run, written[-1], animation, is_line(gan))
        else:
            pictures = sorted((run / "samples").glob("epoch_*.png"))
            plotting.save_gif(pictures, animation)
            written.append(folder / f"{name}-progress.png")
            plotting.save_strip(_some(pictures, 4), written[-1])
        written += [curves, animation]
    return written


def draw_points(run: Path, picture: Path, animation: Path, on_a_line: bool) -> None:
    """Draws a run of the recipe `gaussians`: figure 1, or the plane at four moments, and an animation of it."""
    mixture = labs.mixture_of(run)
    files = sorted((run / "samples").glob("epoch_*.npz"))
    if not files:
        raise ValueError(f"There is nothing to draw. Received: run={str(run)!r}. Expected: samples/epoch_*.npz in it.")
    shots = {int(file.stem.removeprefix("epoch_")): Snapshot.load(file) for file in files}
    shown = _some(list(shots), _FRAMES)
    frames: list[Callable[[Path], None]]
    if on_a_line:
        plotting.save_figure1(figure1(shots, mixture), picture)
        lines = [line(f"epoch {epoch}", shots[epoch], mixture) for epoch in shown]
        frames = [functools.partial(plotting.save_line, frame) for frame in lines]
    else:
        planes = {epoch: plane(f"epoch {epoch}", shots[epoch], mixture) for epoch in shown}
        plotting.save_plane([planes[epoch] for epoch in _some(list(planes), 4)], picture)
        frames = [functools.partial(plotting.save_plane, [frame]) for frame in planes.values()]
    plotting.save_animation(frames, animation)


def figure1(shots: dict[int, Snapshot], mixture: Mixture) -> list[plotting.Line]:
    """The four panels of Figure 1 from a run's snapshots by epoch.

    (a) The first snapshot with p_g within 0.05 nats of p_data: near the end, D partly right. (b) The same p_g with D*,
    where the inner loop of Algorithm 1 would end. (c) The first snapshot within half of that distance: p_g has followed
    D's gradient. (d) The last one.
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


def line(title: str, shot: Snapshot, mixture: Mixture) -> plotting.Line:
    """A snapshot of the game on a line, ready to be drawn."""
    p_data, p_g, _ = labs.densities(shot, mixture)
    return plotting.Line(
        title, shot.points[:, 0], p_data, p_g, shot.discriminator, shot.noise[:, 0], shot.generated[:, 0]
    )


def plane(title: str, shot: Snapshot, mixture: Mixture) -> plotting.Plane:
    """A snapshot of the game in the plane, ready to be drawn."""
    return plotting.Plane(title, shot.points, shot.discriminator, shot.generated[:_SHOWN], mixture.means)


def saturation(path: str | Path) -> str:
    """Draws both objectives' gradients in a sample's logit, measured through the losses that train.

    Args:
        path: PNG file to write.

    Returns:
        A table of some of them.
    """
    gradients = {
        "log(1 - D), minimax": functools.partial(theory.generator_gradient, "minimax"),
        "-log D, non-saturating": functools.partial(theory.generator_gradient, "non_saturating"),
    }
    logits = np.linspace(-12, 12, 241)
    plotting.save_saturation(logits, {name: gradient(logits) for name, gradient in gradients.items()}, path)
    logits = np.array([-10.0, -5.0, -2.0, 0.0, 2.0, 5.0, 10.0])
    columns = [np.abs(gradient(logits)) for gradient in gradients.values()]
    lines = [f"{'logit':>6s}" + "".join(f"{name:>26s}" for name in gradients)]
    lines += [f"{a:6.0f}{x:26.5g}{y:26.5g}" for a, x, y in zip(logits, *columns, strict=True)]
    return "\n".join(lines)


def figure2(gan: GAN, data: Dataset, seed: int = 0) -> np.ndarray:
    """Unselected samples, and beside each row the training image nearest to its last one, on the model's own scale.

    Returns:
        uint8 array of shape `(height, width, c)`.
    """
    samples = gan.sample(_ROWS * _COLUMNS, seed=seed)
    last = samples[_COLUMNS - 1 :: _COLUMNS]
    return plotting.beside_neighbours(samples, gan.preprocess(data.train[nearest_training(gan, data, last)]))


def nearest_training(gan: GAN, data: Dataset, images: np.ndarray) -> np.ndarray:
    """Indices of the training images nearest to images on the model's scale, by Euclidean distance, shape `(n,)`."""
    indices, distances = np.zeros(len(images), "int64"), np.full(len(images), np.inf)
    for start in range(0, len(data.train), _CHUNK):
        found, away = nearest(images, gan.preprocess(data.train[start : start + _CHUNK]))
        closer = away < distances
        indices[closer], distances[closer] = start + found[closer], away[closer]
    return indices


def figure3(gan: GAN, steps: int = 12, seed: int = 0, spherical: bool = False, rows: int = 2) -> np.ndarray:
    """Samples along lines in the noise, a row a line, between ends drawn from the prior.

    Returns:
        uint8 array of shape `(height, width, c)`.
    """
    ends = gan.prior.draw(2 * rows, seed)
    z = noise.interpolate(ends[::2], ends[1::2], steps, spherical)
    samples = np.asarray(gan.predict(z.reshape(-1, gan.prior.dim), verbose=0), "float32")
    return plotting.grid(samples, steps, plotting.display_range(samples))


def _is_points(data):
    return data.train.ndim == 2


def _some(values, num):
    """At most so many of the values, evenly chosen, the first and the last among them."""
    chosen = np.linspace(0, len(values) - 1, min(num, len(values))).round().astype(int)
    return [values[i] for i in chosen]


def _titled(title, panel):
    return dataclasses.replace(panel, title=title)


def _divergence(panel, spacing):
    """JSD, or log 2 where p_g lies mostly beyond the picture."""
    try:
        return theory.jensen_shannon(panel.p_data, panel.p_g, spacing)
    except ValueError:
        return float(np.log(2))
