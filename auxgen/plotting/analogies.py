"""One code under every class (Maaloe et al., 2016, figure 3a)."""

from __future__ import annotations

from pathlib import Path

from torch import Tensor

from ..data.dataset import Preprocessor
from ..inference.codes import make_analogies
from .grids import write_grid


def show_analogies(method: object, file: Path, *, space: Preprocessor, raw: Tensor) -> None:
    """A row for each original: itself, then one column for each class."""
    write_grid(make_analogies(method, space, raw).flatten(0, 1), file, 1 + len(space.classes))
