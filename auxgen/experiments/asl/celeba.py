"""Faces of CelebA at 64 x 64: figures 7, 10, 11 and 12 (ASL, section 5.4).

    auxgen train asl.celeba --run runs/celeba --budget paper --device cuda
    auxgen reproduce asl.figure10 --budget paper --device cuda

MI-ASL on demand has a p(u|y) of the 40 attributes, which the paper has not.
"""

from __future__ import annotations

from ._images import Plan, make_asl_image_experiment

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
        "on_demand": 5,
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
        "vae": 50,
        "vae_unit": 50,
        "two_stage": 100,
        "vae_asl": 50,
        "mi": 50,
        "mi_asl": 50,
        "on_demand": 50,
    },
    lr=2e-4,
    transforms=20,
    hidden=(128, 128, 128),
    second=(1024, 1024, 1024),
    codes=5000,
    resamplings=10,
)

experiment = make_asl_image_experiment("celeba", {"cpu": CPU, "paper": PAPER})
