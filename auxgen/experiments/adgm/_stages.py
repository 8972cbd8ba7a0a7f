"""What the semi-supervised experiments share: a split, and the stage of a model on it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor

from ...builders import Recipe
from ...data import images, labels
from ...data.augmentation import Corruption, as_they_lie, binarised
from ...data.batches import SemiSupervisedBatches
from ...data.dataset import Examples, Space
from ...engine.settings import Engine
from ...errors import at_least
from ...evaluation.calibration import SurestAccuracy, Tempered
from ...evaluation.classification import Brier, Calibration, TestError
from ...evaluation.likelihood import Elbo, ImportanceBound
from ...method import Method, Weighs
from ...score import Evaluation
from ...stage import Monitor, Stage

Name = Literal["adgm", "sdgm", "m2"]
Ablation = Literal["adgm_deterministic", "adgm_uninformed"]
"""ADGM with a = mu(x), no variable; with p(a) = N(0, I), which sees nothing."""


@dataclass(frozen=True, eq=False)
class Split:
    """Rows as a model sees them.

    Attributes:
        space: How.
        x: Labelled rows (n_l, d), float32 or uint8 pixels.
        y: Their classes (n_l,).
        x_unlabelled: Rows whose labels are hidden (n_u, d); they include the labelled ones.
        x_test: Held-out rows (n_t, d), float32.
        y_test: Their classes (n_t,).
        corruption: What training does to rows.
        examples: The raw rows behind them, by split.
        facts: What the run remembers of the split.
        held: Rows (n_h, d), float32, and their classes (n_h,), which training does not see; a
            temperature is fitted on them. None where there are none.
    """

    space: Space
    x: Tensor
    y: Tensor
    x_unlabelled: Tensor
    x_test: Tensor
    y_test: Tensor
    corruption: Corruption
    examples: Mapping[str, Examples]
    facts: Mapping[str, Any]
    held: tuple[Tensor, Tensor] | None = None


def split(
    train: Examples,
    test: Examples,
    space: Space,
    rows: Tensor,
    corruption: Corruption = as_they_lie,
    held: Tensor | None = None,
    x: Tensor | None = None,
) -> Split:
    """All of `train` unlabelled, `rows` of it labelled; pixels that are not shifted stay uint8.

    The labels of the rows `held` are for a temperature. `x` (n, d) is what `corruption` takes,
    where that is not the rows as a model sees them.
    """
    compact = train.kind == "images" and not (space.shift or space.scale)
    if x is None:
        x = space.enter(train.x if compact else train.raw())
    facts = {
        "data": train.name,
        "fingerprint": train.fingerprint,
        "labelled_rows": rows.tolist(),
    }
    return Split(
        space=space,
        x=x[rows],
        y=train.y[rows],
        x_unlabelled=x,
        x_test=space.enter(test.raw()),
        y_test=test.y,
        corruption=corruption,
        examples={"train": train, "test": test},
        facts=facts,
        held=None if held is None else (space.enter(train[held].raw()), train.y[held]),
    )


def parts(data: str, held_out: bool) -> tuple[Examples, Examples]:
    """Training and test images; or the first 5/6 and the last 1/6 of those for training."""
    train = images.load(data, "train")
    if not held_out:
        return train, images.load(data, "test")
    first = len(train) * 5 // 6
    return train[:first], train[first:]


def drawn(train: Examples, per_class: int, seed: int) -> Tensor:
    """Rows that keep their label: `per_class` of each class."""
    return labels.draw(train.y, per_class, seed)


def others(train: Examples, rows: Tensor, per_class: int, seed: int) -> Tensor | None:
    """Rows beside the labelled ones, `per_class` of each class or as many as all have."""
    y = train.y.clone()
    y[rows] = labels.BLANK
    left = y[labels.labelled(y)].bincount(minlength=len(train.classes)).min().item()
    count = min(per_class, int(left))
    return labels.draw(y, count, seed) if count else None


def recipe(
    model: Name | Ablation, data: Split, *, hidden: list[int], a: int, z: int, **rest: Any
) -> Recipe:
    """A model's recipe for a split; M2 has no auxiliary variable."""
    at_least(1, hidden=min(hidden), latent=min(a, z))
    sizes = {"x": data.space.width, "classes": len(data.space.classes), "hidden": hidden, "z": z}
    auxiliary = {} if model == "m2" else {"a": a}
    return Recipe(model, {**sizes, **auxiliary, "prior_rows": len(data.x_unlabelled), **rest})


