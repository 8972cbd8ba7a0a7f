"""Ways to an attribute along which a model changes others least, as it reads its own pictures.

To project others' probes out of a direction keeps what these read in the code that is moved. What
they read in the code of the picture decoded from it may change all the same, as encoder and decoder
are no inverses. So that change is measured, and kept small. No classifier but probes takes part.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from ..data.attributes import derive_attributes
from ..data.dataset import Dataset, Preprocessor
from ..errors import InputError
from ..functional.directions import Direction
from .codes import decode_to_rows, embed_rows, predict_classes
from .editing import DirectionFinder, Move, fit_probe_directions

LENGTH_WEIGHT = 1.0
"""Weight of a way's length beside the change of others; chosen on the validation split."""
ROWS = 48
"""Training rows that the change of others is measured on."""


def find_disentangled_directions(
    method: object,
    *,
    space: Preprocessor,
    own: DirectionFinder,
    rows: Dataset,
    others: Dataset,
) -> dict[str, Direction]:
    """A model's directions by attribute, each turned to where others change least.

    Args:
        method: Encodes and decodes.
        space: How it sees raw rows.
        own: Its directions.
        rows: Raw training rows; those without an attribute are moved towards it, by their own
            answers or, where these have none of that name, those of the lower half of logits.
        others: Raw training rows with the attributes to be kept, for probes.
    """
    read = list(fit_probe_directions(method, space, others).values())
    codes = embed_rows(method, space, rows.raw_rows())
    spread, made = torch.cov(codes.double().T), {}
    for name, direction in own(method).items():
        if name in rows.attribute_names:
            absent = rows.require_attributes()[:, rows.attribute_names.index(name)] == 0
        else:
            logits = direction.logit(codes)
            absent = logits <= logits.median()
        lacking = absent.nonzero().flatten()
        some = lacking[:: max(1, len(lacking) // ROWS)][:ROWS]
        y = predict_classes(method, space, rows[some].raw_rows())
        changes = measure_responses(method, space, codes[some], read, y)
        made[name] = compute_disentangled_direction(direction, changes, spread, LENGTH_WEIGHT)
    return made


def disentangle_moves(
    method: object, space: Preprocessor, moves: Sequence[Move], rows: Dataset, keep: Sequence[str]
) -> list[Move]:
    """The same moves along ways that keep some columns of a set as they are.

    Args:
        method: Encodes and decodes.
        space: How it sees raw rows.
        moves: What is asked.
        rows: Raw training rows with the columns.
        keep: Their names.

    Raises:
        InputError: None is named, or the set has no such column.
    """
    if not keep:
        raise InputError("What is to be kept was not named; --keep NAME is wanted with --by.")
    others = derive_attributes(rows, {name: (name,) for name in keep})
    own = {move.attribute.name: move.attribute for move in moves}
    ways = find_disentangled_directions(
        method, space=space, own=lambda _: own, rows=rows, others=others
    )
    return [replace(move, along=ways[move.attribute.name]) for move in moves]


def measure_responses(
    method: object,
    space: Preprocessor,
    z: Tensor,
    attribute_probes: Sequence[Direction],
    y: Tensor | None = None,
) -> Tensor:
    """How k probes of the codes of decoded rows change with each latent, by central differences.

    Args:
        method: Encodes and decodes.
        space: How it sees raw rows.
        z: Codes (n, d).
        attribute_probes: The probes.
        y: Classes (n,) of a model of classes.

    Returns:
        (d, n, k), of probabilities, for a unit of distance.
    """

    def predict_probes(moved: Tensor) -> Tensor:
        codes = embed_rows(method, space, decode_to_rows(method, space, moved, y))
        return torch.stack([probe.logit(codes) for probe in attribute_probes], 1).sigmoid()

    return torch.stack(
        [(predict_probes(z + e) - predict_probes(z - e)) / 2 for e in torch.eye(z.shape[1])]
    )


def compute_disentangled_direction(
    own: Direction, changes: Tensor, covariance: Tensor, length_weight: float
) -> Direction:
    """The way along which others change least for the same rise of the own logit.

    With M the mean over rows of the sum over others of products of changes, and S the covariance
    of codes, v is the least of v.M v + l v.S^-1 v where the own vector w has w.v = 1, which is
    (M + l S^-1)^-1 w; l is `length_weight` of the mean eigenvalue of M S. Length is told in spreads of
    codes, as latents that carry nothing would be free to go far along otherwise. At a share of
    infinity it is S w. At a share of 0, with S = I and where some ways change nothing, it is the
    projection on these, see `Direction.without`.

    Args:
        own: The attribute's direction.
        changes: Of others by a unit along each latent, (d, n, k); see `measure_responses`.
        covariance: Covariance of codes (d, d).
        length_weight: Above 0.
    """
    each, covariance = changes.double(), covariance.double()
    moment = torch.einsum("ink,jnk->ij", each, each) / max(1, each.shape[1])
    size = (moment @ covariance).diagonal().mean()
    if size == 0:
        return own
    ridge = length_weight * size * torch.eye(len(moment), dtype=torch.float64)
    way = covariance @ torch.linalg.solve(moment @ covariance + ridge, own.vector.double().cpu())
    vector = (way / way.norm()).to(own.vector)
    scale = own.scale * float(own.vector @ vector)
    return replace(own, name=f"{own.name}, others kept", vector=vector, scale=scale)
