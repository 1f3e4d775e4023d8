"""What the README and docs/ say is so: every block of code in them runs, and the site has no broken link."""

import argparse
import html.parser
import itertools
import json
import os
import re
import runpy
import shlex
import subprocess
import sys
import textwrap
from pathlib import Path
from urllib.parse import unquote, urlsplit

import keras
import pytest
from conftest import BACKENDS, without_export

import keras_gan as kg
from keras_gan import cli
from keras_gan.figures import curves

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(DOCS.rglob("*.md"))]
FOLLOWED = ["tutorial.md", "your-pictures.md"]  # whose commands are run too, as a reader runs them
once = pytest.mark.one_backend


def blocks(page):
    """The language and the text of each block of code."""
    return re.findall(r"^```(\w*)\n(.*?)\n```$", page.read_text(), re.S | re.M)


def having(*languages):
    followed = "any-gan.md"  # by test_any_gan.py
    return [
        page for page in PAGES if page.name != followed and {language for language, _ in blocks(page)} & set(languages)
    ]


def name(page):
    return str(page.relative_to(ROOT))


def command_lines(program):
    """The commands of a shell block, each as a list of words without the variables set before it."""
    for line in program.replace("\\\n", " ").splitlines():
        words: list[str] = []
        for word in [*shlex.split(line, comments=True), "&&"]:
            if word == "&&":
                if words:
                    yield words
                words = []
            elif words or not re.fullmatch(r"\w+=.*", word):
                words.append(word.removeprefix(".venv/bin/"))


@pytest.fixture
def in_an_empty_folder(tmp_path, monkeypatch):
    """There one epoch is enough, and narrow networks of pictures are."""
    fit, residual = kg.GAN.fit, kg.networks.NETWORKS["residual"]
    narrow = lambda **settings: residual(**{**settings, "width": 0.05})  # noqa: E731
    monkeypatch.setitem(kg.networks.NETWORKS, "residual", narrow)

    def short_fit(self, *args, **kwargs):
        kwargs["epochs"] = min(kwargs.get("epochs", 1), kwargs.get("initial_epoch", 0) + 1)
        return fit(self, *args, **kwargs)

    monkeypatch.setattr(kg.GAN, "fit", short_fit)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def rotated(pages):
    """The README on every backend, and each page of docs/ on one, in turn."""
    backends = itertools.cycle(BACKENDS)
    for page in pages:
        mark = pytest.mark.every_backend if page.name == "README.md" else pytest.mark.one_backend(next(backends))
        yield pytest.param(page, marks=mark)


@pytest.mark.parametrize("page", rotated(having("python")), ids=name)
def test_the_code_runs(page, in_an_empty_folder):
    """All blocks of a page in their order, in one namespace."""
    names: dict = {}
    for language, program in blocks(page):
        if language == "python":
            exec(compile(program, name(page), "exec"), names)
        elif language == "sh" and page.name in FOLLOWED:
            for words in command_lines(program):
                if words[0] == "keras-gan":
                    if words[1] == "train":  # other tests look at what is exported when a training ends
                        with without_export():
                            cli.main(words[1:])
                    else:
                        cli.main(words[1:])
    if page.name == "README.md":
        assert len(names["callbacks"]) == 3
        assert names["images"].shape == (64, 8, 8, 1)
        assert Path("gan.keras").is_file()
    elif page.name == "tutorial.md":
        assert {"digits.png", "lines.png", "mine.png", "dcgan.png"} <= set(os.listdir())
        assert Path("exports/digits-1.keras").is_file()
    elif page.name == "your-pictures.md":
        assert {"faces.png", "own.png"} <= set(os.listdir())


@once
def test_the_code_in_docstrings_runs(in_an_empty_folder):
    programs = [
        textwrap.dedent(program)
        for path in (ROOT / "keras_gan").rglob("*.py")
        for program in re.findall(r"^ *```python\n(.*?)\n *```$", path.read_text(), re.S | re.M)
    ]
    assert programs
    for program in programs:
        exec(program, {"keras": keras, "keras_gan": kg})


@pytest.mark.one_backend("jax")  # which needs the least time for it
def test_the_notebook_runs(tmp_path, monkeypatch):
    nbclient, nbformat = pytest.importorskip("nbclient"), pytest.importorskip("nbformat")
    for variable in ("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR"):
        monkeypatch.setenv(variable, str(tmp_path / variable))
    path = DOCS / "class.ipynb"
    assert path.stat().st_size < 300_000
    assert str(ROOT) not in path.read_text()
    notebook = nbformat.read(path, 4)
    nbclient.NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(tmp_path)}}).execute()
    printed = "".join(
        output.get("text", "") for cell in notebook.cells for output in cell.get("outputs", []) if cell.outputs
    )
    assert "D* = [0.714 0.5   0.286]" in printed


def read_by(command, arguments, monkeypatch):
    """Whether the command takes the arguments; nothing is done with them."""

    class Read(Exception):
        pass

    def stop(*args, **kwargs):
        raise Read

    monkeypatch.setattr(cli, "_load_package", stop)  # what each of them does first
    monkeypatch.setattr(curves, "save_curves", stop)
    if command != "keras-gan":
        parse = argparse.ArgumentParser.parse_args

        def parse_and_stop(self, *args, **kwargs):
            parse(self, *args, **kwargs)
            stop()

        monkeypatch.setattr(argparse.ArgumentParser, "parse_args", parse_and_stop)
        monkeypatch.setattr(sys, "argv", [command, *arguments])
    try:
        if command == "keras-gan":
            cli.main(arguments)
        else:
            runpy.run_path(command, run_name="__main__")
    except Read:
        return True
    except SystemExit as exit:
        return exit.code == 0
    return False


