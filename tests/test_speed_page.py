"""The page of speed is what results/speed.json says."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from benchmark_modules import import_benchmark


@pytest.fixture
def builder() -> Iterator[Any]:
    with import_benchmark("speed_page") as module:
        yield module


def test_the_page_is_made_of_the_file(builder: Any) -> None:
    assert builder.PAGE.read_text() == builder.write_page()


def test_a_target_is_told_with_what_was_measured_and_what_is_possible(builder: Any) -> None:
    ways = {
        "ours": {"processor_ms": {"median": 10.0}, "of_limit": 0.8},
        builder.BARE: {"processor_ms": {"median": 9.0}},
        builder.PYTHAE: {"processor_ms": {"median": 20.0}},
    }
    some = {"32": {"ways": ways}}
    none = {"32": {"ways": {}}}
    text = "\n".join(builder.describe_targets({"threads": {"1": {"vae": some, "adgm": none}}}))
    assert "| VAE, of the speed of a bare loop | 0.95 | 0.900, missed | 1.12 |" in text
    assert "| VAE, times as fast as Pythae | 1.6 | 2.000 | 2.50 |" in text
    assert "| the same with `--compile` | 1.8 | not measured |  |" in text
