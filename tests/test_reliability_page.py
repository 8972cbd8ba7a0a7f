"""The page of reliability is what the files under results/ say; the tests that it names exist."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from benchmark_modules import import_benchmark

ROOT = Path(__file__).parents[1]


@pytest.fixture
def builder() -> Iterator[Any]:
    with import_benchmark("reliability_page") as module:
        yield module


def test_the_page_is_made_of_the_files(builder: Any) -> None:
    assert builder.PAGE.read_text() == builder.write_page()


def test_every_test_that_it_names_exists(builder: Any) -> None:
    for test in (test for tests in builder.PROMISES.values() for test in tests):
        file, name = test.split("::")
        assert re.search(rf"^def {name}\(", (ROOT / "tests" / file).read_text(), re.MULTILINE), test


def test_what_changed_tokens_came_to_is_told_at_first_sight_and_today(builder: Any) -> None:
    """The numbers of a small record: what is equivalent is left out, what is missed is named."""
    missed = {"file": "auxgen/a.py", "line": 3, "change": "Lt becomes LtE", "outcome": "survived"}
    now = {"killed": 4, "survived": 1, "timeout": 1, "gone": 0}
    known = {
        **{"command": "c", "date": "d", "hardware": "h", "commit": "e"},
        **{"tried": 7, "possible": 1234, "killed": 3, "note": "one process"},
        "survived": [
            {**missed, "since": {"outcome": "killed", "commit": "f"}},
            {**missed, "line": 4, "since": {"outcome": "survived", "commit": "f"}},
            {**missed, "line": 5, "equivalent": "it changes nothing"},
        ],
        "timeouts": [{**missed, "line": 6, "outcome": "timeout"}],
        **{"killed share of decided": 0.5, "killed share without equivalents": 0.6},
        "today": {**now, "killed share without equivalents": 0.8},
    }
    text = "\n".join(builder.describe_mutants(known, "mutants_fresh"))
    for part in (
        *("drawn from 1,234 possible", "3 of 6 that were decided at first sight, 50.0%"),
        *(
            "Tried in one process.",
            "1 reached the limit",
            "it is 60.0%",
            "`results/reliability.mutants_fresh.json`",
        ),
        *("2 that were missed or undecided were tried again at f", "4 of 5 are noticed now, 80.0%"),
        *("Not noticed yet:\n- `auxgen/a.py:4`: Lt becomes LtE\nNot decided",),
        *("Not decided yet:\n- `auxgen/a.py:6`", "- `auxgen/a.py:5`: it changes nothing"),
    ):
        assert part in text, part
    assert "a.py:3`" not in text


def test_what_the_tests_cost_is_told_in_all_and_of_the_dearest_files(builder: Any) -> None:
    known = {
        **{"command": "c", "date": "d", "hardware": "h", "commit": "e", "cores": 2},
        **{"processor_seconds": 1234.4, "start_and_collection": 30.0, "clock_seconds": 620},
        **{"processes_that_wanted_a_core": 1.5, "files": {"a.py": 9.0, "b.py": 3.0}},
    }
    text = "\n".join(builder.describe_suite(known))
    assert "take 1,234 seconds of a processor, of which 30 are starts and collection" in text
    assert "took 620 by the clock on 2 cores, which 1.5 processes wanted" in text
    assert "| a.py | 9.0 |\n| b.py | 3.0 |" in text