def stage(
    made: Recipe,
    data: Split,
    engine: Engine,
    *,
    labelled: int,
    unlabelled: int,
    seed: int,
    draws: int = 100,
    monitor_every: int | None = None,
    pictures: Mapping[str, Callable[[Any, Path], None]] | None = None,
    more: Mapping[str, Evaluation] | None = None,
) -> Stage:
    """A method on a split, with its error, what its probabilities are worth, and its bounds.

    Args:
        made: The method.
        data: The split.
        engine: How it is trained.
        labelled: Labelled rows in a batch.
        unlabelled: Unlabelled rows in a batch.
        seed: Of the batches.
        draws: Draws of a at evaluation.
        monitor_every: Steps between test errors with 5 draws, for the curve; None for no curve.
        pictures: What to draw.
        more: Further evaluations.
    """
    at_least(1, batch=min(labelled, unlabelled))
    x, y, names = data.x_test, data.y_test, data.space.classes
    error = TestError(x, y, draws=draws, classes=names)
    monitor = {"test_error": TestError(x, y, draws=5, classes=names)}
    evaluations: dict[str, Evaluation] = {
        "test_error": error,
        "calibration_error": Calibration(x, y, draws=draws, classes=names),
        "brier": Brier(x, y, draws=draws, classes=names),
        "accuracy_of_surest": SurestAccuracy(x, y, draws=draws, classes=names),
        **tempered(data, draws),
    }
    method = made.build()
    return Stage(
        method=method,
        batches=SemiSupervisedBatches(
            data.x, data.y, data.x_unlabelled, labelled, unlabelled, seed, data.corruption
        ),
        engine=engine,
        evaluations={**evaluations, **bounds(method, data), **(more or {})},
        monitor=None if monitor_every is None else Monitor(monitor_every, monitor),
        recipe=made,
        space=data.space,
        pictures=pictures or {},
        data=data.examples,
        facts=data.facts,
    )


def tempered(data: Split, draws: int) -> dict[str, Evaluation]:
    """What a temperature does, where there are rows to fit it on."""
    if data.held is None:
        return {}
    x, y = data.held
    said = "training rows whose labels training does not see"
    here = Tempered(data.x_test, data.y_test, x_held=x, y_held=y, held=said, draws=draws)
    return {"tempered": here}


def bounds(method: Method, data: Split, rows: int = 500) -> dict[str, Evaluation]:
    """Bounds on log p(x) of the first test rows, for a method that has one."""
    if not isinstance(method, Weighs):
        return {}
    x, once = data.x_test[:rows], 0 if data.corruption is binarised else None
    return {
        "elbo": Elbo(x, binarised_seed=once),
        "importance_bound": ImportanceBound(x, k=50, binarised_seed=once),
    }


def epochs_of(rows: int, batch: int, epochs: float) -> int:
    """Steps of so many passes over the unlabelled rows."""
    at_least(1, batch=batch)
    return round(epochs * rows / batch)


def hidden_labels(data: Split) -> tuple[Tensor, Tensor]:
    """Rows and labels as scikit-learn's transductive classifiers take them: -1 for hidden."""
    y = torch.full((len(data.x_unlabelled),), -1)
    y[torch.tensor(data.facts["labelled_rows"])] = data.y
    x = data.x_unlabelled
    return (x / 255.0 if x.dtype == torch.uint8 else x), y
