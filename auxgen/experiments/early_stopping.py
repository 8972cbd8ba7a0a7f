"""Early stopping on a person's own data: which rows are held out for it, and what they measure."""

from dataclasses import replace

import torch
from torch import Tensor

from ..data.dataset import Dataset
from ..data.labels import draw_share_of_classes, find_labelled_rows
from ..data.user import split_by_mask
from ..engine.looks import count_rounds_between_looks
from ..errors import InputError, require_at_least
from ..evaluation.calibration import LabelNll
from ..evaluation.likelihood import Elbo
from ..score import FEW_ROWS
from ..stage import EarlyStopping, Stage

SHARE = 0.1
MAX_ROWS = 5000
"""Rows that are held out, about, at most: twenty looks at more would take as long as training."""


def hold_out_rows(train: Dataset, patience: int, seed: int) -> tuple[Dataset, Dataset | None]:
    """Rows to learn from, and those that decide when to stop; with a patience of 0, all and None.

    A tenth of the labelled rows, of each class its share. Where these are too few for a measure,
    rows without a label, as labels are worth more in training; and both where all are few.

    Raises:
        InputError: The patience is below 0, or no row would be held out.
    """
    require_at_least(0, stop_early=patience)
    if patience == 0:
        return train, None
    is_labelled = train.y >= 0
    held = _draw_share(train.y, is_labelled, seed)
    if held.sum() < FEW_ROWS:
        unlabelled = _draw_share(train.y, ~is_labelled, seed)
        held = unlabelled if unlabelled.sum() >= FEW_ROWS else held | unlabelled
    if not held.any():
        raise InputError(
            f"--stop-early {patience} holds out a tenth of each class, and {train.name} has "
            f"{len(train)} rows to learn from; more rows are expected, or no --stop-early."
        )
    return split_by_mask(train, held)


def _draw_share(y: Tensor, among: Tensor, seed: int) -> Tensor:
    """A tenth of each class among some rows: y (n,), among (n,) bool -> (n,) bool."""
    fraction = min(SHARE, MAX_ROWS / max(1, int(among.sum())))
    held = torch.zeros_like(among)
    held[among] = torch.from_numpy(draw_share_of_classes(y[among].numpy(), fraction, seed))
    return held


def add_early_stopping(stage: Stage, held_out: Dataset, patience: int) -> Stage:
    """The stage of a classifier with a bound, which stops by rows that it does not learn from.

    They measure -log q(y|x) where enough of them are labelled, else the bound on log p(x).

    Args:
        stage: The stage.
        held_out: The rows.
        patience: Looks in a row without a better one that end it.
    """
    space = stage.space
    assert space is not None
    x, every = space.transform(held_out.raw_rows()), count_rounds_between_looks(stage.engine.steps)
    rows = find_labelled_rows(held_out.y)
    if len(rows) >= FEW_ROWS:
        nll = LabelNll(x[rows], held_out.y[rows], draws=5, split_name="valid")
        words = f"negative log-likelihood of the labels of {len(rows):,} held-out rows"
        stopping = EarlyStopping(every, patience, "held_out_label_nll", nll, words)
    else:
        bound = Elbo(x, binarised_seed=0 if space.binary else None, split_name="valid")
        words = f"evidence lower bound on {len(x):,} held-out rows"
        stopping = EarlyStopping(
            every, patience, "held_out_elbo", bound, words, larger_is_better=True
        )
    return replace(stage, stopping=stopping, data={**stage.data, "valid": held_out})
