"""Table 2: class scores of generated images of STL-10 at 48 x 48 (section 5.2).

    auxgen reproduce dfm.table2 --budget paper --device cuda

The paper's are Inception scores; ours are in the features of cifar10-resnet56, so that the sign of
the gain is to be compared with the paper's +0.67, and not numbers with numbers.
"""

from __future__ import annotations

from collections.abc import Mapping

from ..claims import verdict
from ..common import Reproduction
from ._images import Budget
from ._tables import SEEDS, Table, gain

__all__ = ["SEEDS", "reproduction"]

TABLE = Table(
    experiment="dfm.stl10",
    extractor="cifar10-resnet56",
    paper={
        "gan": "IS 7.84 +/- 0.07",
        "dfm": "IS 8.51 +/- 0.13",
        "real": "IS 26.08 +/- 0.26",
    },
)


def reproduction(budget: Budget) -> Reproduction:
    """The four objectives beside real images."""
    return Reproduction("Samples of GANs of STL-10", TABLE.rows(budget), claim)


def claim(means: Mapping[tuple[str, str], float]) -> str:
    """The sign of the gain, which the paper has positive."""
    holds = verdict(gain(means) > 0)
    return (
        "Denoising feature matching has the higher class score than the same networks without it: "
        f"{holds} ({gain(means):+.2f}; the paper's Inception scores: +0.67)."
    )
