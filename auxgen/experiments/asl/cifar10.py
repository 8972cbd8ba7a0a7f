"""CIFAR-10: the second line of table 1, and figure 9 (ASL, section 5.3).

    auxgen train asl.cifar10 --run runs/cifar10 --budget paper --device cuda
    auxgen reproduce asl.table1 --budget paper --device cuda

The paper gives no networks for CIFAR-10; here they are CelebA's with one halving less, r = 128.
"""

from __future__ import annotations

from ...experiment import About
from ._images import Plan, experiment_on

ABOUT = About(
    shows="Table 1, figure 9: VAE, two-stage VAE, VAE-ASL and MI-ASL on CIFAR-10",
    paper="FID 99.34, 89.91, 86.51, 87.19",
    ours="",
    time="about 10 minutes of one CPU core (cpu); hours on a GPU (paper); neither run yet",
)

CPU = Plan(
    layout="normalised",
    width=16,
    u=128,
    epochs={
        "vae": 10,
        "vae_unit": 5,
        "two_stage": 5,
        "vae_asl": 5,
        "mi": 10,
        "mi_asl": 5,
        "on_demand": 3,
    },
    lr=2e-3,
    scale=0.15,
    transforms=8,
    hidden=(128, 128),
    second=(256, 256),
    codes=2000,
    resamplings=3,
)
PAPER = Plan(
    layout="normalised",
    width=64,
    u=128,
    epochs={
        "vae": 100,
        "vae_unit": 100,
        "two_stage": 200,
        "vae_asl": 100,
        "mi": 100,
        "mi_asl": 100,
        "on_demand": 50,
    },
    lr=2e-4,
    transforms=20,
    hidden=(128, 128, 128),
    second=(1024, 1024, 1024),
    codes=5000,
    resamplings=10,
)

experiment = experiment_on("cifar10", {"cpu": CPU, "paper": PAPER})
