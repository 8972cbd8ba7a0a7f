"""What the experiments on features share: the stage of a residual network on labelled images."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial

from torch import Tensor

from ...builders import Recipe
from ...data import images, labels
from ...data.augmentation import Corruption
from ...data.batches import LabelledBatches
from ...data.dataset import Dataset, Preprocessor
from ...engine.settings import Engine, adam
from ...errors import InputError, require_at_least
from ...evaluation.classification import AttributeTestErrors, Brier, Calibration, TestError
from ...functional.schedules import rise_then_cosine
from ...score import Evaluation
from ...stage import Experiment, Monitor, Stage


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How large a network is, and how it is trained.

    Attributes:
        blocks: Blocks in each of three stages.
        width: Channels of the first stage; four times as many features.
        epochs: Passes over the labelled rows.
        lr: Highest learning rate of Adam: it rises over a fifth of the steps, then falls to zero.
        batch: Rows in a batch; batch norm needs two.
        seed: Of the order and of what training does to rows.
        corruption: What training does to rows.
    """

    blocks: int
    width: int
    epochs: float
    lr: float
    batch: int
    seed: int
    corruption: Corruption


def make_classifier_experiment(
    name: str, *, epochs: float, batch: int, blocks: int, corruption: Corruption
) -> Callable[..., Experiment]:
    """The experiment on an image set with classes, and what it does unless told otherwise.

    Args:
        name: Of the set, as `images.load` knows it.
        epochs: See below.
        batch: See below.
        blocks: See below.
        corruption: What training does to images.
    """
    passes, rows, deep = epochs, batch, blocks

    def experiment(
        *,
        seed: int = 0,
        epochs: float = passes,
        lr: float = 1e-2,
        batch: int = rows,
        blocks: int = deep,
        width: int = 16,
    ) -> Experiment:
        """A residual network that classifies the images.

        Args:
            seed: Of the initialisation, the order and what training does to images.
            epochs: Passes over the training images.
            lr: Highest learning rate of Adam.
            batch: Images in a batch.
            blocks: Blocks in each of three stages; 6 blocks + 2 layers in all.
            width: Channels of the first stage; features are four times as many.
        """
        train, test = (images.load_image_dataset(name, split) for split in ("train", "test"))
        plan = Plan(
            blocks=blocks,
            width=width,
            epochs=epochs,
            lr=lr,
            batch=batch,
            seed=seed,
            corruption=corruption,
        )
        return {"classifier": make_classifier_stage(train, test, plan)}

    return experiment


def make_classifier_stage(
    train: Dataset, test: Dataset, plan: Plan, recipe: Recipe | None = None
) -> Stage:
    """A classifier trained on the labelled rows of `train`, measured on those of `test`.

    Args:
        train: Raw rows.
        test: Raw rows.
        plan: How it is trained.
        recipe: The classifier; a residual network of the plan's size when None.

    Raises:
        InputError: The labels of `train` will not do, no row of `test` has one, or the images of
            one are not shaped as the other's.
    """
    labels.check_labels(train)
    _require_comparable_rows(train, test, test.y >= 0)
    known = train[labels.find_labelled_rows(train.y)]
    x = test.raw_rows()
    error = TestError(x, test.y, classes=test.classes)
    more = {
        "calibration_error": Calibration(x, test.y, classes=test.classes),
        "brier": Brier(x, test.y, classes=test.classes),
    }
    residual = Recipe(
        "image_classifier", {**_make_size_arguments(known, plan), "classes": len(train.classes)}
    )
    return _make_labelled_stage(
        recipe or residual,
        plan,
        x=known.x,
        y=known.y,
        monitored_evaluations={"test_error": error},
        final_evaluations=more,
        data={"train": train, "test": test},
        space=replace(_make_unchanged_image_space(train), classes=train.classes),
    )


def make_attribute_classifier_stage(
    train: Dataset, test: Dataset, plan: Plan, recipe: Recipe | None = None
) -> Stage:
    """A classifier of each attribute, trained on the rows of `train` that have any.

    Args:
        train: Raw rows.
        test: Raw rows.
        plan: How it is trained.
        recipe: The classifier; a residual network of the plan's size when None.

    Raises:
        InputError: There are no attributes, or the images of one are not shaped as the other's.
    """
    if train.attributes is None or test.attributes is None:
        raise InputError(
            f"{train.name} has no attributes; a set with columns of 0 and 1 is wanted."
        )
    _require_comparable_rows(train, test, (~test.attributes.isnan()).any(1))
    known = (~train.attributes.isnan()).any(1)
    error = AttributeTestErrors(test.raw_rows(), test.attributes, names=test.attribute_names)
    residual = {**_make_size_arguments(train, plan), "attributes": len(error.names)}
    return _make_labelled_stage(
        recipe or Recipe("attribute_classifier", residual),
        plan,
        x=train.x[known],
        y=train.attributes[known],
        monitored_evaluations={"attributes": error},
        final_evaluations={},
        data={"train": train, "test": test},
        space=replace(_make_unchanged_image_space(train), attributes=train.attribute_names),
    )


def _require_comparable_rows(train: Dataset, test: Dataset, known: Tensor) -> None:
    """Raises unless the model can be measured on the rows of `test` that are `known` (n,)."""
    if not known.any():
        raise InputError(f"No row of {test.name} is labelled; one or more is wanted, to test on.")
    if train.x.shape[1:] != test.x.shape[1:]:
        shapes = [" x ".join(map(str, e.x.shape[1:])) for e in (train, test)]
        raise InputError(
            f"Images of {train.name} are {shapes[0]} and of {test.name} {shapes[1]} (channels, "
            "height, width); the same of both is wanted."
        )


def _make_size_arguments(train: Dataset, plan: Plan) -> dict[str, int]:
    """The arguments that both builders take."""
    require_at_least(1, blocks=plan.blocks, width=plan.width)
    return {"channels": train.x.shape[1], "blocks": plan.blocks, "width": plan.width}


def _make_unchanged_image_space(train: Dataset) -> Preprocessor:
    """Images as they are."""
    return Preprocessor(kind="images", shape=tuple(train.x.shape[1:]), flat=False)


def _make_labelled_stage(
    recipe: Recipe,
    plan: Plan,
    *,
    x: Tensor,
    y: Tensor,
    monitored_evaluations: Mapping[str, Evaluation],
    final_evaluations: Mapping[str, Evaluation],
    data: Mapping[str, Dataset],
    space: Preprocessor,
) -> Stage:
    """The stage of a classifier.

    Args:
        recipe: The classifier.
        plan: How it is trained.
        x: Rows, uint8 (n, c, h, w).
        y: What is known of each.
        monitored_evaluations: What is measured at the end, and after every epoch for the curve.
        final_evaluations: What else is measured at the end.
        data: All rows, by split.
        space: How it sees images, and the names of what it tells.
    """
    require_at_least(2, batch=plan.batch)
    train = data["train"]
    steps = round(plan.epochs * len(x) / plan.batch)
    engine = Engine(
        steps,
        adam(plan.lr),
        learning_rate=partial(rise_then_cosine, steps=steps, rise=0.2),
        average=0.99,
        precision="bf16",
    )
    return Stage(
        method=recipe.build(),
        batches=LabelledBatches(x, y, plan.batch, plan.seed, plan.corruption),
        engine=engine,
        evaluations={**monitored_evaluations, **final_evaluations},
        monitor=Monitor(max(1, len(x) // plan.batch), monitored_evaluations),
        recipe=recipe,
        space=space,
        data=data,
        facts={"data": train.name, "fingerprint": train.fingerprint, "labelled": len(x)},
    )
