"""8x8 digits of scikit-learn: a GAN of images in under half a minute.

    auxgen train dfm.digits --run runs/digits
    auxgen train dfm.digits --objective gan --run runs/digits_gan

Class scores and Frechet distances are in the features of features.digits, and no Inception scores.
"""

from __future__ import annotations

from ..common import About
from ._images import Plan, make_dfm_image_experiment

ABOUT = About(
    shows="A GAN of 8x8 digits, with and without feature matching",
    paper="none: not in the paper",
    ours="class score GAN 5.0 (sd 0.9), FM 6.6 (0.3), DFM 5.0 (0.8), both 6.8 (0.3), "
    "real images 9.2; 10 seeds (results/dfm.table1.json)",
    time="about 18 s of a CPU core",
)

CPU = Plan(architecture="small", epochs=30, lr=5e-4, samples=1000, batch=32)

experiment = make_dfm_image_experiment("digits", {"cpu": CPU, "paper": CPU})
