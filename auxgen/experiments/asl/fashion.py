"""Fashion-MNIST: table 1, and figures 4, 5 and 6 (ASL, section 5.2 and 5.3).

    auxgen train asl.fashion --run runs/fashion
    auxgen reproduce asl.table1

One run trains the VAE, the two-stage VAE and VAE-ASL on its encoder, the MI encoder and MI-ASL on
it, and MI-ASL with p(u|y), all in the same networks; and for figure 4 a VAE of scale 1.
"""

from __future__ import annotations

from ._images import Plan, make_asl_image_experiment

CPU = Plan(
    layout="plain",
    width=16,
    u=32,
    epochs={
        "vae": 18,
        "vae_unit": 9,
        "two_stage": 30,
        "vae_asl": 12,
        "mi": 18,
        "mi_asl": 12,
        "on_demand": 5,
    },
    lr=2e-3,
    batch=128,
    scale=0.15,
    transforms=8,
    hidden=(64, 64),
    second=(128, 128),
    codes=2000,
    resamplings=5,
)
PAPER = Plan(
    layout="plain",
    width=64,
    u=32,
    epochs={
        "vae": 50,
        "vae_unit": 50,
        "two_stage": 100,
        "vae_asl": 100,
        "mi": 50,
        "mi_asl": 100,
        "on_demand": 100,
    },
    lr=2e-4,
    transforms=16,
    hidden=(256, 256),
    second=(1024, 1024, 1024),
    codes=5000,
    resamplings=10,
)

experiment = make_asl_image_experiment("fashion_mnist", {"cpu": CPU, "paper": PAPER})
