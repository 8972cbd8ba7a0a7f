"""Directions of attributes in a model's codes, and moves along them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite

from torch import Tensor

from ..data.dataset import Dataset, Preprocessor
from ..errors import InputError
from ..functional.directions import Direction, fit_linear_probe, get_direction
from ..method import HasAttributeWeights, require
from .codes import embed_rows

DirectionFitter = Callable[[str, Tensor, Tensor], Direction]
"""Takes an attribute's name, codes (n, d) and answers (n,), NaN where blank; fits a direction."""

DirectionFinder = Callable[[object], Mapping[str, Direction]]
"""Takes a method; returns its directions by attribute."""


@dataclass(frozen=True, eq=False)
class Move:
    """A distance along a direction.

    Attributes:
        attribute: Direction of the attribute, whose logit gives the model's confidence.
        along: The way that codes go: the attribute's direction, or what is left of it without the
            directions of other attributes.
        delta: The distance; negative to take the attribute away.
    """

    attribute: Direction
    along: Direction
    delta: float


def get_classifier_directions(method: object, space: Preprocessor) -> dict[str, Direction]:
    """Directions of all attributes that a model predicts by a linear map of its code, by name.

    Raises:
        InputError: The model predicts none in this way.
    """
    weights = require(method, HasAttributeWeights).attribute_weights()
    names = space.attributes or tuple(map(str, range(len(weights))))
    pairs = zip(names, weights.cpu(), strict=True)
    return {name: Direction.from_weight(name, weight) for name, weight in pairs}


def fit_probe_directions(
    method: object, space: Preprocessor, rows: Dataset, fit: DirectionFitter = fit_linear_probe
) -> dict[str, Direction]:
    """Directions of the attributes of some rows, fitted to their codes, by name.

    Attributes that all of the rows have, or none, are left out. `fit` is a fitter of
    `functional.directions`.

    Raises:
        InputError: The rows have no attributes or do not fit the model, or it cannot encode.
    """
    y = rows.require_attributes()
    if tuple(rows.x.shape[1:]) != space.shape:
        got, expected = (" x ".join(map(str, s)) for s in (rows.x.shape[1:], space.shape))
        images = f"{rows.name} has images of {got} (channels, height, width)"
        raise InputError(f"{images}; expected {expected}, as the model takes.")
    z = embed_rows(method, space, rows.raw_rows())
    columns = zip(rows.attribute_names, y.unbind(1), strict=True)
    return {name: fit(name, z, a) for name, a in columns if len(a[~a.isnan()].unique()) == 2}


def parse_distances(texts: Iterable[str]) -> list[tuple[str, float]]:
    """Parse what a person types, such as "Eyeglasses=+3": names of attributes with distances.

    Raises:
        InputError: A text is not a name with a number, or a name is given twice.
    """
    distances: list[tuple[str, float]] = []
    for text in texts:
        name, equals, number = text.rpartition("=")
        if any(name == other for other, _ in distances):
            raise InputError(
                f"--attribute names {name!r} twice; one distance for each is expected."
            )
        try:
            distances.append((name, float(number if equals else "")))
        except ValueError:
            raise InputError(
                f"--attribute takes a name and a distance such as Eyeglasses=+3, not {text!r}."
            ) from None
    return distances


def make_moves(
    distances: Mapping[str, float] | Sequence[tuple[str, float]],
    known: Mapping[str, Direction],
    keep: Sequence[str] = (),
) -> list[Move]:
    """Moves by attributes' names and distances, along known directions.

    The logits of attributes to `keep` do not change: their directions are projected out.

    Raises:
        InputError: There is no distance, one is not finite, or there is no such attribute.
    """
    pairs = distances.items() if isinstance(distances, Mapping) else distances
    if not pairs:
        raise InputError("There is no attribute to edit; expected names with distances.")
    others = [get_direction(known, name) for name in keep]
    moves = []
    for name, distance in pairs:
        own = get_direction(known, name)
        if not isfinite(distance):
            raise InputError(f"The distance of {name} is {distance}; expected a finite number.")
        moves.append(Move(own, own.project_out(*others) if distance else own, distance))
    return moves
