"""What the claims of several papers' tables share."""

from __future__ import annotations

from collections.abc import Sequence


def format_claims(claims: Sequence[tuple[str, bool]]) -> str:
    """Claims with what became of them."""
    return "; ".join(f"{claim}: {format_verdict(true)}" for claim, true in claims) + "."


def format_verdict(true: bool) -> str:
    """In words."""
    return "holds" if true else "does not hold"
