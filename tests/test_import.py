"""`import auxgen` costs almost nothing, and gives every public name when it is needed."""

from __future__ import annotations

import subprocess
import sys

import pytest

import auxgen

HEAVY = {
    *("torch", "numpy", "scipy", "sklearn", "datasets", "pandas", "matplotlib", "PIL"),
    *("tyro", "rich", "jinja2"),
}


def fresh(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)


def list_imports(*arguments: str) -> set[str]:
    """The modules that a process imports."""
    lines = fresh("-X", "importtime", *arguments).stderr.splitlines()
    return {line.rpartition("|")[2].strip() for line in lines}


@pytest.mark.parametrize("module", ["auxgen", "auxgen.cli.main"])
def test_nothing_heavy_is_imported(module: str) -> None:
    assert list_imports("-c", f"import {module}").isdisjoint(HEAVY)


def test_import_takes_less_than_a_third_of_a_second() -> None:
    lines = fresh("-X", "importtime", "-c", "import auxgen").stderr.splitlines()
    microseconds = next(line.split("|")[1] for line in lines if line.endswith(" auxgen"))
    assert int(microseconds) < 300_000


def test_help_needs_nothing_heavy() -> None:
    assert list_imports("-m", "auxgen", "--help").isdisjoint(HEAVY)


def test_a_list_of_experiments_needs_the_parser_alone() -> None:
    assert list_imports("-m", "auxgen", "experiments").isdisjoint(HEAVY - {"tyro"})


@pytest.mark.parametrize("name", auxgen.__all__)
def test_every_public_name_is_there(name: str) -> None:
    assert getattr(auxgen, name) is not None
    assert name in dir(auxgen)


def test_an_unknown_name_is_refused_as_by_any_module() -> None:
    with pytest.raises(AttributeError, match="no attribute 'trane'"):
        _ = auxgen.trane  # pyright: ignore[reportAttributeAccessIssue]
