"""Directions of an attribute along which a model changes other attributes least.

Projecting the probes of other attributes out of a direction keeps their predictions for the moved
code. Their predictions for the code of the picture decoded from it may still change, as encoder and
decoder are not each other's inverse. This change is measured here, and kept small. No classifier
but linear probes of codes takes part.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import torch
from torch import Tensor

from ..data.attributes import derive_attributes
from ..data.dataset import Dataset, Preprocessor
from ..errors import InputError
from ..functional.directions import Direction
from .codes import decode_to_rows, embed_rows, predict_classes
from .moves import DirectionFinder, Move, fit_probe_directions

LENGTH_WEIGHT = 1.0
"""Weight of a direction's length against the change of others; chosen on the validation split."""
ROWS = 48
"""Training rows on which the change of others is measured."""


def find_disentangled_directions(
    method: object, *, space: Preprocessor, own: DirectionFinder, rows: Dataset, others: Dataset
) -> dict[str, Direction]:
    """A model's directions by attribute, each turned so that others change least.

    Args:
        own: Finds the directions to turn.
        rows: Raw training rows. Changes are measured on rows that lack the attribute: by their
            answers, or by the lower half of logits where there are no answers of this name.
        others: Raw training rows with the attributes to keep, to which probes are fitted.
    """
    probes = list(fit_probe_directions(method, space, others).values())
    codes = embed_rows(method, space, rows.raw_rows())
    covariance, turned = torch.atleast_2d(torch.cov(codes.double().T)), {}
    for name, direction in own(method).items():
        if name in rows.attribute_names:
            absent = rows.require_attributes()[:, rows.attribute_names.index(name)] == 0
        else:
            logits = direction.logit(codes)
            absent = logits <= logits.median()
        lacking = absent.nonzero().flatten()
        some = lacking[:: max(1, len(lacking) // ROWS)][:ROWS]
        y = predict_classes(method, space, rows[some].raw_rows())
        changes = measure_responses(method, space, codes[some], probes, y)
        turned[name] = compute_disentangled_direction(direction, changes, covariance, LENGTH_WEIGHT)
    return turned


def disentangle_moves(
    method: object, space: Preprocessor, moves: Sequence[Move], rows: Dataset, keep: Sequence[str]
) -> list[Move]:
    """The same moves along directions that change the attributes to keep, of raw rows, least.

    Raises:
        InputError: No attribute is named, or the rows have no such attribute.
    """
    if not keep:
        raise InputError("No attribute to keep is named; expected --keep NAME with --by.")
    others = derive_attributes(rows, {name: (name,) for name in keep})
    own = {move.attribute.name: move.attribute for move in moves}
    find = partial(find_disentangled_directions, method, space=space, rows=rows, others=others)
    ways = find(own=lambda _: own)
    return [replace(move, along=ways[move.attribute.name]) for move in moves]


def measure_responses(
    method: object,
    space: Preprocessor,
    z: Tensor,
    probes: Sequence[Direction],
    y: Tensor | None = None,
) -> Tensor:
    """The change of k probes of decoded rows along each of d latents, by central differences.

    Args:
        z: Codes (n, d).
        probes: Take the codes of the decoded rows.
        y: Classes (n,) for a model of classes.

    Returns:
        Changes of probabilities for a unit of distance, (d, n, k).
    """

    def predict(moved: Tensor) -> Tensor:
        codes = embed_rows(method, space, decode_to_rows(method, space, moved, y))
        return torch.stack([probe.logit(codes) for probe in probes], 1).sigmoid()

    units = torch.eye(z.shape[1])
    return torch.stack([(predict(z + unit) - predict(z - unit)) / 2 for unit in units])


def compute_disentangled_direction(
    own: Direction, changes: Tensor, covariance: Tensor, length_weight: float
) -> Direction:
    """The direction along which others change least while the own logit rises by the same amount.

    M is the mean over rows of the sum over others of products of changes, S the covariance of
    codes. The direction v minimises v.M v + l v.S^-1 v under w.v = 1, where w is the own vector, so
    that v is (M + l S^-1)^-1 w; l is `length_weight` times the mean eigenvalue of M S. Length is
    measured in standard deviations of codes: otherwise codes could move far along latents that
    carry nothing. With an infinite weight, v is S w. With a weight of 0, S = I, and some directions
    that change nothing, v is the projection of w on these, see `Direction.project_out`.

    Args:
        own: The attribute's direction.
        changes: Changes of others for a unit along each latent, (d, n, k), see `measure_responses`.
        covariance: Covariance of codes (d, d).
        length_weight: Weight of the length, above 0.
    """
    each, covariance = changes.double(), covariance.double()
    moment = torch.einsum("ink,jnk->ij", each, each) / max(1, each.shape[1])
    size = (moment @ covariance).diagonal().mean()
    if size == 0:
        return own
    ridge = length_weight * size * torch.eye(len(moment), dtype=torch.float64)
    v = covariance @ torch.linalg.solve(moment @ covariance + ridge, own.vector.double().cpu())
    vector = (v / v.norm()).to(own.vector)
    scale = own.scale * float(own.vector @ vector)
    return replace(own, name=f"{own.name}, others kept", vector=vector, scale=scale)
