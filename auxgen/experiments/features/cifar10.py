"""Features of CIFAR-10, for Frechet distances where the common ResNets' weights are not at hand.

    auxgen train features.cifar10 --run runs/features
    auxgen evaluate runs/features

A residual network of 14 layers learns the 50,000 training images, mirrored at random and moved by
up to four pixels (He et al., 2016, section 4.2, whose networks are deeper and learn for longer).
"""

from __future__ import annotations

from functools import partial

from ...data import images
from ...data.batches import flipped, in_turn, shifted
from ...experiment import About, Experiment
from ._stages import Plan, by_class

ABOUT = About(
    shows="A residual network on CIFAR-10, for its features",
    paper="none: not in a paper",
    ours="test error 16.5 %, 1 seed (results/features.cifar10.json)",
    time="9 minutes of a CPU core",
)


def experiment(
    *,
    seed: int = 0,
    epochs: float = 8,
    lr: float = 1e-2,
    batch: int = 128,
    blocks: int = 2,
    width: int = 16,
) -> Experiment:
    """A residual network that classifies CIFAR-10.

    Args:
        seed: Of the initialisation, the order, the moves and the mirroring.
        epochs: Passes over the training images.
        lr: Highest learning rate of Adam.
        batch: Images in a batch.
        blocks: Blocks in each of three stages; 6 blocks + 2 layers in all.
        width: Channels of the first stage; features are four times as many.
    """
    train, test = (images.load("cifar10", split) for split in ("train", "test"))
    plan = Plan(
        blocks=blocks,
        width=width,
        epochs=epochs,
        lr=lr,
        batch=batch,
        seed=seed,
        corruption=partial(in_turn, corruptions=(flipped, partial(shifted, pixels=4))),
    )
    return {"classifier": by_class(train, test, plan)}
