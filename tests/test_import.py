"""`import auxgen` costs almost nothing, and gives every public name when it is asked for."""

from __future__ import annotations

import subprocess
import sys

import pytest

import auxgen

HEAVY = ("torch", "numpy", "scipy", "sklearn", "datasets", "matplotlib", "tyro", "rich")


def fresh(*arguments: str) -> subprocess.CompletedProcess[str]:
    asked = [sys.executable, *arguments]
    return subprocess.run(asked, capture_output=True, text=True, check=True, timeout=60)


@pytest.mark.parametrize("module", ["auxgen", "auxgen.cli.main"])
def test_nothing_heavy_is_imported(module: str) -> None:
    code = f"import sys, {module}; print([m for m in {HEAVY!r} if m in sys.modules])"
    assert fresh("-c", code).stdout.strip() == "[]"


def test_import_takes_less_than_a_third_of_a_second() -> None:
    lines = fresh("-X", "importtime", "-c", "import auxgen").stderr.splitlines()
    microseconds = next(line.split("|")[1] for line in lines if line.endswith(" auxgen"))
    assert int(microseconds) < 300_000


def test_help_needs_nothing_heavy() -> None:
    lines = fresh("-X", "importtime", "-m", "auxgen", "--help").stderr.splitlines()
    imported = {line.rpartition("|")[2].strip() for line in lines}
    assert imported.isdisjoint(HEAVY)


@pytest.mark.parametrize("name", auxgen.__all__)
def test_a_public_name_is_there_when_asked_for(name: str) -> None:
    assert getattr(auxgen, name) is not None
    assert name in dir(auxgen)


def test_a_name_that_is_not_public_is_refused_as_by_any_module() -> None:
    with pytest.raises(AttributeError, match="no attribute 'trane'"):
        _ = auxgen.trane  # pyright: ignore[reportAttributeAccessIssue]
