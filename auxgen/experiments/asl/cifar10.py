"""CIFAR-10: the second line of table 1, and figure 9 (ASL, section 5.3).

    auxgen train asl.cifar10 --run runs/cifar10 --budget paper --device cuda
    auxgen reproduce asl.table1 --budget paper --device cuda

The paper gives no networks for CIFAR-10; here they are CelebA's with one halving less, r = 128.
"""

from __future__ import annotations

from dataclasses import replace

from . import celeba
from ._images import make_asl_image_experiment

CPU = replace(celeba.CPU, epochs={**celeba.CPU.epochs, "on_demand": 3})
PAPER = replace(
    celeba.PAPER,
    epochs={
        "vae": 100,
        "vae_unit": 100,
        "two_stage": 200,
        "vae_asl": 100,
        "mi": 100,
        "mi_asl": 100,
        "on_demand": 50,
    },
)

experiment = make_asl_image_experiment("cifar10", {"cpu": CPU, "paper": PAPER})
