"""A grid of 25 Gaussians: many modes (ASL, figures 2, 3 and 8).

auxgen train asl.grid --run runs/grid
"""

from __future__ import annotations

from ...data import toys
from ._stages import make_asl_toy_experiment

experiment = make_asl_toy_experiment(toys.make_grid)
