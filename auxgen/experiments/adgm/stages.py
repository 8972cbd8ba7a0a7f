"""What the semi-supervised experiments share: a split, and the stage of a model on it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import torch
from torch import Tensor

from ...builders import Likelihood, Recipe
from ...data import images, labels
from ...data.augmentation import Corruption, binarise, identity
from ...data.batches import SemiSupervisedBatches
from ...data.dataset import Dataset, Preprocessor, see_rows
from ...data.fitting import fit_preprocessor
from ...engine.settings import Engine
from ...errors import require_at_least
from ...evaluation.calibration import SelectiveAccuracy, TemperatureScaling
from ...evaluation.classification import Brier, Calibration, TestError
from ...evaluation.likelihood import Elbo, ImportanceBound
from ...functional.bounds import classification_weight
from ...functional.dense_paths import spread_labels
from ...method import Method, Weighs
from ...plotting.panels import show_class_grid, show_surest_mistakes
from ...score import Evaluation
from ...stage import Monitor, PictureWriter, Stage
from ..common import count_steps, dataset_facts, hold_out_last_rows
from .plans import AdgmPlan


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


def make_semi_supervised_data(
    train: Dataset,
    test: Dataset,
    space: Preprocessor,
    rows: Tensor,
    *,
    corruption: Corruption | None = None,
    calibration_rows: Tensor | None = None,
    x: Tensor | None = None,
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
    """
    if x is None:
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
    )


def spread_known_labels(data: SemiSupervisedData, rows: Tensor) -> SemiSupervisedData:
    """The same split, in which every row that a dense path leads to has the label at its end.

    Args:
        data: A split, of whose unlabelled rows `rows` are the labelled ones.
        rows: Their indices (n_l,).
    """
    y = torch.full((len(data.x_unlabelled),), labels.BLANK, dtype=data.y.dtype)
    y[rows] = data.y
    y = spread_labels(data.x_unlabelled, y)
    reached = labels.find_labelled_rows(y)
    note = (
        f"{len(reached) - len(rows):,} rows without a label are learned with that of the labelled "
        "row which is nearest along paths through dense places (--spread-labels): a guess."
    )
    train = data.datasets["train"]
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


def make_dgm_recipe(
    plan: AdgmPlan, data: SemiSupervisedData, *, likelihood: Likelihood, **rest: Any
) -> Recipe:
    """A model's recipe by its plan, with two hidden layers; `rest` goes to the builder."""
    weight = classification_weight(plan.classification_weight, len(data.x), len(data.x_unlabelled))
    rest = {
        "alpha": weight,
        "likelihood": likelihood,
        "skip_below": plan.skip_below,
        **rest,
    }
    return make_sized_recipe(plan.model, data, 2 * [plan.hidden], plan.latent, **rest)


def make_sized_recipe(
    model: str, data: SemiSupervisedData, hidden: list[int], latent: int, **rest: Any
) -> Recipe:
    """A model's recipe for a split, as many units of a as of z; M2 has no auxiliary variable."""
    require_at_least(1, hidden=min(hidden), latent=latent, draws=rest.get("samples", 1))
    x, classes = data.space.width, len(data.space.classes)
    sizes = {"x": x, "classes": classes, "hidden": hidden, "z": latent}
    auxiliary = {} if model == "m2" else {"a": latent}
    return Recipe(model, {**sizes, **auxiliary, "prior_rows": len(data.x_unlabelled), **rest})


def make_semi_supervised_stage(
    recipe: Recipe,
    data: SemiSupervisedData,
    engine: Engine,
    *,
    batch: int,
    seed: int,
    labelled: int | None = None,
    draws: int = 100,
    monitor_every: int = 0,
    pictures: Mapping[str, PictureWriter] | None = None,
) -> Stage:
    """A method on a split, with its error, what its probabilities are worth, and its bounds.

    Args:
        recipe: The method.
        data: The split.
        engine: How it is trained.
        batch: Unlabelled rows in a batch.
        seed: Seed of the batches.
        labelled: Labelled rows in a batch; as many as unlabelled ones when None.
        draws: Draws of a at evaluation.
        monitor_every: Steps between test errors with 5 draws, for the curve; 0 for no curve.
        pictures: Pictures of the trained method, by name.
    """
    labelled = batch if labelled is None else labelled
    least = 2 if recipe.arguments.get("batch_norm") else 1  # rows that batch norm can normalise
    require_at_least(least, batch=min(labelled, batch))
    x, y, names = data.x_test, data.y_test, data.space.classes
    monitor = {"test_error": TestError(x, y, draws=5, classes=names)}
    evaluations: dict[str, Evaluation] = {
        "test_error": TestError(x, y, draws=draws, classes=names),
        "calibration_error": Calibration(x, y, draws=draws, classes=names),
        "brier": Brier(x, y, draws=draws, classes=names),
        "accuracy_of_surest": SelectiveAccuracy(x, y, draws=draws, classes=names),
    }
    if data.calibration_set is not None:
        x_fit, y_fit = data.calibration_set
        name = "training rows whose labels training does not see"
        evaluations["tempered"] = TemperatureScaling(
            x, y, x_held_out=x_fit, y_held_out=y_fit, held_out_name=name, draws=draws
        )
    method = recipe.build()
    return Stage(
        method=method,
        batches=SemiSupervisedBatches(
            data.x, data.y, data.x_unlabelled, labelled, batch, seed, data.corruption
        ),
        engine=engine,
        evaluations={**evaluations, **make_bound_evaluations(method, data)},
        monitor=Monitor(monitor_every, monitor) if monitor_every else None,
        recipe=recipe,
        space=data.space,
        pictures=pictures or {},
        data=data.datasets,
        facts=data.facts,
    )


def make_image_pictures(data: SemiSupervisedData) -> dict[str, PictureWriter]:
    """Pictures of a model of labelled images: samples, and what it takes for something else."""
    grid = partial(show_class_grid, space=data.space)
    mistakes = partial(show_surest_mistakes, rows=data.datasets["test"], space=data.space)
    return {"samples by class": grid, "surest mistakes": mistakes}


def make_bound_evaluations(
    method: Method, data: SemiSupervisedData, rows: int = 500
) -> dict[str, Evaluation]:
    """Bounds on log p(x) of the first test rows, for a method that has one."""
    if not isinstance(method, Weighs):
        return {}
    x, once = data.x_test[:rows], 0 if data.space.binary else None
    bound = ImportanceBound(x, k=50, binarised_seed=once)
    return {"elbo": Elbo(x, binarised_seed=once), "importance_bound": bound}


def count_monitor_steps(rows: int, batch: int, epochs: float) -> int:
    """Steps between test errors: of so many passes, at least 1; 0 for no curve."""
    return max(1, count_steps(rows, batch, epochs)) if epochs else 0
