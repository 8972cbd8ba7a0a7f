"""Mutants change one place, in a way that says what it is, and leave a file that compiles."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from benchmark_modules import import_benchmark

SOURCE = """
def f(x, y=1, *, flat=True) -> int | None:
    with no_grad():
        x.clamp_(0)
    if not flat and x.argmax(dim=-1) < 2.5:
        raise InputError(f"{x}" + "no", x=1)
    return -x @ y if y in x else x.sum(keepdim=True) + 1
"""


@pytest.fixture
def mutants() -> Iterator[Any]:
    with import_benchmark("mutants") as module:
        yield module


def list_changes(mutants: Any) -> list[Any]:
    return [
        mutants.Mutant("x.py", getattr(node, "lineno", 1), "", i, j, change.__doc__)
        for i, node in enumerate(ast.walk(ast.parse(SOURCE)))
        for j, change in enumerate(mutants.apply_changes(node))
    ]


def test_each_mutant_is_another_program(mutants: Any) -> None:
    plain = ast.unparse(ast.parse(SOURCE))
    changed = [mutants.write_mutant(mutant, SOURCE) for mutant in list_changes(mutants)]
    assert plain not in changed
    assert len(set(changed)) == len(changed)
    for text in changed:
        compile(text, "x.py", "exec")


def test_all_kinds_are_found_and_words_are_left_alone(mutants: Any) -> None:
    found = [mutant.change for mutant in list_changes(mutants)]
    for change in (
        *("Lt becomes LtE", "In becomes NotIn", "And becomes Or", "Add becomes Sub"),
        *("MatMult becomes Mult", "not is left out", "minus is left out", "True becomes False"),
        *("argmax becomes argmin", "sum becomes mean", "keepdim= is left out", "dim= is left out"),
        *("the context is left out", "the call is left out", "the condition is always true"),
        *("2.5 becomes 5.001", "0 becomes 1"),
    ):
        assert change in found, change
    assert found.count("Add becomes Sub") == 1  # that of a message joins texts
    assert "x= is left out" not in found
    assert not [change for change in found if "BitOr" in change]


@pytest.mark.parametrize(
    ("outcomes", "expected"),
    [
        (["survived", "survived"], "survived"),
        (["timeout", "survived"], "timeout"),
        (["survived", "timeout"], "timeout"),
        (["timeout", "killed"], "killed"),
        (["killed"], "killed"),
    ],
)
def test_a_mutant_survives_if_all_tests_came_to_their_end(
    mutants: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    outcomes: list[str],
    expected: str,
) -> None:
    file = tmp_path / "auxgen" / "methods" / "vae.py"
    file.parent.mkdir(parents=True)
    file.write_text(SOURCE)
    found = iter(outcomes)
    monkeypatch.setattr(mutants, "run_tests", lambda *_: next(found))
    mutant = replace(list_changes(mutants)[0], file="auxgen/methods/vae.py")
    assert mutants.try_mutant(mutant, tmp_path).outcome == expected
    assert file.read_text() == SOURCE


def test_a_record_is_of_the_nearest_line_of_the_same_words(mutants: Any) -> None:
    every = [mutants.Mutant("x.py", line, "y = f(x)", 0, 0, "f becomes g") for line in (65, 80)]
    missed = {"file": "x.py", "text": "y = f(x)", "change": "f becomes g"}
    assert mutants.find_nearest({**missed, "line": 78}, every).line == 80
    assert mutants.find_nearest({**missed, "line": 60}, every).line == 65
    with pytest.raises(SystemExit, match=r"x.py:9 is written otherwise now"):
        mutants.find_nearest({**missed, "text": "z = f(x)", "line": 9}, every)
