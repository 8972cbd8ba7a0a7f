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
from ...data.augmentation import (
    Corruption,
    apply_corruptions,
    flip_randomly,
    identity,
    shift_randomly,
)
from ...data.dataset import Dataset
from ...stage import Experiment
from ._stages import Plan, make_classifier_stage


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
    train, test = _load_labelled_splits(Path(data), label, size, test_fraction, seed)
    mirrored: Corruption = flip_randomly if flip else identity
    plan = Plan(
        blocks=blocks,
        width=width,
        epochs=epochs,
        lr=lr,
        batch=batch,
        seed=seed,
        corruption=partial(
            apply_corruptions, corruptions=(mirrored, partial(shift_randomly, pixels=shift))
        ),
    )
    return {"classifier": make_classifier_stage(train, test, plan)}


def _load_labelled_splits(
    data: Path, label: str | None, size: int | None, fraction: float, seed: int
) -> tuple[Dataset, Dataset]:
    """Training and test rows: the folder's own, or some labelled rows held out."""

    def read(split: str) -> Dataset:
        return own.load_image_folder(data, label=label, size=size, split=split)

    if "test" in folders.find_image_splits(data):
        return read("train"), read("test")
    return own.split_stratified(read("train"), fraction, seed)
