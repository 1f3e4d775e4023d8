"""A table's text and its JSON, made from the same cells."""

import dataclasses
import json

import numpy as np
import pytest

from keras_gan.evaluation.table import Cell, Entry, Row, Table

pytestmark = pytest.mark.one_backend


@dataclasses.dataclass(frozen=True)
class Report:
    mean: float
    shares: np.ndarray
    points: np.ndarray = dataclasses.field(repr=False)


REPORT = Report(19.25, np.array([0.25, 0.75]), np.zeros(9))


def table(num_folds=1, **changes):
    likelihood = Cell(19.25, 1.03, (17.4, 21.1), decimals=1)
    sigma = Cell(0.1668, decimals=3)
    folds = ({"log_likelihood": Cell(18.0), "test": Cell(75, decimals=0)},) * num_folds if num_folds > 1 else ()
    rows = (
        Row(
            "ours",
            "sampler",
            {
                "parzen": Entry({"log_likelihood": likelihood, "sigma": sigma}, folds, ((REPORT,),)),
                "modes": Entry({"kl": Cell(0.016, decimals=4)}, ({},) * len(folds), lines=("classes in % 25 75",)),
            },
        ),
        Row("paper: DBN", "published", {"parzen": Entry({"log_likelihood": Cell(138, 2, decimals=1)})}),
    )
    content = {
        "data": {"description": "Digits, 8x8"},
        "note": "",
        "num_samples": 300,
        "num_seeds": 3,
        "num_folds": num_folds,
        "captions": {"parzen": "A likelihood in nats.", "modes": "What it hides."},
        "rows": rows,
    }
    return Table(**content | changes)


def test_text():
    assert str(table()) == "\n".join(
        [
            "Digits, 8x8",
            "300 samples with each seed; mean of 3 sampling seeds.",
            "",
            "A likelihood in nats.",
            "What it hides.",
            "",
            "            log likelihood   95% interval  sigma      kl",
            "ours           19.2 +- 1.0  17.4 ... 21.1  0.167  0.0160",
            "paper: DBN    138.0 +- 2.0",
            "ours: classes in % 25 75",
        ]
    )


def test_folds_have_rows_of_their_own_and_a_note_stands_last():
    lines = str(table(num_folds=2, note="A stand-in.")).splitlines()
    assert lines[-1] == "A stand-in."
    start = next(i for i, line in enumerate(lines) if line.startswith("ours"))
    assert [line.split() for line in lines[start + 1 : start + 3]] == [
        ["fold", "0", "18", "75"],
        ["fold", "1", "18", "75"],
    ]
    assert lines[start + 3].startswith("paper: DBN")
    assert "Mean and standard error over folds (ddof 1), 2 of them." in lines


def test_json_has_the_same_numbers():
    content = json.loads(table(num_folds=2).to_json())
    ours, dbn = content["rows"]
    assert ours["measures"]["parzen"]["cells"] == {
        "log_likelihood": {"value": 19.25, "standard_error": 1.03, "interval_95": [17.4, 21.1]},
        "sigma": {"value": 0.1668},
    }
    assert ours["measures"]["parzen"]["folds"] == [{"log_likelihood": {"value": 18.0}, "test": {"value": 75}}] * 2
    assert ours["measures"]["parzen"]["reports"] == [[{"mean": 19.25, "shares": [0.25, 0.75]}]]  # no single points
    assert (dbn["name"], dbn["kind"], list(dbn["measures"])) == ("paper: DBN", "published", ["parzen"])
    assert (content["num_samples"], content["data"]["description"]) == (300, "Digits, 8x8")


def test_measures_that_do_not_fit_stand_below_each_other():
    columns = {f"a_long_name_of_a_column_{i}": Cell(i) for i in range(3)}
    rows = (Row("ours", "sampler", {name: Entry(columns) for name in ("a", "b")}),)
    lines = str(table(rows=rows, captions={"a": "First.", "b": "Second."})).splitlines()
    assert max(map(len, lines)) <= 100
    assert lines.index("Second.") > lines.index("First.") + 3
    assert sum(line.startswith("ours") for line in lines) == 2


def test_places():
    assert table()["paper: DBN", "parzen"].cells["log_likelihood"].value == 138
    with pytest.raises(KeyError, match=r"no 'modes' of 'paper: DBN'"):
        table()["paper: DBN", "modes"]


def test_cells():
    assert str(Cell(1234.5678)) == "1235"
    assert str(Cell(0.25, 0.125, decimals=2)) == "0.25 +- 0.12"
    assert Cell(1.0).as_dict() == {"value": 1.0}
