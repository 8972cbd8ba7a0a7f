"""Clothes, which the paper has not: a classifier of the same images, on a laptop.

    auxgen train discreg.fashion --run runs/fashion
    auxgen train discreg.fashion --run runs/fashion --budget paper --device cuda

The classifier is the authors', trained in the same run on the same images. Another network,
features.fashion_mnist, judges reconstructions.
"""

from __future__ import annotations

from dataclasses import replace

from . import cifar10
from ._sets import ImageSource
from ._stages import make_discreg_experiment

CPU = replace(cifar10.CPU, widths=(16, 32))
PAPER = replace(cifar10.PAPER, widths=(64, 128))

experiment = make_discreg_experiment(
    ImageSource("fashion_mnist", valid=5000),
    {"cpu": CPU, "paper": PAPER},
    classifier="own",
    extractor="features.fashion_mnist",
)
