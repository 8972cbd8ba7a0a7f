"""Tables 1 to 3, and what is not in the paper: variants on digits, modes found on a ring.

    auxgen reproduce dfm.table1                                8x8 digits, 3 seeds, 5 minutes
    auxgen reproduce dfm.table1 --budget paper --device cuda   CIFAR-10
    auxgen reproduce dfm.table2 --budget paper --device cuda   STL-10 at 48 x 48
    auxgen reproduce dfm.table3 --budget paper --device cuda   ImageNet at 32 x 32
    auxgen reproduce dfm.ablations              3 seeds, about 11 minutes of one CPU core
    auxgen reproduce dfm.ring_study             10 seeds, about 20 minutes of one CPU core

The paper's scores are Inception scores, of ImageNet's GAN those of Radford et al. Ours are in the
features of a network trained to classify the same set, or of cifar10-resnet56 for tables 2 and 3:
differences between rows and their signs are to be compared with the paper's, and not numbers with
numbers. Where the weights of Inception are at hand, auxgen evaluate RUN --metric is measures a run.
In one folder (--out) dfm.table1 and dfm.ablations share their runs of the digits. Sweeps of the
denoiser's weight and noise are in weight_tables.py.
"""

from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Any

from ..common import RESNET56, Means, Reproduction, TableRow, format_verdict
from .plans import Objective
from .rows import (
    COPIES,
    DIFFERENCES,
    FD,
    MODES,
    OBJECTIVE_TITLES,
    PRECISION,
    QUALITY,
    RECALL,
    RING_COLUMNS,
    SCORE,
    make_row,
)
from .weight_tables import WEIGHT_TABLES

REAL = "real images"


def make_table1(budget: str) -> Reproduction:
    """Class scores of generated images (section 5.1): digits on a CPU, else CIFAR-10."""
    if budget == "cpu":
        title, rows = "8x8 digits", _make_score_rows("dfm.digits", "features.digits", budget)
    else:
        paper = {"dfm": "IS 7.72 +/- 0.13", "real": "IS 11.24 +/- 0.12"}
        title, rows = "CIFAR-10", _make_score_rows("dfm.cifar10", RESNET56, budget, paper)
    title = f"Samples of GANs of {title}"
    return Reproduction(title, rows, check_class_score_loss, seeds=3, differences=DIFFERENCES)


def make_table2(budget: str) -> Reproduction:
    """Class scores of generated images of STL-10 at 48 x 48 (section 5.2)."""
    paper = {"gan": "IS 7.84 +/- 0.07", "dfm": "IS 8.51 +/- 0.13", "real": "IS 26.08 +/- 0.26"}
    rows = _make_score_rows("dfm.stl10", RESNET56, budget, paper)
    claim = partial(_check_gain, paper="+0.67")
    return Reproduction("Samples of GANs of STL-10", rows, claim, seeds=3)


def make_table3(budget: str) -> Reproduction:
    """Class scores of generated images of ImageNet at 32 x 32 (section 5.3)."""
    paper = {"gan": "IS 8.83 +/- 0.14", "dfm": "IS 9.18 +/- 0.13", "real": "IS 25.78 +/- 0.47"}
    rows = _make_score_rows("dfm.imagenet32", RESNET56, budget, paper)
    claim = partial(_check_gain, paper="+0.35")
    return Reproduction("Samples of GANs of ImageNet at 32 x 32", rows, claim, seeds=3)


def _make_score_rows(
    experiment: str,
    extractor: str,
    budget: str,
    paper: Mapping[str, str] = MappingProxyType({}),
) -> list[TableRow]:
    """Real images, then the objectives in the same networks at the same budget."""
    measures = {SCORE: "CS", FD: "FD", PRECISION: "precision", RECALL: "recall"}
    scores = {column: f"{measure}({extractor})" for column, measure in measures.items()}
    # "cpu" is every experiment's own budget: without it runs are make_ablations' too
    options = {} if budget == "cpu" else {"budget": budget}
    # real images are measured in the GAN's runs
    real = {SCORE: f"{scores[SCORE]} of real images"}
    return [
        make_row(experiment, REAL, "gan", real, options, paper.get("real")),
        *(
            make_row(experiment, title, objective, scores, options, paper.get(objective))
            for objective, title in OBJECTIVE_TITLES.items()
        ),
    ]


