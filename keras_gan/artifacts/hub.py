"""Generators on the Hugging Face Hub, in the form in which Keras itself saves and loads models there, with a card."""

import json
import re
import tempfile
import zipfile
from pathlib import Path
from typing import Any

from keras_gan.artifacts import files

PREFIX = "hf://"
_MEMBERS = ("config.json", "metadata.json", "model.weights.h5")
_CARD = "card.json"
# Between tildes, since a test runs what stands between backticks as an example of this package.
_README = """\
---
library_name: keras
tags: [keras-gan, image-generation]
---
# {title}

{picture}A generator of [Keras](https://keras.io) and keras_gan: samples of shape {shape} from {dim} numbers of noise.

~~~python
import keras_gan as kg

generator = kg.load("{handle}")
samples = generator.sample(64, seed=0)
~~~

{facts}

All that is known of its training is in `card.json`. `keras.saving.load_model("{handle}")` reads the model, too, after
`import keras_gan`.
"""


def is_handle(model: Any) -> bool:
    """Whether this names a model on the Hub."""
    return str(model).startswith(PREFIX)


def check(handle: str) -> None:
    """Raises a ValueError if this is no name of a model on the Hub, or huggingface_hub is not installed."""
    _library(handle)


def download(handle: str, folder: Path) -> Path:
    """Fetches a model into a `.keras` file, with its card beside it. Nothing else of the repository is fetched.

    Args:
        handle: `"hf://USER/NAME"`, as `upload` or `model.save(handle)` wrote it.
        folder: where to write.

    Returns:
        The `.keras` file.

    Raises:
        ValueError: if there is no such model, it cannot be fetched, or huggingface_hub is not installed.
    """
    library, name = _library(handle)
    try:
        fetched = library.snapshot_download(name, allow_patterns=[*_MEMBERS, _CARD])
    except Exception as error:  # no network, no such repository, no permission...
        raise ValueError(f"{handle} cannot be fetched: {_reason(error)}") from error
    if missing := [member for member in _MEMBERS if not (Path(fetched) / member).is_file()]:
        raise ValueError(f"{handle} holds no Keras model: it lacks {missing[0]}. Expected: what Keras saves there.")
    path = folder / "generator.keras"
    with zipfile.ZipFile(path, "w") as archive:
        for member in _MEMBERS:
            archive.write(Path(fetched) / member, member)
    if (card := Path(fetched) / _CARD).is_file():
        files.write_text(folder / _CARD, json.dumps(files.read_json(card)))
    return path


def upload(path: Path, handle: str, card: dict[str, Any], title: str, picture: Path | None = None) -> None:
    """Writes a `.keras` file to the Hub: as Keras does, with a card for programs and a README for people.

    Args:
        path: of the file.
        handle: `"hf://USER/NAME"`; the repository is made if it is not there.
        card: of the export.
        title: of the README.
        picture: PNG file of samples, shown in the README.

    Raises:
        ValueError: if it cannot be written, or huggingface_hub is not installed.
    """
    library, name = _library(handle)
    # The Hub keeps checksums of its own, and the file that was exported is not the one that will be read.
    card = {key: value for key, value in card.items() if key not in ("checksum", "format")}
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        with zipfile.ZipFile(path) as archive:
            archive.extractall(folder, _MEMBERS)
        files.write_text(folder / _CARD, json.dumps(card, indent=2) + "\n")
        if picture is not None:
            (folder / "samples.png").write_bytes(picture.read_bytes())
        shown = "" if picture is None else "![Samples](samples.png)\n\n"
        text = _README.format(
            title=title,
            picture=shown,
            shape=tuple(card["image_shape"]),
            dim=card["noise_dim"],
            handle=handle,
            facts="\n".join(_facts(card)),
        )
        files.write_text(folder / "README.md", text)
        try:
            api = library.HfApi(library_name="keras-gan")
            api.create_repo(name, exist_ok=True)
            api.upload_folder(repo_id=name, folder_path=str(folder), commit_message="Save a generator of keras_gan")
        except Exception as error:
            raise ValueError(f"{handle} cannot be written: {_reason(error)}") from error


def _facts(card):
    data = card.get("data") or {}
    facts = {
        "Data": data.get("description") or data.get("name"),
        "Prior": card.get("prior"),
        "Condition": (card.get("condition") or {}).get("class_name"),
        "Size": card.get("model"),
        "Trained by": f"`{card['command']}`" if card.get("command") else None,
        "Epochs": card.get("epochs"),
        "Kernels": card.get("weights"),
    }
    return [f"- {name}: {fact}" for name, fact in facts.items() if fact is not None]


def _library(handle):
    if not re.fullmatch(rf"{PREFIX}[\w.-]+/[\w.-]+", handle):
        raise ValueError(f"A model on the Hugging Face Hub is called hf://USER/NAME. Received: {handle}.")
    try:
        import huggingface_hub
    except ImportError:
        raise ValueError(
            f"{handle} is on the Hugging Face Hub, which needs huggingface_hub: pip install 'keras-gan[hub]'"
        ) from None
    return huggingface_hub, handle.removeprefix(PREFIX)


def _reason(error):
    return f"{type(error).__name__}: {(str(error).strip().splitlines() or ['no reason given'])[0]}"[:300]
