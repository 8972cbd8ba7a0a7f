"""A pinwheel of five arms: bent and stretched modes (ASL, figures 2, 3 and 8).

auxgen train asl.pinwheel --run runs/pinwheel
"""

from __future__ import annotations

from ...data import toys
from ._stages import describe_toy_experiment, make_asl_toy_experiment

ABOUT = describe_toy_experiment(
    "a pinwheel of five arms", "0.087 MI-ASL, 0.091 VAE-ASL, 0.099 flow, 0.113 VAE, 0.073 true"
)

experiment = make_asl_toy_experiment(toys.make_pinwheel)
