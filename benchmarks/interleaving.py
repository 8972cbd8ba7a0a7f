"""Ways of doing the same work take turns and are timed, so that what disturbs one disturbs all."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median, quantiles
from typing import Any, Literal

import torch
from torch.utils.flop_counter import FlopCounterMode

Precision = Literal["32", "bf16"]
DTYPES = {"32": torch.float32, "bf16": torch.bfloat16}
SIDE = 1024
"""Of the square matrices whose product measures what the machine can do."""


@dataclass(frozen=True)
class Comparison:
    """Ways of doing the same work.

    Attributes:
        about: What is done, in words.
        ways: A function by name that does it once.
        reference: The way whose time is divided by that of each.
        rounds: Rounds of training in each call; 0 where it trains in none.
        rows: Rows of each round.
        accuracy: What fits came to on other rows, by way, filled while they are timed.
        skipped: Why ways are missing, by name.
        compiled: Ways whose arithmetic cannot be counted, by the way that has the same.
    """

    about: str
    ways: Mapping[str, Callable[[], object]]
    reference: str
    rounds: int = 1
    rows: int = 0
    accuracy: Mapping[str, list[float]] = field(default_factory=dict)
    skipped: Mapping[str, str] = field(default_factory=dict)
    compiled: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Seconds:
    """Times of each sample, by the processor and by the clock."""

    processor: list[float] = field(default_factory=list)
    clock: list[float] = field(default_factory=list)

    def add(self, play: Callable[[], object]) -> None:
        """Time a call."""
        clock, processor = time.perf_counter(), time.process_time()
        play()
        self.processor.append(time.process_time() - processor)
        self.clock.append(time.perf_counter() - clock)


def make_matrix_product(precision: Precision) -> Callable[[], object]:
    """A product of two square matrices."""
    a, b = torch.randn(2, SIDE, SIDE).to(DTYPES[precision])
    return lambda: a @ b


def count_flops(play: Callable[[], object]) -> int:
    """Floating-point operations of the matrix products and convolutions of a call."""
    with FlopCounterMode(display=False) as counter:
        play()
    return counter.get_total_flops()


def time_in_turn(ways: Mapping[str, Callable[[], object]], samples: int) -> dict[str, Seconds]:
    """Times of each way; nobody's first call, which reserves memory, is timed."""
    for play in ways.values():
        play()
    seconds = {name: Seconds() for name in ways}
    for _ in range(samples):
        for name, play in ways.items():
            seconds[name].add(play)
    return seconds


def measure(comparison: Comparison, precision: Precision, samples: int) -> dict[str, Any]:
    """What a comparison came to: numbers by way, and what the machine can do meanwhile."""
    product = make_matrix_product(precision)
    flops = {
        name: count_flops(play)
        for name, play in comparison.ways.items()
        if comparison.rounds and name not in comparison.compiled
    }
    flops |= {name: flops[same] for name, same in comparison.compiled.items()}
    every = {**comparison.ways, "matrix product": product}
    seconds = time_in_turn(every, samples)
    # two threads take twice the processor's time where they wait for each other
    of_one = torch.get_num_threads() == 1
    kind = "processor" if of_one else "clock"
    times = {name: getattr(each, kind) for name, each in seconds.items()}
    limit = 2 * SIDE**3 / median(times["matrix product"])
    found: dict[str, Any] = {}
    for name in comparison.ways:
        each: dict[str, Any] = {
            "processor_ms": summarise(seconds[name].processor, 1000 / (comparison.rounds or 1)),
            "clock_ms": summarise(seconds[name].clock, 1000 / (comparison.rounds or 1)),
            "times_as_fast": summarise_ratios(times[comparison.reference], times[name]),
        }
        if comparison.rows:
            rows = comparison.rounds * comparison.rows
            each["rows_a_second"] = round(rows / median(times[name]))
        if flops.get(name):
            each["gflop"] = flops[name] / comparison.rounds / 1e9
            each["gflop_a_second"] = flops[name] / median(times[name]) / 1e9
            each["of_limit"] = flops[name] / median(times[name]) / limit
        if name in comparison.accuracy:
            each["accuracy"] = median(comparison.accuracy[name])
        found[name] = each
    return {"times_are": kind, "matrix_product_gflop_a_second": limit / 1e9, "ways": found}


def summarise(numbers: Sequence[float], factor: float = 1.0) -> dict[str, float]:
    """Median and quartiles."""
    low, middle, high = quantiles(numbers, n=4, method="inclusive")
    return {"median": factor * middle, "low": factor * low, "high": factor * high}


def summarise_ratios(those: Sequence[float], these: Sequence[float]) -> dict[str, float]:
    """Median and quartiles of the ratio of two that were timed one after the other."""
    return summarise([a / b for a, b in zip(those, these, strict=True)])
