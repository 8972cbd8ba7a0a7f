"""A thin circle: a density near to singular (ASL, figures 2, 3 and 8).

auxgen train asl.circle --run runs/circle
"""

from __future__ import annotations

from ...data import toys
from ._stages import about, experiment_on

ABOUT = about("a thin circle", "0.076 MI-ASL, 0.068 VAE-ASL, 0.093 flow, 0.096 VAE, 0.057 true")

experiment = experiment_on(toys.circle)
