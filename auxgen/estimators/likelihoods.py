"""How an estimator sees rows, the likelihood of each column, and draws without training's noise."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.distributions import Distribution, Independent, Normal

from ..builders.seen_rows import SeenRows, see_as_bits, see_standardised
from ..data.dataset import Dataset
from ..data.families import AUTO, FAMILIES
from ..errors import InputError, unknown_name
from ..networks.mixed import Mixed
from ..terminal import print_notes
from .pictures import see_components
from .rows import RowFormat
from .weights import WeightedRows


def check_likelihood(name: str, value: Any) -> None:
    """Raise InputError unless the value is None, a likelihood, "auto", or a mapping to these."""
    words = [*FAMILIES, AUTO]
    every = list(value.values()) if isinstance(value, Mapping) else [value]
    for word in every:
        if word is None and not isinstance(value, Mapping):
            continue
        if not isinstance(word, str):
            raise InputError(
                f"{name} is {value!r}; expected one of {', '.join(words)}, a dictionary of columns "
                "and these, or None."
            )
        if word not in words:
            raise unknown_name(name, word, words)


def make_seen_rows(
    rows: WeightedRows,
    form: RowFormat,
    classes: tuple[str, ...],
    *,
    bits: bool = True,
    likelihood: Any = None,
    library_size: bool = False,
) -> SeenRows:
    """How a model sees rows: as bits where that may be and all are 0 or 1, else standardised.

    Components of pictures' features are seen as they are.

    Args:
        rows: Rows of training.
        form: Their columns.
        classes: Names of the classes.
        bits: Whether rows of 0 and 1 alone may be seen as bits, where no likelihood is named.
        likelihood: A name, "auto", or a mapping of columns, see `data.families`; None for Gaussian
            numbers. What "auto" takes is told.
        library_size: Whether counts are shares of a row's library size.

    Raises:
        InputError: A column holds what its likelihood cannot give.
    """
    if form.of_pictures:
        return see_components(rows.repeat(), classes)
    raw = torch.from_numpy(rows.repeat())
    names = () if form.schema is None else form.schema.entry_names
    blank = torch.full((len(raw),), -1)
    dataset = Dataset(raw, blank, classes, "rows", "", columns=names, table=form.schema)
    bits = bits and likelihood is None and not library_size and form.schema is None
    if bits and bool(np.isin(rows.x, (0, 1)).all()):
        return see_as_bits(dataset)
    seen = see_standardised(dataset, likelihood, library_size=library_size)
    if seen.note:
        print_notes([seen.note])
    return seen


def draw_without_noise(p_x: Distribution, noise: float) -> Tensor:
    """A draw of p(x|.), less the Gaussian noise of this deviation that training added to x."""
    if isinstance(p_x, Mixed):
        return p_x.layout.join([draw_without_noise(part, noise) for part in p_x.parts])
    x = p_x.sample()
    if noise == 0 or not (isinstance(p_x, Independent) and isinstance(p_x.base_dist, Normal)):
        return x
    mean, std = p_x.mean, p_x.stddev
    return mean + (std.square() - noise**2).clamp(min=0).sqrt() / std * (x - mean)
