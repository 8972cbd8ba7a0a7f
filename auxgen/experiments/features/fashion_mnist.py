"""Features of Fashion-MNIST (Xiao et al., 2017), for Frechet distances between sets of clothes.

    auxgen train features.fashion_mnist --run runs/features
    auxgen evaluate runs/features

A residual network of 8 layers learns the training images, half of them mirrored in each pass; what
its last layer sees are 64 features.
"""

from __future__ import annotations

from ...data import images
from ...data.batches import flipped
from ...experiment import About, Experiment
from ._stages import Plan, by_class

ABOUT = About(
    shows="A residual network on Fashion-MNIST, for its features",
    paper="none: not in a paper",
    ours="test error 8.1 %, 1 seed (results/features.fashion_mnist.json)",
    time="3 minutes of a CPU core",
)


def experiment(
    *,
    seed: int = 0,
    epochs: float = 5,
    lr: float = 1e-2,
    batch: int = 128,
    blocks: int = 1,
    width: int = 16,
) -> Experiment:
    """A residual network that classifies Fashion-MNIST.

    Args:
        seed: Of the initialisation, the order and the mirroring.
        epochs: Passes over the training images.
        lr: Highest learning rate of Adam.
        batch: Images in a batch.
        blocks: Blocks in each of three stages; 6 blocks + 2 layers in all.
        width: Channels of the first stage; features are four times as many.
    """
    train, test = (images.load("fashion_mnist", split) for split in ("train", "test"))
    plan = Plan(
        blocks=blocks,
        width=width,
        epochs=epochs,
        lr=lr,
        batch=batch,
        seed=seed,
        corruption=flipped,
    )
    return {"classifier": by_class(train, test, plan)}
