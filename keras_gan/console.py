"""What is printed while work goes on: on a terminal in place, in a file as a plain line now and then, on stderr.

Results go to stdout by `tell`, and progress to stderr by `Steps` and `bar`: never more than a few seconds of silence.
"""

import sys
import threading
import time
from collections.abc import Sequence
from types import TracebackType
from typing import Any

_SILENCE = 4.0  # seconds, after which a file gets another line
_BEAT = 1.0  # seconds between two looks of the clock on a terminal
_last_written = time.monotonic()


class Steps:
    """A context in which each step is announced as it begins, and shows again every few seconds while it lasts.

    ```python
    from keras_gan import console

    with console.Steps() as say:
        say("Adding")
        total = sum(range(1000))
    ```
    """

    def __init__(self) -> None:
        self._line = ""
        self._began = 0.0
        self._timed = False
        self._bar: Any = None
        self._lock = threading.RLock()
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    def __enter__(self) -> "Steps":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()

    def __call__(self, line: str) -> None:
        """Ends the step before and announces this one."""
        self._ended.set()
        self._close(leave=True)
        if not is_terminal(sys.stderr):
            _Lines().write(line)
        self.now(line)
        self._timed = True

    def now(self, line: str) -> None:
        """What is going on from here on, said when nothing else was for a while, without the time that it lasts."""
        with self._lock:
            self._line, self._began, self._timed = line, time.monotonic(), False
            if self._bar is not None:
                self._bar.set_description_str(line, refresh=False)  # the clock's next beat does
            elif is_terminal(sys.stderr):
                self._bar = _tqdm(total=0, desc=line, bar_format="{desc}", leave=True)
        if self._thread is None or self._ended.is_set():
            self._ended = threading.Event()
            self._thread = threading.Thread(target=self._beat, args=(self._ended,), daemon=True)
            self._thread.start()

    def end(self) -> None:
        """Ends the last step; nothing is said until the next."""
        self._ended.set()
        self._close(leave=True)

    def clear(self) -> None:
        """Ends the last step and takes its line off a terminal."""
        self._ended.set()
        self._close(leave=False)

    def _close(self, leave):
        with self._lock:
            if self._bar is not None:
                self._bar.leave = leave
                self._bar.close()
                self._bar = None

    def _beat(self, ended):
        while not ended.wait(_BEAT):
            with self._lock:
                if ended.is_set():
                    return
                now = time.monotonic()
                passed = f" ({duration(now - self._began)})" if self._timed and now - self._began >= _BEAT else ""
                if self._bar is not None:
                    self._bar.set_description_str(self._line + passed)
                elif now - _last_written >= _SILENCE:
                    _Lines().write(f"{self._line}{passed}")


def bar(total: int, description: str, unit: str, delay: float = 0.0, scaled: bool = False) -> Any:
    """A context with `update()`, which shows how much is done and how much time is left.

    Args:
        total: how many updates there will be.
        description: what is done.
        unit: what is counted, in the singular.
        delay: seconds before anything is shown.
        scaled: whether 242,000 is written 242k.
    """
    if is_terminal(sys.stderr):
        return _tqdm(
            total=total, desc=description, unit=unit, delay=delay, unit_scale=scaled, leave=False, dynamic_ncols=True
        )
    return _tqdm(
        file=_Lines(),
        total=total,
        desc=description,
        unit=unit,
        unit_scale=scaled,
        delay=max(delay, _SILENCE),
        mininterval=_SILENCE,
        position=0,
        leave=False,
        bar_format="{desc}: {n_fmt} of {total_fmt} {unit}s, {remaining} left",
    )


def tell(line: str) -> None:
    """Prints a result on stdout, above what is shown in place on a terminal."""
    global _last_written
    if "tqdm" in sys.modules and is_terminal(sys.stdout):
        import tqdm

        tqdm.tqdm.write(line, file=sys.stdout)
        sys.stdout.flush()
    else:
        print(line, flush=True)
    _last_written = time.monotonic()


def suggest(commands: Sequence[str]) -> None:
    """Prints on stderr which commands come next."""
    for i, command in enumerate(commands):
        print(f"{'      ' if i else 'Next: '}{command}", file=sys.stderr, flush=True)


def is_terminal(stream: Any) -> bool:
    """Whether a person watches, so that something may be shown in place."""
    return bool(getattr(stream, "isatty", lambda: False)())


def duration(seconds: float) -> str:
    """For example `"45 s"`, `"3 min 20 s"`, `"2 h 5 min"`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


class _Lines:
    """A file for tqdm: stderr without what moves the cursor, one line at a time."""

    def write(self, text: str) -> None:
        global _last_written
        if line := text.strip():
            print(line, file=sys.stderr, flush=True)
            _last_written = time.monotonic()

    def flush(self) -> None:
        sys.stderr.flush()


def _tqdm(**arguments):
    import tqdm

    return tqdm.tqdm(**arguments)
