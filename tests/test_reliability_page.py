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
