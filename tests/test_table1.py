"""Table 1: which runs it takes, how systems are sampled, and what is printed."""

import dataclasses
import json

import keras
import numpy as np
import pytest
from keras_gan.recipes import PRESETS

import keras_gan as kg
from keras_gan import cli
from keras_gan.baselines import DBN, DeepGSN, StackedCAE
from keras_gan.runs import folder as folders
from keras_gan.runs import table1

pytestmark = pytest.mark.one_backend


def tiny_faces():
    images = np.random.default_rng(0).integers(0, 256, (3, 60, 6, 6, 1), "uint8")
    labels = kg.datasets.Splits(*np.zeros((3, 60), "int64"))
    card = {"name": "tfd", "description": "faces", "rows": "all"}
    return kg.datasets.Dataset(
        *images, labels=labels, preprocessing=keras.layers.Rescaling(1 / 255), card=card, note="Of a stand-in."
    )


def tiny_model(preset, data):
    options = {"preprocessing": data.preprocessing, "num_starts": 5}
    if preset == "tfd":
        layers = [keras.Input((3,)), keras.layers.Dense(36, "sigmoid"), keras.layers.Reshape((6, 6, 1))]
        judge = keras.Sequential([keras.Input((6, 6, 1)), keras.layers.Flatten(), keras.layers.Dense(1)])
        model = kg.GAN(keras.Sequential(layers), judge, preprocessing=data.preprocessing)
        model.compile()
        return model
    model = {"dbn": DBN, "stacked-cae": StackedCAE, "deep-gsn-fast": DeepGSN}[preset]((6, 6, 1), (4,), **options)
    model.compile()
    return model


def write_run(folder, preset, data):
    folder.mkdir(parents=True)
    tiny_model(preset, data).save(folder / "model.keras")
    (folder / "history.csv").write_text("epoch,loss,seconds\n0,1.0,12.5\n")
    dataset = {"dataset": "tfd"} if hasattr(PRESETS[preset], "dataset") else {}
    folders.record(dataclasses.replace(PRESETS[preset], seed=0, run_dir=str(folder), **dataset), folder, data)
    return folder


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder, data = tmp_path_factory.mktemp("runs"), tiny_faces()
    return [write_run(folder / preset, preset, data) for preset in ("dbn", "stacked-cae", "deep-gsn-fast", "tfd")]


@pytest.mark.filterwarnings("ignore:sigma=", "ignore:Published")
def test_runs_become_a_table(runs, tmp_path):
    table = table1.make(tiny_faces(), tmp_path, runs, num_samples=30)
    assert table.title == "A stand-in for TFD"
    systems = [row.system for row in table.rows]
    chained = ("DBN", "Stacked CAE", "Deep GSN")
    assert systems == [name for name in chained for _ in range(2)] + ["Adversarial nets", "real training images"]
    assert [row.kind.split(",")[0] for row in table.rows[:2]] == ["independent draws", "one chain"]
    assert "means" in table.rows[0].kind
    assert table.rows[6].kind == "independent draws; samples"
    assert all(row.paper is None for row in table.rows)
    assert {row.seconds for row in table.rows[:7]} == {12.5}
    assert all(np.isfinite(row.cells["log_likelihood"].value) for row in table.rows)
    assert "stand-in" in str(table)
    assert str(table).count("\n| DBN |") == 2
    paths = table1.write(table, tmp_path / "out")
    assert [path.name for path in paths] == ["table1.md", "table1.json", "table1.png"]
    content = json.loads(paths[1].read_text())
    assert content["rows"][0]["cells"]["log_likelihood"]["value"] == table.rows[0].cells["log_likelihood"].value
    assert table1.picture(table).shape == (8 * (2 * 49 - 1) + 7 * 12, 12 * 49 - 1, 1)


def test_what_is_missing_is_trained(runs, monkeypatch, tmp_path):
    asked = []

    def run(recipe):
        recipe.check()
        asked.append(recipe)
        return runs[len(asked)]

    monkeypatch.setattr(table1.training, "run", run)
    chosen = {"data_path": "x", "seed": 3}
    table = table1.make(tiny_faces(), tmp_path / "new", runs[:1], True, num_samples=30, settings=chosen)
    assert len({row.system for row in table.rows}) == len(table.rows) == 5
    assert [recipe.name for recipe in asked] == ["stacked-cae", "deep-gsn-fast", "tfd"]
    assert {(recipe.data_path, recipe.seed) for recipe in asked} == {("x", 3)}
    assert (asked[0].dataset, asked[0].run_dir) == ("tfd", str(tmp_path / "new" / "stacked-cae"))
    for system in table1.SYSTEMS:  # what a small budget says of MNIST is within the recipes' limits, too
        dataclasses.replace(PRESETS[system.presets["mnist"]], **system.quick["mnist"]).check()


def test_wrong_runs(runs, tmp_path):
    with pytest.raises(ValueError, match=r"A system has one run.*both DBN"):
        table1.make(tiny_faces(), tmp_path, [runs[0], runs[0]])
    data = dataclasses.replace(tiny_faces(), card={**tiny_faces().card, "name": "mnist"})
    with pytest.raises(ValueError, match=r"dbn is no run of a system of Table 1 on mnist"):
        table1.make(data, tmp_path, runs[:1])


def test_wrong_arguments_of_the_command(capsys):
    for arguments, message in (
        (["--seeds", "0"], "seeds=0"),
        (["--data-path", "a", "--tfd-path", "b"], "one data set"),
    ):
        with pytest.raises(SystemExit):
            cli.main(["table1", *arguments])
        assert message in capsys.readouterr().err
