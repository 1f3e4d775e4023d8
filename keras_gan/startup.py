"""What must happen before Keras is imported: a backend is chosen, and for the command, frameworks are set up.

This module imports neither Keras nor a backend.
"""

import importlib.metadata
import importlib.util
import json
import logging
import os
import signal
import socket
import subprocess
import sys
import time
import warnings
from pathlib import Path

import keras_gan

BACKENDS = {"tensorflow": "TensorFlow", "jax": "JAX", "torch": "PyTorch"}


def choose_backend() -> str:
    """The backend that Keras will take; where nobody has chosen, one that is installed is written to KERAS_BACKEND.

    Keras writes its default, TensorFlow, into keras.json by itself. So a backend that stands there and is not installed
    counts as no choice.

    Returns:
        One of `BACKENDS`.

    Raises:
        ImportError: if the backend that KERAS_BACKEND names is not installed, or none is.
        ValueError: if another one than these three was chosen.
    """
    named, file = os.environ.get("KERAS_BACKEND"), _keras_folder() / "keras.json"
    where = f"KERAS_BACKEND={named!r}"
    if not named:
        named = _backend_in(file)
        where = f'"backend": "{named}" in {file}'
        if named in BACKENDS and not _is_installed(named):
            named = None
    if named and named not in BACKENDS:
        raise ValueError(
            f"keras_gan trains on TensorFlow, JAX or PyTorch. Received: {where}. Expected: one of {list(BACKENDS)}."
        )
    if named and _is_installed(named):
        return named
    installed = [name for name in BACKENDS if _is_installed(name)]
    if named:
        others = f"set KERAS_BACKEND to what is installed ({', '.join(installed)}), or " if installed else ""
        raise ImportError(
            f"{BACKENDS[named]} is not installed. Received: {where}. To go on, {others}"
            f"pip install 'keras-gan[{named}]'."
        )
    if not installed:
        raise ImportError(
            "Keras needs TensorFlow, JAX or PyTorch, and none of them is installed. "
            "pip install 'keras-gan[tensorflow]', or jax or torch in the brackets."
        )
    os.environ["KERAS_BACKEND"] = installed[0]
    return installed[0]


def set_up_command() -> None:
    """Keeps start-up notes of frameworks off the screen, gives TensorFlow oneDNN, lets JAX keep what it compiles.

    Every variable that is set already stays as it is: `TF_CPP_MIN_LOG_LEVEL=0` shows TensorFlow's notes,
    `TF_ENABLE_ONEDNN_OPTS=0` leaves oneDNN out, `JAX_ENABLE_COMPILATION_CACHE=false` switches the cache off,
    `JAX_COMPILATION_CACHE_DIR` puts it elsewhere.
    """
    # TensorFlow by itself uses it on new processors alone, yet it halves the time of an update on others, too.
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
    if "TF_CPP_MIN_LOG_LEVEL" not in os.environ:
        os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"  # what fails is an exception in Python, too
        _drop_import_notes()
        logging.getLogger("tensorflow").addFilter(_is_news)
    if "JAX_COMPILATION_CACHE_DIR" not in os.environ and (folder := _cache_folder()) is not None:
        os.environ["JAX_COMPILATION_CACHE_DIR"] = str(folder)
        # A small step compiles in less than a second, which JAX by default does not keep, but there are many of them.
        os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0")
        os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES", "-1")
        # A full disk or a damaged entry costs a compilation and is no news.
        warnings.filterwarnings("ignore", "Error (reading|writing) persistent compilation cache")


