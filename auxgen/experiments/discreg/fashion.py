"""Clothes, which the paper has not: a classifier of the same images, on a laptop.

    auxgen train discreg.fashion --run runs/fashion
    auxgen train discreg.fashion --run runs/fashion --budget paper --device cuda

The classifier is the authors', trained in the same run on the same images. Another network,
features.fashion_mnist, judges reconstructions.
"""

from __future__ import annotations

from dataclasses import replace

from ..common import About
from . import cifar10
from ._sets import ImageSource
from ._stages import make_discreg_experiment

ABOUT = About(
    shows="Not in the paper: Fashion-MNIST with and without discriminative regularisation",
    paper="none: not in the paper",
    ours="classes found in reconstructions 78 % without, 88 % with; 1 seed "
    "(results/discreg.fashion.json)",
    time="10 minutes beside other jobs (cpu); an hour on a GPU (paper), not run yet",
)

CPU = replace(cifar10.CPU, widths=(16, 32))
PAPER = replace(cifar10.PAPER, widths=(64, 128))

experiment = make_discreg_experiment(
    ImageSource("fashion_mnist", valid=5000),
    {"cpu": CPU, "paper": PAPER},
    classifier="own",
    extractor="features.fashion_mnist",
)
