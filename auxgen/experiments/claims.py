"""What the claims of several papers' tables share."""

from __future__ import annotations

from collections.abc import Sequence


def holds(claims: Sequence[tuple[str, bool]]) -> str:
    """Claims with what became of them."""
    return "; ".join(f"{claim}: {verdict(true)}" for claim, true in claims) + "."


def verdict(true: bool) -> str:
    """In words."""
    return "holds" if true else "does not hold"
