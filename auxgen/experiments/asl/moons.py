"""Two half-moons: two curves with noise (ASL, figures 2, 3 and 8).

auxgen train asl.moons --run runs/moons
"""

from __future__ import annotations

from ...data import toys
from ._stages import make_asl_toy_experiment

experiment = make_asl_toy_experiment(toys.make_moons)
