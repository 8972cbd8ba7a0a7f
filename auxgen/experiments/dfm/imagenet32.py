"""ImageNet at 32 x 32: table 3 (section 5.3).

    auxgen train dfm.imagenet32 --budget paper --device cuda --run runs/imagenet32
    auxgen evaluate runs/imagenet32 --metric is --split valid
    auxgen reproduce dfm.table3 --budget paper --device cuda

Shorter sides are brought to 32 pixels by the mean over areas, and the centre is kept; samples are
compared with the validation images. The network is printed in the paper (10 hidden layers of 2,048
in the denoiser, though its input has 8,192), the number of epochs is not: here it is 25. Scores are
in the features of cifar10-resnet56, which knows ten classes: an Inception score says more.
"""

from __future__ import annotations

from ._images import Plan, make_dfm_image_experiment

CPU = Plan(architecture="small", epochs=0.1, lr=5e-4, samples=5000, precision="bf16")
PAPER = Plan(architecture="imagenet_32", epochs=25, lr=1e-4, samples=50_000)

experiment = make_dfm_image_experiment(
    "imagenet32",
    {"cpu": CPU, "paper": PAPER},
    test="valid",
    extractor="cifar10-resnet56",
)
