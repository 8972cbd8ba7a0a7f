"""Table 3: class scores of generated images of ImageNet at 32 x 32 (section 5.3).

    auxgen reproduce dfm.table3 --budget paper --device cuda

The paper's are Inception scores, of the GAN those of Radford et al.; ours are in the features of
cifar10-resnet56, so that the sign of the gain is to be compared with the paper's +0.35, and not
numbers with numbers.
"""

from __future__ import annotations

from collections.abc import Mapping

from ..common import Reproduction, format_verdict
from ._images import DfmBudget
from ._tables import SEEDS, ScoreTable, class_score_gain

__all__ = ["SEEDS", "reproduction"]

TABLE = ScoreTable(
    experiment="dfm.imagenet32",
    extractor="cifar10-resnet56",
    paper={
        "gan": "IS 8.83 +/- 0.14",
        "dfm": "IS 9.18 +/- 0.13",
        "real": "IS 25.78 +/- 0.47",
    },
)


def reproduction(budget: DfmBudget) -> Reproduction:
    """The four objectives beside real images."""
    return Reproduction(
        "Samples of GANs of ImageNet at 32 x 32", TABLE.build_rows(budget), _check_imagenet32_gain
    )


def _check_imagenet32_gain(means: Mapping[tuple[str, str], float]) -> str:
    """The sign of the gain, which the paper has positive."""
    holds = format_verdict(class_score_gain(means) > 0)
    return (
        "Denoising feature matching has the higher class score than the same networks without it: "
        f"{holds} ({class_score_gain(means):+.2f}; the paper's Inception scores: +0.35)."
    )
