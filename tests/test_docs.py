"""The README and the pages: their examples run, and what they name exists."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

import auxgen
from auxgen import builders, experiments, methods
from auxgen.cli import main as cli
from auxgen.experiments import registry
from auxgen.experiments.option_values import list_options

ROOT = Path(__file__).parent.parent
SIXTH = "docs/guides/new-method.md"
PAGES = [
    ROOT / "README.md",
    *(p for p in sorted((ROOT / "docs").rglob("*.md")) if "_build" not in p.parts),
]
COMMANDS = set(cli.COMMANDS)


def fenced(page: Path, language: str = r"\w*") -> list[str]:
    """The blocks of code of a page, in order."""
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text(), re.DOTALL | re.MULTILINE)


def python(page: str) -> str:
    """The first Python example of a page."""
    return fenced(ROOT / page, "python")[0]


def carried_out(code: str, steps: int) -> dict[str, Any]:
    """The names that an example leaves, trained for a few steps."""
    shorter = re.sub(r"steps=\d+", f"steps={steps}", code)
    assert shorter != code
    known: dict[str, Any] = {}
    exec(compile(shorter, "example", "exec"), known)
    return known


def test_the_readme_s_example_runs(capsys: pytest.CaptureFixture[str]) -> None:
    known = carried_out(python("README.md"), steps=10)
    assert (known["y"] != "").sum() == 6
    assert known["model"].predict(known["x"]).shape == (600,)
    assert capsys.readouterr().out


def test_the_guide_to_own_data_runs() -> None:
    known = carried_out(python("docs/guides/own-data.md"), steps=10)
    assert known["model"].sample(2).shape == (2, 4)


def test_the_sixth_method_trains_and_is_measured(tmp_path: Path) -> None:
    file = tmp_path / "mixture.py"
    file.write_text(python(SIXTH))
    run = auxgen.train(file, run=tmp_path / "run", device="cpu", quiet=True, steps=200)
    scores = auxgen.evaluate(run.path, device="cpu")["scores"]
    assert set(scores) == {"mixture/log_p", "mixture/truth"}
    assert scores["mixture/log_p"]["value"] < scores["mixture/truth"]["value"]


@pytest.fixture
def mixture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The guide's mixture as a part of auxgen: its files, found as the package's own are."""
    alone, _, builder, about, ring = fenced(ROOT / SIXTH, "python")
    files = {
        "methods/mixture.py": alone.partition("\n\ndef experiment")[0],
        "builders/mixture.py": builder,
        "experiments/mixture/__init__.py": about,
        "experiments/mixture/ring.py": ring,
    }
    for name, text in files.items():
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    for package in (methods, builders, experiments):
        room = package.__name__.partition(".")[2]
        place = [*package.__path__, str(tmp_path / room)]
        monkeypatch.setattr(package, "__path__", place)
    yield
    for name in [name for name in sys.modules if re.match(r"auxgen\.\w+\.mixture\b", name)]:
        del sys.modules[name]
    for package in (methods, builders, experiments):
        del package.mixture  # pyright: ignore[reportAttributeAccessIssue]


@pytest.mark.usefixtures("mixture")
def test_the_sixth_method_becomes_a_part_of_auxgen_without_a_registration(tmp_path: Path) -> None:
    assert registry.list_experiments()["mixture.ring"].shows
    options = list_options(registry.find_experiment("mixture.ring"))
    assert [option.name for option in options if not option.help] == []
    given: dict[str, Any] = {"device": "cpu", "quiet": True, "steps": 200, "k": 8}
    run = auxgen.train("mixture.ring", run=tmp_path / "run", **given)
    listed = auxgen.evaluate(run.path, device="cpu")["scores"]
    named = auxgen.evaluate(run.path, device="cpu", metrics=["w1"])["scores"]
    assert set(listed) == {"mixture/log_p"}
    assert named["mixture/w1"]["value"] > 0
    assert auxgen.load(run.path).sample(5).shape == (5, 2)


def test_a_vae_is_regularised_by_any_network_s_dotted_layers(tmp_path: Path) -> None:
    file = tmp_path / "regularised.py"
    file.write_text(python("docs/guides/regularising.md"))
    run = auxgen.train(file, run=tmp_path / "run", device="cpu", quiet=True, steps=60)
    scores = auxgen.evaluate(run.path, device="cpu")["scores"]
    for stage in ("regularised", "adjusted"):
        assert scores[f"{stage}/feature error at 0"]["value"] > 0
        assert scores[f"{stage}/feature error at 1.2"]["value"] > 0
    adjusted: Any = auxgen.load(run.path / "adjusted").method
    assert adjusted.sample(2).shape == (2, 1, 8, 8)
    again: Any = registry.find_experiment(file).function(steps=60)["regularised"]
    fresh = {name: value.clone() for name, value in again.method.d.state_dict().items()}
    run.restore_stage("regularised", again)
    held = again.method.d.state_dict()
    assert all(torch.equal(fresh[name], held[name]) for name in fresh)


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_every_import_shown_works(page: Path) -> None:
    shown = [node for code in fenced(page, "python") for node in ast.walk(ast.parse(code))]
    for node in shown:
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("auxgen"):
            exec(ast.unparse(node), {})  # an old name warns, and warnings are errors


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_every_command_named_exists(page: Path) -> None:
    typed = fenced(page) + re.findall(r"`([^`\n]+)`", page.read_text())
    named = {c for text in typed for c in re.findall(r"(?<!\S)(?<!from )auxgen ([a-z]+)\b", text)}
    assert named <= COMMANDS


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_every_experiment_named_exists(page: Path) -> None:
    named = re.findall(r"auxgen (?:train|reproduce) ([a-z]+\.\w+)", page.read_text())
    files = {"my_experiment.py", "mixture.py", "mixture.ring", "regularised.py", "experiment.py"}
    known = {*registry.list_experiments(), *registry.list_reproductions()}
    assert set(named) - files <= known


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_every_file_named_exists(page: Path) -> None:
    text = page.read_text()
    links = [to.partition("#")[0] for to in re.findall(r"\]\(([^)\s]+)\)", text)]
    for to in links:
        assert "://" in to or not to or (page.parent / to).exists(), to
    for path in re.findall(r"`((?:auxgen|tests|docs|benchmarks|results)/[\w/.]+)`", text):
        assert to_be_made(path) or (ROOT / path).exists(), path


def to_be_made(path: str) -> bool:
    """What `make docs` makes, and what a sixth method would add."""
    return path.startswith("docs/_build") or "mixture" in path


def test_every_page_is_in_a_table_of_contents() -> None:
    docs = ROOT / "docs"
    listed = {docs / "index.md", *(docs / "papers").glob("*.md")}
    for page in PAGES:
        for block in re.findall(r"^```\{toctree\}\n(.*?)^```", page.read_text(), re.S | re.M):
            listed |= {page.parent / f"{line}.md" for line in block.splitlines()}
    assert set(PAGES[1:]) <= listed


@pytest.mark.parametrize("option", ["--resize", "--by-class", "--of", "--draws", "--stage"])
def test_options_of_the_guides_exist(option: str) -> None:
    """Names that the guides type, in the functions that take them."""
    import inspect

    taken = {
        name
        for command in cli.COMMANDS
        for name in inspect.signature(cli.load_command(command)).parameters
    }
    assert option.removeprefix("--").replace("-", "_") in taken
