"""Rows and classes together: all classes of every row, or only some pairs of a row and a class."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..functional.precision import promote_to_float32
from .batch_norm import weigh_rows


@final
@dataclass(frozen=True, eq=False)
class Repeated:
    """Rows that stand several times: rows (r, d), index (n,) -> rows[index] (n, d)."""

    rows: Tensor
    index: Tensor

    @property
    def shape(self) -> torch.Size:
        return torch.Size((len(self.index), self.rows.shape[-1]))

    def map(self, function: Callable[[Tensor], Tensor]) -> Tensor:
        """function(rows)[index], with the function of each row computed once: -> (n, out)."""
        mapped = function(self.rows)
        # in float32, because the gradients of a row's repetitions are added
        return F.embedding(self.index, promote_to_float32(mapped)).to(mapped.dtype)


def repeat_rows(rows: Tensor | Repeated) -> Tensor:
    """The rows (..., d), each as often as it stands there: -> (n, d) of repeated ones."""
    return rows if isinstance(rows, Tensor) else F.embedding(rows.index, rows.rows)


class ChosenRows(ABC):
    """Which rows classes are put beside.

    A term of a row, or of a row and a draw, is (..., b, 1), and its vector (..., b, 1, d), where
    the dimension of size 1 is that of classes.
    """

    @abstractmethod
    def take(self, vectors: Tensor) -> Tensor | Repeated:
        """The rows' vectors (..., b, 1, d)."""

    @abstractmethod
    def take_terms(self, terms: Tensor) -> Tensor:
        """The rows' terms (..., b, 1)."""

    @abstractmethod
    def weigh(self, networks: nn.Module) -> AbstractContextManager[None]:
        """Inside, batch norm's statistics are of these rows."""


@final
class EveryRow(ChosenRows):
    """All rows, to which classes broadcast, and which count alike."""

    def take(self, vectors: Tensor) -> Tensor:
        return vectors

    def take_terms(self, terms: Tensor) -> Tensor:
        return terms

    def weigh(self, networks: nn.Module) -> AbstractContextManager[None]:
        del networks
        return nullcontext()


EVERY_ROW = EveryRow()


@final
class Pairs(ChosenRows):
    """Some pairs of a row and a class, as n rows of a batch: (..., b, 1, d) -> (n, d)."""

    def __init__(self, index: Tensor, weights: Tensor) -> None:
        """index (n,): rows, counted over all dimensions (...,). weights (n,): what a pair counts.

        A tensor that lacks the first of these dimensions is the same for all its entries.
        """
        self.index, self.weights = index, weights

    def take(self, vectors: Tensor) -> Repeated:
        rows = vectors.flatten(0, -2)
        return Repeated(rows, self.index % len(rows))

    def take_terms(self, terms: Tensor) -> Tensor:
        return repeat_rows(self.take(terms.unsqueeze(-1))).squeeze(-1)

    def weigh(self, networks: nn.Module) -> AbstractContextManager[None]:
        return weigh_rows(networks, self.weights)
