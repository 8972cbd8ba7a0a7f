"""Your own images with columns of attributes, blanks allowed: directions to move them along.

    auxgen train introvac.own --data FOLDER --run runs/mine
    auxgen edit runs/mine photo.png --attribute NAME=+3 --out edited/

A folder of images with a metadata.csv: a column file_name, and for each attribute a column of 0 and
1, or true and false, left blank where it is not known. A blank contributes no loss.
"""

from __future__ import annotations

from pathlib import Path

from ...data import attributes as described
from ...data import folders
from ...data import user as own
from ...data.dataset import Dataset
from ...errors import InputError
from ...evaluation.judges import MultilabelScorer
from ...stage import Experiment
from ._faces import chosen
from ._measured import IntrovacEvaluations
from ._pictures import IntrovacPictures
from ._stages import ImageSize, IntrovacBudget, IntrovacModelName, build_introvac_stages


def experiment(
    *,
    data: Path,
    attribute: tuple[str, ...] = (),
    seed: int = 0,
    budget: IntrovacBudget = "cpu",
    size: ImageSize = 64,
    model: IntrovacModelName = "introvac",
    epochs: float = 1.0,
    lr: float | None = None,
    batch: int | None = None,
    delta: float = 3.0,
    test_fraction: float = 0.1,
    judge: str | None = None,
) -> Experiment:
    """Variational classifiers of your images.

    Args:
        data: Folder of images with a metadata.csv.
        attribute: Columns to learn; all that have both answers when not given.
        seed: Of the held-out images, the initialisation and the order.
        budget: cpu is small networks; paper is the paper's, for a GPU.
        size: Side in pixels of the square that images are resized to.
        model: introvac, vac, vae, or all.
        epochs: Factor on the budget's passes over the training images.
        lr: Learning rate of Adam; the budget's own when not given.
        batch: Images in a batch; the budget's own when not given.
        delta: Distance that attributes are moved by in pictures.
        test_fraction: Share of images held out where the folder has no test split.
        judge: Folder of a classifier of these attributes, trained apart, to measure edits by.
    """
    train, test = _load_attribute_splits(Path(data), attribute, size, test_fraction, seed)
    judged = None
    if judge is not None:
        judged = MultilabelScorer(judge, {name: (name,) for name in train.attribute_names})
    plan = chosen(budget, size, epochs=epochs, lr=lr, batch=batch)
    measured = IntrovacEvaluations(train, test, "test", judged, judge)
    shown = IntrovacPictures(train, test, delta)
    return build_introvac_stages(
        train, plan, seed=seed, model=model, evaluations=measured, illustrations=shown
    )


def _load_attribute_splits(
    data: Path, attribute: tuple[str, ...], size: int, fraction: float, seed: int
) -> tuple[Dataset, Dataset]:
    """Training and test rows: the folder's own, or some held out.

    Raises:
        InputError: The folder has no such columns, an attribute has one known answer only, or the
            share is not between 0 and 1.
    """

    every = own.load_image_folder(data, size=size, split="train")
    names = attribute or _list_answered_attributes(every)
    train = described.derive_attributes(every, {name: (name,) for name in names})
    for name in names:
        if name not in _list_answered_attributes(train):
            raise InputError(
                f"Column {name!r} of {train.name} has one answer only; images with and without it "
                "are wanted."
            )
    if "test" in folders.find_image_splits(data):
        test = own.load_image_folder(data, size=size, split="test")
        return train, described.derive_attributes(test, {name: (name,) for name in names})
    return own.split_randomly(train, fraction, seed)


def _list_answered_attributes(rows: Dataset) -> tuple[str, ...]:
    """Attributes of which rows with and rows without are known.

    Raises:
        InputError: There are none.
    """
    y = rows.require_attributes()
    both = (y == 0).any(0) & (y == 1).any(0)
    return tuple(name for name, there in zip(rows.attribute_names, both, strict=True) if there)
