"""A pinwheel of five arms: bent and stretched modes (ASL, figures 2, 3 and 8).

auxgen train asl.pinwheel --run runs/pinwheel
"""

from __future__ import annotations

from ...data import toys
from ._stages import about, experiment_on

ABOUT = about("a pinwheel of five arms")

experiment = experiment_on(toys.pinwheel)
