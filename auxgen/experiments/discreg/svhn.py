"""House numbers: figure 3 (Lamb et al., 2016, section 5.1).

    auxgen train discreg.svhn --run runs/svhn
    auxgen train discreg.svhn --run runs/svhn --budget paper --device cuda

As discreg.cifar10, with the authors' split: the last 10,000 training images are for validation, and
the extra images are left out.
"""

from __future__ import annotations

from ...data.batches import as_they_lie
from ...experiment import About
from ..features._stages import Plan as ClassifierPlan
from ._stages import Plan, Set, experiment_on

ABOUT = About(
    shows="Figure 3: SVHN with and without discriminative regularisation",
    paper="pictures without numbers",
    ours="",
    time="tens of minutes of one CPU core (cpu); an hour on a GPU (paper), not run yet",
)

CPU = Plan(
    widths=(16, 32, 64),
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
    widths=(64, 128, 256),
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
    Set("svhn", valid=10_000),
    {"cpu": CPU, "paper": PAPER},
    classifier="vgg19",
    extractor=None,
)
