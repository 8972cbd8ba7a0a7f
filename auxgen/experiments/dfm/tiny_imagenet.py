"""Tiny ImageNet at 32 x 32: ImageNet's network where ImageNet itself is not at hand.

    auxgen train dfm.tiny_imagenet --budget paper --device cuda --run runs/tiny_imagenet
    auxgen evaluate runs/tiny_imagenet --metric is --split valid

Not in the paper. Of the 64 x 64 pixels every 2 x 2 are averaged; samples are compared with the
validation images, since the labels of the test images are not public. Any set with a train and a
valid split can be given in its place (--data).
"""

from __future__ import annotations

from ._images import Plan, make_dfm_image_experiment

CPU = Plan(architecture="small", epochs=1, lr=5e-4, samples=5000, precision="bf16")
PAPER = Plan(architecture="imagenet_32", epochs=100, lr=1e-4, samples=50_000)

experiment = make_dfm_image_experiment(
    "tiny_imagenet",
    {"cpu": CPU, "paper": PAPER},
    test="valid",
    size=32,
    extractor="cifar10-resnet56",
)
