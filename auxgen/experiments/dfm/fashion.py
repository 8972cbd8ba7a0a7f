"""Fashion-MNIST: denoising feature matching at a budget of one CPU core.

    auxgen train dfm.fashion --run runs/fashion
    auxgen train dfm.fashion --objective gan --run runs/fashion_gan

Class scores and Frechet distances are in the features of features.fashion_mnist, and no Inception
scores.
"""

from __future__ import annotations

from ...experiment import About
from ._images import Plan, experiment_on

ABOUT = About(
    shows="A GAN of Fashion-MNIST, with and without feature matching",
    paper="none: not in the paper",
    ours="",
    time="4 minutes of one CPU core without a denoiser, 7 with one (cpu)",
)

CPU = Plan(architecture="small", epochs=3, lr=5e-4, samples=5000)
PAPER = Plan(architecture="small", epochs=50, lr=1e-4, samples=50_000)

experiment = experiment_on("fashion_mnist", {"cpu": CPU, "paper": PAPER})
