"""The package as a whole: what it imports, what its wheel holds, what the README promises."""

import ast
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.one_backend

ROOT = Path(__file__).parent.parent


def imports(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.split(".")[0]


def test_only_the_backend_folder_imports_a_backend():
    files = [*(ROOT / "keras_gan").rglob("*.py"), *(ROOT / "recipes").rglob("*.py")]
    offenders = [
        path.relative_to(ROOT)
        for path in files
        if path.parent.name != "backend" and {"tensorflow", "jax", "torch"} & set(imports(path))
    ]
    assert len(files) > 15
    assert offenders == []


@pytest.mark.every_backend
def test_importing_the_package_is_light_and_lets_keras_read_a_file(tmp_path):
    from conftest import make_gan

    make_gan().save(tmp_path / "gan.keras")
    program = (
        "import sys, keras; before = set(sys.modules); import keras_gan; print(*(set(sys.modules) - before))\n"
        "print(keras.saving.load_model(sys.argv[1]).sample(2).shape)"
    )
    result = subprocess.run([sys.executable, "-c", program, tmp_path / "gan.keras"], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    modules, shape = result.stdout.splitlines()
    # Parts, too: Keras itself brings the front of scikit-learn, but not its classifiers.
    assert {name.partition(".")[0] for name in modules.split()} - set(sys.stdlib_module_names) == {"keras_gan"}
    assert shape == "(2, 4)"


def test_every_public_name_is_there():
    import keras_gan

    assert all(getattr(keras_gan, name) is not None for name in keras_gan.__all__)
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        keras_gan.nonsense  # noqa: B018


@pytest.mark.one_backend("tensorflow")  # which exports in the process of the command
def test_the_wheel_holds_what_the_command_needs(tmp_path):
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", tmp_path, ROOT],
        check=True,
        capture_output=True,
        cwd=tmp_path,
    )
    (wheel,) = tmp_path.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert {
        "keras_gan/cli.py",
        "keras_gan/recipes/digits.py",
        "keras_gan/recipes/mnist.py",
        "keras_gan/py.typed",
        "keras_gan/saved_models/cifar10/classifier.keras",
        "keras_gan/saved_models/digits/classifier.keras",
        "keras_gan/saved_models/digits/classifier.keras.json",
        "keras_gan/saved_models/mnist/classifier.keras",
        "keras_gan/saved_models/mnist/classifier.keras.json",
        "keras_gan/saved_models/mnist/generator.keras",
        "keras_gan/saved_models/mnist-completion/generator.keras",
        "keras_gan/saved_models/mnist-conditional/generator.keras",
        "keras_gan/saved_models/mnist-conditional/generator.keras.json",
        "keras_gan/saved_models/mnist-inference/encoder.keras",
        "keras_gan/saved_models/mnist-inference/encoder.keras.json",
        "keras_gan/saved_models/mnist-semi-supervised/classifier.keras",
    } <= set(names)
    assert not [name for name in names if name.startswith(("tests", "recipes", "benchmarks"))]
    # from the unpacked wheel alone, in an empty folder
    (tmp_path / "site").mkdir()
    zipfile.ZipFile(wheel).extractall(tmp_path / "site")
    (tmp_path / "empty").mkdir()
    program = (
        f"import sys; sys.path = [p for p in sys.path if p != {str(ROOT)!r}]\n"
        "sys.meta_path = [f for f in sys.meta_path if 'editable' not in repr(f).lower()]\n"
        "import keras_gan.cli; assert 'site' in keras_gan.__file__, keras_gan.__file__\n"
        "keras_gan.cli.main(['sample', 'mnist', '--n', '9', '--out', 'digits.png'])\n"
        "keras_gan.cli.main(['train', 'digits', '--epochs', '1'])"
    )
    result = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path / "empty",
        env={**os.environ, "PYTHONPATH": str(tmp_path / "site")},
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stderr
    assert (tmp_path / "empty" / "runs" / "digits-1" / "model.keras").is_file()
    assert (tmp_path / "empty" / "digits.png").is_file()


def test_every_public_thing_has_a_docstring():
    for path in (ROOT / "keras_gan").rglob("*.py"):
        tree = ast.parse(path.read_text())
        assert ast.get_docstring(tree), path
        for node in tree.body:
            if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and not node.name.startswith("_"):
                assert ast.get_docstring(node), f"{path}: {node.name}"


def test_the_versions_agree():
    import keras_gan

    changelog = (ROOT / "CHANGELOG.md").read_text()
    assert f"## {keras_gan.__version__}" in changelog
    assert "### Numbers changed" in changelog
    assert f"version: {keras_gan.__version__}" in (ROOT / "CITATION.cff").read_text()


def test_the_readme_and_ci_run_the_same_test_command():
    readme, ci = (ROOT / "README.md").read_text(), (ROOT / ".ci" / "run").read_text()
    commands = re.findall(r"```sh\n(.*?)\n```", readme, re.S)
    assert any("-m pytest" in command for command in commands)
    assert "README.md" in ci  # it takes the command from there
    assert all("-c constraints.txt" in command for command in commands if "pip install" in command)
