"""Rows held out: by a share, by class, in folds."""

import torch
from torch import Tensor

from ..errors import InputError
from .dataset import Dataset, add_fingerprint
from .labels import find_labelled_rows


def split_stratified(dataset: Dataset, fraction: float, seed: int) -> tuple[Dataset, Dataset]:
    """Splits rows into (train, test); test has labelled rows only, of every class its share.

    Args:
        dataset: Rows, labelled or not.
        fraction: Share of the labelled rows that goes to the test set.

    Raises:
        InputError: The fraction is not between 0 and 1, no row is labelled, or a class has a single
            labelled row, which cannot be on both sides.
    """
    if not 0 < fraction < 1:
        raise InputError(f"A fraction of {fraction} was given; one between 0 and 1 is expected.")
    y = dataset.y
    groups = [(y == c).nonzero().flatten() for c in y[find_labelled_rows(y)].unique().tolist()]
    if not groups:
        raise InputError(f"No row of {dataset.name} is labelled; a test set needs labels.")
    shares = _apportion_shares([len(g) for g in groups], fraction)
    generator = torch.Generator().manual_seed(seed)
    held = torch.zeros(len(dataset), dtype=torch.bool)
    for group, share in zip(groups, shares, strict=True):
        if len(group) < 2:
            c = dataset.classes[int(y[group[0]])]
            raise InputError(
                f"Class {c!r} has 1 labelled row; 2 are expected, one for each side: label another "
                "row of it, or leave the label of this one blank."
            )
        count = min(max(share, 1), len(group) - 1)
        held[group[torch.randperm(len(group), generator=generator)[:count]]] = True
    return split_by_mask(dataset, held)


def split_into_folds(dataset: Dataset, folds: int, seed: int) -> list[tuple[Dataset, Dataset]]:
    """(train, held out) of each fold: every labelled row is held out once, classes in turn.

    Rows without a label are always learned from.

    Raises:
        InputError: There are fewer than two folds, more of them than labelled rows, or a class has
            a single labelled row.
    """
    y = dataset.y
    groups = [(y == c).nonzero().flatten() for c in y[find_labelled_rows(y)].unique().tolist()]
    rows = sum(map(len, groups))
    if not 2 <= folds <= rows:
        raise InputError(f"folds is {folds}; 2 to {rows}, the labelled rows, are expected.")
    for group in groups:
        if len(group) < 2:
            c = dataset.classes[int(y[group[0]])]
            raise InputError(
                f"Class {c!r} has 1 labelled row; 2 or more are expected for folds: label another "
                "row of it, or leave the label of this one blank."
            )
    generator = torch.Generator().manual_seed(seed)
    mixed = torch.cat([g[torch.randperm(len(g), generator=generator)] for g in groups])
    fold = torch.full((len(dataset),), -1)
    fold[mixed] = torch.arange(rows) % folds
    return [split_by_mask(dataset, fold == k) for k in range(folds)]


def split_randomly(dataset: Dataset, fraction: float, seed: int) -> tuple[Dataset, Dataset]:
    """Splits rows into (train, held out), labelled or not, in the order in which they are.

    Args:
        fraction: Share of the rows that is held out.

    Raises:
        InputError: Nothing would be left on one side.
    """
    count = round(fraction * len(dataset)) if 0 < fraction < 1 else 0
    if not 0 < count < len(dataset):
        raise InputError(
            f"A share of {fraction:g} of {len(dataset)} images was to be held out; one that "
            "leaves images on both sides is expected."
        )
    order = torch.randperm(len(dataset), generator=torch.Generator().manual_seed(seed))
    held = torch.zeros(len(dataset), dtype=torch.bool)
    held[order[:count]] = True
    return split_by_mask(dataset, held)


def split_by_mask(dataset: Dataset, held: Tensor) -> tuple[Dataset, Dataset]:
    """The other rows, and those of a mask (n,), each with a fingerprint of their own."""
    return add_fingerprint(dataset[~held]), add_fingerprint(dataset[held])


def _apportion_shares(sizes: list[int], fraction: float) -> list[int]:
    """A whole share of every size, all together round(fraction sum sizes): largest remainders."""
    exact = [n * fraction for n in sizes]
    shares = [int(e) for e in exact]
    left = round(fraction * sum(sizes)) - sum(shares)
    order = sorted(range(len(sizes)), key=lambda i: shares[i] - exact[i])
    for i in order[:left]:
        shares[i] += 1
    return shares
