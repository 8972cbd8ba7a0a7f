"""Moving along an attribute: pictures before and after, and how sure a model is of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite

import torch
from torch import Tensor

from ..data.dataset import Examples, Space
from ..errors import InputError
from ..functional.directions import Direction, between_0_and_1, displacement, named, probed
from ..method import Decodes, TellsLinearly, require
from .codes import classes_of, decoded, embed

Fit = Callable[[str, Tensor, Tensor], Direction]
"""An attribute's name, codes (n, d) and answers (n,), NaN where blank -> its direction."""

Directions = Callable[[object], Mapping[str, Direction]]
"""A model -> its directions by attribute."""

PLACES = 24
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
class Edits:
    """n rows before and after.

    Attributes:
        reconstruction: Raw rows decoded from their own codes (n, *shape), on the CPU.
        edited: Raw rows decoded from codes that were moved (n, *shape).
        share: Of the way that was gone, (n,) in [0, 1].
        before: What the model says of the attributes in the reconstructions, (n, m) probabilities.
        after: The same of the edited rows.
        reached: Rows (n,) of whose every attribute the model is as sure as was asked for; None
            where nothing was.
    """

    reconstruction: Tensor
    edited: Tensor
    share: Tensor
    before: Tensor
    after: Tensor
    reached: Tensor | None = None


def directions(method: object, space: Space) -> dict[str, Direction]:
    """Of every attribute that a model tells by a linear map of its code, by name.

    Raises:
        InputError: It tells none so.
    """
    weights = require(method, TellsLinearly).attribute_weights()
    names = space.attributes or tuple(str(k) for k in range(len(weights)))
    return {name: Direction.of(name, w) for name, w in zip(names, weights.cpu(), strict=True)}


def probes(method: object, space: Space, rows: Examples, fit: Fit = probed) -> dict[str, Direction]:
    """Of every attribute of some rows, found in their codes after the fact.

    Args:
        method: Encodes.
        space: How it sees raw rows.
        rows: Raw rows with attributes.
        fit: `directions.probed`, a linear probe, or `directions.contrasted`.

    Raises:
        InputError: The rows have no attributes or do not fit the model, or it cannot encode.
    """
    y = rows.answers()
    if tuple(rows.x.shape[1:]) != space.shape:
        got, wanted = (" x ".join(map(str, s)) for s in (rows.x.shape[1:], space.shape))
        raise InputError(
            f"{rows.name} has images of {got} (channels, height, width); the model takes {wanted}."
        )
    z = embed(method, space, rows.raw())
    kinds = {n: y[:, k][~y[:, k].isnan()].unique() for k, n in enumerate(rows.attribute_names)}
    both = [name for name, answers in kinds.items() if len(answers) == 2]
    return {name: fit(name, z, y[:, rows.attribute_names.index(name)]) for name in both}


def moves(
    asked: Iterable[str], known: Mapping[str, Direction], keep: Sequence[str] = ()
) -> list[Move]:
    """What a person types, "Eyeglasses=+3", as moves.

    Args:
        asked: Attributes with their distances.
        known: Directions by name.
        keep: Attributes whose logits shall stay: their directions are projected out.

    Raises:
        InputError: It is no name with a number, or there is no such attribute.
    """
    others = [named(known, name) for name in keep]
    made = []
    for text in asked:
        name, equals, number = text.rpartition("=")
        if not equals or not is_finite(number):
            raise InputError(
                f"--attribute takes a name and a distance such as Eyeglasses=+3, not {text!r}."
            )
        own = named(known, name)
        made.append(Move(own, own.without(*others), float(number)))
    if not made:
        raise InputError("--attribute NAME=DISTANCE is wanted, such as Eyeglasses=+3.")
    return made


def is_finite(text: str) -> bool:
    try:
        return isfinite(float(text))
    except ValueError:
        return False


@torch.no_grad()
def edit(
    method: object, space: Space, raw: Tensor, asked: Sequence[Move], until: float | None = None
) -> Edits:
    """Codes of raw rows (n, *shape) moved by the sum of all moves, and decoded.

    A model of classes is given the class that it finds most probable, before and after.

    Args:
        method: Encodes and decodes.
        space: How it sees raw rows.
        raw: Rows.
        asked: Moves.
        until: Go only as far as it takes until the codes of the decoded rows are told, with this
            probability, to have each attribute that is moved towards, and not to have the others.

    Raises:
        InputError: The model cannot encode or decode, or until is no probability.
    """
    require(method, Decodes)
    z, y = embed(method, space, raw), classes_of(method, space, raw)
    way = displacement([(move.along, move.delta) for move in asked]).to(z)
    back = decoded(method, space, z, y)
    before = told(method, space, back, asked)
    if until is None:
        edited = decoded(method, space, z + way, y)
        after = told(method, space, edited, asked)
        return Edits(back, edited, torch.ones(len(z)), before, after)
    between_0_and_1(until)
    edited, after, share = back.clone(), before.clone(), torch.zeros(len(z))
    reached = sure(after, asked, until)
    for place in range(1, PLACES + 1):
        left = (~reached).nonzero().flatten()
        if len(left) == 0:
            break
        share[left] = place / PLACES
        of = None if y is None else y[left]
        edited[left] = decoded(method, space, z[left] + place / PLACES * way, of)
        after[left] = told(method, space, edited[left], asked)
        reached[left] = sure(after[left], asked, until)
    return Edits(back, edited, share, before, after, reached)


def told(method: object, space: Space, raw: Tensor, asked: Sequence[Move]) -> Tensor:
    """Probabilities of the moves' attributes by the codes of raw rows: (n, *shape) -> (n, m)."""
    z = embed(method, space, raw)
    return torch.stack([move.attribute.logit(z).sigmoid() for move in asked], 1)


def sure(probability: Tensor, asked: Sequence[Move], until: float) -> Tensor:
    """Whether every attribute is told as wanted, with at least this probability: (n, m) -> (n,)."""
    towards = torch.tensor([move.delta >= 0 for move in asked])
    return (torch.where(towards, probability, 1 - probability) >= until).all(1)
