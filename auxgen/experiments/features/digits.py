"""Features of the 8x8 digits that ship in scikit-learn: seconds, for a first look.

    auxgen train features.digits --run runs/features
    auxgen evaluate runs/features

A residual network of 8 layers learns the 1,297 training digits, each moved by up to a pixel; 500
are for testing.
"""

from __future__ import annotations

from functools import partial

from ...data.augmentation import shift_randomly
from ._stages import make_classifier_experiment

experiment = make_classifier_experiment(
    "digits",
    epochs=30,
    batch=64,
    blocks=1,
    corruption=partial(shift_randomly, pixels=1),
)
