"""The notebooks: stored without outputs, all that they name exists, and they come to their end."""

from __future__ import annotations

import ast
import json
import os
import re
import sys
from pathlib import Path

import nbformat
import pytest
from explorer.browsing import OFFLINE
from IPython.core.inputtransformer2 import TransformerManager
from nbclient import NotebookClient
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_notebook
from test_docs import COMMANDS, ROOT

from auxgen.experiments import registry

FOLDER = ROOT / "docs" / "notebooks"
ENDS = {
    "few-labels-pictures": "gain.mean() > 2",
    "few-labels-table": "(wine_gain['saved'] > 0).all()",
    "gan-baselines": "table.recall['feature matching'].min() > table.recall['GAN'].mean()",
    "picture-edits": "all(t['seen, %'].is_monotonic_decreasing for t in at_three.values())",
}
"""What holds of a notebook's variables at its end."""
NAMES = sorted(ENDS)


def read_notebook(name: str) -> NotebookNode:
    return nbformat.read(FOLDER / f"{name}.ipynb", as_version=4)


def read_python(name: str) -> str:
    """The code of all cells, whose lines for the shell are calls of IPython's."""
    cells = [c.source for c in read_notebook(name).cells if c.cell_type == "code"]
    return "\n".join(TransformerManager().transform_cell(source) for source in cells)


def read_text(name: str) -> str:
    """All that a notebook says, code and words."""
    return "\n".join(cell.source for cell in read_notebook(name).cells)


def test_every_notebook_is_tested() -> None:
    assert {file.stem for file in FOLDER.glob("*.ipynb")} == set(ENDS)


@pytest.mark.parametrize("name", NAMES)
def test_it_is_stored_without_outputs(name: str) -> None:
    notebook = read_notebook(name)
    nbformat.validate(notebook)
    assert set(notebook.metadata) <= {"kernelspec", "language_info"}
    for cell in notebook.cells:
        assert not cell.metadata, cell.source
        if cell.cell_type == "code":
            assert cell.outputs == [], cell.source
            assert cell.execution_count is None, cell.source


@pytest.mark.parametrize("name", NAMES)
def test_its_code_compiles_and_its_imports_work(name: str) -> None:
    tree = ast.parse(read_python(name), name)
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
    assert imports
    for node in imports:
        exec(ast.unparse(node), {})


@pytest.mark.parametrize("name", NAMES)
def test_what_it_names_exists(name: str) -> None:
    text = read_text(name)
    assert set(re.findall(r"(?<!from )auxgen ([a-z]+) [\w.{-]", text)) <= COMMANDS
    trained = re.findall(r"auxgen (?:train|reproduce) ([a-z]+\.\w+)|train\(\s*\"([\w.]+)\"", text)
    known = {*registry.list_experiments(), *registry.list_reproductions()}
    assert {first or second for first, second in trained} <= known
    for link in re.findall(r"\]\(([^)\s#]+)[^)]*\)", text):
        assert "://" in link or (FOLDER / link).exists(), link


@pytest.mark.parametrize("name", NAMES)
def test_its_time_on_the_page_was_measured(name: str) -> None:
    times = json.loads((ROOT / "results" / "notebooks.json").read_text())["notebooks"][name]
    line = next(
        line for line in (FOLDER / "index.md").read_text().splitlines() if f"({name}." in line
    )
    assert line.endswith(f"| {times['1 threads']['processor_seconds']} |")


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_it_comes_to_its_end(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Offline, in an empty folder, with none of the data that a person may have."""
    (tmp_path / "sitecustomize.py").write_text(OFFLINE.format(log=str(tmp_path / "connections")))
    own = [str(Path(sys.executable).parent), os.environ["PATH"]]
    monkeypatch.setenv("PATH", os.pathsep.join(own))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), str(ROOT)]))
    monkeypatch.setenv("AUXGEN_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    for name_of_data in ("AUXGEN_DATA", "AUXGEN_WEIGHTS", "AUXGEN_DEBUG", "MPLBACKEND"):
        monkeypatch.delenv(name_of_data, raising=False)
    notebook = add_checks(read_notebook(name), ENDS[name])
    resources = {"metadata": {"path": str(tmp_path)}}
    NotebookClient(notebook, timeout=1800, resources=resources).execute()
    assert not (tmp_path / "connections").exists()


def add_checks(notebook: NotebookNode, end: str) -> NotebookNode:
    """The notebook, which fails where a command of the shell does, or its end does not hold."""
    cells = []
    for cell in notebook.cells:
        cells.append(cell)
        if cell.cell_type == "code" and re.search("^!", cell.source, re.MULTILINE):
            cells.append(new_code_cell("assert _exit_code == 0, _exit_code"))
    cells.append(new_code_cell(f"assert {end}"))
    return new_notebook(cells=cells, metadata=notebook.metadata)
