"""Rows whose entries have several families: one distribution of blocks of entries."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor, nn
from torch import distributions as td
from torch.distributions import Distribution, Independent, Normal

from .distributions import Family, ObservedNormal, checks_arguments


@final
class Texts(Distribution):
    """One of k texts as k entries of 0 and 1, unknown where they are NaN."""

    def __init__(self, text: td.OneHotCategorical) -> None:
        self.text = text
        super().__init__(text.batch_shape, text.event_shape, validate_args=False)

    def log_prob(self, value: Tensor) -> Tensor:
        return (torch.where(value.isnan(), 0.0, value) * self.text.logits).sum(-1)

    @property
    def mean(self) -> Tensor:
        """Probabilities of the texts."""
        return self.text.probs

    def sample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        return self.text.sample(torch.Size(sample_shape))


def one_of_texts(logits: Tensor) -> Texts:
    """One of k texts, as k entries of 0 and 1; logits (..., k)."""
    return Texts(td.OneHotCategorical(logits=logits, validate_args=False))


@final
class Observed(nn.Module):
    """A family of normals, of which entries that are NaN are unknown."""

    def __init__(self, normals: nn.Module) -> None:
        """normals: Parameters -> independent normals over the last dimension."""
        super().__init__()
        self.normals = normals

    def forward(self, parameters: Tensor) -> ObservedNormal:
        made: Independent = self.normals(parameters)
        base = made.base_dist
        assert isinstance(base, Normal)
        return ObservedNormal(base, 1, checks_arguments())


@dataclass(frozen=True, eq=False)
class Block:
    """Some entries of a row and their family.

    Attributes:
        entries: Indices of the entries.
        parameters: Number of the parameters of `family`.
        family: Parameters (..., p) -> a distribution of the entries.
    """

    entries: tuple[int, ...]
    parameters: int
    family: Family


@dataclass(frozen=True, eq=False)
class Layout:
    """Where the entries of blocks stand in a row.

    Attributes:
        widths: Number of entries of each block.
        places: The row's entries, block by block (d,); None where blocks are in the row's order.
        order: Of each of the row's entries, where it stands among those of the blocks (d,).
    """

    widths: tuple[int, ...]
    places: Tensor | None = None
    order: Tensor | None = None

    def split(self, row: Tensor) -> Sequence[Tensor]:
        """A row (..., d) -> the entries of each block."""
        own = row if self.places is None else row.index_select(-1, self.places)
        return own.split(self.widths, -1)

    def join(self, parts: Sequence[Tensor]) -> Tensor:
        """The entries of each block -> a row (..., d)."""
        row = torch.cat(tuple(parts), -1)
        return row if self.order is None else row.index_select(-1, self.order)


@final
class Mixed(Distribution):
    """A row of independent blocks of entries, each with a distribution of its own."""

    has_rsample = False

    def __init__(self, parts: Sequence[Distribution], layout: Layout) -> None:
        """parts: The distribution of each block's entries, with one batch shape for all."""
        self.parts, self.layout = tuple(parts), layout
        width = torch.Size((sum(layout.widths),))
        super().__init__(parts[0].batch_shape, width, validate_args=False)

    def log_prob(self, value: Tensor) -> Tensor:
        own = self.layout.split(value)
        first, *others = (p.log_prob(v) for p, v in zip(self.parts, own, strict=True))
        return sum(others, first)

    @property
    def mean(self) -> Tensor:
        """Means, and probabilities of texts, as the model sees them."""
        return self.layout.join([part.mean for part in self.parts])

    def sample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        return self.layout.join([part.sample(torch.Size(sample_shape)) for part in self.parts])


@final
class MixedFamily(nn.Module):
    """Parameters of all blocks, in their order -> `Mixed`."""

    places: Tensor
    order: Tensor

    def __init__(self, blocks: Sequence[Block]) -> None:
        super().__init__()
        self.blocks = tuple(blocks)
        self.families = nn.ModuleList(
            block.family for block in blocks if isinstance(block.family, nn.Module)
        )
        places = [entry for block in blocks for entry in block.entries]
        self.in_order = places == sorted(places)
        self.register_buffer("places", torch.tensor(places), persistent=False)
        self.register_buffer("order", torch.tensor(places).argsort(), persistent=False)

    def forward(self, parameters: Tensor) -> Mixed:
        given = parameters.split([block.parameters for block in self.blocks], -1)
        parts = [block.family(own) for block, own in zip(self.blocks, given, strict=True)]
        widths = tuple(len(block.entries) for block in self.blocks)
        if self.in_order:
            return Mixed(parts, Layout(widths))
        return Mixed(parts, Layout(widths, self.places, self.order))
