"""8x8 digits of scikit-learn: a GAN of images in a minute or two.

    auxgen train dfm.digits --run runs/digits
    auxgen train dfm.digits --objective gan --run runs/digits_gan

Class scores and Frechet distances are in the features of features.digits, and no Inception scores.
"""

from __future__ import annotations

from ...experiment import About
from ._images import Plan, experiment_on

ABOUT = About(
    shows="A GAN of 8x8 digits, with and without feature matching",
    paper="none: not in the paper",
    ours="",
    time="about a minute of one CPU core",
)

CPU = Plan(architecture="small", epochs=150, lr=5e-4, samples=500, batch=64)

experiment = experiment_on("digits", {"cpu": CPU, "paper": CPU})
