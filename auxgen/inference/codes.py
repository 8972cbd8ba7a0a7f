"""There and back: codes of rows, rows of codes, and the way between two codes."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from ..data.dataset import Preprocessor
from ..errors import InputError
from ..method import Classifies, Decodes, Encodes, require
from ..rng import get_device

ROWS_AT_ONCE = 256

Interpolation = Callable[[Tensor, Tensor, Tensor], Tensor]
"""Two ends, each (n, d), and fractions (s,) -> the way between them, (n, s, d)."""


@torch.no_grad()
def embed_rows(method: object, space: Preprocessor, raw: Tensor) -> Tensor:
    """Means of q(z|x): raw (n, *shape) -> (n, d), on the CPU.

    Raises:
        InputError: The model cannot encode.
    """
    device = get_device(method)
    parts = [space.transform(part.to(device)) for part in raw.split(ROWS_AT_ONCE)]
    return torch.cat([require(method, Encodes).encode(x).mean.cpu() for x in parts])


@torch.no_grad()
def predict_classes(method: object, space: Preprocessor, raw: Tensor) -> Tensor | None:
    """The most probable classes (n,) of raw (n, *shape); None where the model has no classifier."""
    if not isinstance(method, Classifies):
        return None
    device = get_device(method)
    parts = [space.transform(part.to(device)) for part in raw.split(ROWS_AT_ONCE)]
    return torch.cat([method.classify(x).probs.argmax(-1).cpu() for x in parts])


@torch.no_grad()
def decode_to_rows(method: object, space: Preprocessor, z: Tensor, y: Tensor | None) -> Tensor:
    """Means of p(x|z) or p(x|y,z) in raw units: z (n, d), y (n,) -> (n, *shape), on the CPU.

    Raises:
        InputError: The model cannot decode.
    """
    device, parts = get_device(method), []
    for first in range(0, len(z), ROWS_AT_ONCE):
        here = slice(first, first + ROWS_AT_ONCE)
        of = None if y is None else y[here].to(device)
        x = require(method, Decodes).decode(z[here].to(device), of).mean
        parts.append(space.inverse_transform(x).cpu())
    return torch.cat(parts)


def reconstruct_rows(method: object, space: Preprocessor, raw: Tensor) -> Tensor:
    """Each original beside its reconstruction: raw (n, *shape) -> (n, 2, *shape).

    A model of classes is given the class that it finds most probable.

    Raises:
        InputError: The model cannot encode or decode.
    """
    require(method, Decodes)
    z = embed_rows(method, space, raw)
    back = decode_to_rows(method, space, z, predict_classes(method, space, raw))
    return torch.stack([raw.cpu(), back], dim=1)


def interpolate_linearly(start: Tensor, end: Tensor, t: Tensor) -> Tensor:
    """The straight way: start, end (n, d), t (s,) -> (n, s, d)."""
    return torch.lerp(start.unsqueeze(1), end.unsqueeze(1), t.unsqueeze(1))


def interpolate_on_sphere(start: Tensor, end: Tensor, t: Tensor) -> Tensor:
    """The great circle (Shoemake 1985): start, end (n, d), t (s,) -> (n, s, d).

    It keeps to the norms of codes drawn from N(0, I). Ends in line are joined by the straight way.
    """
    cosine = torch.cosine_similarity(start, end, dim=-1).clamp(-1, 1)
    angle = cosine.acos()[:, None, None]
    sine, t = angle.sin(), t[:, None]
    arc = ((1 - t) * angle).sin() * start.unsqueeze(1) + (t * angle).sin() * end.unsqueeze(1)
    in_line = sine.abs() < 1e-4
    straight = interpolate_linearly(start, end, t.squeeze(1))
    return torch.where(in_line, straight, arc / sine.masked_fill(in_line, 1.0))


def interpolate_rows(
    method: object,
    space: Preprocessor,
    start: Tensor,
    end: Tensor,
    *,
    steps: int = 8,
    between: Interpolation = interpolate_on_sphere,
) -> Tensor:
    """From each start to its end through the codes: (n, *shape) twice -> (n, steps, *shape).

    A model of classes is given the class of the nearer end.

    Raises:
        InputError: The model cannot encode or decode.
    """
    require(method, Decodes)
    t = torch.linspace(0, 1, steps)
    z = between(embed_rows(method, space, start), embed_rows(method, space, end), t)
    first, last = predict_classes(method, space, start), predict_classes(method, space, end)
    y = None
    if first is not None and last is not None:
        y = torch.where(t < 0.5, first.unsqueeze(1), last.unsqueeze(1)).flatten()
    x = decode_to_rows(method, space, z.flatten(0, 1), y)
    return x.reshape(len(start), steps, *space.shape)


def make_analogies(method: object, space: Preprocessor, raw: Tensor) -> Tensor:
    """Each original, then its code decoded under each class: (n, *shape) -> (n, 1 + k, *shape).

    Raises:
        InputError: The model cannot encode or decode, or knows no classes.
    """
    k = len(space.classes)
    if k == 0:
        raise InputError("This model knows no classes; wanted for analogies is one that does.")
    z = embed_rows(method, space, raw)
    y = torch.arange(k).repeat(len(raw))
    made = decode_to_rows(method, space, z.repeat_interleave(k, 0), y)
    return torch.cat((raw.cpu().unsqueeze(1), made.view(len(raw), k, *space.shape)), 1)
