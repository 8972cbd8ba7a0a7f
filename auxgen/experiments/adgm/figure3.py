"""Figure 3: analogies, and samples of each class, of MNIST learned from 100 labels.

    auxgen reproduce adgm.figure3

The pictures "analogies" and "samples by class" of each run: a row has one code z, a column one
class, and the first column of the analogies is the image that z is of. Pixels that hardly vary are
at their mean.
"""

from __future__ import annotations

from ..common import Reproduction, TableRow

__all__ = ["SEEDS", "reproduction"]

SEEDS = 1
ANALOGY_ACCURACY = "analogies told as the class asked for"


def reproduction(budget: str) -> Reproduction:
    """ADGM and SDGM."""
    rows = [
        TableRow(
            model.upper(),
            "adgm.mnist_100",
            {ANALOGY_ACCURACY: f"{model}/analogies", "test error": f"{model}/test_error"},
            {"budget": budget, "model": model},
            {ANALOGY_ACCURACY: "pictures"},
        )
        for model in ("adgm", "sdgm")
    ]
    return Reproduction("Analogies and samples by class", rows)
