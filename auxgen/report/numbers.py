"""Numbers as they are printed."""

from __future__ import annotations

from math import isfinite

from .read import ScoreRecord

NARROW_SPACE = "\u202f"  # a narrow space that does not break, between a number and its unit


def _count_decimals(score: ScoreRecord) -> int:
    """So many as the unit calls for."""
    if score.unit in ("%", "nats"):
        return 2
    return 4 if abs(score.value) < 10 else 2


def format_value_with_unit(score: ScoreRecord) -> str:
    """The value and its unit, such as 8.33 %."""
    if not isfinite(score.value):
        return f"not finite ({score.value})"
    value = f"{score.value:,.{_count_decimals(score)}f}".replace("-", "\u2212")
    return f"{value}{NARROW_SPACE}{score.unit}" if score.unit else value


def format_spread(score: ScoreRecord) -> str:
    """The spread, as in ± 0.42; nothing where there is none."""
    return "" if score.spread is None else f"\u00b1 {score.spread:.{_count_decimals(score)}f}"
