"""Moving along an attribute: pictures before and after, and how sure a model is of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite

import torch
from torch import Tensor

from ..data.dataset import Dataset, Preprocessor
from ..errors import InputError
from ..functional.directions import (
    Direction,
    check_probability,
    fit_linear_probe,
    get_direction,
    sum_displacements,
)
from ..method import Decodes, HasAttributeWeights, require
from .codes import decode_to_rows, embed_rows, predict_classes

DirectionFitter = Callable[[str, Tensor, Tensor], Direction]
"""An attribute's name, codes (n, d) and answers (n,), NaN where blank -> its direction."""

DirectionFinder = Callable[[object], Mapping[str, Direction]]
"""A model -> its directions by attribute."""

EDIT_STEPS = 24
"""Looked at on the way, where an edit stops as soon as it is sure."""


@dataclass(frozen=True, eq=False)
class Move:
    """How far to go along what.

    Attributes:
        attribute: Whose logit says how sure one may be.
        along: The way: its direction, or what is left of that without others'.
        delta: The distance; negative to take the attribute away.
    """

    attribute: Direction
    along: Direction
    delta: float


@dataclass(frozen=True, eq=False)
class EditedRows:
    """n rows before and after.

    Attributes:
        reconstruction: Raw rows decoded from their own codes (n, *shape), on the CPU.
        edited: Raw rows decoded from codes that were moved (n, *shape).
        distance_share: Of the way that was gone, (n,) in [0, 1].
        before: What the model says of the attributes in the reconstructions, (n, m) probabilities.
        after: The same of the edited rows.
        reached: Rows (n,) of whose every attribute the model is as sure as was asked for; None
            where nothing was.
    """

    reconstruction: Tensor
    edited: Tensor
    distance_share: Tensor
    before: Tensor
    after: Tensor
    reached: Tensor | None = None


def get_classifier_directions(method: object, space: Preprocessor) -> dict[str, Direction]:
    """Of every attribute that a model tells by a linear map of its code, by name.

    Raises:
        InputError: It tells none so.
    """
    weights = require(method, HasAttributeWeights).attribute_weights()
    names = space.attributes or tuple(str(k) for k in range(len(weights)))
    return {
        name: Direction.from_weight(name, w) for name, w in zip(names, weights.cpu(), strict=True)
    }


def fit_probe_directions(
    method: object, space: Preprocessor, rows: Dataset, fit: DirectionFitter = fit_linear_probe
) -> dict[str, Direction]:
    """Of every attribute of some rows, found in their codes after the fact.

    Args:
        method: Encodes.
        space: How it sees raw rows.
        rows: Raw rows with attributes.
        fit: `directions.probed`, a linear probe, or `directions.contrasted`.

    Raises:
        InputError: The rows have no attributes or do not fit the model, or it cannot encode.
    """
    y = rows.require_attributes()
    if tuple(rows.x.shape[1:]) != space.shape:
        got, wanted = (" x ".join(map(str, s)) for s in (rows.x.shape[1:], space.shape))
        raise InputError(
            f"{rows.name} has images of {got} (channels, height, width); the model takes {wanted}."
        )
    z = embed_rows(method, space, rows.raw_rows())
    kinds = {n: y[:, k][~y[:, k].isnan()].unique() for k, n in enumerate(rows.attribute_names)}
    both = [name for name, answers in kinds.items() if len(answers) == 2]
    return {name: fit(name, z, y[:, rows.attribute_names.index(name)]) for name in both}


def parse_moves(
    texts: Iterable[str], known: Mapping[str, Direction], keep: Sequence[str] = ()
) -> list[Move]:
    """What a person types, "Eyeglasses=+3", as moves.

    Args:
        texts: Attributes with their distances.
        known: Directions by name.
        keep: Attributes whose logits shall stay: their directions are projected out.

    Raises:
        InputError: It is no name with a number, or there is no such attribute.
    """
    others = [get_direction(known, name) for name in keep]
    made = []
    for text in texts:
        name, equals, number = text.rpartition("=")
        if not equals or not _is_finite_number(number):
            raise InputError(
                f"--attribute takes a name and a distance such as Eyeglasses=+3, not {text!r}."
            )
        own = get_direction(known, name)
        made.append(Move(own, own.project_out(*others), float(number)))
    if not made:
        raise InputError("--attribute NAME=DISTANCE is wanted, such as Eyeglasses=+3.")
    return made


def _is_finite_number(text: str) -> bool:
    try:
        return isfinite(float(text))
    except ValueError:
        return False


@torch.no_grad()
def edit_rows(
    method: object,
    space: Preprocessor,
    raw: Tensor,
    moves: Sequence[Move],
    target_probability: float | None = None,
) -> EditedRows:
    """Codes of raw rows (n, *shape) moved by the sum of all moves, and decoded.

    A model of classes is given the class that it finds most probable, before and after.

    Args:
        method: Encodes and decodes.
        space: How it sees raw rows.
        raw: Rows.
        moves: Moves.
        target_probability: Go only as far as it takes until the codes of the decoded rows are told, with this
            probability, to have each attribute that is moved towards, and not to have the others.

    Raises:
        InputError: The model cannot encode or decode, or until is no probability.
    """
    require(method, Decodes)
    z, y = embed_rows(method, space, raw), predict_classes(method, space, raw)
    way = sum_displacements([(move.along, move.delta) for move in moves]).to(z)
    back = decode_to_rows(method, space, z, y)
    before = _predict_move_attributes(method, space, back, moves)
    if target_probability is None:
        edited = decode_to_rows(method, space, z + way, y)
        after = _predict_move_attributes(method, space, edited, moves)
        return EditedRows(back, edited, torch.ones(len(z)), before, after)
    check_probability(target_probability)
    edited, after, share = back.clone(), before.clone(), torch.zeros(len(z))
    reached = _is_sure(after, moves, target_probability)
    for place in range(1, EDIT_STEPS + 1):
        left = (~reached).nonzero().flatten()
        if len(left) == 0:
            break
        share[left] = place / EDIT_STEPS
        of = None if y is None else y[left]
        edited[left] = decode_to_rows(method, space, z[left] + place / EDIT_STEPS * way, of)
        after[left] = _predict_move_attributes(method, space, edited[left], moves)
        reached[left] = _is_sure(after[left], moves, target_probability)
    return EditedRows(back, edited, share, before, after, reached)


def _predict_move_attributes(
    method: object, space: Preprocessor, raw: Tensor, moves: Sequence[Move]
) -> Tensor:
    """Probabilities of the moves' attributes by the codes of raw rows: (n, *shape) -> (n, m)."""
    z = embed_rows(method, space, raw)
    return torch.stack([move.attribute.logit(z).sigmoid() for move in moves], 1)


def _is_sure(probability: Tensor, moves: Sequence[Move], target_probability: float) -> Tensor:
    """Whether every attribute is told as wanted, with at least this probability: (n, m) -> (n,)."""
    towards = torch.tensor([move.delta >= 0 for move in moves])
    return (torch.where(towards, probability, 1 - probability) >= target_probability).all(1)
