"""A pinwheel of five arms: bent and stretched modes (ASL, figures 2, 3 and 8).

auxgen train asl.pinwheel --run runs/pinwheel
"""

from __future__ import annotations

from ...data import toys
from ._stages import make_asl_toy_experiment

experiment = make_asl_toy_experiment(toys.make_pinwheel)
