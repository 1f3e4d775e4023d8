"""Curves from the histories of runs, and curves of the objectives' gradients."""

import functools
import itertools
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from keras_gan.evaluation import theory
from keras_gan.figures import grids
from keras_gan.runs import history


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
    rows, columns = history.read(Path(run) / "history.csv")
    panels = {
        title: {name: label for name, label in lines.items() if name in columns} for title, lines in panels.items()
    }
    panels = {title: lines for title, lines in panels.items() if lines} or {"loss": {"loss": "training"}}
    epochs = [int(row["epoch"]) + 1 for row in rows]
    levels = {"value V(D, G), nats": (-math.log(4), "-log 4: cannot tell"), "mean D": (0.5, "cannot tell")}
    figure = matplotlib.figure.Figure(figsize=(10, 6), layout="constrained")
    grid = figure.subplots(-(-len(panels) // 2), min(2, len(panels)), sharex=True, squeeze=False).flat
    for panel, (title, lines) in zip(grid, panels.items(), strict=False):
        for name, label in lines.items():
            panel.plot(epochs, [float(row[name]) for row in rows], label=label)
        if title in levels:
            level, label = levels[title]
            panel.plot([epochs[0], epochs[-1]], [level, level], color="0.6", linewidth=0.8, label=label)
        panel.set_title(title)
        panel.grid(alpha=0.3)
        panel.legend()
    figure.supxlabel("epochs")
    grids.save_figure(figure, path, dpi=100)


def save_curves(runs: Sequence[str | Path], path: str | Path, levels: dict[str, float] | None = None) -> None:
    """Draws the validation images' Parzen log-likelihood over epochs and over seconds, from runs' history.csv.

    A solid line is the generator that samples (the averaged one, where there is one); a dashed line beside it is the
    trained one.

    Args:
        runs: folders of runs that measured this log-likelihood.
        path: PNG file to write.
        levels: values to mark, by name, in nats. Anything 300 nats or more below them, a collapse, is cut off.

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
    grids.save_figure(figure, path, dpi=100)


def _measured(run):
    """The rows of a run's history.csv in which the log-likelihood was measured anew."""
    rows = [row for row in history.read(run / "history.csv", ("seconds",))[0] if row.get("val_parzen_ll")]
    if not rows:
        raise ValueError(f"{run} measured no Parzen log-likelihood. The recipes do, but for digits.")
    pairs = itertools.pairwise(rows)
    return [rows[0], *(row for before, row in pairs if row["val_parzen_ll"] != before["val_parzen_ll"])]


def save_saturation(logits: np.ndarray, gradients: dict[str, np.ndarray], path: str | Path) -> None:
    """Draws the size of each objective's gradient in a sample's logit, with a linear and a logarithmic axis.

    Args:
        logits: logits of a sample, shape `(n,)`.
        gradients: each objective's gradient at these logits, by name, each of shape `(n,)`.
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
    grids.save_figure(figure, path, dpi=100)


def saturation(path: str | Path) -> str:
    """Draws the gradients of the minimax and the non-saturating loss in a sample's logit, from the losses that train.

    Args:
        path: PNG file to write.

    Returns:
        A text table of some of these gradients.
    """
    gradients = {
        "log(1 - D), minimax": functools.partial(theory.generator_gradient, "minimax"),
        "-log D, non-saturating": functools.partial(theory.generator_gradient, "non_saturating"),
    }
    logits = np.linspace(-12, 12, 241)
    save_saturation(logits, {name: gradient(logits) for name, gradient in gradients.items()}, path)
    logits = np.array([-10.0, -5.0, -2.0, 0.0, 2.0, 5.0, 10.0])
    columns = [np.abs(gradient(logits)) for gradient in gradients.values()]
    lines = [f"{'logit':>6s}" + "".join(f"{name:>26s}" for name in gradients)]
    lines += [f"{a:6.0f}{x:26.5g}{y:26.5g}" for a, x, y in zip(logits, *columns, strict=True)]
    return "\n".join(lines)
