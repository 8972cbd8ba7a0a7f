"""Your own images with columns of attributes, blanks allowed: directions to move them along.

    auxgen train introvac.own --data FOLDER --run runs/mine
    auxgen edit runs/mine photo.png --attribute NAME=+3 --out edited/

A folder of images with a metadata.csv: a column file_name, and for each attribute a column of 0 and
1, or true and false, left blank where it is not known. A blank contributes no loss. Without such
columns every class is an attribute: of class folders, or of the column that --label names.
"""

from dataclasses import replace
from pathlib import Path

from ...data import folders, user
from ...data.attributes import derive_attributes, turn_classes_into_attributes
from ...data.dataset import Dataset
from ...errors import InputError
from ...evaluation.attribute_scorers import MultilabelScorer
from ...evaluation.probe_scorers import ProbeScorer
from ...networks.backbones import is_backbone_name
from ...stage import Experiment
from ..common import Budget, raise_epochs
from ..early_stopping import hold_out_rows, stop_stages_early
from .evaluations import IntrovacEvaluations
from .plans import IntrovacOwnPlan, PhotoSize, fit_photo_plan
from .stages import build_introvac_stages

OWN_PLAN = IntrovacOwnPlan()


def make_plan(budget: Budget = "cpu", size: PhotoSize = 64) -> IntrovacOwnPlan:
    """A plan for square images of this size."""
    return fit_photo_plan(OWN_PLAN, budget, size)


def experiment(
    plan: IntrovacOwnPlan = OWN_PLAN,
    *,
    data: Path,
    attribute: tuple[str, ...] = (),
    label: str | None = None,
    seed: int = 0,
) -> Experiment:
    """Variational classifiers of your images.

    Args:
        plan: Sizes and training.
        data: Folder of images with a metadata.csv, or in class folders.
        attribute: Columns to learn, or classes; all that have both answers when empty.
        label: Column of the class, of which each becomes an attribute.
        size: Side in pixels to which images are resized.
        seed: Seed of the held-out images and the order of the rows.
    """
    train, test = _load_attribute_splits(Path(data), plan, attribute, label, seed)
    train, held_out = hold_out_rows(train, plan.stop_early, seed)
    plan = raise_own_epochs(plan, len(train))
    columns = {name: (name,) for name in train.attribute_names}
    scorers = [
        ProbeScorer(name, train) if is_backbone_name(name) else MultilabelScorer(name, columns)
        for name in plan.scorers
    ]
    evaluations = IntrovacEvaluations(train, test, scorers, next(iter(plan.scorers), None))
    stages = build_introvac_stages(plan, evaluations, seed=seed, model=plan.model)
    return stop_stages_early(stages, held_out, plan.stop_early)


def raise_own_epochs(plan: IntrovacOwnPlan, rows: int) -> IntrovacOwnPlan:
    """The plan with as many passes as the fewest rounds take, a quarter of them for pretraining."""
    least, batch = plan.least_steps, plan.batch
    return replace(
        plan,
        introvac_epochs=raise_epochs(plan.introvac_epochs, rows, batch, least),
        vac_epochs=raise_epochs(plan.vac_epochs, rows, batch, least),
        pretraining_epochs=raise_epochs(plan.pretraining_epochs, rows, batch, least / 4),
    )


def _load_attribute_splits(
    data: Path, plan: IntrovacOwnPlan, attribute: tuple[str, ...], label: str | None, seed: int
) -> tuple[Dataset, Dataset]:
    """Training and test rows: the folder's own, or some held out."""

    def load(split: str) -> Dataset:
        rows = user.load_image_folder(data, label=label, size=plan.size, split=split)
        if rows.attributes is not None and label is None:
            return rows
        if not rows.classes:
            raise InputError(
                f"{rows.name} has no attributes; columns of 0 and 1 in a metadata.csv, class "
                "folders, or --label COLUMN are expected: each class then becomes an attribute."
            )
        return turn_classes_into_attributes(rows)

    every = load("train")
    columns = {name: (name,) for name in attribute or _list_answered_attributes(every)}
    if not columns:
        raise InputError(
            f"No attribute of {every.name} has both answers; expected images with it and images "
            "without it."
        )
    train = derive_attributes(every, columns)
    for name in columns:
        if name not in _list_answered_attributes(train):
            raise InputError(
                f"Column {name!r} of {train.name} has one answer only; expected images with it and "
                "images without it."
            )
    if "test" in folders.find_image_splits(data):
        return train, derive_attributes(load("test"), columns)
    return user.split_randomly(train, plan.test_fraction, seed)


def _list_answered_attributes(rows: Dataset) -> tuple[str, ...]:
    """Attributes that some rows are known to have and some not to have."""
    y = rows.require_attributes()
    both = (y == 0).any(0) & (y == 1).any(0)
    return tuple(name for name, there in zip(rows.attribute_names, both, strict=True) if there)
