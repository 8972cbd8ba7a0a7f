"""Densities of codes beside each other, on the ring (ASL, section 2.3: any density will do).

    auxgen reproduce asl.densities              3 seeds, about half an hour of one CPU core

The paper fits affine couplings and names Gaussian mixtures and a second VAE as alternatives. The
encoders, and so the codes, are the same in every row of a seed.
"""

from __future__ import annotations

from ..common import Reproduction, TableRow

DENSITIES = {
    "affine": "affine couplings (RealNVP)",
    "additive": "additive couplings (NICE)",
    "spline": "spline couplings",
    "mixture": "mixture of 20 Gaussians",
    "vae": "second VAE",
}

SEEDS = 3
MI, VAE = "MI-ASL, 1-Wasserstein distance", "VAE-ASL, 1-Wasserstein distance"


def reproduction(budget: str) -> Reproduction:
    """A row of each density, beside the distance of two true sets."""
    del budget
    floor = TableRow(
        "true", "asl.ring", {MI: "vae/w1_floor", VAE: "vae/w1_floor"}, {"density": "affine"}
    )
    rows = [
        TableRow(name, "asl.ring", {MI: "mi_asl/w1", VAE: "vae_asl/w1"}, {"density": kind})
        for kind, name in DENSITIES.items()
    ]
    return Reproduction("Densities of the codes of eight Gaussians on a ring", [floor, *rows])
