"""Features of the 8x8 digits that ship in scikit-learn: seconds, for a first look.

    auxgen train features.digits --run runs/features
    auxgen evaluate runs/features

A residual network of 8 layers learns the 1,297 training digits, each moved by up to a pixel; 500
are for testing.
"""

from __future__ import annotations

from functools import partial

from ...data.augmentation import shift_randomly
from ..common import About
from ._stages import make_classifier_experiment

ABOUT = About(
    shows="A residual network on 8x8 digits, for its features",
    paper="none: not in a paper",
    ours="test error 0.2 % (1 of 500), 1 seed (results/features.digits.json)",
    time="15 s of a CPU core",
)

experiment = make_classifier_experiment(
    "digits",
    epochs=30,
    batch=64,
    blocks=1,
    corruption=partial(shift_randomly, pixels=1),
)
