"""Features of your own images, from their labels.

    auxgen train features.own --data FOLDER --run runs/features

A folder of images: class folders, or a metadata.csv with a label column. Images without a label are
left out. A test set is held out where the folder has none of its own.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

from ...data import folders
from ...data import user as own
from ...data.augmentation import Corruption, as_they_lie, flipped, in_turn, shifted
from ...data.dataset import Examples
from ...stage import Experiment
from ..common import About
from ._stages import Plan, by_class

ABOUT = About(
    shows="A residual network on your own labelled images, for its features",
    paper="none: not in a paper",
    ours="yours",
    time="minutes on a CPU core",
)


def experiment(
    *,
    data: Path,
    label: str | None = None,
    seed: int = 0,
    size: int | None = None,
    test_fraction: float = 0.2,
    epochs: float = 20,
    lr: float = 1e-2,
    batch: int = 64,
    blocks: int = 1,
    width: int = 16,
    shift: int = 2,
    flip: bool = False,
) -> Experiment:
    """A residual network that classifies your images.

    Args:
        data: Folder of images.
        label: The column of metadata.csv that holds the label; blank cells are images without one.
        seed: Of the held-out images, the initialisation, the order and the moves.
        size: Side in pixels of the square that images are resized to.
        test_fraction: Share of labelled images held out where the folder has no test split.
        epochs: Passes over the labelled training images.
        lr: Highest learning rate of Adam.
        batch: Images in a batch.
        blocks: Blocks in each of three stages; 6 blocks + 2 layers in all.
        width: Channels of the first stage; features are four times as many.
        shift: Most pixels by which an image is moved in training, each way.
        flip: Mirror half of the images in training: not for letters or digits.
    """
    train, test = parts(Path(data), label, size, test_fraction, seed)
    mirrored: Corruption = flipped if flip else as_they_lie
    plan = Plan(
        blocks=blocks,
        width=width,
        epochs=epochs,
        lr=lr,
        batch=batch,
        seed=seed,
        corruption=partial(in_turn, corruptions=(mirrored, partial(shifted, pixels=shift))),
    )
    return {"classifier": by_class(train, test, plan)}


def parts(
    data: Path, label: str | None, size: int | None, fraction: float, seed: int
) -> tuple[Examples, Examples]:
    """Training and test rows: the folder's own, or some labelled rows held out."""

    def read(split: str) -> Examples:
        return own.images(data, label=label, size=size, split=split)

    if "test" in folders.splits(data):
        return read("train"), read("test")
    return own.holdout(read("train"), fraction, seed)
