"""Your own images, with classes or attributes or without any: a VAE that keeps what they tell.

    auxgen train discreg.own --data FOLDER --run runs/mine
    auxgen train discreg.own --data FOLDER --classifier vgg19 --run runs/mine

A folder of images: class folders, or a metadata.csv with a label column or columns of 0 and 1, any
of them with blanks. The classifier learns from those that are known; VGG-19 needs none.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Literal

from ...data import folders
from ...data import user as own
from ...data.dataset import Dataset
from ...data.labels import find_labelled_rows
from ...stage import Experiment
from . import celeba, cifar10
from ._plan import Plan, given, scaled
from ._stages import build_discreg_stages

PLANS = {32: cifar10.CPU, 64: replace(celeba.CPU, cut=None)}
"""By side of the images in pixels."""
MIN_STEPS = 1500
"""Of a VAE at least: few images are passed through more often."""


def experiment(
    *,
    data: Path,
    label: str | None = None,
    seed: int = 0,
    size: Literal[32, 64] = 32,
    test_fraction: float = 0.1,
    epochs: float = 1.0,
    classifier: str = "own",
    layers: tuple[str, ...] | None = None,
    weights: tuple[float, ...] | None = None,
    encoder_grad: bool = True,
    adjusted: bool = True,
    lr: float | None = None,
    batch: int | None = None,
    z: int | None = None,
    widths: tuple[int, ...] | None = None,
    extractor: str | None = None,
    rows: int | None = None,
) -> Experiment:
    """A VAE of your images, the same regularised by a classifier, and both adjusted.

    Args:
        data: Folder of images.
        label: The column of metadata.csv that holds the label; when not given, a column "label",
            else all columns of 0 and 1.
        seed: Of the held-out images, the initialisation and the order.
        size: Side in pixels of the square that images are resized to.
        test_fraction: Share of images held out for tests, and of the rest for validation, where the
            folder has no such splits.
        epochs: Factor on the passes over the images: 6 at 32 pixels and 12 at 64, or as many more
            as 1,500 rounds of a VAE take.
        classifier: own, trained in this run; vgg19; features.SET; or a folder of a classifier.
        layers: Of the classifier, by name; its usual ones when not given.
        weights: Of each layer; 1 when not given, as in the paper.
        encoder_grad: Whether the encoder learns from the classifier too.
        adjusted: Whether both are adjusted to codes of the prior, as for the paper's figures.
        lr: Learning rate of Adam; the plan's own when not given.
        batch: Images in a batch; the plan's own when not given.
        z: Width of the code; the plan's own when not given.
        widths: Channels of the VAE at each resolution; the plan's own when not given.
        extractor: Another classifier, by whom samples and reconstructions are measured.
        rows: Test rows measured, at most.
    """
    plan = given(PLANS[size], lr=lr, batch=batch, z=z, widths=widths, rows=rows)
    splits = _load_own_image_splits(Path(data), label, size, test_fraction, seed)
    return build_discreg_stages(
        splits,
        scaled(enough(plan, len(splits["train"])), epochs, seed, rows),
        classifier,
        layers,
        {"weights": weights, "encoder_grad": encoder_grad},
        extractor,
        seed=seed,
        adjusted=adjusted,
    )


def enough(plan: Plan, rows: int) -> Plan:
    """The plan with as many passes over the rows as its rounds take at least."""
    least, its = MIN_STEPS * plan.batch / rows, plan.classifier
    return replace(
        plan,
        epochs=max(plan.epochs, least),
        adjusting=max(plan.adjusting, least / 10),
        classifier=replace(its, epochs=max(its.epochs, least / 3)),
    )


def _load_own_image_splits(
    data: Path, label: str | None, size: int, fraction: float, seed: int
) -> dict[str, Dataset]:
    """Rows of train, valid and test: the folder's own, or some held out.

    Raises:
        InputError: The folder or the column is not there, or nothing would be left to learn from.
    """
    there = folders.find_image_splits(data)

    def load_split(split: str) -> Dataset:
        return own.load_image_folder(data, label=label, size=size, split=split)

    found = {split: load_split(split) for split in ("train", "valid", "test") if split in there}
    for split in ("test", "valid"):
        if split not in found:
            found["train"], found[split] = own.split_randomly(found["train"], fraction, seed)
    if len(find_labelled_rows(found["train"].y)):
        found = {n: replace(e, attributes=None, attribute_names=()) for n, e in found.items()}
    return {split: found[split] for split in ("train", "valid", "test")}
