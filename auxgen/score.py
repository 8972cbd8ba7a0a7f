"""Scores: measured numbers, how they were measured, and the functions that measure them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Score:
    """A measured number, with all that is needed to compare it.

    Attributes:
        value: The number.
        unit: "%", "nats", "nats per dimension", "" for none.
        n: Number of rows on which it was measured.
        protocol: How it was measured, in words: split, draws, seeds. Scores are compared only
            where it is the same.
        spread: Spread of the value; None where it has none.
        spread_is: What the spread is, such as "standard error over rows".
        caution: Why the number should not be trusted; "" where nothing speaks against it.
        detail: JSON-able numbers behind it, for pictures, such as a confusion matrix.
    """

    value: float
    unit: str
    n: int
    protocol: str
    spread: float | None = None
    spread_is: str = ""
    caution: str = ""
    detail: Mapping[str, Any] = field(default_factory=dict)


Evaluation = Callable[[Any], Score | Mapping[str, Score]]
"""A method in eval mode -> a score, or several by name where they share their work.

The caller sets the seed and turns gradients off.
"""
