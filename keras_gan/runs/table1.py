"""Table 1 of the paper from runs: what is missing is trained, and all systems are scored alike."""

import dataclasses
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from keras_gan import evaluation
from keras_gan.artifacts import files, loading
from keras_gan.datasets import Dataset
from keras_gan.evaluation.table import Cell, Table
from keras_gan.figures import grids
from keras_gan.runs import folder as folders
from keras_gan.runs import history, saved, training

_MEASURES = ("parzen", "fid", "precision_recall", "modes")
_PICTURED = 24
_COLUMNS = ("log_likelihood", "sigma", "fid", "recall", "kl")


@dataclasses.dataclass(frozen=True)
class System:
    """One of the four, as the paper names it, with the recipes that train it.

    Attributes:
        name: as in the published numbers.
        presets: the recipe by the data's name; a run of one of `others` will do, too.
        quick: settings of a small budget, by the data's name.
    """

    name: str
    presets: dict[str, str]
    quick: dict[str, dict[str, Any]]
    others: tuple[str, ...] = ()


_FEW = {"epochs": 6, "epochs_per_layer": 3, "decay": 0.6, "every": 3}
SYSTEMS = (
    System(
        "DBN",
        dict.fromkeys(("mnist", "tfd"), "dbn"),
        {"mnist": {**_FEW, "hidden": 500}, "tfd": {**_FEW, "hidden": 200}},
    ),
    System(
        "Stacked CAE",
        dict.fromkeys(("mnist", "tfd"), "stacked-cae"),
        {"mnist": {**_FEW, "hidden": 500}, "tfd": {**_FEW, "hidden": 200}},
    ),
    System(
        "Deep GSN",
        dict.fromkeys(("mnist", "tfd"), "deep-gsn-fast"),
        {
            "mnist": {"epochs": 5, "hidden": 300, "decay": 0.7, "every": 5},
            "tfd": {"epochs": 3, "hidden": 100, "decay": 0.7, "every": 3},
        },
        ("deep-gsn",),
    ),
    System(
        "Adversarial nets",
        {"mnist": "mnist-r1", "tfd": "tfd"},
        {
            "mnist": {"epochs": 4, "ema": 0.998, "every": 4},
            "tfd": {"epochs": 2, "pretraining_epochs": 2, "width": 0.02, "every": 2},
        },
        ("mnist", "mnist-alternating"),
    ),
)


@dataclasses.dataclass(frozen=True)
class Row:
    """A system's samples, drawn in one way.

    Attributes:
        system: its name in the paper.
        kind: how the samples were drawn.
        paper: published log-likelihood and its standard error in nats, or None.
        cells: numbers by name, those of `log_likelihood` first.
        seconds: that it was trained for; None if nothing was trained.
        run: folder of the run, or "".
        samples: 24 of them, the first ones, shape `(24, h, w, c)`.
    """

    system: str
    kind: str
    paper: tuple[float, float] | None
    cells: dict[str, Cell]
    seconds: float | None
    run: str
    samples: np.ndarray = dataclasses.field(repr=False, compare=False)

    def as_dict(self) -> dict[str, Any]:
        """Everything but the samples, as plain numbers."""
        named = {name: getattr(self, name) for name in ("system", "kind", "paper", "seconds", "run")}
        return {**named, "cells": {name: cell.as_dict() for name, cell in self.cells.items()}}


@dataclasses.dataclass(frozen=True)
class Table1:
    """The paper's numbers beside ours, on one data set.

    Attributes:
        title: the data set; a stand-in is named one.
        rows: a system may have several.
        table: everything that was measured.
    """

    title: str
    rows: tuple[Row, ...]
    table: Table

    def as_dict(self) -> dict[str, Any]:
        """The table as plain dicts, lists and numbers."""
        return {"title": self.title, "rows": [row.as_dict() for row in self.rows], "table": self.table.as_dict()}

    def to_json(self) -> str:
        """The table as JSON."""
        return json.dumps(self.as_dict(), indent=2)

    def __str__(self) -> str:
        names = ("system", "paper", "ours", "sigma", "samples", "kind", "trained, s", "FID", "recall", "modes KL")
        lines = [f"**{self.title}.** {self.table.data['description']}. Nats; each system scored alike.", ""]
        lines += [_line(names), _line(["---"] * len(names))]
        for row in self.rows:
            found = {name: str(row.cells[name]) if name in row.cells else "" for name in _COLUMNS}
            paper = "" if row.paper is None else "{:g} +- {:g}".format(*row.paper)
            seconds = "" if row.seconds is None else f"{row.seconds:.0f}"
            likelihood, sigma, *hidden = found.values()
            samples = f"{self.table.num_samples:,}"
            lines.append(_line([row.system, paper, likelihood, sigma, samples, row.kind, seconds, *hidden]))
        return "\n".join([*lines, *(["", self.table.note] if self.table.note else [])])


