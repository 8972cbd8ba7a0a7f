"""New rows from a generative model."""

from __future__ import annotations

import torch
from torch import Tensor

from ..data.dataset import Preprocessor
from ..errors import InputError, unknown_name
from ..method import Decodes, HasPrior, Samples, SamplesByClass, require
from ..rng import get_device

ROWS_AT_ONCE = 256


@torch.no_grad()
def sample_rows(method: object, space: Preprocessor, n: int, y: Tensor | None = None) -> Tensor:
    """n draws of x in raw units, of the given classes where y (n,) is given: -> (n, *shape).

    Raises:
        InputError: The model cannot sample, or not by class.
    """
    device = get_device(method)
    parts = []
    for first in range(0, n, ROWS_AT_ONCE):
        m = min(ROWS_AT_ONCE, n - first)
        if y is None:
            x = require(method, Samples).sample(m)
        else:
            x = require(method, SamplesByClass).sample(m, y[first : first + m].to(device))
        parts.append(space.inverse_transform(x).cpu())
    return torch.cat(parts) if parts else torch.empty(0, *space.shape)


@torch.no_grad()
def make_class_grid(method: object, space: Preprocessor, n: int) -> Tensor:
    """One code in each row, one class in each column: -> (n * k, *shape), row after row.

    Raises:
        InputError: The model has no classes, no prior or no decoder.
    """
    k = len(space.classes)
    if k == 0:
        raise InputError(
            "This model knows no classes; wanted for a grid of classes is one that does."
        )
    require(method, SamplesByClass)
    z = require(method, HasPrior).p_z().sample((n,)).repeat_interleave(k, 0)
    y = torch.arange(k, device=z.device).repeat(n)
    parts = zip(z.split(ROWS_AT_ONCE), y.split(ROWS_AT_ONCE), strict=True)
    return torch.cat(
        [
            space.inverse_transform(require(method, Decodes).decode(*part).mean).cpu()
            for part in parts
        ]
    )


def find_class_index(space: Preprocessor, name: str) -> int:
    """The index of a class that a person names, by its name or by its number.

    Raises:
        InputError: There is no such class.
    """
    if name in space.classes:
        return space.classes.index(name)
    if name.isdecimal() and int(name) < len(space.classes):
        return int(name)
    raise unknown_name("class", name, space.classes)
