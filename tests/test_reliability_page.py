"""The page of reliability is what the files under results/ say; the tests that it names exist."""

from __future__ import annotations

import importlib
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture
def builder(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The module, with its folder on the path as when it is run."""
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    yield importlib.import_module("reliability_page")
    del sys.modules["reliability_page"]


def test_the_page_is_made_of_the_files(builder: Any) -> None:
    assert builder.PAGE.read_text() == builder.write_page()


def test_every_test_that_it_names_exists(builder: Any) -> None:
    for test in (test for tests in builder.PROMISES.values() for test in tests):
        file, name = test.split("::")
        assert re.search(rf"^def {name}\(", (ROOT / "tests" / file).read_text(), re.MULTILINE), test
