"""Signs that training has gone wrong although every number stayed finite."""

from collections.abc import Iterator, Mapping, Sequence
from math import isfinite, log
from typing import Any

from .remedies import ORDINARY_NATS

MOST_INFORMATION = 24 * log(2)
"""Nats that an entry of a row can carry, being a float32 of 24 significant bits: a code whose rate
is above that for each entry says more than there is to be said."""
MOST_DUPLICATES = 90.0
"""Per cent of samples that are nearer to another than rows of data are."""


def describe_extremes(lines: Sequence[Mapping[str, Any]], stage: str, entries: int) -> str:
    """What of a stage's last terms and scores is far from ordinary, in a sentence; "" if nothing.

    Args:
        lines: Lines of metrics.jsonl.
        stage: The stage's name.
        entries: Entries of a row.
    """
    found = list(_list_extremes(_read_last(lines, stage), entries))
    if not found:
        return ""
    return (
        f"{'; '.join(found)}: training has probably diverged; train anew with a smaller learning "
        "rate or another --seed."
    )


def _read_last(lines: Sequence[Mapping[str, Any]], stage: str) -> dict[str, float]:
    """Terms and scores of the stage's last lines, by name."""
    last: dict[str, float] = {}
    for line in lines:
        if line.get("stage") == stage:
            last |= {**line.get("terms", {}), **line.get("scores", {})}
    return {n: v for n, v in last.items() if isinstance(v, int | float) and isfinite(v)}


def _list_extremes(last: Mapping[str, float], entries: int) -> Iterator[str]:
    each = f"for each of the {entries:,} entries of a row"
    if last.get("duplicates", 0) >= MOST_DUPLICATES:
        yield f"{last['duplicates']:.0f} % of the samples are near copies of another sample"
    if last.get("rate", 0) > MOST_INFORMATION * entries:
        yield f"the rate is {last['rate']:,.0f} nats, and no more than 17 {each} can be told of it"
    limit = ORDINARY_NATS * (entries + 1)
    sizes = {n: abs(v) for n, v in last.items() if not n.startswith(("gradient/", "loss/"))}
    large = sorted((n for n in sizes if sizes[n] > limit and n != "rate"), key=lambda n: -sizes[n])
    if large:
        more = len(large) - 1
        others = f" and {more} other term{'s' * (more > 1)} are" if more else " is"
        yield f"{large[0]} ({last[large[0]]:,.4g}){others} above {ORDINARY_NATS:,.0f} {each}"
