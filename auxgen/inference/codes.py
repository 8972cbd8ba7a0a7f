"""There and back: codes of rows, rows of codes, and the way between two codes."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from ..data.dataset import Space
from ..errors import InputError
from ..method import Classifies, Decodes, Encodes, require
from ..rng import device_of

ROWS = 256

Between = Callable[[Tensor, Tensor, Tensor], Tensor]
"""Two ends, each (n, d), and fractions (s,) -> the way between them, (n, s, d)."""


@torch.no_grad()
def embed(method: object, space: Space, raw: Tensor) -> Tensor:
    """Means of q(z|x): raw (n, *shape) -> (n, d), on the CPU.

    Raises:
        InputError: The model cannot encode.
    """
    device = device_of(method)
    parts = [space.enter(part.to(device)) for part in raw.split(ROWS)]
    return torch.cat([require(method, Encodes).encode(x).mean.cpu() for x in parts])


@torch.no_grad()
def classes_of(method: object, space: Space, raw: Tensor) -> Tensor | None:
    """The most probable classes (n,) of raw (n, *shape); None where the model has no classifier."""
    if not isinstance(method, Classifies):
        return None
    device = device_of(method)
    parts = [space.enter(part.to(device)) for part in raw.split(ROWS)]
    return torch.cat([method.classify(x).probs.argmax(-1).cpu() for x in parts])


@torch.no_grad()
def decoded(method: object, space: Space, z: Tensor, y: Tensor | None) -> Tensor:
    """Means of p(x|z) or p(x|y,z) in raw units: z (n, d), y (n,) -> (n, *shape), on the CPU.

    Raises:
        InputError: The model cannot decode.
    """
    device, parts = device_of(method), []
    for first in range(0, len(z), ROWS):
        here = slice(first, first + ROWS)
        of = None if y is None else y[here].to(device)
        x = require(method, Decodes).decode(z[here].to(device), of).mean
        parts.append(space.leave(x).cpu())
    return torch.cat(parts)


def reconstruct(method: object, space: Space, raw: Tensor) -> Tensor:
    """Each original beside its reconstruction: raw (n, *shape) -> (n, 2, *shape).

    A model of classes is given the class that it finds most probable.

    Raises:
        InputError: The model cannot encode or decode.
    """
    require(method, Decodes)
    z = embed(method, space, raw)
    back = decoded(method, space, z, classes_of(method, space, raw))
    return torch.stack([raw.cpu(), back], dim=1)


def linear(start: Tensor, end: Tensor, t: Tensor) -> Tensor:
    """The straight way: start, end (n, d), t (s,) -> (n, s, d)."""
    return torch.lerp(start.unsqueeze(1), end.unsqueeze(1), t.unsqueeze(1))


def spherical(start: Tensor, end: Tensor, t: Tensor) -> Tensor:
    """The great circle (Shoemake 1985): start, end (n, d), t (s,) -> (n, s, d).

    It keeps to the norms of codes drawn from N(0, I). Ends in line are joined by the straight way.
    """
    cosine = torch.cosine_similarity(start, end, dim=-1).clamp(-1, 1)
    angle = cosine.acos()[:, None, None]
    sine, t = angle.sin(), t[:, None]
    arc = ((1 - t) * angle).sin() * start.unsqueeze(1) + (t * angle).sin() * end.unsqueeze(1)
    in_line = sine.abs() < 1e-4
    straight = linear(start, end, t.squeeze(1))
    return torch.where(in_line, straight, arc / sine.masked_fill(in_line, 1.0))


def interpolate(
    method: object,
    space: Space,
    start: Tensor,
    end: Tensor,
    *,
    steps: int = 8,
    between: Between = spherical,
) -> Tensor:
    """From each start to its end through the codes: (n, *shape) twice -> (n, steps, *shape).

    A model of classes is given the class of the nearer end.

    Raises:
        InputError: The model cannot encode or decode.
    """
    require(method, Decodes)
    t = torch.linspace(0, 1, steps)
    z = between(embed(method, space, start), embed(method, space, end), t)
    first, last = classes_of(method, space, start), classes_of(method, space, end)
    y = None
    if first is not None and last is not None:
        y = torch.where(t < 0.5, first.unsqueeze(1), last.unsqueeze(1)).flatten()
    x = decoded(method, space, z.flatten(0, 1), y)
    return x.reshape(len(start), steps, *space.shape)


def analogies(method: object, space: Space, raw: Tensor) -> Tensor:
    """Each original, then its code decoded under each class: (n, *shape) -> (n, 1 + k, *shape).

    Raises:
        InputError: The model cannot encode or decode, or knows no classes.
    """
    k = len(space.classes)
    if k == 0:
        raise InputError("This model knows no classes; wanted for analogies is one that does.")
    z = embed(method, space, raw)
    y = torch.arange(k).repeat(len(raw))
    made = decoded(method, space, z.repeat_interleave(k, 0), y)
    return torch.cat((raw.cpu().unsqueeze(1), made.view(len(raw), k, *space.shape)), 1)
