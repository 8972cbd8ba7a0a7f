"""A rolled sheet in three dimensions: a manifold (ASL, figures 2, 3 and 8).

auxgen train asl.swiss_roll --run runs/swiss_roll
"""

from __future__ import annotations

from ...data import toys
from ._stages import describe_toy_experiment, make_asl_toy_experiment

ABOUT = describe_toy_experiment(
    "a rolled sheet in three dimensions",
    "0.227 MI-ASL, 0.367 VAE-ASL, 0.478 flow, 0.377 VAE, 0.155 true",
)

experiment = make_asl_toy_experiment(toys.make_swiss_roll)
