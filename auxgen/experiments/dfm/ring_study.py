"""Modes that four objectives find on a ring of eight Gaussians.

    auxgen reproduce dfm.ring_study             10 seeds, about 15 minutes of one CPU core

Not in the paper, whose only words on collapse are that denoising feature matching is "notably
robust" to it. Both budgets are the same.
"""

from __future__ import annotations

from collections.abc import Mapping

from ...experiment import Reproduction, Row
from ._stages import TITLES

SEEDS = 10
MODES, QUALITY = "modes of 8", "high quality"
COLUMNS = {MODES: "modes", QUALITY: "high_quality", "duplicates": "duplicates", "recall": "recall"}


def reproduction(budget: str) -> Reproduction:
    """The four objectives, in the same networks and with the same seeds."""
    del budget
    rows = [
        Row(
            title,
            "dfm.ring",
            {column: f"{objective}/{score}" for column, score in COLUMNS.items()},
            {"objective": objective},
        )
        for objective, title in TITLES.items()
    ]
    return Reproduction("Eight Gaussians on a ring", rows, claim)


def claim(means: Mapping[tuple[str, str], float]) -> str:
    """Whether denoising feature matching loses no modes; that it is better is not claimed."""
    told = []
    for column, least in ((MODES, 6), (QUALITY, 75)):
        ours, gan = (means[TITLES[objective], column] for objective in ("dfm", "gan"))
        holds = "holds" if ours >= least else "does not hold"
        told.append(f"{column} at least {least}: {holds} ({ours:.1f}; GAN {gan:.1f})")
    return f"Denoising feature matching does not lose modes, {'; '.join(told)}."