def _get_class_scores(means: Means) -> tuple[float, float]:
    """Mean class scores with denoising feature matching, and of the GAN alone."""
    return means[OBJECTIVE_TITLES["dfm"], SCORE], means[OBJECTIVE_TITLES["gan"], SCORE]


def check_class_score_loss(means: Means) -> str:
    """Whether the class score is at most 0.2 below the GAN's."""
    ours, gan = _get_class_scores(means)
    return (
        "Denoising feature matching has a class score at most 0.2 below the GAN's: "
        f"{format_verdict(ours - gan >= -0.2)} ({ours:.2f} against {gan:.2f})."
    )


def _check_gain(means: Means, paper: str) -> str:
    """Whether the class score is above the GAN's, as the paper's Inception score is."""
    ours, gan = _get_class_scores(means)
    return (
        "Denoising feature matching has the higher class score than the same networks without it: "
        f"{format_verdict(ours > gan)} ({ours - gan:+.2f}; the paper's Inception scores: {paper})."
    )


ABLATION_COLUMNS = {
    SCORE: "CS(features.digits)",
    FD: "FD(features.digits)",
    RECALL: "recall(features.digits)",
    COPIES: "duplicates",
}
VARIANTS: Mapping[str, Mapping[str, Any]] = {
    "sigma annealed to 0": {"anneal_noise": True},
    "sigma 0.3": {"feature_noise": 0.3},
    "denoiser of 1 layer": {"denoiser_depth": 1},
    "denoiser of 5 layers": {"denoiser_depth": 5},
    "denoiser half as wide as its input": {"denoiser_width": 64},
    "denoiser twice as wide as its input": {"denoiser_width": 256},
    "historical averaging": {"history_weight": 0.1},
    "ten times lambda": {"denoising_weight": 0.3},
}


def make_ablations(budget: str) -> Reproduction:
    """What the paper says of variants in its text (sections 5 and 6), on 8x8 digits.

    The text: annealing sigma towards 0 was not consistently better; depth and width of the denoiser
    matter little, from the width of its input on; historical averaging had no clear benefit. There
    are no numbers. Its convolutional denoisers, "worse", are not here. Both budgets are the same.
    """
    del budget
    rows = [
        make_row("dfm.digits", title, objective, ABLATION_COLUMNS)
        for objective, title in OBJECTIVE_TITLES.items()
    ]
    rows += [
        make_row("dfm.digits", name, "dfm", ABLATION_COLUMNS, options)
        for name, options in VARIANTS.items()
    ]
    return Reproduction("Variants of denoising feature matching", rows, seeds=3)


RING_OBJECTIVES: tuple[Objective, ...] = ("gan", "fm", "gan_fm", "dfm")


def make_ring_study(budget: str) -> Reproduction:
    """Modes that four objectives find on a ring, in the same networks and with the same seeds.

    Not in the paper, whose only words on collapse are that denoising feature matching is "notably
    robust" to it. Both budgets are the same.
    """
    del budget
    rows = [
        make_row("dfm.ring", OBJECTIVE_TITLES[objective], objective, RING_COLUMNS)
        for objective in RING_OBJECTIVES
    ]
    title, less = "Eight Gaussians on a ring", DIFFERENCES[:3]
    return Reproduction(title, rows, check_modes_found, seeds=10, differences=less)


def check_modes_found(means: Means) -> str:
    """Whether modes and quality are what was set beforehand; that they are better is no claim."""
    verdicts = []
    for column, least in ((MODES, 6), (QUALITY, 75)):
        gan, fm, _, ours = (means[OBJECTIVE_TITLES[o], column] for o in RING_OBJECTIVES)
        each = f"{ours:.1f}; GAN {gan:.1f}, feature matching {fm:.1f}"
        verdicts.append(f"{column} at least {least}: {format_verdict(ours >= least)} ({each})")
    found = "; ".join(verdicts)
    return f"Denoising feature matching: {found}. That it finds more modes is not claimed."


TABLES: Mapping[str, Callable[[str], Reproduction]] = {
    "ablations": make_ablations,
    "ring_study": make_ring_study,
    "table1": make_table1,
    "table2": make_table2,
    "table3": make_table3,
    **WEIGHT_TABLES,
}
