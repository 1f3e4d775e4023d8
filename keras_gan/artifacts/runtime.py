"""ONNX Runtime Web, by which a page runs a network that is no list of steps: pinned files, which go into the page."""

import hashlib
import io
import os
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

from keras_gan.artifacts import files

PACKAGE = "onnxruntime-web@1.30.0"
"""Of the npm registry."""
CHECKSUMS = {
    "ort.wasm.min.js": "faece07e84faa9001f5104bbe4e5c70861d06cb2376a0dea1fa0ad33a67adc81",
    "ort-wasm-simd-threaded.mjs": "e13f7f94fc51b4ca72b12faeb1ee95f4ace6dfbc8939bc718aabdc0a27c4299b",
    "ort-wasm-simd-threaded.wasm": "3398c10d07d229bd91b364548e130e0e51a8e5704b88c7c083ebbeb78842dee2",
}
"""SHA-256 of each file that is taken from its folder dist/."""
_TIME_LIMIT = 600  # seconds for npm, which would otherwise wait for a silent network as long as it likes


def folder() -> Path:
    """Where the files are kept once they were fetched."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "keras-gan" / PACKAGE


def load() -> dict[str, bytes]:
    """The files by name, from the disk or, the first time, by npm.

    Raises:
        ValueError: if they are neither there nor to be had.
    """
    kept = {name: folder() / name for name in CHECKSUMS}
    found = {name: path.read_bytes() for name, path in kept.items() if path.is_file()}
    if not _as_pinned(found):
        found = _fetch()
        folder().mkdir(parents=True, exist_ok=True)
        for name, content in found.items():
            files.write(kept[name], lambda partial, content=content: partial.write_bytes(content))  # type: ignore[misc]
    return found


def _as_pinned(found):
    return {name: hashlib.sha256(content).hexdigest() for name, content in found.items()} == CHECKSUMS


def _fetch():
    instead = f"Install Node.js, or put {', '.join(CHECKSUMS)} of the npm package {PACKAGE} into {folder()}."
    if (npm := shutil.which("npm")) is None:
        raise ValueError(f"npm, which fetches {PACKAGE}, is not installed. {instead}")
    with tempfile.TemporaryDirectory() as place:
        command = [npm, "pack", "--silent", PACKAGE]
        try:
            result = subprocess.run(command, cwd=place, capture_output=True, text=True, timeout=_TIME_LIMIT)
        except subprocess.TimeoutExpired:
            raise ValueError(f"npm did not fetch {PACKAGE} within {_TIME_LIMIT} seconds. {instead}") from None
        archives = list(Path(place).glob("*.tgz"))
        if result.returncode or not archives:
            reason = (result.stderr.strip().splitlines() or ["no reason given"])[-1][:200]
            raise ValueError(f"npm could not fetch {PACKAGE}: {reason}. {instead}")
        packed = archives[0].read_bytes()
    try:
        with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
            found = {name: archive.extractfile(f"package/dist/{name}").read() for name in CHECKSUMS}  # type: ignore
    except (tarfile.TarError, KeyError, AttributeError) as error:  # of a member that is not there, or is no file
        raise ValueError(f"npm could not fetch {PACKAGE}: {error}. {instead}") from error
    if not _as_pinned(found):
        raise ValueError(f"What npm fetched is not {PACKAGE} as it is pinned here: a checksum differs. {instead}")
    return found
