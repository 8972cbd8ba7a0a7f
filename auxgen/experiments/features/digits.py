"""Features of the 8x8 digits that ship in scikit-learn: seconds, for a first look.

    auxgen train features.digits --run runs/features
    auxgen evaluate runs/features

A residual network of 8 layers learns the 1,297 training digits, each moved by up to a pixel; 500
are for testing.
"""

from __future__ import annotations

from functools import partial

from ...data import images
from ...data.batches import shifted
from ...experiment import About, Experiment
from ._stages import Plan, by_class

ABOUT = About(
    shows="A residual network on 8x8 digits, for its features",
    paper="none: not in a paper",
    ours="test error 0.2 % (1 of 500), 1 seed (results/features.digits.json)",
    time="15 s of a CPU core",
)


def experiment(
    *,
    seed: int = 0,
    epochs: float = 30,
    lr: float = 1e-2,
    batch: int = 64,
    blocks: int = 1,
    width: int = 16,
) -> Experiment:
    """A residual network that classifies 8x8 digits.

    Args:
        seed: Of the initialisation, the order and the moves.
        epochs: Passes over the training images.
        lr: Highest learning rate of Adam.
        batch: Images in a batch.
        blocks: Blocks in each of three stages; 6 blocks + 2 layers in all.
        width: Channels of the first stage; features are four times as many.
    """
    train, test = (images.load("digits", split) for split in ("train", "test"))
    plan = Plan(
        blocks=blocks,
        width=width,
        epochs=epochs,
        lr=lr,
        batch=batch,
        seed=seed,
        corruption=partial(shifted, pixels=1),
    )
    return {"classifier": by_class(train, test, plan)}
