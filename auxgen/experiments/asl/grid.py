"""A grid of 25 Gaussians: many modes (ASL, figures 2, 3 and 8).

auxgen train asl.grid --run runs/grid
"""

from __future__ import annotations

from ...data import toys
from ._stages import about, experiment_on

ABOUT = about("a grid of 25 Gaussians")

experiment = experiment_on(toys.grid)
