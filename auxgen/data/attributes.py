"""Attributes made of others, or of classes, and subsets of rows that have them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import torch
from torch import Tensor

from ..errors import InputError, unknown_name
from .dataset import Dataset, add_fingerprint

NEGATION_PREFIX = "not "
AttributeDefinitions = Mapping[str, Sequence[str]]
"""Attributes by name: each is any of several columns, or with "not " before it its opposite."""


def combine_columns(y: Tensor, names: Sequence[str], columns: Sequence[str]) -> Tensor:
    """Yes where any of the columns is, no where none is, blank where that is not known.

    Args:
        y: Attributes (n, k), 0 or 1, NaN where blank, as the result (n,) is.
        names: Names of the k attributes.
        columns: Names, with "not " before one its opposite.

    Raises:
        InputError: There is no such attribute.
    """
    parts = []
    for column in columns:
        name = column.removeprefix(NEGATION_PREFIX)
        if name not in names:
            raise unknown_name("attribute", name, names)
        own = y[:, list(names).index(name)]
        parts.append(1 - own if column.startswith(NEGATION_PREFIX) else own)
    each = torch.stack(parts, 1)
    yes, blank = (each == 1).any(1), each.isnan().any(1)
    return torch.where(yes, 1.0, torch.where(blank, torch.nan, 0.0))


def derive_attributes(dataset: Dataset, attributes: AttributeDefinitions) -> Dataset:
    """The same rows with these attributes alone, made of those that they have.

    Raises:
        InputError: The rows have no attributes, or not those named.
    """
    y, names = dataset.require_attributes(), dataset.attribute_names
    made = torch.stack([combine_columns(y, names, c) for c in attributes.values()], 1)
    return replace(dataset, attributes=made, attribute_names=tuple(attributes))


def derive_attributes_from_classes(
    dataset: Dataset, attributes: Mapping[str, Mapping[str, int]]
) -> Dataset:
    """The same rows with attributes that some classes have (1), some have not (0).

    Of classes that an attribute does not name it is blank, as of rows without a class.

    Raises:
        InputError: There is no such class.
    """
    y = torch.full((len(dataset), len(attributes)), torch.nan)
    for k, answers in enumerate(attributes.values()):
        for name, answer in answers.items():
            if name not in dataset.classes:
                raise unknown_name("class", name, dataset.classes)
            y[dataset.y == dataset.classes.index(name), k] = float(answer)
    return replace(dataset, attributes=y, attribute_names=tuple(attributes))


def turn_classes_into_attributes(dataset: Dataset) -> Dataset:
    """The same rows with an attribute for each class, blank where the class is; a note says so."""
    known = {c: {other: int(other == c) for other in dataset.classes} for c in dataset.classes}
    note = f"Each class is an attribute: {', '.join(dataset.classes)}."
    made = derive_attributes_from_classes(dataset, known)
    return replace(made, notes=(*dataset.notes, note))


def select_attribute_subset(dataset: Dataset, ratio: float) -> Dataset:
    """Rows that have an attribute, then the first rows that have none, `ratio` for each of those.

    In the order of the file, as the authors of IntroVAC build their sets.

    Raises:
        InputError: No row has any, or the ratio is negative.
    """
    return add_fingerprint(dataset[_find_attribute_subset(dataset, ratio)])


def blank_other_rows(dataset: Dataset, ratio: float) -> Dataset:
    """All rows, in their order; attributes are blank of those that `select_attribute_subset` omits.

    Raises:
        InputError: No row has any, or the ratio is negative.
    """
    y = torch.full_like(dataset.require_attributes(), torch.nan)
    kept = _find_attribute_subset(dataset, ratio)
    y[kept] = dataset.require_attributes()[kept]
    return add_fingerprint(replace(dataset, attributes=y))


def _find_attribute_subset(dataset: Dataset, ratio: float) -> Tensor:
    """Numbers of rows that have an attribute, then of the first that have none."""
    y = dataset.attributes
    if ratio < 0:
        raise InputError(f"A ratio of {ratio:g} was given; 0 or more is expected.")
    if y is None or not (y == 1).any():
        raise InputError(f"No row of {dataset.name} has an attribute; one or more is expected.")
    having = (y == 1).any(1).nonzero().flatten()
    without = (y == 0).all(1).nonzero().flatten()[: round(ratio * len(having))]
    return torch.cat((having, without))


def find_rows_by_answer(dataset: Dataset, k: int, answer: int) -> Tensor:
    """Numbers of the rows whose attribute k is 1 or 0, as asked: (n,)."""
    return (dataset.require_attributes()[:, k] == answer).nonzero().flatten()
