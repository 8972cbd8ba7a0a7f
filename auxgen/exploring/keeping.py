"""Ways to an attribute along which a model changes others least, as it reads its own pictures.

To project others' probes out of a direction keeps what these read in the code that is moved. What
they read in the code of the picture decoded from it may change all the same, as encoder and decoder
are no inverses. So that change is measured, and kept small. No classifier but probes takes part.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import torch
from torch import Tensor

from ..data.examples import Examples, Space
from ..directions import Direction
from .codes import decoded, embed
from .editing import probes

SHARE = 1.0
"""Weight of a way's length beside the change of others; chosen on the validation split."""
ROWS = 48
"""Training rows that the change of others is measured on."""


def keeping(
    method: object,
    *,
    space: Space,
    own: Callable[[object], Mapping[str, Direction]],
    rows: Examples,
    others: Examples,
) -> dict[str, Direction]:
    """A model's directions by attribute, each turned to where others change least.

    Args:
        method: Encodes and decodes.
        space: How it sees raw rows.
        own: Its directions.
        rows: Raw training rows with their attributes; those without one are moved towards it.
        others: Raw training rows with the attributes to be kept, for probes.
    """
    y, read = rows.answers(), list(probes(method, space, others).values())
    codes = embed(method, space, rows.raw())
    spread, made = torch.cov(codes.double().T), {}
    for name, direction in own(method).items():
        lacking = (y[:, rows.attribute_names.index(name)] == 0).nonzero().flatten()
        some = lacking[:: max(1, len(lacking) // ROWS)][:ROWS]
        changes = responses(method, space, codes[some], read)
        made[name] = turned(direction, changes, spread, SHARE)
    return made


def responses(method: object, space: Space, z: Tensor, read: Sequence[Direction]) -> Tensor:
    """How k probes of the codes of decoded rows change with each latent, by central differences.

    Args:
        method: Encodes and decodes.
        space: How it sees raw rows.
        z: Codes (n, d).
        read: The probes.

    Returns:
        (d, n, k), of probabilities, for a unit of distance.
    """

    def told(moved: Tensor) -> Tensor:
        codes = embed(method, space, decoded(method, space, moved, None))
        return torch.stack([probe.logit(codes) for probe in read], 1).sigmoid()

    return torch.stack([(told(z + e) - told(z - e)) / 2 for e in torch.eye(z.shape[1])])


def turned(own: Direction, changes: Tensor, spread: Tensor, share: float) -> Direction:
    """The way along which others change least for the same rise of the own logit.

    With M the mean over rows of the sum over others of products of changes, and S the covariance
    of codes, v is the least of v.M v + l v.S^-1 v where the own vector w has w.v = 1, which is
    (M + l S^-1)^-1 w; l is `share` of the mean eigenvalue of M S. Length is told in spreads of
    codes, as latents that carry nothing would be free to go far along otherwise. At a share of
    infinity it is S w. At a share of 0, with S = I and where some ways change nothing, it is the
    projection on these, see `Direction.without`.

    Args:
        own: The attribute's direction.
        changes: Of others by a unit along each latent, (d, n, k); see `responses`.
        spread: Covariance of codes (d, d).
        share: Above 0.
    """
    each, spread = changes.double(), spread.double()
    moment = torch.einsum("ink,jnk->ij", each, each) / max(1, each.shape[1])
    size = (moment @ spread).diagonal().mean()
    if size == 0:
        return own
    ridge = share * size * torch.eye(len(moment), dtype=torch.float64)
    way = spread @ torch.linalg.solve(moment @ spread + ridge, own.vector.double().cpu())
    vector = (way / way.norm()).to(own.vector)
    scale = own.scale * float(own.vector @ vector)
    return replace(own, name=f"{own.name}, others kept", vector=vector, scale=scale)
