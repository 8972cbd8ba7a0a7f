"""Two half-moons: two curves with noise (ASL, figures 2, 3 and 8).

auxgen train asl.moons --run runs/moons
"""

from __future__ import annotations

from ...data import toys
from ._stages import describe_toy_experiment, make_asl_toy_experiment

ABOUT = describe_toy_experiment(
    "two half-moons", "0.088 MI-ASL, 0.102 VAE-ASL, 0.083 flow, 0.119 VAE, 0.078 true"
)

experiment = make_asl_toy_experiment(toys.make_moons)
