import signal
import threading

import keras
import pytest
from conftest import make_data, make_gan

import keras_gan as kg


class CtrlC(keras.callbacks.Callback):
    """Presses Ctrl-C during a step, as often as asked, or sends another signal."""

    def __init__(self, times=1, number=signal.SIGINT):
        super().__init__()
        self.times, self.number, self.ended = times, number, []

    def on_train_batch_begin(self, batch, logs=None):
        if batch == 1:
            for _ in range(self.times):
                signal.raise_signal(self.number)

    def on_train_batch_end(self, batch, logs=None):
        self.ended.append(batch)


@pytest.fixture(autouse=True)
def _handler_as_before():
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    yield
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before


@pytest.mark.parametrize(
    ("number", "kind"), [(signal.SIGINT, KeyboardInterrupt), (signal.SIGTERM, kg.callbacks.interrupt.Terminated)]
)
@pytest.mark.parametrize(("times", "ended"), [(1, [0, 1]), (2, [0])])
def test_the_step_under_way_ends_but_not_for_a_second_one(times, ended, number, kind):
    ctrl_c = CtrlC(times, number)
    with pytest.raises(KeyboardInterrupt) as raised:
        make_gan().fit(make_data(), batch_size=4, verbose=0, callbacks=[ctrl_c, kg.callbacks.Interrupt()])
    assert ctrl_c.ended == ended
    assert raised.type is kind


def test_one_after_the_last_step_is_not_lost():
    gan, late = make_gan(), keras.callbacks.LambdaCallback(on_epoch_end=lambda *_: signal.raise_signal(signal.SIGINT))
    with pytest.raises(KeyboardInterrupt), kg.callbacks.Interrupt() as interrupt:
        gan.fit(make_data(), batch_size=4, verbose=0, callbacks=[interrupt, late])
    assert int(gan.iterations) == 3


def test_a_signal_to_terminate_anywhere():
    with pytest.raises(kg.callbacks.interrupt.Terminated), kg.callbacks.interrupt.terminable():
        signal.raise_signal(signal.SIGTERM)
    received = []
    before = signal.signal(signal.SIGTERM, lambda number, frame: received.append(number))
    try:
        with kg.callbacks.interrupt.terminable():
            signal.raise_signal(signal.SIGTERM)
    finally:
        signal.signal(signal.SIGTERM, before)
    assert received == [signal.SIGTERM]  # who has said what it does is heard


def test_it_does_nothing_when_nobody_asks():
    gan = make_gan()
    gan.fit(make_data(), batch_size=4, epochs=2, verbose=0, callbacks=[kg.callbacks.Interrupt()])
    assert int(gan.iterations) == 6


def test_an_error_in_fit_gives_ctrl_c_back():
    def fail(epoch, logs):
        raise RuntimeError("of another callback")

    gan, failing = make_gan(), keras.callbacks.LambdaCallback(on_epoch_end=fail)
    with pytest.raises(RuntimeError, match="of another"), kg.callbacks.Interrupt() as interrupt:
        gan.fit(make_data(), verbose=0, callbacks=[interrupt, failing])


def test_one_before_the_first_step_is_not_lost():
    gan, ctrl_c = make_gan(), CtrlC(times=0)
    with kg.callbacks.Interrupt() as interrupt:
        signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            gan.fit(make_data(), batch_size=4, verbose=0, callbacks=[ctrl_c, interrupt])
    assert ctrl_c.ended == [0]


def test_in_another_thread_it_does_nothing():
    gan = make_gan()

    def fit():
        gan.fit(make_data(), batch_size=4, verbose=0, callbacks=[kg.callbacks.Interrupt()])

    thread = threading.Thread(target=fit)
    thread.start()
    thread.join()
    assert int(gan.iterations) == 3
