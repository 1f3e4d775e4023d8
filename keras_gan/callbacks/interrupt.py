"""Ctrl-C at a moment when it does no harm."""

import signal
import threading

import keras


class Interrupt(keras.callbacks.Callback):
    """Ctrl-C ends `fit` with a `KeyboardInterrupt` after the step under way; a second Ctrl-C ends it at once.

    Python would raise it anywhere, also where a backend calls back into Python and lets no exception out: there it
    would be lost. As a context (`with Interrupt() as interrupt: model.fit(..., callbacks=[interrupt])`) it also gives
    Ctrl-C back its meaning if `fit` ends with an error. Outside the main thread, where Python takes no signals, it does
    nothing.
    """

    def __init__(self) -> None:
        super().__init__()
        self._asked = False
        self._installed = False
        self._before: signal._HANDLER = None

    def __enter__(self) -> "Interrupt":
        if not self._installed and threading.current_thread() is threading.main_thread():
            self._asked, self._installed = False, True
            self._before = signal.signal(signal.SIGINT, self._ask)
        return self

    def __exit__(self, *error: object) -> None:
        if self._installed:
            self._installed = False
            signal.signal(signal.SIGINT, self._before)

    def on_train_begin(self, logs=None):
        self.__enter__()

    def on_train_batch_end(self, batch, logs=None):
        if self._asked:
            self.__exit__()
            raise KeyboardInterrupt

    def on_train_end(self, logs=None):
        self.__exit__()

    def _ask(self, number, frame):
        if self._asked:
            self.__exit__()
            raise KeyboardInterrupt
        self._asked = True
