"""How an estimator sees rows, the likelihood of each column, and draws without training's noise."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.distributions import Distribution, Independent, Normal

from ..builders import Likelihood
from ..builders.likelihoods import describe_likelihood
from ..data.dataset import Dataset, Preprocessor, fit_preprocessor
from ..data.families import AUTO, COUNTS, FAMILIES, GAUSSIANS, choose_families, describe_choice
from ..errors import InputError, unknown_name
from ..networks.mixed import Mixed
from .rows import RowFormat
from .weights import WeightedRows


class SeenRows(NamedTuple):
    """How a model sees rows.

    Attributes:
        space: Raw rows to rows that it sees, and back.
        likelihood: The family of p(x|.), as builders have it.
        families: The name of the likelihood of each column.
    """

    space: Preprocessor
    likelihood: Likelihood
    families: dict[Any, str]

    @property
    def noisy(self) -> list[bool]:
        """Which entries that are no texts get the noise of training: those of Gaussians."""
        numbers = self.space.width - sum(self.space.categories)
        if isinstance(self.likelihood, str | Mapping):
            return [True] * numbers
        gaussian = [e for b in self.likelihood if b["family"] in GAUSSIANS for e in b["entries"]]
        return [i in set(gaussian) for i in range(numbers)]


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


def see_rows(
    rows: WeightedRows,
    form: RowFormat,
    classes: tuple[str, ...],
    *,
    bits: bool = True,
    likelihood: Any = None,
    library_size: bool = False,
) -> SeenRows:
    """How a model sees rows: as bits where that may be and all are 0 or 1, else standardised.

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
    raw = torch.from_numpy(rows.repeat())
    names = () if form.schema is None else form.schema.entry_names
    blank = torch.full((len(raw),), -1)
    dataset = Dataset(raw, blank, classes, "rows", "", columns=names, table=form.schema)
    if likelihood is None and not library_size:
        bits = bits and form.schema is None and bool(np.isin(rows.x, (0, 1)).all())
        space = fit_preprocessor(dataset, standardise=not bits, binary=bits)
        return SeenRows(space, _choose_plain(space), {})
    numbers = form.schema.numbers if form.schema else ()
    columns = [c.name for c in numbers] if form.schema else list(range(raw.shape[1]))
    dates = [c.name for c in numbers if c.kind == "date"]
    families = choose_families(raw.numpy()[:, : len(columns)], columns, likelihood, dates)
    if library_size and len(set(families) & set(COUNTS)) != 1:
        raise InputError(
            "library_size is for columns of counts with one likelihood; expected one of "
            f"{', '.join(COUNTS)} for them."
        )
    space = fit_preprocessor(
        dataset, standardise=True, families=families, library_size=library_size
    )
    found = dict(zip(columns, families, strict=True))
    if AUTO in (likelihood.values() if isinstance(likelihood, Mapping) else [likelihood]):
        print(describe_choice(found), file=sys.stderr)
    found |= {c.name: "categorical" for c in (form.schema.categories if form.schema else ())}
    return SeenRows(space, describe_likelihood(space, families, raw.numpy()), found)


def _choose_plain(space: Preprocessor) -> Likelihood:
    """The family of p(x|.): bits, Gaussians, or Gaussians and categories of a table."""
    if space.binary:
        return "bernoulli"
    if not space.categories:
        return "gaussian"
    texts = list(space.categories)
    return {"numbers": space.width - sum(texts), "texts": texts}


def draw_without_noise(p_x: Distribution, noise: float) -> Tensor:
    """A draw of p(x|.), less the Gaussian noise of this deviation that training added to x."""
    if isinstance(p_x, Mixed):
        return p_x.layout.join([draw_without_noise(part, noise) for part in p_x.parts])
    x = p_x.sample()
    if noise == 0 or not (isinstance(p_x, Independent) and isinstance(p_x.base_dist, Normal)):
        return x
    mean, std = p_x.mean, p_x.stddev
    return mean + (std.square() - noise**2).clamp(min=0).sqrt() / std * (x - mean)
