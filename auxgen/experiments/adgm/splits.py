"""Splits of the semi-supervised experiments: rows as a model sees them, and which have labels."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import torch
from torch import Tensor

from ...data import images, labels
from ...data.augmentation import Corruption, binarise, identity, warp_randomly
from ...data.dataset import Dataset, Preprocessor, see_rows
from ...data.fitting import fit_preprocessor
from ...functional.dense_paths import spread_labels
from ..common import dataset_facts, hold_out_last_rows


@dataclass(frozen=True, eq=False)
class SemiSupervisedData:
    """Rows as a model sees them.

    Attributes:
        space: How the model sees them.
        x: Labelled rows (n_l, d), float32 or uint8 pixels.
        y: Their classes (n_l,).
        x_unlabelled: Rows whose labels are hidden (n_u, d); they include the labelled ones.
        x_test: Held-out rows (n_t, d), float32.
        y_test: Their classes (n_t,).
        corruption: What training does to rows.
        view: What it does to rows for q(y|.); None for the same.
        datasets: The raw rows behind them, by split.
        facts: What the run remembers of the split.
        calibration_set: Rows (n_h, d), float32, and their classes (n_h,), which training does not
            see; a temperature is fitted on them. None where there are none.
    """

    space: Preprocessor
    x: Tensor
    y: Tensor
    x_unlabelled: Tensor
    x_test: Tensor
    y_test: Tensor
    corruption: Corruption
    datasets: Mapping[str, Dataset]
    facts: Mapping[str, Any]
    calibration_set: tuple[Tensor, Tensor] | None = None
    view: Corruption | None = None


def make_semi_supervised_data(
    train: Dataset,
    test: Dataset,
    space: Preprocessor,
    rows: Tensor,
    *,
    corruption: Corruption | None = None,
    calibration_rows: Tensor | None = None,
    x: Tensor | None = None,
    warp: float = 0.0,
) -> SemiSupervisedData:
    """All of `train` unlabelled, `rows` of it labelled; pixels that are not shifted stay uint8.

    Args:
        train: Training rows.
        test: Rows that are measured.
        space: How the model sees them.
        rows: Indices of the labelled training rows.
        corruption: What training does to rows; by default bits are drawn where the model sees bits.
        calibration_rows: Training rows whose labels are for a temperature.
        x: What `corruption` takes, (n, d), where that is not the rows as the model sees them.
        warp: How far the images are warped that q(y|.) sees in training, see `warp_randomly`.
    """
    view = None
    if warp:
        x, corruption = train.x.flatten(1), partial(_see_pixels, space=space)
        view = partial(see_warped_pixels, space=space, strength=warp)
    elif x is None:
        compact = train.kind == "images" and not (space.shift or space.scale)
        x = space.transform(train.x) if compact else see_rows(train, space)
    unseen = None if calibration_rows is None else train[calibration_rows]
    return SemiSupervisedData(
        space=space,
        x=x[rows],
        y=train.y[rows],
        x_unlabelled=x,
        x_test=see_rows(test, space),
        y_test=test.y,
        corruption=corruption or (binarise if space.binary else identity),
        datasets={"train": train, "test": test},
        facts=dataset_facts(train, labelled_rows=rows.tolist()),
        calibration_set=None if unseen is None else (see_rows(unseen, space), unseen.y),
        view=view,
    )


def _see_pixels(x: Tensor, generator: torch.Generator, space: Preprocessor) -> Tensor:
    """Images as a model sees them, bits drawn anew: x (b, c h w) in [0, 1] -> (b, width)."""
    seen = space.transform(x)
    return binarise(seen, generator) if space.binary else seen


def see_warped_pixels(
    x: Tensor, generator: torch.Generator, space: Preprocessor, strength: float
) -> Tensor:
    """Images that are warped, as a model sees them: x (b, c h w) in [0, 1] -> (b, width)."""
    warped = warp_randomly(x.unflatten(1, space.shape), generator, strength)
    return _see_pixels(warped.flatten(1), generator, space)


def spread_known_labels(data: SemiSupervisedData, rows: Tensor) -> SemiSupervisedData:
    """The same split, in which every row that a dense path leads to has the label at its end.

    Args:
        data: A split, of whose unlabelled rows `rows` are the labelled ones.
        rows: Their indices (n_l,).
    """
    y = torch.full((len(data.x_unlabelled),), labels.BLANK, dtype=data.y.dtype)
    y[rows] = data.y
    warped = data.view is not None  # then x is raw
    train = data.datasets["train"]
    y = spread_labels(see_rows(train, data.space) if warped else data.x_unlabelled, y)
    reached = labels.find_labelled_rows(y)
    note = (
        f"{len(reached) - len(rows):,} rows without a label are learned with that of the labelled "
        "row which is nearest along paths through dense places (--spread-labels): a guess."
    )
    return replace(
        data,
        x=data.x_unlabelled[reached],
        y=y[reached],
        datasets={**data.datasets, "train": replace(train, notes=(*train.notes, note))},
    )


def load_image_splits(
    data: str, held_out_rows: int = 0, size: int | None = None
) -> tuple[Dataset, Dataset]:
    """Training and test images; or the last training images in place of the test images.

    Raises:
        InputError: So many rows cannot be held out.
    """
    load = partial(images.load_image_dataset, data, size=size)
    train = load("train")
    if held_out_rows == 0:
        return train, load("test")
    return hold_out_last_rows(train, held_out_rows)


def make_bit_data(
    train: Dataset, test: Dataset, labels_per_class: int, seed: int
) -> SemiSupervisedData:
    """Images seen as bits, all pixels of them, with a few labels of each class."""
    rows = labels.sample_rows_per_class(train.y, labels_per_class, seed)
    return make_semi_supervised_data(train, test, fit_preprocessor(train, binary=True), rows)


def sample_calibration_rows(
    train: Dataset, rows: Tensor, per_class: int, seed: int
) -> Tensor | None:
    """Rows beside the labelled ones, `per_class` of each class or as many as all have."""
    y = train.y.clone()
    y[rows] = labels.BLANK
    left = y[labels.find_labelled_rows(y)].bincount(minlength=len(train.classes)).min().item()
    count = min(per_class, int(left))
    return labels.sample_rows_per_class(y, count, seed) if count else None
