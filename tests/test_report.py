import re

import pytest
from conftest import make_data, make_gan

import keras_gan as kg

pytestmark = pytest.mark.one_backend


def test_a_line_every_few_epochs(capsys):
    report = kg.callbacks.Report(every=2, names=("d_loss", "value", "of another model"))
    history = make_gan().fit(make_data(), epochs=5, verbose=0, callbacks=[report]).history
    lines = capsys.readouterr().out.splitlines()
    assert lines == [
        f"epoch {epoch}/5  d_loss {history['d_loss'][epoch - 1]:.3f}  value {history['value'][epoch - 1]:.3f}"
        for epoch in (2, 4)
    ]


def test_by_default_the_loss_of_every_epoch(capsys):
    make_gan().fit(make_data(), epochs=2, verbose=0, callbacks=[kg.callbacks.Report()])
    assert re.fullmatch(r"epoch 1/2  loss \d\.\d{3}\nepoch 2/2  loss \d\.\d{3}\n", capsys.readouterr().out)


def test_bad_arguments():
    with pytest.raises(ValueError, match="Report needs every >= 1"):
        kg.callbacks.Report(every=0)
