import os
import shutil
import threading
import time
import warnings

import keras
import numpy as np
import pytest
from conftest import all_equal, make_gan, make_networks, weights

import keras_gan as kg
from keras_gan.models import on_demand
from keras_gan.models.minibatches import Minibatches
from keras_gan.models.on_demand import OnDemand

ROWS = np.random.default_rng(0).integers(0, 256, (40, 4), dtype="uint8")


class Made:
    """Makes the rows, and counts how often."""

    def __init__(self):
        self.counts = np.zeros(len(ROWS), int)
        self.lock = threading.Lock()

    def __call__(self, row):
        with self.lock:
            self.counts[row] += 1
        return ROWS[row]


def test_rows_are_those_of_an_array():
    lazy = OnDemand(Made(), ROWS.shape)
    assert (lazy.shape, lazy.ndim, lazy.dtype, len(lazy)) == (ROWS.shape, 2, np.uint8, 40)
    mask = np.arange(40) % 3 == 0
    chosen = [3, -1, slice(5), slice(30, None), slice(None, None, -7), [7, 2, 2, -3], np.array([], int), mask]
    for rows in (*chosen, (slice(3), 1), (2, 1), (np.array([1, 5]), slice(1, 3))):
        found = lazy[rows]
        np.testing.assert_array_equal(found, ROWS[rows])
        assert np.shape(found) == ROWS[rows].shape
    np.testing.assert_array_equal(np.asarray(lazy), ROWS)
    np.testing.assert_array_equal(np.asarray(lazy, "float32"), ROWS.astype("float32"))
    np.testing.assert_array_equal(list(lazy), ROWS)
    part = lazy.part(10, 30).part(5, 15)
    np.testing.assert_array_equal(np.asarray(part), ROWS[15:25])
    for rows in (40, -41, np.array([0, 40]), part.shape):
        with pytest.raises(IndexError):
            lazy.part(0, 5)[rows]
    with pytest.raises(IndexError, match=r"A mask has one value per row"):
        part[mask]
    with pytest.raises(IndexError, match=r"integers\. Received: float64"):
        lazy[np.array([0.5])]


def test_a_row_is_made_once_whoever_asks():
    made = Made()
    lazy = OnDemand(made, ROWS.shape)
    lazy.expect(np.arange(10))
    lazy[5:20], lazy.part(0, 20)[[1, 1, 19]], lazy[3]
    assert made.counts.tolist() == [1] * 20 + [0] * 20


def test_several_threads_make_rows(monkeypatch):
    monkeypatch.setattr(on_demand, "_TASK", 1)
    meeting = threading.Barrier(2, timeout=20)

    def make(row):
        meeting.wait()  # nobody comes if one thread makes one row after the other
        return ROWS[row]

    if on_demand.num_cores() > 1:
        np.testing.assert_array_equal(OnDemand(make, ROWS.shape)[:4], ROWS[:4])


def test_an_error_is_raised_where_the_row_is_asked_for():
    def make(row):
        if row == 7:
            raise ValueError("row 7 is no row")
        return ROWS[row]

    lazy = OnDemand(make, ROWS.shape)
    lazy.expect(np.arange(20))
    np.testing.assert_array_equal(lazy[20:], ROWS[20:])
    for _ in range(2):
        with pytest.raises(ValueError, match="row 7 is no row"):
            lazy[[7]]


@pytest.mark.parametrize("free", [0, 2 * 4 * 10])
def test_a_full_disk_costs_time_alone(free, monkeypatch):
    usage = shutil.disk_usage(os.curdir)._replace(free=free)
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: usage)
    made = Made()
    with pytest.warns(UserWarning, match=rf"has room for {free // 8} of 40 decoded pictures.*set TMPDIR"):
        lazy = OnDemand(made, ROWS.shape)
    for _ in range(2):
        lazy.expect(np.arange(40))
        np.testing.assert_array_equal(np.asarray(lazy), ROWS)
    assert made.counts.tolist() == [1] * (free // 8) + [2] * (40 - free // 8)


def test_the_disk_becomes_full_later(monkeypatch):
    made = Made()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        lazy = OnDemand(made, ROWS.shape)
    np.testing.assert_array_equal(lazy[:10], ROWS[:10])
    file = lazy._rows._file

    class Full:
        seek, readinto = file.seek, file.readinto

        def write(self, values):
            raise OSError(28, "No space left on device")

    lazy._rows._file = Full()
    for _ in range(2):
        np.testing.assert_array_equal(np.asarray(lazy), ROWS)
    assert made.counts.tolist() == [1] * 10 + [2] * 30


def test_the_next_batches_are_made_while_one_is_used():
    made = Made()
    batches = Minibatches((OnDemand(made, ROWS.shape),), 4, seed=3)
    batches.on_epoch_begin()
    first = batches[0][0]
    order = batches._order
    np.testing.assert_array_equal(first, ROWS[order[:4]])
    for _ in range(400):  # nobody asks for them
        if made.counts.sum() == 20:
            break
        time.sleep(0.05)
    assert set(np.flatnonzero(made.counts)) == set(order[:20])


def game():
    keras.utils.set_random_seed(7)
    gan = kg.GAN(*make_networks(), preprocessing=keras.layers.Rescaling(1 / 255), seed=0)
    gan.compile()
    return gan


@pytest.mark.parametrize("validation", [{}, {"validation_split": 0.25}])
def test_training_sees_what_it_sees_of_an_array(validation):
    """The same batches in the same order, also after a stop."""
    labels = np.arange(40)
    array, lazy, resumed = game(), game(), game()
    held_out = {} if validation else {"validation_data": (ROWS[:10], labels[:10])}
    one = array.fit(ROWS, labels, batch_size=16, epochs=2, verbose=0, **validation, **held_out)
    rows = OnDemand(Made(), ROWS.shape)
    held_out = {} if validation else {"validation_data": (rows.part(0, 10), labels[:10])}
    two = lazy.fit(rows, labels, batch_size=16, epochs=2, verbose=0, **validation, **held_out)
    assert all_equal(weights(array), weights(lazy))
    assert one.history == two.history
    rows = OnDemand(Made(), ROWS.shape)
    for epoch in range(2):
        resumed.fit(rows, labels, batch_size=16, initial_epoch=epoch, epochs=epoch + 1, verbose=0, **validation)
    for player in ("generator", "discriminator"):
        assert all_equal(weights(getattr(array, player)), weights(getattr(resumed, player)))
    assert array.evaluate(ROWS, batch_size=16, verbose=0) == lazy.evaluate(rows, batch_size=16, verbose=0)
    np.testing.assert_array_equal(lazy.preprocess(rows), array.preprocess(ROWS))


def test_data_that_do_not_fit_are_refused_before_training():
    rows = OnDemand(Made(), ROWS.shape)
    with pytest.raises(ValueError, match=r"ends in sigmoid.*Received: values from"):
        make_gan().fit(rows, verbose=0)
    with pytest.raises(ValueError, match=r"Received: an array of shape \(0, 4\)"):
        make_gan().fit(rows.part(3, 3), verbose=0)
