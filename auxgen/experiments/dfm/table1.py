"""Table 1: class scores of generated images (section 5.1).

    auxgen reproduce dfm.table1                                8x8 digits, 3 seeds, 4 minutes
    auxgen reproduce dfm.table1 --budget paper --device cuda   CIFAR-10

The paper's are Inception scores of CIFAR-10. Ours are in the features of a network trained to
classify the same set: differences between rows are to be compared with the paper's, and not numbers
with numbers. Where the weights of Inception are at hand, auxgen evaluate RUN --metric is measures a
run. In one folder (--out) dfm.ablations has the same runs of the digits.
"""

from __future__ import annotations

from collections.abc import Mapping

from ..common import Reproduction, format_verdict
from ._images import DfmBudget
from ._stages import OBJECTIVE_TITLES
from ._tables import SCORE, SEEDS, ScoreTable, class_score_gain

__all__ = ["SEEDS", "reproduction"]

TABLES: Mapping[DfmBudget, ScoreTable] = {
    "cpu": ScoreTable(experiment="dfm.digits", extractor="features.digits"),
    "paper": ScoreTable(
        experiment="dfm.cifar10",
        extractor="cifar10-resnet56",
        paper={"dfm": "IS 7.72 +/- 0.13", "real": "IS 11.24 +/- 0.12"},
    ),
}
DATASET_TITLES: Mapping[DfmBudget, str] = {"cpu": "8x8 digits", "paper": "CIFAR-10"}


def reproduction(budget: DfmBudget) -> Reproduction:
    """Real images and the four objectives; digits on a CPU, CIFAR-10 at the paper's budget."""
    return Reproduction(
        f"Samples of GANs of {DATASET_TITLES[budget]}",
        TABLES[budget].build_rows(budget),
        check_class_score_loss,
    )


def check_class_score_loss(means: Mapping[tuple[str, str], float]) -> str:
    """Whether the class score is at most 0.2 below the GAN's."""
    ours, gan = (means[OBJECTIVE_TITLES[objective], SCORE] for objective in ("dfm", "gan"))
    holds = format_verdict(class_score_gain(means) >= -0.2)
    return (
        "Denoising feature matching has a class score at most 0.2 below the GAN's: "
        f"{holds} ({ours:.2f} against {gan:.2f})."
    )
