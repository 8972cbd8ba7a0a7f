"""Your own images or table, with a label column that may have blanks.

    auxgen train adgm.own --data FOLDER_OR_TABLE --label COLUMN --run runs/mine

A folder of images (class folders, or a metadata.csv whose label column has blanks) or a .csv or
.parquet table. Rows without a label teach the model what the data looks like; rows with one, what
the classes are. A test set is held out of the labelled rows where the data has none of its own.
"""

from __future__ import annotations

from pathlib import Path

from ...builders.adgm import LabelledBoundName
from ...data import folders, labels, tables
from ...data import user as own
from ...data.augmentation import Corruption, binarise, identity
from ...data.dataset import Dataset, Preprocessor, fit_preprocessor
from ...engine.settings import Engine, adam
from ...errors import InputError
from ...functional.bounds import classification_weight
from ...stage import Experiment
from ._stages import DGMName, make_dgm_recipe, make_semi_supervised_data, make_semi_supervised_stage


def experiment(
    *,
    data: Path,
    label: str | None = None,
    seed: int = 0,
    model: DGMName = "sdgm",
    size: int | None = None,
    test_fraction: float = 0.2,
    steps: int = 5000,
    lr: float = 1e-3,
    beta: float = 0.1,
    hidden: int = 200,
    latent: int = 32,
    batch: int = 100,
    labelled_bound: LabelledBoundName = "conditional",
    classes_summed: int | None = None,
) -> Experiment:
    """A classifier and a generative model of your data, from the labels that there are.

    Args:
        data: Folder of images, or .csv or .parquet table.
        label: The column that holds the label; blank cells are rows without one.
        seed: Of the held-out rows, the initialisation and the order.
        model: sdgm, adgm, or m2, which has no auxiliary variable.
        size: Side in pixels of the square that images are resized to.
        test_fraction: Share of labelled rows held out where the data has no test split.
        steps: Rounds of training.
        lr: Learning rate of Adam.
        beta: Weight of the classification term, times (N_l + N_u) / N_l.
        hidden: Units in each of two hidden layers.
        latent: Width of a and of z.
        batch: Rows in a batch, labelled and unlabelled each.
        labelled_bound: Of a labelled row: conditional, of log p(x, y); marginal, of log p(x), which
            leaves the label to the classification term.
        classes_summed: Classes over which training sums the label of an unlabelled row out: the
            most probable ones and one drawn from the rest, without bias; all when not given. Where
            there are many classes a few are much faster.
    """
    train, test = _load_table_or_image_splits(Path(data), label, size, test_fraction, seed)
    labels.check_labels(train)
    space, likelihood, corruption = _select_likelihood(train)
    rows = labels.find_labelled_rows(train.y)
    known = make_semi_supervised_data(train, test, space, rows, corruption)
    made = make_dgm_recipe(
        model,
        known,
        hidden=[hidden, hidden],
        a=latent,
        z=latent,
        alpha=classification_weight(beta, len(rows), len(train)),
        likelihood=likelihood,
        batch_norm=train.kind == "images",
        labelled_bound=labelled_bound,
        classes_summed=classes_summed,
    )
    engine = Engine(steps, adam(lr), max_grad_norm=5.0)
    return {
        model: make_semi_supervised_stage(
            made, known, engine, labelled=batch, unlabelled=batch, seed=seed
        )
    }


def _load_table_or_image_splits(
    data: Path, label: str | None, size: int | None, fraction: float, seed: int
) -> tuple[Dataset, Dataset]:
    """Training and test rows: the data's own, or some labelled rows held out."""
    table = data.suffix.lower() in (".csv", ".parquet")
    if table and label is None:
        raise InputError(f"{data} is a table; --label COLUMN is wanted: which column to learn.")

    def read(part: str) -> Dataset:
        if table:
            return own.load_table(data, label=label, split=part)
        return own.load_image_folder(data, label=label, size=size, split=part)

    if "test" in (tables.find_table_files(data) if table else folders.find_image_splits(data)):
        return read("train"), read("test")
    return own.split_stratified(read("train"), fraction, seed)


def _select_likelihood(train: Dataset) -> tuple[Preprocessor, str, Corruption]:
    """Grey images as bits drawn afresh, all else standardised under a Gaussian."""
    if train.kind == "images" and train.x.shape[1] == 1:
        return fit_preprocessor(train), "bernoulli", binarise
    return fit_preprocessor(train, standardise=True), "gaussian", identity
