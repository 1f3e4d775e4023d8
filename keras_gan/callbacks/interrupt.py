"""Ctrl-C, or a signal to terminate, at a moment when it does no harm."""

import contextlib
import signal
import threading
from collections.abc import Iterator
from typing import Any

import keras


class Terminated(KeyboardInterrupt):
    """What SIGTERM raises where Ctrl-C raises a `KeyboardInterrupt`."""


class Interrupt(keras.callbacks.Callback):
    """Ctrl-C ends `fit` with a `KeyboardInterrupt` after the step under way; a second Ctrl-C ends it at once.

    SIGTERM, which a scheduler sends before it kills, does the same with a `Terminated`, a kind of `KeyboardInterrupt`.
    Python would raise them anywhere, also where a backend calls back into Python and lets no exception out: there they
    would be lost. As a context (`with Interrupt() as interrupt: model.fit(..., callbacks=[interrupt])`) it also gives
    the signals back their meaning if `fit` ends with an error. Outside the main thread, where Python takes no signals,
    it does nothing.
    """

    def __init__(self) -> None:
        super().__init__()
        self._asked: type[KeyboardInterrupt] | None = None
        self._before: dict[int, Any] = {}

    def __enter__(self) -> "Interrupt":
        if not self._before and threading.current_thread() is threading.main_thread():
            self._asked = None
            for number in _RAISED:
                if signal.getsignal(number) is not None:  # else it was not set by Python, which could not set it back
                    self._before[number] = signal.signal(number, self._ask)
        return self

    def __exit__(self, *error: object) -> None:
        if self._asked is not None and error == (None, None, None):  # asked for after the last step
            self._stop()
        self._restore()

    def on_train_begin(self, logs=None):
        self.__enter__()

    def on_train_batch_end(self, batch, logs=None):
        if self._asked is not None:
            self._stop()

    def on_train_end(self, logs=None):
        self._restore()

    def _ask(self, number, frame):
        again, self._asked = self._asked is not None, _RAISED[number]
        if again:
            self._stop()

    def _stop(self):
        self._restore()
        asked, self._asked = self._asked or KeyboardInterrupt, None
        raise asked

    def _restore(self):
        while self._before:
            signal.signal(*self._before.popitem())


_RAISED: dict[int, type[KeyboardInterrupt]] = {signal.SIGINT: KeyboardInterrupt, signal.SIGTERM: Terminated}


@contextlib.contextmanager
def terminable() -> Iterator[None]:
    """A context in which SIGTERM raises `Terminated`, unless somebody else has said what it does."""

    def stop(number, frame):
        raise Terminated

    ours = threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    if ours:
        signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        if ours:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
