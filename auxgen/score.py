"""Scores: measured numbers, how they were measured, and the functions that measure them."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from math import sqrt
from statistics import NormalDist
from typing import Any

BINOMIAL_STANDARD_ERROR = "binomial standard error"
INTERVAL_IS = "95 % interval (Wilson)"
FEW_ROWS = 30
"""Rows below which a score deserves a sentence: there the 95 % interval of a share of one half is
wider than 33 points."""


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
        interval: The ends of the 95 % confidence interval of a share, in the unit of the value;
            None where it has none. It says what a spread of 0 hides.
        caution: Why the number should not be trusted; "" where nothing speaks against it.
        detail: JSON-able numbers behind it, for pictures, such as a confusion matrix.
    """

    value: float
    unit: str
    n: int
    protocol: str
    spread: float | None = None
    spread_is: str = ""
    interval: tuple[float, float] | None = None
    caution: str = ""
    detail: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """The fields by name, as JSON has them."""
        interval = None if self.interval is None else list(self.interval)
        return {**asdict(self), "interval": interval}


Evaluation = Callable[[Any], Score | Mapping[str, Score]]
"""A method in eval mode -> a score, or several by name where they share their work.

The caller sets the seed and turns gradients off.
"""


def wilson_interval(share: float, n: int) -> tuple[float, float]:
    """The 95 % confidence interval of a share of n independent rows (Wilson, JASA 1927).

    (p + z^2 / 2n +- z sqrt(p (1 - p) / n + z^2 / 4n^2)) / (1 + z^2 / n), z = 1.96; within [0, 1],
    and never of width 0.

    Args:
        share: The share, in [0, 1].
        n: Number of rows, at least 1.
    """
    z = NormalDist().inv_cdf(0.975)
    centre = share + z**2 / (2 * n)
    half = z * sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    low, high = (end / (1 + z**2 / n) for end in (centre - half, centre + half))
    return (0.0 if share == 0 else low, 1.0 if share == 1 else high)


def get_interval(score: Mapping[str, Any]) -> tuple[float, float] | None:
    """The interval of a score as JSON has it; computed for shares of version 0.1, which lack it."""
    found = score.get("interval")
    if found is not None:
        low, high = found
        return float(low), float(high)
    if score.get("spread_is") != BINOMIAL_STANDARD_ERROR:
        return None
    n, value = int(score["n"]), float(score["value"]) / 100
    if n < 1 or not 0 <= value <= 1:
        return None
    low, high = wilson_interval(value, n)
    return 100 * low, 100 * high


def describe_few_rows(rows: Mapping[str, int]) -> str:
    """A sentence about the scores that are measured on few rows, given the rows of each by name.

    It is empty where there is none.
    """
    few = {name: n for name, n in rows.items() if n < FEW_ROWS}
    if not few:
        return ""
    least, most = min(few.values()), max(few.values())
    count = f"{least}" if least == most else f"{least} to {most}"
    names = ", ".join(few)
    return (
        f"CAUTION: only {count} row{'s' * (most != 1)} measured by {names}: the next such rows may "
        "well give another number; label more rows to be sure."
    )
