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
from ...data.augmentation import Corruption, binarise, identity
from ...data.batches import SemiSupervisedBatches
from ...data.dataset import Dataset, Preprocessor
from ...engine.settings import Engine
from ...errors import require_at_least
from ...evaluation.calibration import SelectiveAccuracy, TemperatureScaling
from ...evaluation.classification import Brier, Calibration, TestError
from ...evaluation.likelihood import Elbo, ImportanceBound
from ...method import Method, Weighs
from ...score import Evaluation
from ...stage import Monitor, Stage

DGMName = Literal["adgm", "sdgm", "m2"]
AblationName = Literal["adgm_deterministic", "adgm_uninformed"]
"""ADGM with a = mu(x), no variable; with p(a) = N(0, I), which sees nothing."""


@dataclass(frozen=True, eq=False)
class SemiSupervisedData:
    """Rows as a model sees them.

    Attributes:
        space: How.
        x: Labelled rows (n_l, d), float32 or uint8 pixels.
        y: Their classes (n_l,).
        x_unlabelled: Rows whose labels are hidden (n_u, d); they include the labelled ones.
        x_test: Held-out rows (n_t, d), float32.
        y_test: Their classes (n_t,).
        corruption: What training does to rows.
        datasets: The raw rows behind them, by split.
        facts: What the run remembers of the split.
        calibration_set: Rows (n_h, d), float32, and their classes (n_h,), which training does not see; a
            temperature is fitted on them. None where there are none.
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


def make_semi_supervised_data(
    train: Dataset,
    test: Dataset,
    space: Preprocessor,
    rows: Tensor,
    corruption: Corruption = identity,
    calibration_rows: Tensor | None = None,
    x: Tensor | None = None,
) -> SemiSupervisedData:
    """All of `train` unlabelled, `rows` of it labelled; pixels that are not shifted stay uint8.

    The labels of the rows `calibration_rows` are for a temperature. `x` (n, d) is what `corruption` takes,
    where that is not the rows as a model sees them.
    """
    compact = train.kind == "images" and not (space.shift or space.scale)
    if x is None:
        x = space.transform(train.x if compact else train.raw_rows())
    facts = {
        "data": train.name,
        "fingerprint": train.fingerprint,
        "labelled_rows": rows.tolist(),
    }
    return SemiSupervisedData(
        space=space,
        x=x[rows],
        y=train.y[rows],
        x_unlabelled=x,
        x_test=space.transform(test.raw_rows()),
        y_test=test.y,
        corruption=corruption,
        datasets={"train": train, "test": test},
        facts=facts,
        calibration_set=None
        if calibration_rows is None
        else (space.transform(train[calibration_rows].raw_rows()), train.y[calibration_rows]),
    )


def load_image_splits(data: str, held_out: bool) -> tuple[Dataset, Dataset]:
    """Training and test images; or the first 5/6 and the last 1/6 of those for training."""
    train = images.load_image_dataset(data, "train")
    if not held_out:
        return train, images.load_image_dataset(data, "test")
    first = len(train) * 5 // 6
    return train[:first], train[first:]


def sample_labelled_rows(train: Dataset, per_class: int, seed: int) -> Tensor:
    """Rows that keep their label: `per_class` of each class."""
    return labels.sample_rows_per_class(train.y, per_class, seed)


def sample_calibration_rows(
    train: Dataset, rows: Tensor, per_class: int, seed: int
) -> Tensor | None:
    """Rows beside the labelled ones, `per_class` of each class or as many as all have."""
    y = train.y.clone()
    y[rows] = labels.BLANK
    left = y[labels.find_labelled_rows(y)].bincount(minlength=len(train.classes)).min().item()
    count = min(per_class, int(left))
    return labels.sample_rows_per_class(y, count, seed) if count else None


def make_dgm_recipe(
    model: DGMName | AblationName,
    data: SemiSupervisedData,
    *,
    hidden: list[int],
    a: int,
    z: int,
    **rest: Any,
) -> Recipe:
    """A model's recipe for a split; M2 has no auxiliary variable."""
    require_at_least(1, hidden=min(hidden), latent=min(a, z))
    sizes = {"x": data.space.width, "classes": len(data.space.classes), "hidden": hidden, "z": z}
    auxiliary = {} if model == "m2" else {"a": a}
    return Recipe(model, {**sizes, **auxiliary, "prior_rows": len(data.x_unlabelled), **rest})


