"""STL-10 at 48 x 48: table 2 (section 5.2).

    auxgen train dfm.stl10 --budget paper --device cuda --run runs/stl10
    auxgen evaluate runs/stl10 --metric is
    auxgen reproduce dfm.table2 --budget paper --device cuda

The 100,000 unlabelled images of 96 x 96 are learned, every 2 x 2 pixels averaged; samples are
compared with the 8,000 test images. The paper tells the epochs, 50, and no network: here it is
CIFAR-10's from smallest maps of 6 x 6, features of 4,608. Scores are in the features of
cifar10-resnet56, whose classes are STL-10's but for one.
"""

from __future__ import annotations

from ._images import Plan, make_dfm_image_experiment

CPU = Plan(architecture="small_48", epochs=1, lr=5e-4, samples=5000, precision="bf16")
PAPER = Plan(architecture="stl_48", epochs=50, lr=1e-4, samples=50_000)

experiment = make_dfm_image_experiment(
    "stl10",
    {"cpu": CPU, "paper": PAPER},
    train="unlabeled",
    size=48,
    extractor="cifar10-resnet56",
)
