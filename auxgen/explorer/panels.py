"""What the page holds, which depends on what a model can do and on the rows it has to show."""

from __future__ import annotations

from typing import Literal

from ..errors import InputError
from ..method import (
    Classifies,
    Decodes,
    Describes,
    Encodes,
    HasAttributeWeights,
    HasPrior,
    Samples,
    has_ability,
)
from ..model import Model

Panel = Literal["picture", "row", "between", "new", "map"]
"""One picture; one row of a table; the way between two pictures; new rows; the map of codes."""

LEAST_ON_MAP = 3
"""Rows from which on there is something to see on a map."""


def list_panels(model: Model, examples: int) -> tuple[Panel, ...]:
    """The panels of a model's page, in order.

    Args:
        examples: Number of rows that there are to show.

    Raises:
        InputError: There is nothing that the page could show of the model.
    """
    is_picture = model.space.kind == "images"
    codes = can(model, Encodes, Decodes)
    shown: dict[Panel, bool] = {
        "picture": is_picture and (codes or can(model, Classifies) or can(model, Describes)),
        "row": not is_picture and can(model, Classifies),
        "between": is_picture and codes,
        "new": can(model, Samples),
        "map": can(model, Encodes) and examples >= LEAST_ON_MAP,
    }
    panels: list[Panel] = [panel for panel in shown if shown[panel]]
    if not panels:
        raise InputError(
            f"{type(model.method).__name__} has nothing that the explorer could show; a model that "
            "encodes, samples or classifies is needed."
        )
    return tuple(panels)


def can(model: Model, *abilities: type) -> bool:
    """Whether a model's method has all of some abilities."""
    return all(has_ability(model.method, ability) for ability in abilities)


def can_edit(model: Model) -> bool:
    """Whether a model moves pictures along attributes of its own."""
    abilities = (Encodes, Decodes, Describes, HasAttributeWeights)
    return model.space.kind == "images" and can(model, *abilities)


def can_sample_where(model: Model) -> bool:
    """Whether a model draws rows that have some of its attributes and lack others."""
    return can(model, HasAttributeWeights, HasPrior, Decodes, Describes)
