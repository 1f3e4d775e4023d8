"""A run's history.csv: one row per epoch."""

import csv
import math
from collections.abc import Sequence
from pathlib import Path

_LARGEST = 64 << 20  # bytes: a row per epoch takes some hundred


def read(path: Path, needed: Sequence[str] = (), epochs: int | None = None) -> tuple[list[dict[str, str]], list[str]]:
    """Rows and columns.

    Args:
        path: of the file.
        needed: columns that must be there, besides `epoch`.
        epochs: how many rows there must be, one for each epoch from 0; later ones are left out. Default: whatever is
            there; a last row that was cut short is left out.

    Raises:
        ValueError: if there is no such file, or it is damaged.
    """
    if path.exists() and not path.is_file():  # a pipe would be waited for without end
        raise ValueError(f"There is no run: {path} is no file.")
    try:
        if path.stat().st_size > _LARGEST:
            raise ValueError(f"it is larger than {_LARGEST >> 20} MB")
        with open(path, newline="") as file:
            reader = csv.DictReader(file)
            columns = list(reader.fieldnames or [])
            rows = [row for row in reader if (row.get("epoch") or "").isdecimal() and None not in row.values()]
        if missing := [name for name in ("epoch", *needed) if name not in columns]:
            raise ValueError(f"it lacks {missing}")
        rows = [row for row in rows if epochs is None or int(row["epoch"]) < epochs]
        for row in rows:
            for value in row.values():
                if value not in ("NA", ""):
                    float(value)
            if "seconds" in needed and not math.isfinite(float(row["seconds"])):
                raise ValueError(f"it has seconds={row['seconds']}")
    except OSError as error:
        raise ValueError(f"There is no run: {path} cannot be read ({error.strerror}).") from error
    except (csv.Error, ValueError, TypeError) as error:
        raise ValueError(f"{path} is damaged: {error}.") from error
    if epochs is not None and [int(row["epoch"]) for row in rows] != list(range(epochs)):
        raise ValueError(f"{path} is damaged: it should have a row for each of the {epochs} epochs done.")
    if not rows:
        raise ValueError(f"{path} has no epochs yet.")
    return rows, columns
