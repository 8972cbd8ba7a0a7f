"""CIFAR-10: figure 2 (Lamb et al., 2016, section 5.1).

    auxgen train discreg.cifar10 --run runs/cifar10
    auxgen train discreg.cifar10 --run runs/cifar10 --budget paper --device cuda

The classifier is VGG-19 with mean pooling, at three of its layers: in AUXGEN_WEIGHTS the weights
normalised by activation that the authors used, else the hub's of ImageNet. The paper names neither
the layers nor the VAE's size. The networks of the faces stand in, with one halving less.
"""

from __future__ import annotations

from ...data.augmentation import identity
from ..features._stages import Plan as ClassifierPlan
from ._plan import Plan
from ._sets import ImageSource
from ._stages import make_discreg_experiment

CPU = Plan(
    widths=(16, 32, 64),
    hidden=256,
    z=64,
    epochs=6,
    lr=2e-3,
    scale=0.2,
    classifier=ClassifierPlan(
        blocks=1, width=16, epochs=6, lr=2e-3, batch=100, seed=0, corruption=identity
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
        blocks=1, width=32, epochs=50, lr=2e-3, batch=100, seed=0, corruption=identity
    ),
    dense=1000,
    rows=10_000,
    nll_rows=2000,
)

experiment = make_discreg_experiment(
    ImageSource("cifar10", valid=5000),
    {"cpu": CPU, "paper": PAPER},
    classifier="vgg19",
    extractor="cifar10-resnet56",
)
