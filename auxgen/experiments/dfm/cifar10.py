"""CIFAR-10: table 1 (section 5.1).

    auxgen train dfm.cifar10 --budget paper --device cuda --run runs/cifar10
    auxgen evaluate runs/cifar10 --metric is
    auxgen reproduce dfm.table1 --budget paper --device cuda

The paper tells neither batch nor epochs of CIFAR-10, nor the depth of its denoiser: here they are
128, 200, and ImageNet's 10. Scores are in the features of cifar10-resnet56; the Inception score of
the paper is of 50,000 samples in the features of `inception`.
"""

from __future__ import annotations

from ._images import Plan, make_dfm_image_experiment

CPU = Plan(architecture="cifar", epochs=1, lr=5e-4, samples=5000, precision="bf16")
PAPER = Plan(architecture="cifar", epochs=200, lr=1e-4, samples=50_000)

experiment = make_dfm_image_experiment(
    "cifar10", {"cpu": CPU, "paper": PAPER}, extractor="cifar10-resnet56"
)
