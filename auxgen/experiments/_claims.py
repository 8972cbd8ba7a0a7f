"""What the claims of several papers' tables share."""

from __future__ import annotations

from collections.abc import Sequence


def holds(claims: Sequence[tuple[str, bool]]) -> str:
    """Claims with what became of them."""
    told = [f"{claim}: {'holds' if true else 'does not hold'}" for claim, true in claims]
    return "; ".join(told) + "."
