"""Early stopping on a person's own data: which rows are held out for it, and what they measure."""

from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor

from ..data.batches import LabelledBatches, SemiSupervisedBatches
from ..data.dataset import Dataset, see_rows
from ..data.labels import draw_share_of_classes, find_labelled_rows
from ..data.splits import split_by_mask
from ..engine.looks import count_rounds_between_looks
from ..errors import InputError, require_at_least
from ..evaluation.calibration import LabelNll
from ..evaluation.likelihood import Elbo
from ..evaluation.objective import TrainingLoss
from ..method import Classifies, has_ability
from ..methods.introvac import IntroVAC
from ..score import FEW_ROWS
from ..stage import EarlyStopping, Experiment, Stage

SHARE = 0.1
MAX_ROWS = 5000
"""Rows that are held out, about, at most: twenty looks at more would take as long as training."""


def hold_out_rows(
    train: Dataset, patience: int, seed: int, *, labelled_alone: bool = False
) -> tuple[Dataset, Dataset | None]:
    """Rows to learn from, and those that decide when to stop; with a patience of 0, all and None.

    A tenth of the labelled rows, of each class its share. Where these are too few for a measure,
    rows without a label, as labels are worth more in training; and both where all are few. A model
    that learns from labels alone has no use for others: then it is a tenth of the labelled rows.

    Raises:
        InputError: The patience is below 0, or no row would be held out.
    """
    require_at_least(0, stop_early=patience)
    if patience == 0:
        return train, None
    is_labelled = train.y >= 0
    held = _draw_share(train.y, is_labelled, seed)
    if held.sum() < FEW_ROWS and not labelled_alone:
        unlabelled = _draw_share(train.y, ~is_labelled, seed)
        held = unlabelled if unlabelled.sum() >= FEW_ROWS else held | unlabelled
    if not held.any():
        raise InputError(
            f"--stop-early {patience} holds out a tenth of each class, and {train.name} has "
            f"{int(is_labelled.sum()) if labelled_alone else len(train)} rows to learn from; more "
            "rows are expected, or no --stop-early."
        )
    return split_by_mask(train, held)


def _draw_share(y: Tensor, among: Tensor, seed: int) -> Tensor:
    """A tenth of each class among some rows: y (n,), among (n,) bool -> (n,) bool."""
    fraction = min(SHARE, MAX_ROWS / max(1, int(among.sum())))
    held = torch.zeros_like(among)
    held[among] = torch.from_numpy(draw_share_of_classes(y[among].numpy(), fraction, seed))
    return held


def stop_stages_early(
    stages: Experiment, held_out: Dataset | None, patience: int
) -> dict[str, Stage]:
    """The stages, each of which stops by the rows held out; as they are where there are none.

    Where no answer is held out, a stage that learns answers plays all its rounds beside others.
    """
    require_at_least(0, stop_early=patience)
    if held_out is None:
        return dict(stages)
    looking = stages
    if not _have_answers(held_out).any():
        others = {n: s for n, s in stages.items() if not isinstance(s.batches, LabelledBatches)}
        looking = others or stages
    stopped = {name: add_early_stopping(each, held_out, patience) for name, each in looking.items()}
    return {**stages, **stopped}


def add_early_stopping(stage: Stage, held_out: Dataset, patience: int) -> Stage:
    """The stage, which stops by rows that it does not learn from.

    They measure what tells most of a model: -log q(y|x) of a classifier, where enough of them are
    labelled; else the bound on log p(x) where few of the rows to learn from have labels; else the
    loss of training.

    Args:
        stage: The stage.
        held_out: The rows.
        patience: Looks in a row without a better one that end it.

    Raises:
        InputError: The stage learns answers, and none of these rows has one.
    """
    if isinstance(stage.batches, LabelledBatches):
        held_out = _select_answered_rows(held_out)
    stop = _choose_measure(stage, held_out)
    stopping = stop(stage, held_out, count_rounds_between_looks(stage.engine.steps), patience)
    data = stage.data if "valid" in stage.data else {**stage.data, "valid": held_out}
    return replace(stage, stopping=stopping, data=data)


def _choose_measure(
    stage: Stage, held_out: Dataset
) -> Callable[[Stage, Dataset, int, int], EarlyStopping]:
    """What a look of this stage at these rows measures."""
    if has_ability(stage.method, Classifies) and len(find_labelled_rows(held_out.y)) >= FEW_ROWS:
        return _stop_by_labels
    return _stop_by_bound if isinstance(stage.batches, SemiSupervisedBatches) else _stop_by_loss


def _stop_by_labels(stage: Stage, held_out: Dataset, every: int, patience: int) -> EarlyStopping:
    """By -log q(y|x) of the labelled rows."""
    rows = find_labelled_rows(held_out.y)
    known = held_out[rows]
    nll = LabelNll(_see_rows(stage, known), known.y, draws=5, split_name="valid")
    words = f"negative log-likelihood of the labels of {len(rows):,} held-out rows"
    return EarlyStopping(every, patience, "held_out_label_nll", nll, words)


def _stop_by_bound(stage: Stage, held_out: Dataset, every: int, patience: int) -> EarlyStopping:
    """By the bound on log p(x)."""
    x, space = _see_rows(stage, held_out), stage.space
    seed = 0 if space is not None and space.binary else None
    bound = Elbo(x, binarised_seed=seed, split_name="valid")
    words = f"evidence lower bound on {len(x):,} held-out rows"
    return EarlyStopping(every, patience, "held_out_elbo", bound, words, larger_is_better=True)


def _stop_by_loss(stage: Stage, held_out: Dataset, every: int, patience: int) -> EarlyStopping:
    """By the loss of training; of IntroVAC by its objective alone, not by its game with itself."""
    y = _list_answers(held_out) if isinstance(stage.batches, LabelledBatches) else None
    gradients = 1 if isinstance(stage.method, IntroVAC) else None
    x = _see_rows(stage, held_out)
    loss = TrainingLoss(x, y=y, gradients=gradients, split_name="valid")
    words = f"loss of training on {len(x):,} held-out rows"
    return EarlyStopping(every, patience, "held_out_loss", loss, words)


def _list_answers(rows: Dataset) -> Tensor:
    """What is to be learned of each row: classes (n,), or attributes (n, k)."""
    return rows.y if rows.attributes is None else rows.attributes


def _have_answers(rows: Dataset) -> Tensor:
    """Whether a class or an attribute of each row is known: -> (n,) bool."""
    answers = _list_answers(rows)
    return answers >= 0 if answers.ndim == 1 else ~answers.isnan().all(1)


def _select_answered_rows(rows: Dataset) -> Dataset:
    """The rows of which a class or an attribute is known.

    Raises:
        InputError: There is none.
    """
    known = _have_answers(rows)
    if not known.any():
        raise InputError(
            f"--stop-early looks at held-out rows, and none of {len(rows)} in {rows.name} has a "
            "label; more labels are expected, or no --stop-early."
        )
    return rows[known]


def _see_rows(stage: Stage, rows: Dataset) -> Tensor:
    """Rows as the stage's model sees them."""
    assert stage.space is not None
    return see_rows(rows, stage.space)
