"""Features of Fashion-MNIST (Xiao et al., 2017), for Frechet distances between sets of clothes.

    auxgen train features.fashion_mnist --run runs/features
    auxgen evaluate runs/features

A residual network of 8 layers learns the training images, half of them mirrored in each pass; what
its last layer sees are 64 features.
"""

from __future__ import annotations

from ...data.augmentation import flip_randomly
from ..common import About
from ._stages import make_classifier_experiment

ABOUT = About(
    shows="A residual network on Fashion-MNIST, for its features",
    paper="none: not in a paper",
    ours="test error 8.1 %, 1 seed (results/features.fashion_mnist.json)",
    time="3 minutes of a CPU core",
)

experiment = make_classifier_experiment(
    "fashion_mnist",
    epochs=5,
    batch=128,
    blocks=1,
    corruption=flip_randomly,
)
