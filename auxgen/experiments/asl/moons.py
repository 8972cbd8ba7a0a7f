"""Two half-moons: two curves with noise (ASL, figures 2, 3 and 8).

auxgen train asl.moons --run runs/moons
"""

from __future__ import annotations

from ...data import toys
from ._stages import about, experiment_on

ABOUT = about("two half-moons")

experiment = experiment_on(toys.moons)