def start_processes(number: int) -> None:
    """Where each device has a process, on PyTorch, starts them, waits, and ends this process as the first one ended.

    It returns at once for one device, with other backends, and in the processes that it, or `torchrun`, has started.
    Only the first of them prints. When one has ended, the others end, too.

    Args:
        number: of devices.

    Raises:
        RuntimeError: if a process was killed.
        SystemExit: with the exit code of the first process.
    """
    if number == 1 or "WORLD_SIZE" in os.environ or choose_backend() != "torch":
        return
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = free.getsockname()[1]
    shared = {"MASTER_ADDR": "localhost", "MASTER_PORT": str(port), "WORLD_SIZE": str(number)}
    program = "import sys; sys.argv[0] = 'keras-gan'; import keras_gan_command; keras_gan_command.main()"
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", program, *sys.argv[1:]],
            env={**os.environ, **shared, "RANK": str(rank), "LOCAL_RANK": str(rank)},
            stdout=subprocess.DEVNULL if rank else None,
            stderr=subprocess.DEVNULL if rank else None,
        )
        for rank in range(number)
    ]
    first, others = processes[0], processes[1:]
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the first one by itself
    signal.signal(signal.SIGTERM, lambda *_: first.terminate())
    lost = None
    while first.poll() is None and (lost is None or time.monotonic() < lost):
        time.sleep(0.1)
        if lost is None and any(process.poll() for process in others):
            lost = time.monotonic() + _GRACE
    killed = next((process for process in processes if (process.poll() or 0) < 0), None)
    for process in processes:
        process.kill()
    if first.wait() >= 0:
        sys.exit(first.returncode)
    raise RuntimeError(
        f"A process of this training was ended by signal {-(killed or first).returncode}, so the others ended, too. "
        "What was saved last is whole: the same command with the folder of the run (--run-dir) resumes it."
    )


_GRACE = 20.0  # seconds for the first process to see that another one has ended


def versions() -> str:
    """For example `"keras-gan 0.2.0, Keras 3.15.1, backend: JAX 0.10.2"`, without importing them.

    Raises:
        ImportError: as `choose_backend`.
        ValueError: likewise.
    """
    backend = choose_backend()
    framework = f"{BACKENDS[backend]} {_version(backend)}"
    return f"keras-gan {keras_gan.__version__}, Keras {_version('keras')}, backend: {framework}"


def _is_news(record):
    """TensorFlow warns of a "retracing" when several networks, or minibatches of several sizes, are met first."""
    return "triggered tf.function retracing" not in record.getMessage()


def _drop_import_notes():
    """Lets what programs in C write to stderr pass a filter: TensorFlow's import says "no GPU" at any log level."""
    sys.stderr.flush()
    python = os.fdopen(os.dup(2), "w", buffering=1)
    try:
        notes = "^WARNING: All log messages before absl::InitializeLog|^[IW]0000 "
        # A session of its own, so that Ctrl-C does not end it; it ends with the last process that writes to it.
        filtered = subprocess.Popen(
            ["grep", "--line-buffered", "-v", "-E", notes], stdin=subprocess.PIPE, stdout=python, start_new_session=True
        )
    except OSError:  # no grep: then the notes are seen
        return
    sys.stderr = python
    with filtered.stdin as pipe:  # type: ignore[union-attr]
        os.dup2(pipe.fileno(), 2)


def _version(package):
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:  # tensorflow-cpu is tensorflow, too
        return "of an unknown version"


def _is_installed(backend):
    try:
        found = importlib.util.find_spec(backend)
    except (ImportError, ValueError):
        return False
    return found is not None and found.origin is not None  # without an origin it is a folder of that name


def _keras_folder():
    """As Keras finds it."""
    if folder := os.environ.get("KERAS_HOME"):
        return Path(folder).expanduser()
    home = Path("~").expanduser()
    return (home if os.access(home, os.W_OK) else Path("/tmp")) / ".keras"


def _backend_in(file):
    try:
        content = json.loads(file.read_text())
    except (OSError, ValueError):
        return None
    return content.get("backend") if isinstance(content, dict) else None


def _cache_folder():
    """A folder that can be written to, in the user's cache; None if there is none."""
    try:
        folder = Path(os.environ.get("XDG_CACHE_HOME") or Path("~").expanduser() / ".cache") / "keras-gan" / "jax"
        folder.mkdir(parents=True, exist_ok=True)
    except (OSError, RuntimeError):
        return None
    return folder if os.access(folder, os.W_OK | os.X_OK) else None
