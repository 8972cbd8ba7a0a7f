"""Attributes made of others, or of classes; and the rows that a study of them wants."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import torch
from torch import Tensor

from ..errors import InputError, unknown
from .dataset import Examples
from .fingerprints import stamped

NOT = "not "
Any = Mapping[str, Sequence[str]]
"""Attributes by name: each is any of several columns, or with "not " before it its opposite."""


def any_of(y: Tensor, names: Sequence[str], columns: Sequence[str]) -> Tensor:
    """Yes where any of the columns is, no where none is, blank where that is not known.

    Args:
        y: Attributes (n, k), 0 or 1, NaN where blank.
        names: Of the k attributes.
        columns: Names, with "not " before one its opposite.

    Returns:
        (n,) of 0, 1 and NaN.

    Raises:
        InputError: There is no such attribute.
    """
    parts = []
    for column in columns:
        name = column.removeprefix(NOT)
        if name not in names:
            raise unknown("attribute", name, names)
        own = y[:, list(names).index(name)]
        parts.append(1 - own if column.startswith(NOT) else own)
    each = torch.stack(parts, 1)
    yes, blank = (each == 1).any(1), each.isnan().any(1)
    return torch.where(yes, 1.0, torch.where(blank, torch.nan, 0.0))


def described(examples: Examples, attributes: Any) -> Examples:
    """The same rows with these attributes alone, made of those that they have.

    Raises:
        InputError: The rows have no attributes, or not those named.
    """
    if examples.attributes is None:
        raise InputError(
            f"{examples.name} has no attributes; a set with columns of 0 and 1 is wanted."
        )
    made = [any_of(examples.attributes, examples.attribute_names, c) for c in attributes.values()]
    return with_attributes(examples, torch.stack(made, 1), tuple(attributes))


def of_classes(examples: Examples, attributes: Mapping[str, Mapping[str, int]]) -> Examples:
    """The same rows with attributes that some classes have (1), some have not (0).

    Of classes that an attribute does not name it is blank, as of rows without a class.

    Raises:
        InputError: There is no such class.
    """
    y = torch.full((len(examples), len(attributes)), torch.nan)
    for k, answers in enumerate(attributes.values()):
        for name, answer in answers.items():
            if name not in examples.classes:
                raise unknown("class", name, examples.classes)
            y[examples.y == examples.classes.index(name), k] = float(answer)
    return with_attributes(examples, y, tuple(attributes))


def with_attributes(examples: Examples, y: Tensor, names: tuple[str, ...]) -> Examples:
    """Rows with attributes y (n, k) of these names."""
    return replace(examples, attributes=y, attribute_names=names)


def subset(examples: Examples, ratio: float) -> Examples:
    """Rows that have an attribute, then the first rows that have none, `ratio` for each of those.

    In the order of the file, as the authors of IntroVAC build their sets.

    Raises:
        InputError: No row has any, or the ratio is negative.
    """
    y = examples.attributes
    if ratio < 0:
        raise InputError(f"A ratio of {ratio:g} was given; 0 or more is wanted.")
    if y is None or not (y == 1).any():
        raise InputError(f"No row of {examples.name} has an attribute; one or more is wanted.")
    having = (y == 1).any(1).nonzero().flatten()
    without = (y == 0).all(1).nonzero().flatten()[: round(ratio * len(having))]
    return stamped(examples[torch.cat((having, without))])
