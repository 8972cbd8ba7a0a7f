"""Features of MNIST, for Frechet distances between sets of handwritten digits.

    auxgen train features.mnist --run runs/features
    auxgen evaluate runs/features

A residual network of 8 layers learns the 60,000 training images, each moved by up to two pixels;
what its last layer sees are 64 features.
"""

from __future__ import annotations

from functools import partial

from ...data.augmentation import shift_randomly
from ._stages import make_classifier_experiment

experiment = make_classifier_experiment(
    "mnist",
    epochs=4,
    batch=128,
    blocks=1,
    corruption=partial(shift_randomly, pixels=2),
)
