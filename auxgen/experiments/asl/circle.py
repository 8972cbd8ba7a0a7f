"""A thin circle: a density near to singular (ASL, figures 2, 3 and 8).

auxgen train asl.circle --run runs/circle
"""

from __future__ import annotations

from ...data import toys
from ._stages import describe_toy_experiment, make_asl_toy_experiment

ABOUT = describe_toy_experiment(
    "a thin circle", "0.076 MI-ASL, 0.068 VAE-ASL, 0.093 flow, 0.096 VAE, 0.057 true"
)

experiment = make_asl_toy_experiment(toys.make_circle)