def make(
    data: Dataset,
    folder: str | Path,
    runs: Sequence[str] = (),
    quick: bool = False,
    seeds: int = 1,
    num_samples: int = 10_000,
    settings: dict[str, Any] | None = None,
    progress: Callable[[str], None] | None = None,
) -> Table1:
    """Trains the systems of which there is no run, and scores all of them by the paper's protocol.

    Args:
        data: MNIST, the Toronto Face Database, or what has its format.
        folder: where systems are trained, a subfolder each; what is there already is taken up.
        runs: folders of runs to take in place of training.
        quick: whether to train smaller systems for a few minutes.
        seeds: sampling seeds.
        num_samples: samples per seed; published numbers use 10,000.
        settings: of all recipes that are trained: `data_path`, `device`, ...
        progress: called with a line of text before each slow step.

    Returns:
        `Table1`. Systems that are sampled by Markov chains have two rows: independent draws, each from a chain of its
        own, and, unless `quick`, the consecutive states of one chain, as was published.

    Raises:
        ValueError: if two runs are of one system, or one is of none or of other data.
    """
    name = data.card["name"]
    given = _by_system(runs, name)
    folders_of = {
        system.name: given.get(system.name) or _trained(system, name, Path(folder), quick, settings or {})
        for system in SYSTEMS
    }
    ways: dict[str, tuple[str, str, Any]] = {}
    for system, run in folders_of.items():
        for kind, sampler in _ways(loading.load(run), num_samples, quick).items():
            ways[f"{system}, {kind}"] = system, kind, sampler
    samplers = {label: sampler for label, (_, _, sampler) in ways.items()}
    table = evaluation.evaluate(samplers, data, _MEASURES, num_samples, seeds, progress=progress)
    published = data.published.get("parzen", {})
    rows = []
    for label, (system, kind, sampler) in ways.items():
        run = folders_of[system]
        cells = _cells(table, label)
        pictured = sampler.sample(_PICTURED, 0)
        rows.append(Row(system, kind, published.get(system), cells, _seconds(run), str(run), pictured))
    real = "real training images"
    pictured = data.preprocess(data.train[:_PICTURED])
    rows.append(Row(real, "drawn without replacement", None, _cells(table, real), None, "", pictured))
    title = {"mnist": "MNIST", "tfd": "TFD" if data.published else "A stand-in for TFD"}.get(name, name)
    return Table1(title, tuple(rows), table)


def write(table: Table1, folder: str | Path) -> list[Path]:
    """Writes table1.md, table1.json and table1.png, a picture of 24 unselected samples per row.

    Returns:
        The paths.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"table1.{suffix}" for suffix in ("md", "json", "png")]
    files.write_text(paths[0], f"{table}\n")
    files.write_text(paths[1], table.to_json())
    grids.save(picture(table), paths[2])
    return paths


def picture(table: Table1) -> np.ndarray:
    """Two lines of 12 samples for each row of the table, in its order: uint8 array of shape `(height, width, c)`."""
    blocks = [grids.grid(row.samples, _PICTURED // 2, grids.display_range(row.samples)) for row in table.rows]
    gap = np.full((12, *blocks[0].shape[1:]), 255, "uint8")
    return np.concatenate([part for block in blocks for part in (gap, block)][1:])


class Drawn:
    """The samples of a system of Markov chains, drawn in one way.

    Args:
        model: such a system.
        chains: that its samples come from; None for as many as samples.
    """

    def __init__(self, model: Any, chains: int | None = None) -> None:
        self.model, self.chains = model, chains

    def sample(self, num: int, seed: int) -> np.ndarray:
        """Samples, as the model's own `sample`."""
        return self.model.sample(num, seed, chains=self.chains)


def _ways(sampler, num_samples, quick):
    """The ways in which a system is sampled, by their names."""
    model = sampler.model
    if not hasattr(model, "burn_in"):
        return {"independent draws; samples": sampler}
    moves = f"after {model.burn_in} moves from a training image; means"
    ways = {f"independent draws, {moves}": Drawn(model)}
    return ways if quick else {**ways, f"one chain, {moves}": Drawn(model, 1)}


def _by_system(runs, name):
    """Folders by the name of the system that was trained there."""
    found: dict[str, Path] = {}
    for run in runs:
        recipe = saved.load_recipe(run)
        system = next((s for s in SYSTEMS if recipe.name in (s.presets[name], *s.others)), None)
        if system is None or folders.read_config(run)["data"].get("name") != name:
            names = sorted({preset for s in SYSTEMS for preset in (s.presets[name], *s.others)})
            raise ValueError(
                f"{run} is no run of a system of Table 1 on {name}. Received: the recipe {recipe.name}. Expected: one "
                f"of {names}, on {name}."
            )
        if system.name in found:
            raise ValueError(f"A system has one run. Received: {found[system.name]} and {run}, both {system.name}.")
        found[system.name] = Path(run)
    return found


def _trained(system, name, folder, quick, settings):
    from keras_gan import recipes

    recipe = recipes.PRESETS[system.presets[name]]
    chosen = {**(system.quick[name] if quick else {}), **settings, "run_dir": str(folder / recipe.name)}
    if hasattr(recipe, "dataset"):
        chosen["dataset"] = name
    if (folder / recipe.name / "config.json").exists():  # its seed was drawn
        chosen["seed"] = saved.load_recipe(folder / recipe.name).seed
    return training.run(dataclasses.replace(recipe, **chosen))


def _cells(table, label):
    """The numbers of a row that are shown, and those beside them."""
    entries = next(row for row in table.rows if row.name == label).entries
    cells: dict[str, Cell] = {}
    for entry in entries.values():
        cells = {**entry.cells, **cells}
    return cells


def _seconds(run):
    return float(history.read(Path(run) / "history.csv", ("seconds",))[0][-1]["seconds"])


def _line(texts):
    return "| " + " | ".join(texts) + " |"