def make_semi_supervised_stage(
    recipe: Recipe,
    data: SemiSupervisedData,
    engine: Engine,
    *,
    labelled: int,
    unlabelled: int,
    seed: int,
    draws: int = 100,
    monitor_every: int | None = None,
    pictures: Mapping[str, Callable[[Any, Path], None]] | None = None,
    extra_evaluations: Mapping[str, Evaluation] | None = None,
) -> Stage:
    """A method on a split, with its error, what its probabilities are worth, and its bounds.

    Args:
        recipe: The method.
        data: The split.
        engine: How it is trained.
        labelled: Labelled rows in a batch.
        unlabelled: Unlabelled rows in a batch.
        seed: Of the batches.
        draws: Draws of a at evaluation.
        monitor_every: Steps between test errors with 5 draws, for the curve; None for no curve.
        pictures: What to draw.
        extra_evaluations: Further evaluations.
    """
    require_at_least(1, batch=min(labelled, unlabelled))
    x, y, names = data.x_test, data.y_test, data.space.classes
    error = TestError(x, y, draws=draws, classes=names)
    monitor = {"test_error": TestError(x, y, draws=5, classes=names)}
    evaluations: dict[str, Evaluation] = {
        "test_error": error,
        "calibration_error": Calibration(x, y, draws=draws, classes=names),
        "brier": Brier(x, y, draws=draws, classes=names),
        "accuracy_of_surest": SelectiveAccuracy(x, y, draws=draws, classes=names),
        **_make_temperature_evaluations(data, draws),
    }
    method = recipe.build()
    return Stage(
        method=method,
        batches=SemiSupervisedBatches(
            data.x, data.y, data.x_unlabelled, labelled, unlabelled, seed, data.corruption
        ),
        engine=engine,
        evaluations={
            **evaluations,
            **make_bound_evaluations(method, data),
            **(extra_evaluations or {}),
        },
        monitor=None if monitor_every is None else Monitor(monitor_every, monitor),
        recipe=recipe,
        space=data.space,
        pictures=pictures or {},
        data=data.datasets,
        facts=data.facts,
    )


def _make_temperature_evaluations(data: SemiSupervisedData, draws: int) -> dict[str, Evaluation]:
    """What a temperature does, where there are rows to fit it on."""
    if data.calibration_set is None:
        return {}
    x, y = data.calibration_set
    said = "training rows whose labels training does not see"
    here = TemperatureScaling(
        data.x_test, data.y_test, x_held_out=x, y_held_out=y, held_out_name=said, draws=draws
    )
    return {"tempered": here}


def make_bound_evaluations(
    method: Method, data: SemiSupervisedData, rows: int = 500
) -> dict[str, Evaluation]:
    """Bounds on log p(x) of the first test rows, for a method that has one."""
    if not isinstance(method, Weighs):
        return {}
    x, once = data.x_test[:rows], 0 if data.corruption is binarise else None
    return {
        "elbo": Elbo(x, binarised_seed=once),
        "importance_bound": ImportanceBound(x, k=50, binarised_seed=once),
    }


def convert_epochs_to_steps(rows: int, batch: int, epochs: float) -> int:
    """Steps of so many passes over the unlabelled rows."""
    require_at_least(1, batch=batch)
    return round(epochs * rows / batch)


def make_transductive_inputs(data: SemiSupervisedData) -> tuple[Tensor, Tensor]:
    """Rows and labels as scikit-learn's transductive classifiers take them: -1 for hidden."""
    y = torch.full((len(data.x_unlabelled),), -1)
    y[torch.tensor(data.facts["labelled_rows"])] = data.y
    x = data.x_unlabelled
    return (x / 255.0 if x.dtype == torch.uint8 else x), y
