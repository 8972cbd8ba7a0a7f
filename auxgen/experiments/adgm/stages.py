"""What the semi-supervised experiments share: the stage of a model on a split, and its recipe."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from ...builders import Likelihood, Recipe
from ...data.batches import SemiSupervisedBatches
from ...engine.settings import Engine
from ...errors import require_at_least
from ...evaluation.calibration import Calibration, SelectiveAccuracy, TemperatureScaling
from ...evaluation.classification import Brier, TestError
from ...evaluation.likelihood import Elbo, ImportanceBound
from ...functional.bounds import classification_weight
from ...method import Method, Weighs
from ...plotting.panels import show_class_grid, show_surest_mistakes
from ...score import Evaluation
from ...stage import Monitor, PictureWriter, Stage
from ..common import count_steps
from .plans import AdgmPlan
from .splits import SemiSupervisedData


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
            data.x, data.y, data.x_unlabelled, labelled, batch, seed, data.corruption, data.view
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
