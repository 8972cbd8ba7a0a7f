"""Faces of CelebA at 64 x 64: table 2, figures 4, 5 and 6 (Lamb et al., 2016, section 5).

    auxgen train discreg.celeba --run runs/faces
    auxgen train discreg.celeba --run runs/faces --budget paper --device cuda
    auxgen reproduce discreg.table2 --budget paper --device cuda

The classifier tells the 40 attributes. At the paper's budget it and the VAE, their optimiser,
batches and epochs are those of the authors' code; docs/papers/discreg.md says what is not. Another
network, features.celeba, judges reconstructions.
"""

from __future__ import annotations

from ...data.augmentation import identity
from ..features._stages import Plan as ClassifierPlan
from ._plan import Plan
from ._sets import ImageSource
from ._stages import make_discreg_experiment

CUT = 27 / 32
"""features.celeba was taught by 148 x 148 of the 178 x 178 pixels seen here, 54 of 64."""

CPU = Plan(
    widths=(16, 32, 96, 192),
    hidden=512,
    z=128,
    epochs=12,
    lr=2e-3,
    batch=50,
    scale=0.2,
    classifier=ClassifierPlan(
        blocks=1, width=32, epochs=6, lr=2e-3, batch=100, seed=0, corruption=identity
    ),
    dense=512,
    rows=500,
    nll_rows=200,
    cut=CUT,
)
PAPER = Plan(
    widths=(32, 64, 128, 256),
    hidden=1000,
    z=500,
    epochs=75,
    lr=2e-3,
    classifier=ClassifierPlan(
        blocks=1, width=32, epochs=50, lr=2e-3, batch=100, seed=0, corruption=identity
    ),
    dense=1000,
    rows=2000,
    nll_rows=2000,
    cut=CUT,
)

experiment = make_discreg_experiment(
    ImageSource("celeba", crop=178, size=64),
    {"cpu": CPU, "paper": PAPER},
    extractor="features.celeba",
)
