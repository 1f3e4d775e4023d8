"""What is printed while work goes on."""

import contextlib
import io
import re
import time

import keras
import pytest
from conftest import make_data, make_gan

import keras_gan as kg
from keras_gan import console
from keras_gan.callbacks import signs_of_life

pytestmark = pytest.mark.one_backend


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def impatient(monkeypatch):
    """Seconds are hundredths."""
    monkeypatch.setattr(console, "_SILENCE", 0.04)
    monkeypatch.setattr(console, "_BEAT", 0.01)


def test_steps_are_announced_and_show_again_in_a_file(impatient, capsys):
    with console.Steps() as say:
        say("One")
        say("Two")
        time.sleep(0.3)
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "One"
    assert lines[lines.index("Two") + 1] == "Two (0 s)"
    time.sleep(0.1)
    assert capsys.readouterr().err == ""  # nothing goes on after the end


def test_steps_end_with_an_error(impatient, capsys):
    with contextlib.suppress(ValueError), console.Steps() as say:
        say("One")
        raise ValueError
    capsys.readouterr()
    time.sleep(0.1)
    assert capsys.readouterr().err == ""


def test_on_a_terminal_the_clock_runs_in_place(impatient, monkeypatch):
    monkeypatch.setattr("sys.stderr", terminal := Terminal())
    with console.Steps() as say:
        say("One")
        time.sleep(0.3)
        say("Two")
    assert "\rOne (0 s)" in terminal.getvalue()
    assert terminal.getvalue().count("\n") == 2


def test_results_stand_above_what_is_shown_in_place(monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    monkeypatch.setattr("sys.stdout", terminal)
    with console.Steps() as say:
        say("One")
        console.tell("a result")
    assert "\ra result\n" in terminal.getvalue()


def test_a_bar_in_a_file_is_plain_lines(impatient, capsys):
    with console.bar(20, "Counting", "sheep") as bar:
        for _ in range(20):
            time.sleep(0.01)
            bar.update()
    printed = capsys.readouterr().err
    assert printed.startswith("Counting: ")
    assert "left\n" in printed
    assert not {"\r", "\x1b"} & set(printed)


def test_durations():
    assert [console.duration(seconds) for seconds in (0.4, 59, 60, 200, 7500)] == [
        *("0 s", "59 s", "1 min 0 s", "3 min 20 s", "2 h 5 min")
    ]


def test_signs_of_life_in_training(impatient, monkeypatch, capsys):
    monkeypatch.setattr(signs_of_life, "_WARM_UP", 0.05)
    slow = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: time.sleep(0.1))
    with console.Steps() as steps:
        signs = kg.callbacks.SignsOfLife(steps, per_epoch=100, unit="pictures")
        make_gan().fit(make_data(), batch_size=4, epochs=4, verbose=0, callbacks=[signs, slow])
    lines = capsys.readouterr().err.splitlines()
    assert "the first step" in lines[0]
    assert any(re.match(r"epoch 3/4, about \d+ s left, \d+ pictures per second", line) for line in lines)


def test_signs_of_life_end_with_the_first_step_where_keras_has_its_own(impatient, capsys):
    slow = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: time.sleep(0.1))
    with console.Steps() as steps:
        signs = kg.callbacks.SignsOfLife(steps, whole=False)
        make_gan().fit(make_data(), batch_size=4, epochs=2, verbose=0, callbacks=[signs, slow])
    assert all("the first step" in line for line in capsys.readouterr().err.splitlines())
