"""Clothes, which the paper has not: a classifier of the same images, on a laptop.

    auxgen train discreg.fashion --run runs/fashion
    auxgen train discreg.fashion --run runs/fashion --budget paper --device cuda

The classifier is the authors', trained in the same run on the same images. Another network,
features.fashion_mnist, judges reconstructions.
"""

from __future__ import annotations

from ...data.batches import as_they_lie
from ...experiment import About
from ..features._stages import Plan as ClassifierPlan
from ._stages import Plan, Set, experiment_on

ABOUT = About(
    shows="Not in the paper: Fashion-MNIST with and without discriminative regularisation",
    paper="none: not in the paper",
    ours="classes found in reconstructions 78 % without, 88 % with; 1 seed "
    "(results/discreg.fashion.json)",
    time="10 minutes beside other jobs (cpu); an hour on a GPU (paper), not run yet",
)

CPU = Plan(
    widths=(16, 32),
    hidden=256,
    z=64,
    epochs=6,
    lr=2e-3,
    scale=0.2,
    classifier=ClassifierPlan(
        blocks=1, width=16, epochs=6, lr=2e-3, batch=100, seed=0, corruption=as_they_lie
    ),
    dense=256,
    rows=1000,
    nll_rows=200,
)
PAPER = Plan(
    widths=(64, 128),
    hidden=1000,
    z=128,
    epochs=75,
    lr=2e-3,
    classifier=ClassifierPlan(
        blocks=1, width=32, epochs=50, lr=2e-3, batch=100, seed=0, corruption=as_they_lie
    ),
    dense=1000,
    rows=10_000,
    nll_rows=2000,
)

experiment = experiment_on(
    Set("fashion_mnist", valid=5000),
    {"cpu": CPU, "paper": PAPER},
    classifier="own",
    extractor="features.fashion_mnist",
)
