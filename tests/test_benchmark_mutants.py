"""Mutants change one place, in a way that says what it is, and leave a file that compiles."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
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
def changes() -> Iterator[Any]:
    with import_benchmark("mutants_changes") as module:
        yield module


@pytest.fixture
def mutants() -> Iterator[Any]:
    with import_benchmark("mutants") as module:
        yield module


def list_changes(changes: Any) -> list[Any]:
    return [
        changes.Mutant("x.py", getattr(node, "lineno", 1), "", i, j, change.__doc__)
        for i, node in enumerate(ast.walk(ast.parse(SOURCE)))
        for j, change in enumerate(changes.apply_changes(node))
    ]


def test_each_mutant_is_another_program(changes: Any) -> None:
    plain = ast.unparse(ast.parse(SOURCE))
    changed = [changes.write_mutant(mutant, SOURCE) for mutant in list_changes(changes)]
    assert plain not in changed
    assert len(set(changed)) == len(changed)
    for text in changed:
        compile(text, "x.py", "exec")


def test_all_kinds_are_found_and_words_are_left_alone(changes: Any) -> None:
    found = [mutant.change for mutant in list_changes(changes)]
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
    changes: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    outcomes: list[str],
    expected: str,
) -> None:
    file = tmp_path / "auxgen" / "methods" / "vae.py"
    file.parent.mkdir(parents=True)
    file.write_text(SOURCE)
    found = iter(outcomes)
    stages = [["one"], ["two"]]
    monkeypatch.setattr(mutants, "list_tests", lambda *_: stages)
    monkeypatch.setattr(mutants, "run_tests", lambda *_: next(found))
    mutant = replace(list_changes(changes)[0], file="auxgen/methods/vae.py")
    assert mutants.try_mutant(mutant, tmp_path).outcome == expected
    assert file.read_text() == SOURCE


def test_a_record_is_of_the_nearest_line_and_place_of_the_same_words(mutants: Any) -> None:
    every = [
        mutants.Mutant("x.py", line, "y = f(x)", node, 0, "f becomes g")
        for line, node in ((65, 3), (80, 5), (80, 9))
    ]
    missed = {"file": "x.py", "text": "y = f(x)", "change": "f becomes g", "node": 8}
    assert mutants.find_nearest({**missed, "line": 78}, every) == every[2]
    assert mutants.find_nearest({**missed, "line": 60}, every) == every[0]
    assert mutants.find_nearest({**missed, "text": "z = f(x)", "line": 9}, every) is None


def test_own_tests_come_first_and_what_starts_processes_last(mutants: Any) -> None:
    loop, vae, trackers, bounds = (
        mutants.list_tests(f"auxgen/{name}.py")
        for name in ("engine/loop", "methods/vae", "engine/trackers", "functional/bounds")
    )
    assert loop[0][0] == "tests/engine/test_loop.py"
    assert loop[-2:] == [[*mutants.LAWS], [*mutants.SLOW]]
    assert "tests/methods/test_asl.py" in loop[0]  # it imports the loop
    assert vae[0][0] == "tests/methods/test_vae.py"
    assert vae[-1] == [*mutants.LAWS]
    assert "tests/functional/test_stein.py" in vae[1]
    assert "tests/cli/test_trackers.py" in trackers[0]
    assert bounds[-1] == ["tests/engine/test_shards.py"]
    for stages in (loop, vae, trackers, bounds):
        every = [test for stage in stages for test in stage]
        assert len(set(every)) == len(every)


def test_shares_leave_out_what_is_equivalent_or_gone(mutants: Any) -> None:
    missed = {"outcome": "survived"}
    late = {"outcome": "timeout"}
    since = {"commit": "abc"}
    known = {
        "killed": 6,
        "survived": [
            {**missed, "equivalent": "changes nothing"},
            {**missed, "since": {"outcome": "killed", **since}},
            {**missed, "since": {"outcome": "gone", **since}},
            missed,
        ],
        "timeouts": [
            {**late, "since": {"outcome": "survived", **since}},
            {**late, "since": {"outcome": "killed", **since}},
            {**late, "equivalent": "changes nothing"},
            late,
        ],
    }
    assert mutants.summarise(known) == {
        "equivalent": 2,
        "killed share of decided": 0.6,
        "killed share without equivalents": 0.6667,
        "today": {
            "killed": 8,
            "survived": 2,
            "timeout": 1,
            "gone": 1,
            "killed share without equivalents": 0.8,
        },
    }
    assert mutants.list_unnoticed(known) == [
        *(known["survived"][3], known["timeouts"][0], known["timeouts"][3])
    ]
    assert mutants.summarise({"killed": 0, "survived": [], "timeouts": []})["today"]["killed"] == 0


def test_trying_again_goes_on_with_what_nothing_noticed_and_keeps_the_rest(
    mutants: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    every = [
        mutants.Mutant("x.py", line, f"line {line}", line, 0, "f becomes g") for line in (1, 2)
    ]
    missed = [asdict(replace(mutant, outcome="survived")) for mutant in every]
    missed.append({**missed[0], "text": "rewritten since"})
    file = tmp_path / "record.json"
    file.write_text(json.dumps({"killed": 1, "seed": 5, "survived": missed, "timeouts": []}))

    @contextmanager
    def copy_nothing() -> Iterator[Path]:
        yield tmp_path

    def try_one(mutant: Any, *_: object) -> Any:
        asked.append(mutant.line)
        return replace(mutant, outcome="killed" if mutant.line == 1 else "survived")

    asked: list[int] = []
    monkeypatch.setattr(mutants, "copy_root", copy_nothing)
    monkeypatch.setattr(mutants, "try_mutant", try_one)
    for _ in range(2):
        mutants.try_again(file, every)
    assert asked == [1, 2, 2]  # what was noticed is not tried once more
    known = json.loads(file.read_text())
    found = [each["since"]["outcome"] for each in known["survived"]]
    assert found == ["killed", "survived", "gone"]
    assert (known["seed"], known["today"]["killed"], known["today"]["survived"]) == (5, 2, 1)
