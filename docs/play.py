"""Makes a page that draws samples of each generator that ships: a hook of MkDocs."""

import tempfile
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File

from keras_gan.artifacts import loading, shipping


def on_files(files: Any, config: Any, **kwargs: Any) -> Any:
    """Adds play/NAME.html for every generator that a page knows."""
    with tempfile.TemporaryDirectory() as folder:
        for name in loading.shipped():
            try:
                path = shipping.export(name, "page", Path(folder) / f"{name}.html")
            except ValueError:  # made of what a page cannot run; docs/browser.md links only to those that are there
                continue
            files.append(File.generated(config, f"play/{name}.html", content=path.read_text(encoding="utf-8")))
    return files
