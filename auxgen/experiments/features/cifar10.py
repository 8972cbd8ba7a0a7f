"""Features of CIFAR-10, for Frechet distances where the common ResNets' weights are not at hand.

    auxgen train features.cifar10 --run runs/features
    auxgen evaluate runs/features

A residual network of 14 layers learns the 50,000 training images, mirrored at random and moved by
up to four pixels (He et al., 2016, section 4.2, whose networks are deeper and learn for longer).
"""

from __future__ import annotations

from functools import partial

from ...data.augmentation import apply_corruptions, flip_randomly, shift_randomly
from ._stages import make_classifier_experiment

experiment = make_classifier_experiment(
    "cifar10",
    epochs=8,
    batch=128,
    blocks=2,
    corruption=partial(
        apply_corruptions, corruptions=(flip_randomly, partial(shift_randomly, pixels=4))
    ),
)
