import csv

import numpy as np
import pytest
from conftest import make_data, make_gan, make_networks

import keras_gan as kg
from keras_gan.runs import history

pytestmark = pytest.mark.one_backend


def rows_of(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def test_a_row_for_every_epoch(tmp_path):
    gan = make_gan()
    found = gan.fit(
        make_data(), epochs=3, verbose=0, callbacks=[kg.callbacks.HistoryFile(tmp_path / "history.csv")]
    ).history
    rows = rows_of(tmp_path / "history.csv")
    assert list(rows[0]) == ["epoch", *found]
    for name, values in found.items():
        assert [float(row[name]) for row in rows] == pytest.approx(values)


def test_validation_has_its_columns_before_the_first_look(tmp_path):
    network = make_networks()[1]
    network.compile(loss="mse", metrics=["mae"])
    data = make_data(), np.zeros((12, 1))
    callback = kg.callbacks.HistoryFile(tmp_path / "history.csv", validated=True)
    network.fit(*data, epochs=3, verbose=0, validation_data=data, validation_freq=2, callbacks=[callback])
    rows = rows_of(tmp_path / "history.csv")
    assert list(rows[0]) == ["epoch", "loss", "mae", "val_loss", "val_mae"]
    assert [row["val_mae"] == "NA" for row in rows] == [True, False, True]


def test_a_resumed_run_has_no_gap_and_no_double_row(tmp_path):
    gan, path = make_gan(), tmp_path / "history.csv"
    gan.fit(make_data(), epochs=3, verbose=0, callbacks=[kg.callbacks.HistoryFile(path)])
    before = rows_of(path)
    rows, _ = history.read(path, epochs=2)  # the third epoch's model was not saved
    callback = kg.callbacks.HistoryFile(path, rows)
    gan.fit(make_data(), epochs=4, initial_epoch=2, verbose=0, callbacks=[callback])
    after = rows_of(path)
    assert [row["epoch"] for row in after] == ["0", "1", "2", "3"]
    assert after[:2] == before[:2]
    assert after[2] != before[2]


@pytest.mark.parametrize("seconds", ["nan", "inf", "NA", "x"])
def test_seconds_that_a_run_cannot_go_on_from(seconds, tmp_path):
    (tmp_path / "history.csv").write_text(f"epoch,loss,seconds\n0,1,{seconds}\n")
    with pytest.raises(ValueError, match=r"history\.csv is damaged"):
        history.read(tmp_path / "history.csv", ("seconds",), 1)


def test_what_was_there_is_replaced(tmp_path):
    (tmp_path / "history.csv").write_text("of another run")
    make_gan().fit(
        make_data(), epochs=1, verbose=0, callbacks=[kg.callbacks.HistoryFile(str(tmp_path / "history.csv"))]
    )
    assert [row["epoch"] for row in rows_of(tmp_path / "history.csv")] == ["0"]
