"""A grid of 25 Gaussians: many modes (ASL, figures 2, 3 and 8).

auxgen train asl.grid --run runs/grid
"""

from __future__ import annotations

from ...data import toys
from ._stages import describe_toy_experiment, make_asl_toy_experiment

ABOUT = describe_toy_experiment(
    "a grid of 25 Gaussians", "0.141 MI-ASL, 0.092 VAE-ASL, 0.364 flow, 0.101 VAE, 0.070 true"
)

experiment = make_asl_toy_experiment(toys.make_grid)
