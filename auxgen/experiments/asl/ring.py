"""Eight Gaussians on a ring: many modes (ASL, figures 2, 3 and 8).

auxgen train asl.ring --run runs/ring
"""

from __future__ import annotations

from ...data import toys
from ._stages import describe_toy_experiment, make_asl_toy_experiment

ABOUT = describe_toy_experiment(
    "eight Gaussians on a ring", "0.078 MI-ASL, 0.091 VAE-ASL, 0.115 flow, 0.109 VAE, 0.066 true"
)

experiment = make_asl_toy_experiment(toys.make_ring)
