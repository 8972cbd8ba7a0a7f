"""Features of faces: a residual network that tells the 40 attributes of CelebA (Liu et al., 2015).

    auxgen train features.celeba --run runs/features
    auxgen evaluate runs/features

Faces are cut to 148 pixels and resized to 64, and half of them mirrored in each pass. Attributes
are skewed: whoever always gives the commoner answer is right for four of five, so the balanced
accuracy is told beside the error. What the last layer sees are 64 features.
"""

from __future__ import annotations

from ...data import images
from ...data.augmentation import flip_randomly
from ...stage import Experiment
from ._stages import Plan, make_attribute_classifier_stage


def experiment(
    *,
    seed: int = 0,
    size: int = 64,
    epochs: float = 6,
    lr: float = 1e-2,
    batch: int = 64,
    blocks: int = 2,
    width: int = 16,
) -> Experiment:
    """A residual network that tells the attributes of faces.

    Args:
        seed: Of the initialisation, the order and the mirroring.
        size: Side of the images in pixels.
        epochs: Passes over the training images.
        lr: Highest learning rate of Adam.
        batch: Images in a batch.
        blocks: Blocks in each of three stages; 6 blocks + 2 layers in all.
        width: Channels of the first stage; features are four times as many.
    """
    train, test = (
        images.load_image_dataset("celeba", split, size=size) for split in ("train", "test")
    )
    plan = Plan(
        blocks=blocks,
        width=width,
        epochs=epochs,
        lr=lr,
        batch=batch,
        seed=seed,
        corruption=flip_randomly,
    )
    return {"classifier": make_attribute_classifier_stage(train, test, plan)}
