"""Curves from histories."""

import numpy as np
import pytest
from PIL import Image

from keras_gan.figures import curves

pytestmark = pytest.mark.one_backend


def test_game_of_a_run(tmp_path):
    pytest.importorskip("matplotlib")
    columns = "epoch,d_loss,g_loss,d_on_data,d_on_samples,value,d_accuracy"
    (tmp_path / "history.csv").write_text(f"{columns}\n0,1,2,.6,.4,-1.2,.7\n1,1.1,1.9,.55,.45,-1.3,.6\n")
    curves.save_game(tmp_path, tmp_path / "game.png")
    assert Image.open(tmp_path / "game.png").size == (1000, 600)
    with pytest.raises(ValueError, match="There is no run"):
        curves.save_game(tmp_path / "none", tmp_path / "game.png")


def write_history(folder, rows):
    folder.mkdir()
    (folder / "history.csv").write_text("epoch,seconds,val_parzen_ll,val_parzen_ll_trained\n" + "\n".join(rows) + "\n")


def test_curves_of_runs(tmp_path, monkeypatch):
    pytest.importorskip("matplotlib")
    write_history(tmp_path / "one", ["0,10.0,5.0,-3", "1,20.0,5.0,-3", "2,30.0,80.5,40"])
    write_history(tmp_path / "two", ["0,12.0,15.0,2"])
    assert [row["epoch"] for row in curves._measured(tmp_path / "one")] == ["0", "2"]
    curves.save_curves([tmp_path / "one", tmp_path / "two"], tmp_path / "curves.png", {"paper": 225})
    pixels = np.asarray(Image.open(tmp_path / "curves.png").convert("RGB"))
    assert pixels.shape[:2] == (400, 1000)
    assert len(np.unique(pixels.reshape(-1, 3), axis=0)) > 10


def test_curves_of_what_is_no_run(tmp_path):
    with pytest.raises(ValueError, match="There is no run"):
        curves.save_curves([tmp_path / "nothing"], tmp_path / "curves.png")
    (tmp_path / "digits").mkdir()
    (tmp_path / "digits" / "history.csv").write_text("epoch,seconds\n0,1\n")
    with pytest.raises(ValueError, match="measured no Parzen"):
        curves.save_curves([tmp_path / "digits"], tmp_path / "curves.png")
