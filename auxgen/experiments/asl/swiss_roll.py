"""A rolled sheet in three dimensions: a manifold (ASL, figures 2, 3 and 8).

auxgen train asl.swiss_roll --run runs/swiss_roll
"""

from __future__ import annotations

from ...data import toys
from ._stages import make_asl_toy_experiment

experiment = make_asl_toy_experiment(toys.make_swiss_roll)
