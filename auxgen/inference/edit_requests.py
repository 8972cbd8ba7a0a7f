"""What a person's words ask of an edit: moves of codes, and how a picture gets the difference."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from torch import Tensor

from ..data.dataset import Dataset, Preprocessor
from ..errors import InputError
from ..functional.differences import DifferenceFilter
from ..functional.directions import fit_linear_probe, fit_mean_difference
from .disentangling import disentangle_moves
from .moves import Move, fit_probe_directions, get_classifier_directions, make_moves
from .shared_difference import measure_shared_difference


def find_moves(
    method: object,
    space: Preprocessor,
    distances: Mapping[str, float] | Sequence[tuple[str, float]],
    *,
    keep: Sequence[str] = (),
    by: Dataset | None = None,
    probe: Dataset | None = None,
    means: bool = False,
) -> Sequence[Move]:
    """Distances of attributes as moves along directions of the model, or of a probe of its codes.

    Arguments are those of `Model.edit`.

    Raises:
        InputError: There is no such direction, or means are asked for without a probe.
    """
    if means and probe is None:
        raise InputError("Means are those of rows with attributes; expected a probe as well.")
    if probe is None:
        known = get_classifier_directions(method, space)
    else:
        fit = fit_mean_difference if means else fit_linear_probe
        known = fit_probe_directions(method, space, probe, fit)
    moves = make_moves(distances, known, keep if by is None else ())
    return moves if by is None else disentangle_moves(method, space, moves, by, keep)


def find_adaptation(
    method: object,
    space: Preprocessor,
    moves: Sequence[Move],
    *,
    keep: Sequence[str] = (),
    probe: Dataset | None = None,
    means: bool = False,
) -> Callable[[Tensor, float], Tensor] | None:
    """How the difference of a picture becomes a personal mean difference; None where it stays.

    It stays without means, for rows that are no pictures, and where attributes are to be kept,
    which the pictures' means would change. Arguments are those of `Model.edit`.
    """
    if not means or probe is None or keep or space.kind != "images":
        return None
    return measure_shared_difference(method, space, probe, moves).adapt


def make_difference_filter(
    space: Preprocessor, strength: float, *, reconstruction: bool
) -> DifferenceFilter | None:
    """How a difference is added to pictures; None where what is decoded takes their place.

    Raises:
        InputError: There is no difference that a strength could multiply.
    """
    if space.kind == "images" and not reconstruction:
        return DifferenceFilter(strength=strength)
    if strength != 1:
        raise InputError(
            "A strength multiplies the difference that is added to a photograph; a "
            "reconstruction is edited by the distance alone."
        )
    return None
