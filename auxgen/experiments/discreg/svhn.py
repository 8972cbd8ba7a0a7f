"""House numbers: figure 3 (Lamb et al., 2016, section 5.1).

    auxgen train discreg.svhn --run runs/svhn
    auxgen train discreg.svhn --run runs/svhn --budget paper --device cuda

As discreg.cifar10, with the authors' split: the last 10,000 training images are for validation, and
the extra images are left out.
"""

from __future__ import annotations

from ._sets import ImageSource
from ._stages import make_discreg_experiment
from .cifar10 import CPU, PAPER

experiment = make_discreg_experiment(
    ImageSource("svhn", valid=10_000),
    {"cpu": CPU, "paper": PAPER},
    classifier="vgg19",
    extractor=None,
)
