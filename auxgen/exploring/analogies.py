"""One code under every class (Maaloe et al., 2016, figure 3a)."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor

from ..data.examples import Space
from ..errors import InputError
from .codes import decoded, embed
from .pictures import write_grid


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


def show_analogies(method: object, file: Path, *, space: Space, raw: Tensor) -> None:
    """A row for each original: itself, then one column for each class."""
    write_grid(analogies(method, space, raw).flatten(0, 1), file, 1 + len(space.classes))
