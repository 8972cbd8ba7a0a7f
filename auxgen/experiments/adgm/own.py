"""Your own images or table, with a label column that may have blanks.

    auxgen train adgm.own --data FOLDER_OR_TABLE --label COLUMN --run runs/mine

A folder of images (class folders, or a metadata.csv whose label column has blanks) or a table, as
.csv, .tsv, .parquet, .feather or .xlsx. Rows without a label teach the model what the data looks
like; rows with one, what the classes are. A test set is held out of the labelled rows where the
data has none of its own.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, cast

from ...builders.seen_rows import SeenRows, see_as_bits, see_standardised
from ...data import folders, labels, tables
from ...data import user as own
from ...data.cells import Decimal
from ...data.column_kinds import ColumnChoice
from ...data.dataset import Dataset
from ...data.families import parse_choice
from ...data.table_files import TableFormat
from ...engine.settings import Engine, adam
from ...errors import InputError
from ...evaluation.folds import Fold, FoldsError
from ...features.picture_components import get_picture_side
from ...score import Score
from ...stage import Experiment, Stage
from ..common import count_steps, raise_epochs
from ..early_stopping import add_early_stopping, hold_out_rows
from .own_features import fit_picture_features, put_on_features
from .plans import OWN_PLAN, AdgmOwnPlan
from .splits import make_semi_supervised_data, spread_known_labels
from .stages import make_dgm_recipe, make_image_pictures, make_semi_supervised_stage


def experiment(
    plan: AdgmOwnPlan = OWN_PLAN,
    *,
    data: Path,
    label: str | None = None,
    columns: tuple[str, ...] = (),
    drop: tuple[str, ...] = (),
    id: str | None = None,
    blank: tuple[str, ...] = (),
    separator: str | None = None,
    encoding: str | None = None,
    decimal: Decimal | None = None,
    seed: int = 0,
) -> Experiment:
    """A classifier and a generative model of your data, from the labels that there are.

    Args:
        plan: The model and how it is trained.
        data: Folder of images, or a table: .csv, .tsv, .parquet, .feather or .xlsx.
        label: Column of the label; blank cells are rows without one.
        columns: Columns of a table to learn from; by default all but those that never change or
            only name the rows.
        drop: Columns of a table to leave out.
        id: Column of a table that names the rows: it stands beside predictions, and nothing is
            learned from it.
        blank: Texts of a table that mean a blank cell, besides the empty one.
        separator: What separates the cells of a table of text: one character, or tab.
        encoding: Encoding of a table of text, such as utf-8 or cp1252.
        decimal: Decimal sign of a table's numbers.
        steps: Rounds of training; None: as many as the passes take, between the fewest and the most
            rounds.
        seed: Seed of the held-out rows, the initialisation and the order.
    """
    choice = ColumnChoice(label, id, tuple(drop), tuple(columns), tuple(blank))
    form = TableFormat(separator, encoding, decimal)
    rows, test = _load_table_or_images(Path(data), choice, form, plan)
    train = rows
    if test is None:
        train, test = own.split_stratified(rows, plan.test_fraction, seed)
    stage = build_own_stage(train, test, plan, seed)
    return {plan.model: stage} if plan.folds == 0 else _put_folds_before(stage, rows, plan, seed)


def _put_folds_before(stage: Stage, rows: Dataset, plan: AdgmOwnPlan, seed: int) -> Experiment:
    """A stage for each fold, and then the model's, which measures the error over all folds."""
    stages, folds = {}, []
    for number, (train, held_out) in enumerate(own.split_into_folds(rows, plan.folds, seed), 1):
        fold = build_own_stage(train, held_out, plan, seed)
        error = cast(Callable[[Any], Score], fold.evaluations["test_error"])
        folds.append(Fold(error, fold.method))
        stages[f"fold{number}"] = replace(fold, evaluations={}, data={}, facts={})
    evaluations = {**stage.evaluations, "folds_error": FoldsError(folds)}
    return {**stages, plan.model: replace(stage, evaluations=evaluations)}


def build_own_stage(train: Dataset, test: Dataset, plan: AdgmOwnPlan, seed: int) -> Stage:
    """The stage of the plan's model on a person's rows, of which some are labelled.

    Raises:
        InputError: The labels of the training rows cannot be learned from, there are too few rows
            to stop early by, or the network of the features is missing.
    """
    labels.check_labels(train)
    if plan.features is None:
        return _build_stage(train, test, plan, seed)
    _refuse_options_of_columns(plan)
    seen = fit_picture_features(plan.features, train, test, seed)
    stage = _build_stage(seen.train, seen.test, plan, seed, seen.see())
    return put_on_features(stage, seen, train, test)


