"""Table 2: class scores of generated images of STL-10 at 48 x 48 (section 5.2).

    auxgen reproduce dfm.table2 --budget paper --device cuda

The paper's are Inception scores; ours are in the features of cifar10-resnet56, so that the sign of
the gain is to be compared with the paper's +0.67, and not numbers with numbers.
"""

from __future__ import annotations

from collections.abc import Mapping

from ..common import Reproduction, format_verdict
from ._images import DfmBudget
from ._tables import SEEDS, ScoreTable, class_score_gain

__all__ = ["SEEDS", "reproduction"]

TABLE = ScoreTable(
    experiment="dfm.stl10",
    extractor="cifar10-resnet56",
    paper={
        "gan": "IS 7.84 +/- 0.07",
        "dfm": "IS 8.51 +/- 0.13",
        "real": "IS 26.08 +/- 0.26",
    },
)


def reproduction(budget: DfmBudget) -> Reproduction:
    """The four objectives beside real images."""
    return Reproduction("Samples of GANs of STL-10", TABLE.build_rows(budget), _check_stl10_gain)


def _check_stl10_gain(means: Mapping[tuple[str, str], float]) -> str:
    """The sign of the gain, which the paper has positive."""
    holds = format_verdict(class_score_gain(means) > 0)
    return (
        "Denoising feature matching has the higher class score than the same networks without it: "
        f"{holds} ({class_score_gain(means):+.2f}; the paper's Inception scores: +0.67)."
    )
