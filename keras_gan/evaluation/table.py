"""A table of samplers and measures, as text for people and as JSON for machines."""

import dataclasses
import json
import textwrap
from typing import Any

import numpy as np

_WIDTH = 100
_GAP = "  "


@dataclasses.dataclass(frozen=True)
class Cell:
    """One number of a table.

    Attributes:
        value: the number.
        standard_error: of it, or None.
        interval: `(low, high)` that holds it with 95%, or None.
        decimals: digits after the point in text; None for four significant digits.
        averaged: whether sampling seeds and folds are averaged; else the number is the first seed's, and stands over
            several folds only where all have the same.
    """

    value: float
    standard_error: float | None = None
    interval: tuple[float, float] | None = None
    decimals: int | None = None
    averaged: bool = True

    def as_dict(self) -> dict[str, Any]:
        """The number and what is known of its error."""
        content: dict[str, Any] = {"value": self.value}
        if self.standard_error is not None:
            content["standard_error"] = self.standard_error
        if self.interval is not None:
            content["interval_95"] = list(self.interval)
        return content

    def __str__(self) -> str:
        text = self._text(self.value)
        return text if self.standard_error is None else f"{text} +- {self._text(self.standard_error)}"

    def interval_text(self) -> str:
        """The interval, or "" if there is none."""
        return "" if self.interval is None else " ... ".join(map(self._text, self.interval))

    def _text(self, value):
        return f"{value:.4g}" if self.decimals is None else f"{value:.{self.decimals}f}"


@dataclasses.dataclass(frozen=True)
class Entry:
    """What one measure says of one row.

    Attributes:
        cells: the columns, over sampling seeds and folds.
        folds: the columns of each fold, of the first sampling seed; empty if the data set has no folds.
        reports: the measure's reports: for each sampling seed one per fold. Published numbers have none.
        lines: what fits into no column.
    """

    cells: dict[str, Cell]
    folds: tuple[dict[str, Cell], ...] = ()
    reports: tuple[tuple[Any, ...], ...] = ()
    lines: tuple[str, ...] = ()

    def all_cells(self) -> tuple[dict[str, Cell], ...]:
        """The columns over folds, then those of each fold."""
        return self.cells, *self.folds

    def as_dict(self) -> dict[str, Any]:
        """Everything but what single test images gave."""
        return {
            "cells": _dict_of(self.cells),
            "folds": [_dict_of(cells) for cells in self.folds],
            "reports": [[_plain(report) for report in reports] for reports in self.reports],
        }


@dataclasses.dataclass(frozen=True)
class Row:
    """One sampler, or one system of which a number was published.

    Attributes:
        name: of the row.
        kind: `"sampler"`, `"published"` or `"reference"`.
        entries: an `Entry` for each measure that was made, by the measure's name.
    """

    name: str
    kind: str
    entries: dict[str, Entry]

    def as_dict(self) -> dict[str, Any]:
        """The row as plain dicts, lists and numbers."""
        measures = {name: entry.as_dict() for name, entry in self.entries.items()}
        return {"name": self.name, "kind": self.kind, "measures": measures}


@dataclasses.dataclass(frozen=True)
class Table:
    """What `keras_gan.evaluation.evaluate` found: `print(table)`, `table.to_json()`, `table["row", "measure"]`.

    Attributes:
        data: the data set's card.
        note: a sentence that has to stand beside every number, or "".
        num_samples: samples drawn with each seed.
        num_seeds: sampling seeds.
        num_folds: folds of the data set; 1 if it has none.
        captions: what each measure's columns are, by the measure's name.
        rows: samplers, then published rows, then references.
    """

    data: dict[str, Any]
    note: str
    num_samples: int
    num_seeds: int
    num_folds: int
    captions: dict[str, str]
    rows: tuple[Row, ...]

    def __getitem__(self, place: tuple[str, str]) -> Entry:
        row, measure = place
        for candidate in self.rows:
            if candidate.name == row and measure in candidate.entries:
                return candidate.entries[measure]
        raise KeyError(f"The table has no {measure!r} of {row!r}. Its rows: {[row.name for row in self.rows]}.")

    def as_dict(self) -> dict[str, Any]:
        """The table as plain dicts, lists and numbers."""
        names = ("data", "note", "num_samples", "num_seeds", "num_folds", "captions")
        return {name: getattr(self, name) for name in names} | {"rows": [row.as_dict() for row in self.rows]}

    def to_json(self) -> str:
        """Everything but what single test images gave, as JSON."""
        return json.dumps(self.as_dict(), indent=2)

    def __str__(self) -> str:
        lines = [
            *textwrap.wrap(self.data["description"], _WIDTH),
            f"{self.num_samples} samples with each seed; mean of {self.num_seeds} sampling "
            f"{'seed' if self.num_seeds == 1 else 'seeds'}.",
        ]
        if self.num_folds > 1:
            lines.append(f"Mean and standard error over folds (ddof 1), {self.num_folds} of them.")
            lines.append("A fold's own row is of the first sampling seed.")
        for measures in self._blocks():
            lines.append("")
            for measure in measures:
                lines += textwrap.wrap(self.captions[measure], _WIDTH)
            lines += ["", *self._grid(measures)]
            for row in self.rows:
                for measure in measures:
                    if measure in row.entries:
                        lines += [f"{row.name}: {line}" for line in row.entries[measure].lines]
        if self.note:
            lines += ["", self.note]
        return "\n".join(lines)

    def _blocks(self):
        """Measures side by side, as many as fit into the width."""
        blocks: list[list[str]] = []
        for measure in self.captions:
            if blocks and max(map(len, self._grid([*blocks[-1], measure]))) <= _WIDTH:
                blocks[-1].append(measure)
            else:
                blocks.append([measure])
        return blocks

    def _grid(self, measures):
        """The rows that have a number of these measures, as lines of text under one line of names."""
        columns: dict[tuple[str, str], str] = {}
        for measure in measures:
            entries = [row.entries[measure] for row in self.rows if measure in row.entries]
            for name, cell in (item for entry in entries for cells in entry.all_cells() for item in cells.items()):
                columns[measure, name] = name.replace("_", " ")
                if cell.interval is not None:
                    columns[measure, f"{name} interval"] = "95% interval"
        shown = [["", *columns.values()]]
        for row in self.rows:
            if not any(measure in row.entries for measure in measures):
                continue
            cells = {measure: row.entries[measure].cells for measure in measures if measure in row.entries}
            shown.append([row.name, *_texts(columns, cells)])
            for fold in range(self.num_folds) if row.kind == "sampler" and self.num_folds > 1 else ():
                cells = {measure: row.entries[measure].folds[fold] for measure in measures if measure in row.entries}
                shown.append([f"  fold {fold}", *_texts(columns, cells)])
        widths = [max(map(len, column)) for column in zip(*shown, strict=True)]
        return [
            _GAP.join([name.ljust(widths[0]), *map(str.rjust, texts, widths[1:])]).rstrip() for name, *texts in shown
        ]


def _texts(columns, cells):
    for measure, column in columns:
        found = cells.get(measure, {})
        if column in found:
            yield str(found[column])
        else:
            cell = found.get(column.removesuffix(" interval"))
            yield "" if cell is None else cell.interval_text()


def _dict_of(cells):
    return {name: cell.as_dict() for name, cell in cells.items()}


def _plain(value):
    """A report for JSON; a dataclass's fields that its repr leaves out are too long for it."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        value = {field.name: getattr(value, field.name) for field in dataclasses.fields(value) if field.repr}
    if isinstance(value, dict):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, (np.ndarray, np.generic)):
        return value.tolist()
    return value
