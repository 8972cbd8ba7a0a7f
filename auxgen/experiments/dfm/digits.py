"""8x8 digits of scikit-learn: a GAN of images in under half a minute.

    auxgen train dfm.digits --run runs/digits
    auxgen train dfm.digits --objective gan --run runs/digits_gan

Class scores and Frechet distances are in the features of features.digits, and no Inception scores.
"""

from __future__ import annotations

from ._images import Plan, make_dfm_image_experiment

CPU = Plan(architecture="small", epochs=30, lr=5e-4, samples=1000, batch=32)

experiment = make_dfm_image_experiment("digits", {"cpu": CPU, "paper": CPU})
