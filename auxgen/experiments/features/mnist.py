"""Features of MNIST, for Frechet distances between sets of handwritten digits.

    auxgen train features.mnist --run runs/features
    auxgen evaluate runs/features

A residual network of 8 layers learns the 60,000 training images, each moved by up to two pixels;
what its last layer sees are 64 features.
"""

from __future__ import annotations

from functools import partial

from ...data import images
from ...data.batches import shifted
from ...experiment import About, Experiment
from ._stages import Plan, by_class

ABOUT = About(
    shows="A residual network on MNIST, for its features",
    paper="none: not in a paper",
    ours="test error 0.60 %, 1 seed (results/features.mnist.json)",
    time="2 minutes of a CPU core",
)


def experiment(
    *,
    seed: int = 0,
    epochs: float = 4,
    lr: float = 1e-2,
    batch: int = 128,
    blocks: int = 1,
    width: int = 16,
) -> Experiment:
    """A residual network that classifies MNIST.

    Args:
        seed: Of the initialisation, the order and the moves.
        epochs: Passes over the training images.
        lr: Highest learning rate of Adam.
        batch: Images in a batch.
        blocks: Blocks in each of three stages; 6 blocks + 2 layers in all.
        width: Channels of the first stage; features are four times as many.
    """
    train, test = (images.load("mnist", split) for split in ("train", "test"))
    plan = Plan(
        blocks=blocks,
        width=width,
        epochs=epochs,
        lr=lr,
        batch=batch,
        seed=seed,
        corruption=partial(shifted, pixels=2),
    )
    return {"classifier": by_class(train, test, plan)}
