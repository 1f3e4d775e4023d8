"""The pinned files of ONNX Runtime Web, from an npm that a script stands for."""

import hashlib
import io
import os
import sys
import tarfile

import keras
import pytest

from keras_gan.artifacts import runtime

pytestmark = [
    pytest.mark.skipif(keras.backend.backend() != "jax", reason="run once: no backend has a part in it"),
    pytest.mark.skipif(os.name != "posix", reason="npm is a script of a shell here"),
]


@pytest.fixture
def packed(tmp_path, monkeypatch):
    """A function that says what npm packs; its calls are lines of a file."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    (tmp_path / "bin").mkdir()
    npm = tmp_path / "bin" / "npm"
    npm.write_text(
        f"#!/bin/sh\necho $* >> {tmp_path}/calls\nexec {sys.executable} -c "
        f"\"import shutil; shutil.copy('{tmp_path}/packed', 'package.tgz')\"\n"
    )
    npm.chmod(0o755)

    def pack(contents):
        with tarfile.open(tmp_path / "packed", "w:gz") as archive:
            for name, content in contents.items():
                member = tarfile.TarInfo(f"package/dist/{name}")
                member.size = len(content)
                archive.addfile(member, io.BytesIO(content))

    return pack


def test_files_are_fetched_once_and_checked(packed, tmp_path, monkeypatch):
    contents = {name: name.encode() for name in runtime.CHECKSUMS}
    packed(contents)
    with pytest.raises(ValueError, match=r"is not onnxruntime-web@.* a checksum differs"):
        runtime.load()
    assert not runtime.folder().exists()
    checksums = {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}
    monkeypatch.setattr(runtime, "CHECKSUMS", checksums)
    for _ in range(2):
        assert runtime.load() == contents
    (runtime.folder() / "ort.wasm.min.js").write_text("another")
    assert runtime.load() == contents
    assert (tmp_path / "calls").read_text() == 3 * f"pack --silent {runtime.PACKAGE}\n"


def test_an_npm_that_never_ends(packed, tmp_path, monkeypatch):
    (tmp_path / "bin" / "npm").write_text("#!/bin/sh\nexec /bin/sleep 60\n")
    monkeypatch.setattr(runtime, "_TIME_LIMIT", 0.2)
    with pytest.raises(
        ValueError, match=r"npm did not fetch onnxruntime-web@[\d.]+ within 0\.2 seconds\. Install Node"
    ):
        runtime.load()


def test_what_is_not_to_be_had(packed, tmp_path):
    packed({"other.js": b""})
    with pytest.raises(ValueError, match=r"npm could not fetch onnxruntime-web.*Install Node"):
        runtime.load()
    (tmp_path / "packed").unlink()
    with pytest.raises(ValueError, match=r"npm could not fetch onnxruntime-web@[\d.]+: .*packed.*Install Node"):
        runtime.load()
    (tmp_path / "bin" / "npm").unlink()
    with pytest.raises(ValueError, match=r"npm, which fetches onnxruntime-web@[\d.]+, is not installed\. Install Node"):
        runtime.load()
