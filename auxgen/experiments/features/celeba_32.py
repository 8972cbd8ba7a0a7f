"""Features of faces at 32 x 32: the network of features.celeba, for pictures as small as that.

    auxgen train features.celeba_32 --run runs/features
    auxgen evaluate runs/features

What was trained at 64 x 64 sees few beards in pictures enlarged from 32 x 32. A step costs a
quarter of one at 64 x 64, so that there are more of them.
"""

from __future__ import annotations

from ...stage import Experiment
from . import celeba


def experiment(
    *,
    seed: int = 0,
    epochs: float = 16,
    lr: float = 1e-2,
    batch: int = 64,
    blocks: int = 2,
    width: int = 16,
) -> Experiment:
    """A residual network that tells the attributes of faces.

    Args:
        seed: Of the initialisation, the order and the mirroring.
        epochs: Passes over the training images.
        lr: Highest learning rate of Adam.
        batch: Images in a batch.
        blocks: Blocks in each of three stages; 6 blocks + 2 layers in all.
        width: Channels of the first stage; features are four times as many.
    """
    return celeba.experiment(
        seed=seed, size=32, epochs=epochs, lr=lr, batch=batch, blocks=blocks, width=width
    )
