"""Counts of a row as a model sees them: log(1 + count), or shares of a library size, and back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ..errors import InputError

_WHOLE = 1e-5
"""Relative distance from a whole number within which a count is one: that of float32."""


@dataclass(frozen=True)
class CountEntries:
    """Which entries of a row are counts, and what a typical row holds of each.

    Attributes:
        places: Indices of the counts.
        library: Mean counts of these, where a row's counts are shares of its library size, which is
            an entry of its own then; empty where they are not.
        at: Index of the size among the entries that the model sees.
    """

    places: tuple[int, ...]
    library: tuple[float, ...] = ()
    at: int = 0

    def log(self, x: Tensor) -> Tensor:
        """Raw entries (n, d) float64 -> counts as log(1 + count), and the size: (n, d or d + 1).

        With a library they are log(1 + m count / size), m the sum of `library`, and the size is
        log(1 + size). The size of a row of which some counts are unknown is estimated from those
        that are known; it is unknown where all are.
        """
        places, x = list(self.places), x.double().clone()
        counts = x[:, places]
        if not self.library:
            x[:, places] = torch.log1p(counts)
            return x
        size = self.measure_size(counts)
        ratio = self.typical / size.clamp(min=1e-12)
        x[:, places] = torch.log1p(counts * ratio.unsqueeze(1))
        return torch.cat((x[:, : self.at], torch.log1p(size).unsqueeze(1), x[:, self.at :]), 1)

    def restore(self, x: Tensor) -> Tensor:
        """The raw entries of what `log` gave; a size that is unknown is the typical one.

        Counts that are whole but for rounding become whole.
        """
        places, x = list(self.places), x.double().clone()
        ratio = x.new_ones(x.shape[0], 1)
        if self.library:
            size = torch.expm1(x[:, self.at : self.at + 1]).clamp(min=0)
            ratio = size.nan_to_num(self.typical) / self.typical
            x = torch.cat((x[:, : self.at], x[:, self.at + 1 :]), 1)
        counts = (torch.expm1(x[:, places]) * ratio).clamp(min=0)
        whole = counts.round()
        close = (counts - whole).abs() <= _WHOLE * (1 + whole)
        x[:, places] = torch.where(close, whole, counts)
        return x

    def measure_size(self, counts: Tensor) -> Tensor:
        """Library sizes of counts (n, k), NaN where unknown: -> (n,)."""
        known = ~counts.isnan()
        expected = (known * counts.new_tensor(self.library)).sum(1)
        size = torch.where(known, counts, 0.0).sum(1) * self.typical / expected
        return torch.where(expected > 0, size, torch.nan)

    @property
    def typical(self) -> float:
        """The size of a typical row."""
        return sum(self.library)

    def check(self, x: Tensor, names: Sequence[str]) -> None:
        """Raise InputError unless the counts of raw entries (n, d) are whole, 0 or more."""
        counts = x[:, list(self.places)]
        odd = (counts < 0) | (counts != counts.round()) & ~counts.isnan()
        if odd.any():
            row, column = odd.nonzero()[0].tolist()
            place = self.places[column]
            name = repr(names[place]) if names else str(place)
            raise InputError(
                f"Column {name} has {counts[row, column].item():g} in row {row + 1}, and its "
                "likelihood is one of counts; expected whole numbers of 0 or more."
            )
