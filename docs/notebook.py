"""Shows docs/*.ipynb as pages of the site: a hook of MkDocs, which reads Markdown alone."""

import base64
from typing import Any

import nbformat
from mkdocs.structure.files import File


def on_files(files: Any, config: Any, **kwargs: Any) -> Any:
    """A page, and its pictures, in the place of each notebook; the notebook itself stays for download."""
    for notebook in [file for file in files if file.src_uri.endswith(".ipynb")]:
        name = notebook.src_uri.removesuffix(".ipynb")
        text, pictures = markdown(nbformat.reads(notebook.content_string, as_version=4), notebook.name)
        files.append(File.generated(config, f"{name}.md", content=text))
        for number, picture in enumerate(pictures, 1):
            files.append(File.generated(config, f"{name}-{number}.png", content=picture))
    return files


def on_page_markdown(text: str, page: Any, files: Any, **kwargs: Any) -> str:
    """Links to a notebook lead to its page; from there to the notebook."""
    name = page.file.src_uri.removesuffix(".md")
    if files.get_file_from_path(f"{name}.ipynb") is not None:
        return text.replace("\n", f"\n\n[This notebook]({page.file.name}.ipynb){{download}} to run it.\n", 1)
    return text.replace(".ipynb)", ".md)")


def markdown(notebook: Any, name: str) -> tuple[str, list[bytes]]:
    """A notebook as Markdown and the pictures that it shows.

    Args:
        notebook: `nbformat` notebook, version 4.
        name: of its file, without the ending; its pictures are `NAME-1.png` and so on.

    Returns:
        `(text, pictures)`.
    """
    parts, pictures = [], []
    for cell in notebook.cells:
        if cell.cell_type != "code":
            parts.append(cell.source)
            continue
        parts.append(f"```python\n{cell.source}\n```")
        for output in cell.outputs:
            if output.get("name") == "stderr":
                continue
            data = output.get("data", {"text/plain": output.get("text", "")})
            if "image/png" in data:
                pictures.append(base64.b64decode(data["image/png"]))
                parts.append(f"![What the cell draws]({name}-{len(pictures)}.png)")
            else:
                parts.append(f"```text\n{data['text/plain'].rstrip()}\n```")
    return "\n\n".join(parts) + "\n", pictures
