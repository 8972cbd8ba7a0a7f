"""Features of Fashion-MNIST (Xiao et al., 2017), for Frechet distances between sets of clothes.

    auxgen train features.fashion_mnist --run runs/features
    auxgen evaluate runs/features

A residual network of 8 layers learns the training images, half of them mirrored in each pass; what
its last layer sees are 64 features.
"""

from __future__ import annotations

from ...data.augmentation import flip_randomly
from ._stages import make_classifier_experiment

experiment = make_classifier_experiment(
    "fashion_mnist",
    epochs=5,
    batch=128,
    blocks=1,
    corruption=flip_randomly,
)