def _build_stage(
    train: Dataset, test: Dataset, plan: AdgmOwnPlan, seed: int, seen: SeenRows | None = None
) -> Stage:
    """The stage of rows that are seen as they are, or by the plan when `seen` is None."""
    train, held_out = hold_out_rows(train, plan.stop_early, seed)
    seen = seen or _see_rows(train, plan)
    sees_pictures = train.kind == "images" and plan.features is None
    unused = _note_unused_deviation(train, plan), _note_unused_warp(plan, sees_pictures)
    notes = [note for note in (seen.note, *unused) if note]
    train = replace(train, notes=(*train.notes, *notes))
    rows = labels.find_labelled_rows(train.y)
    warp = plan.warp if sees_pictures else 0.0
    known = make_semi_supervised_data(train, test, seen.space, rows, warp=warp)
    recipe = make_dgm_recipe(
        plan,
        known,
        likelihood=seen.likelihood,
        batch_norm=train.kind == "images",
        labelled_bound=plan.labelled_bound,
        classes_summed=plan.classes_summed,
    )
    if plan.spread_labels:  # the weight of the classification is that of a person's own labels
        known = spread_known_labels(known, rows)
    engine = Engine(
        count_own_steps(plan, len(train)), adam(plan.lr), max_grad_norm=5.0, average=plan.average
    )
    pictures = make_image_pictures(known) if train.kind == "images" else {}
    stage = make_semi_supervised_stage(
        recipe, known, engine, batch=plan.batch, seed=seed, pictures=pictures
    )
    return stage if held_out is None else add_early_stopping(stage, held_out, plan.stop_early)


def _note_unused_deviation(train: Dataset, plan: AdgmOwnPlan) -> str:
    """A sentence where a deviation of pixels is asked for, and the rows have no coloured ones."""
    if plan.pixel_deviation == "fixed" or (train.kind == "images" and train.x.shape[1] > 1):
        return ""
    pictures = train.kind == "images"
    what = "grey pictures" if pictures else "features" if plan.features else "a table"
    return (
        f"--pixel-deviation {plan.pixel_deviation} changes nothing for {what}: it is for colours."
    )


def _note_unused_warp(plan: AdgmOwnPlan, sees_pictures: bool) -> str:
    """A sentence where images are to be warped, and the model sees none."""
    if not plan.warp or sees_pictures:
        return ""
    what = "features" if plan.features else "a table"
    return f"--warp {plan.warp:g} changes nothing for {what}: it is for images."


def count_own_steps(plan: AdgmOwnPlan, rows: int) -> int:
    """Rounds of the plan: those that are given, or as many as its passes take within its bounds."""
    if plan.steps is not None:
        return plan.steps
    epochs = raise_epochs(plan.epochs, rows, plan.batch, plan.least_steps)
    return min(count_steps(rows, plan.batch, epochs), plan.most_steps)


def _load_table_or_images(
    data: Path, choice: ColumnChoice, form: TableFormat, plan: AdgmOwnPlan
) -> tuple[Dataset, Dataset | None]:
    """Training rows, and the data's own test rows where it has any."""
    label = choice.label
    if tables.is_table(data):
        if plan.features is not None:
            raise InputError(
                f"{data} is a table; --features is for images, and a folder of them is expected."
            )
        if label is None:
            raise InputError(
                f"{data} is a table; --label COLUMN is expected: which column to learn."
            )
        read = partial(own.load_table, data, label=label, choice=choice, form=form)
        parts = tables.find_table_files(data)
    else:
        if choice != ColumnChoice(label) or form != TableFormat():
            raise InputError(
                f"{data} is a folder of images; of the options of tables --label alone is expected."
            )
        size = plan.size if plan.features is None else get_picture_side(plan.features, plan.size)
        read = partial(own.load_image_folder, data, label=label, size=size)
        parts = folders.find_image_splits(data)
    train = read(split="train")
    if plan.size is not None and train.kind != "images":
        note = f"{data} is a table; --size is for images, and changes nothing."
        train = replace(train, notes=(*train.notes, note))
    return train, read(split="test") if "test" in parts else None


def _see_rows(train: Dataset, plan: AdgmOwnPlan) -> SeenRows:
    """Grey images as bits drawn anew in every batch; all else standardised.

    Where the deviation of coloured pixels is learned, a few labelled images are soon known to
    thousands of nats, and their labels weigh nothing beside that.

    Raises:
        InputError: Images are given likelihoods of columns, or a column holds what its likelihood
            cannot give.
    """
    if train.kind == "images":
        _refuse_options_of_columns(plan)
        if train.x.shape[1] == 1:
            return see_as_bits(train)
        seen = see_standardised(train)
        fixed = plan.pixel_deviation == "fixed"
        return seen._replace(likelihood="gaussian_fixed") if fixed else seen
    choice = parse_choice(plan.likelihood)
    return see_standardised(train, choice, library_size=plan.library_size)


def _refuse_options_of_columns(plan: AdgmOwnPlan) -> None:
    """Raises where images are given likelihoods of columns."""
    if plan.likelihood or plan.library_size:
        raise InputError(
            "The rows are images; --likelihood and --library-size are for the columns of a table."
        )
