"""Table 1: class scores of generated images (section 5.1).

    auxgen reproduce dfm.table1                                Fashion-MNIST, 3 seeds, over an hour
    auxgen reproduce dfm.table1 --budget paper --device cuda   CIFAR-10

The paper's are Inception scores of CIFAR-10. Ours are in the features of a small network trained on
the same set: differences between rows are to be compared with the paper's, and not numbers with
numbers. Where the weights of Inception are at hand, auxgen evaluate RUN --metric is measures a run.
"""

from __future__ import annotations

from collections.abc import Mapping

from ...experiment import Reproduction, Row
from ._stages import TITLES

SEEDS = 3
SCORE, FD, RECALL = "class score, not IS", "FD, not FID", "recall"
PAPER = {"dfm": "IS 7.72 +/- 0.13"}
REAL = "real test images"
OURS = {"cpu": ("fashion", "fashion_mnist"), "paper": ("cifar10", "cifar10")}


def reproduction(budget: str) -> Reproduction:
    """The four objectives beside real images; Fashion-MNIST on a CPU, CIFAR-10 at the paper's."""
    experiment, data = OURS[budget]
    named = f"features.{data}"
    made = {SCORE: f"CS({named})", FD: f"FD({named})", RECALL: f"recall({named})"}
    rows = [
        Row(
            title,
            f"dfm.{experiment}",
            {column: f"{objective}/{score}" for column, score in made.items()},
            {"budget": budget, "objective": objective},
            {SCORE: PAPER[objective]} if budget == "paper" and objective in PAPER else {},
        )
        for objective, title in TITLES.items()
    ]
    real = Row(
        REAL,
        f"dfm.{experiment}",
        {SCORE: f"gan/CS({named}) of test images"},
        {"budget": budget, "objective": "gan"},
        {SCORE: "IS 11.24 +/- 0.12"} if budget == "paper" else {},
    )
    return Reproduction(f"Samples of GANs of {data}", [real, *rows], claim)


def claim(means: Mapping[tuple[str, str], float]) -> str:
    """Whether the class score is at most 0.2 below the GAN's."""
    ours, gan = (means[TITLES[objective], SCORE] for objective in ("dfm", "gan"))
    holds = "holds" if ours >= gan - 0.2 else "does not hold"
    return (
        "Denoising feature matching has a class score at most 0.2 below the GAN's: "
        f"{holds} ({ours:.2f} against {gan:.2f})."
    )