def check(words, monkeypatch):
    """Asserts that a command of the README or docs is one that its program takes."""
    match words:
        case ["keras-gan", *arguments]:
            assert read_by("keras-gan", arguments, monkeypatch), words
        case ["python", script, *arguments] if script.startswith("recipes/"):
            recipe = Path(script).stem.replace("_", "-")
            assert (ROOT / script).is_file()
            assert read_by("keras-gan", ["train", recipe, *arguments], monkeypatch), words
        case ["python", script, *arguments] if script.startswith("benchmarks/"):
            if "argparse" in (ROOT / script).read_text():
                monkeypatch.syspath_prepend(ROOT / "benchmarks")
                assert read_by(str(ROOT / script), arguments, monkeypatch), words
            else:
                assert not arguments, words
        case ["python", "-m", "pytest", *arguments]:
            assert all((ROOT / word).is_file() for word in arguments if word.startswith("tests/")), words
        case ["pip", "install", *arguments]:
            assert "-c" in arguments, words
            extras = re.findall(r"\[(.*)\]", arguments[-1])[0].split(",")
            assert set(extras) <= set(re.findall(r"^([\w-]+) = \[", (ROOT / "pyproject.toml").read_text(), re.M)), words
        case ["python", "-m", "mkdocs", "build" | "serve", *_]:
            pass
        case ["python3", "-m", "venv", ".venv"] | [".", "activate"]:
            pass
        case ["export", variable]:
            assert re.fullmatch("KERAS_BACKEND=(tensorflow|jax|torch)", variable), words
        case ["ls", *_]:
            pass
        case _:
            pytest.fail(f"A command that no test knows: {words}")


@once
@pytest.mark.parametrize("page", having("sh"), ids=name)
def test_the_commands_in_blocks_are_taken(page, monkeypatch):
    for language, program in blocks(page):
        if language == "sh":
            for words in command_lines(program):
                with monkeypatch.context() as patch:
                    check(words, patch)


@once
@pytest.mark.parametrize("page", PAGES, ids=name)
def test_the_commands_in_the_text_are_taken(page, monkeypatch):
    text = re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.S | re.M)
    for code in re.findall(r"`([^`]+)`", text):
        for words in command_lines(code.replace("\n", " ")):
            if words[0] in ("keras-gan", "python") and len(words) > 2:
                with monkeypatch.context() as patch:
                    check(words, patch)


@once
def test_a_dcgan_takes_forty_lines():
    (program,) = [text for _, text in blocks(DOCS / "tutorial.md") if "Conv2DTranspose" in text]
    assert len(program.splitlines()) <= 40


@once
def test_every_block_says_what_it_is():
    """Code is run by the tests above; what programs print is text."""
    languages = {(name(page), language) for page in PAGES for language, _ in blocks(page)}
    assert {language for _, language in languages} <= {"python", "sh", "text"}, languages
    assert all(page.read_text().count("```") == 2 * len(blocks(page)) for page in PAGES)


class Page(html.parser.HTMLParser):
    """What a page links to, what it loads, and which places in it have a name."""

    def __init__(self, path):
        super().__init__()
        self.links, self.loaded, self.anchors = set(), set(), set()
        self.feed(path.read_text())

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        self.anchors |= {given[key] for key in ("id", "name") if given.get(key)}
        if tag in ("script", "img", "iframe", "source") and given.get("src"):
            self.loaded.add(given["src"])
        if tag == "link" and given.get("href"):
            self.loaded.add(given["href"])
        if tag == "a" and given.get("href"):
            self.links.add(given["href"])


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    pytest.importorskip("mkdocs")
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", folder]
    built = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, env={**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    )
    assert built.returncode == 0, built.stderr
    assert "WARNING -" not in built.stderr  # as MkDocs begins its own lines
    return folder


@once
def test_no_link_in_the_site_is_broken(site):
    pages = {path: Page(path) for path in site.rglob("*.html")}
    assert len(pages) > 25
    broken = []
    for path, page in pages.items():
        for link in page.links | page.loaded:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc or path.name == "404.html":  # which is served from any address
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            if target.is_dir():
                target /= "index.html"
            if not target.is_file() or (parts.fragment and unquote(parts.fragment) not in pages[target].anchors):
                broken.append(f"{path.relative_to(site)}: {link}")
    assert broken == []


@once
def test_the_site_loads_nothing_from_elsewhere(site):
    loaded = {link for path in site.rglob("*.html") for link in Page(path).loaded}
    assert not [link for link in loaded if urlsplit(link).netloc]


@once
def test_every_page_and_name_can_be_found(site):
    found = {entry["location"] for entry in json.loads((site / "search" / "search_index.json").read_text())["docs"]}
    for page in DOCS.rglob("*.md"):
        assert str(page.relative_to(DOCS).with_suffix(".html")) in found
    for module in (kg.callbacks, kg.layers):
        for public in module.__all__:
            assert any(location.endswith(f"#{module.__name__}.{public}") for location in found), public
    assert "api/gan.html#keras_gan.models.gan.GAN" in found
    assert "class.html" in found
