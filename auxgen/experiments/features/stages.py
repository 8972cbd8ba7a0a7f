"""The stage of a classifier of labelled images, a residual network where no other is given."""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from math import ceil

from torch import Tensor

from ...builders import Recipe
from ...data import labels
from ...data.augmentation import Corruption, apply_corruptions, flip_randomly, shift_randomly
from ...data.batches import LabelledBatches
from ...data.dataset import Dataset
from ...engine.settings import Engine, adam
from ...errors import InputError, require_at_least
from ...evaluation.calibration import Calibration
from ...evaluation.classification import AttributeTestErrors, Brier, TestError
from ...functional.schedules import rise_then_cosine
from ...plotting.panels import show_surest_mistakes
from ...score import Evaluation
from ...stage import Monitor, Stage
from ..common import count_steps, dataset_facts, image_preprocessor
from .plans import FeaturesPlan

MONITOR_COUNT = 10
"""Points of the curve at most; for each, batch-norm statistics are estimated anew."""


def make_classifier_stage(
    train: Dataset, test: Dataset, plan: FeaturesPlan, *, seed: int, recipe: Recipe | None = None
) -> Stage:
    """A classifier trained on the labelled rows of `train`, measured on those of `test`.

    Args:
        train: Raw rows.
        test: Raw rows.
        plan: How it is trained.
        seed: Seed of the order and of what training does to rows.
        recipe: The classifier; a residual network of the plan's size when None.

    Raises:
        InputError: The labels of `train` cannot be learned, no row of `test` has one, or the images
            of the two differ in shape.
    """
    labels.check_labels(train)
    _require_comparable_rows(train, test, test.y >= 0)
    known = train[labels.find_labelled_rows(train.y)]
    residual = _make_residual_recipe("image_classifier", train, plan, classes=len(train.classes))
    x, y, classes = test.raw_rows(), test.y, test.classes
    error = {"test_error": TestError(x, y, classes=classes)}
    more = {
        "calibration_error": Calibration(x, y, classes=classes),
        "brier": Brier(x, y, classes=classes),
    }
    stage = _make_stage(recipe or residual, known.x, known.y, (train, test), error, plan, seed)
    mistakes = partial(show_surest_mistakes, rows=test, space=image_preprocessor(train))
    pictures = {"surest mistakes": mistakes}
    return replace(stage, evaluations={**error, **more}, pictures=pictures)


def make_attribute_classifier_stage(
    train: Dataset, test: Dataset, plan: FeaturesPlan, *, seed: int, recipe: Recipe | None = None
) -> Stage:
    """A classifier of each attribute, trained on the rows of `train` that have any.

    Takes what `make_classifier_stage` takes.

    Raises:
        InputError: There are no attributes, or the images of the two differ in shape.
    """
    if train.attributes is None or test.attributes is None:
        raise InputError(f"{train.name} has no attributes; expected columns of 0 and 1.")
    _require_comparable_rows(train, test, (~test.attributes.isnan()).any(1))
    known = (~train.attributes.isnan()).any(1)
    x, y = train.x[known], train.attributes[known]
    test_errors = AttributeTestErrors(test.raw_rows(), test.attributes, names=test.attribute_names)
    count = len(test_errors.names)
    residual = _make_residual_recipe("attribute_classifier", train, plan, attributes=count)
    error = {"attributes": test_errors}
    stage = _make_stage(recipe or residual, x, y, (train, test), error, plan, seed)
    space = replace(image_preprocessor(train), classes=(), attributes=train.attribute_names)
    return replace(stage, space=space)


def _require_comparable_rows(train: Dataset, test: Dataset, known: Tensor) -> None:
    """Raises unless the model can be measured on the rows of `test` that are `known` (n,)."""
    if not known.any():
        raise InputError(f"No row of {test.name} is labelled; expected one or more, to test on.")
    if train.x.shape[1:] != test.x.shape[1:]:
        shapes = [" x ".join(map(str, rows.x.shape[1:])) for rows in (train, test)]
        raise InputError(
            f"Images of {train.name} are {shapes[0]} and of {test.name} {shapes[1]} (channels, "
            "height, width); expected the same shape."
        )


def _make_residual_recipe(
    builder: str, train: Dataset, plan: FeaturesPlan, **outputs: int
) -> Recipe:
    """A residual network of the plan's size; `outputs` are its classes or attributes."""
    require_at_least(1, blocks=plan.blocks, width=plan.width)
    sizes = {"channels": train.x.shape[1], "blocks": plan.blocks, "width": plan.width}
    return Recipe(builder, {**sizes, **outputs})


def _make_stage(
    recipe: Recipe,
    x: Tensor,
    y: Tensor,
    splits: tuple[Dataset, Dataset],
    error: Mapping[str, Evaluation],
    plan: FeaturesPlan,
    seed: int,
) -> Stage:
    """A classifier's stage, measured at the end and, for the curve, meanwhile.

    That is after every epoch, but no more than ten times: where rows are few an epoch is a round.
    """
    require_at_least(2, batch=plan.batch)  # batch norm needs two rows
    require_at_least(0, shift=plan.shift)
    flips: list[Corruption] = [flip_randomly] if plan.flip else []
    shifts = [partial(shift_randomly, pixels=plan.shift)] if plan.shift else []
    steps = count_steps(len(x), plan.batch, plan.epochs)
    engine = Engine(
        steps,
        adam(plan.lr),
        learning_rate=partial(rise_then_cosine, steps=steps, rise=0.2),
        average=plan.average,
        old_precision="bf16",
    )
    train, test = splits
    corruption = partial(apply_corruptions, corruptions=(*flips, *shifts))
    return Stage(
        method=recipe.build(),
        batches=LabelledBatches(x, y, plan.batch, seed, corruption),
        engine=engine,
        evaluations=error,
        monitor=Monitor(max(1, len(x) // plan.batch, ceil(steps / MONITOR_COUNT)), error),
        recipe=recipe,
        space=image_preprocessor(train),
        data={"train": train, "test": test},
        facts=dataset_facts(train, labelled=len(x)),
    )
