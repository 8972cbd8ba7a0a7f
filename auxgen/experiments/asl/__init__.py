"""Training Deep Generative Models via Auxiliary Supervised Learning (2022)."""

from collections.abc import Mapping
from typing import Any

from ..about import About, Renamed


def _describe_toy(toy: str, shows: str, *medians: float) -> About:
    """An experiment on a toy, with the median W1 over five seeds of each model and of true points.

    Medians are of MI-ASL, VAE-ASL, the flow, the VAE, and a second set of true points.
    """
    names = ("MI-ASL", "VAE-ASL", "flow", "VAE", "true")
    each = ", ".join(f"{m:.3f} {name}" for m, name in zip(medians, names, strict=True))
    return About(
        shows=f"Figures 2, 3 and 8: VAE, flow, VAE-ASL and MI-ASL on {shows}",
        paper="box plots without numbers: ASL nearest to the truth on every toy",
        ours=f"W1 {each} (results/asl.figure3.json)",
        time="about 2 minutes of one CPU core",
        module=f"toys:build_{toy}_experiment",
    )


EXPERIMENTS = {
    "celeba": About(
        shows="Figures 7 and 10-12: VAE-ASL and MI-ASL on faces, and faces by attributes",
        paper="pictures without numbers",
        ours="",
        time="half an hour of one CPU core to train (cpu); hours on a GPU (paper); neither run yet",
        module="images:celeba",
    ),
    "cifar10": About(
        shows="Table 1, figure 9: VAE, two-stage VAE, VAE-ASL and MI-ASL on CIFAR-10",
        paper="FID 99.34, 89.91, 86.51, 87.19",
        ours="",
        time="half an hour of one CPU core to train (cpu); hours on a GPU (paper); neither run yet",
        module="images:cifar10",
    ),
    "circle": _describe_toy("circle", "a thin circle", 0.076, 0.068, 0.093, 0.096, 0.057),
    "fashion": About(
        shows="Table 1, figures 4-6: VAE, two-stage VAE, VAE-ASL and MI-ASL on Fashion-MNIST",
        paper="FID 47.19, 43.88, 38.39, 26.00",
        ours="FD, not FID: 13.8, 5.3, 1.9, 1.9, budget cpu, 3 seeds (results/asl.table1.json)",
        time="about 40 minutes of one CPU core (cpu); hours on a GPU (paper), not run yet",
        module="images:fashion",
    ),
    "given": About(
        shows="Section 3.3: ASL on an encoder without a decoder, here a classifier's features",
        paper="said to be possible, not tried",
        ours="FD 4.84, in the features of the encoder itself; 1 seed (results/asl.given.json)",
        time="about 5 minutes of one CPU core",
    ),
    "grid": _describe_toy("grid", "a grid of 25 Gaussians", 0.141, 0.092, 0.364, 0.101, 0.070),
    "moons": _describe_toy("moons", "two half-moons", 0.088, 0.102, 0.083, 0.119, 0.078),
    "pinwheel": _describe_toy(
        "pinwheel", "a pinwheel of five arms", 0.087, 0.091, 0.099, 0.113, 0.073
    ),
    "ring": _describe_toy("ring", "eight Gaussians on a ring", 0.078, 0.091, 0.115, 0.109, 0.066),
    "swiss_roll": _describe_toy(
        "swiss_roll", "a rolled sheet in three dimensions", 0.227, 0.367, 0.478, 0.377, 0.155
    ),
}
TABLES = (
    "cells",
    "cells_cifar10",
    "densities",
    "figure10",
    "figure11",
    "figure12",
    "figure2",
    "figure3",
    "figure4",
    "figure5",
    "figure6",
    "figure7",
    "figure8",
    "figure9",
    "given",
    "on_demand",
    "table1",
)

_TOY_OPTIONS: Renamed = {"weight": "stein_weight", "beta": "kernel_exponent"}
_IMAGE_OPTIONS: Renamed = {
    **_TOY_OPTIONS,
    "epochs": "scale_epochs",
    "scale": "init_scale",
    "held_out": "held_out_rows",
}

_TOYS = ("circle", "grid", "moons", "pinwheel", "ring", "swiss_roll")
BEFORE_OPTIONS: Mapping[str, Mapping[str, Any]] = {
    "given": {"least_steps": 0},
    **{toy: {"density_lr": None} for toy in _TOYS},
    **{images: {"second_lr": None} for images in ("celeba", "cifar10", "fashion")},
}
"""What runs did that were begun before they had these options."""

RENAMED_OPTIONS: dict[str, Renamed] = {
    **dict.fromkeys(_TOYS, _TOY_OPTIONS),
    **dict.fromkeys(("celeba", "cifar10", "fashion"), _IMAGE_OPTIONS),
    "given": {"u": "latent", "held_out": "held_out_rows"},
}
