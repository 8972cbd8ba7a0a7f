"""Scores of bounds on log p(x)."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import KW_ONLY, dataclass, replace
from typing import final

from torch import Tensor

from ..inference import likelihood
from ..inference.batched import binarise_with_seed
from ..method import Bounds, Weighs, require
from ..rng import get_device, use_seed
from ..score import Score
from .protocol import ROW_STANDARD_ERROR, describe_rows, standard_error


@final
@dataclass(frozen=True, eq=False)
class Elbo:
    """Evidence lower bound in nats, mean over rows.

    Attributes:
        x: Rows as the model sees them, (n, *event).
        draws: Estimates averaged for each row.
        split_name: For the protocol.
        binarised_seed: Binarise the rows once with this seed; None leaves them.
        rows: Rows passed at once.
        seed: Of the draws.
    """

    x: Tensor
    _: KW_ONLY
    draws: int = 1
    split_name: str = "test"
    binarised_seed: int | None = None
    rows: int = 256
    seed: int = 0

    def __call__(self, method: object) -> Score:
        x = (
            self.x
            if self.binarised_seed is None
            else binarise_with_seed(self.x, self.binarised_seed)
        )
        with use_seed(self.seed, get_device(method)):
            each = likelihood.estimate_elbo(
                require(method, Bounds), x, self.draws, batch_size=self.rows
            )
        draws = "1 draw" if self.draws == 1 else f"{self.draws} draws"
        return Score(
            value=each.mean().item(),
            unit="nats",
            n=len(x),
            spread=standard_error(each),
            spread_is=ROW_STANDARD_ERROR,
            protocol="evidence lower bound; "
            f"{describe_rows(self.split_name, len(x), self.binarised_seed)}, {draws} a row, "
            f"seed {self.seed}",
        )


@dataclass(frozen=True, eq=False)
class ImportanceEvaluation(ABC):
    """Measures log p_k(x), the importance-weighted bound, row by row.

    Attributes:
        x: Rows as the model sees them, (n, *event).
        k: Importance weights for each row.
        split_name: For the protocol.
        binarised_seed: Binarise the rows once with this seed; None leaves them.
        chunk: Weights drawn at once.
        rows: Rows passed at once.
        seed: Of the draws.
    """

    x: Tensor
    _: KW_ONLY
    k: int = 5000
    split_name: str = "test"
    binarised_seed: int | None = None
    chunk: int = 50
    rows: int = 20
    seed: int = 0

    def score_bound(self, method: object) -> Score:
        """Its mean over rows, nats; a lower bound on log p(x) in expectation."""
        x = (
            self.x
            if self.binarised_seed is None
            else binarise_with_seed(self.x, self.binarised_seed)
        )
        with use_seed(self.seed, get_device(method)):
            log_p, ess = likelihood.estimate_log_likelihood(
                require(method, Weighs), x, self.k, chunk=self.chunk, batch_size=self.rows
            )
        median = ess.median().item()
        return Score(
            value=log_p.mean().item(),
            unit="nats",
            n=len(x),
            spread=standard_error(log_p),
            spread_is=ROW_STANDARD_ERROR,
            protocol=f"importance-weighted bound, k = {self.k}; "
            f"{describe_rows(self.split_name, len(x), self.binarised_seed)}, seed {self.seed}",
            caution=self.make_caution(median),
            detail={"ess_median": median, "ess_smallest": ess.min().item()},
        )

    def make_caution(self, median: float) -> str:
        """Where few draws carry the weight, the bound is far below log p(x)."""
        if median >= min(10, self.k / 10):
            return ""
        return (
            f"the median row has {median:.1f} effective draws of {self.k}, "
            "too few to take the bound for log p(x)"
        )

    @abstractmethod
    def __call__(self, method: object) -> Score | dict[str, Score]: ...


@final
@dataclass(frozen=True, eq=False)
class ImportanceBound(ImportanceEvaluation):
    """log p_k(x) in nats, mean over rows (Burda et al. 2016, eq. 8)."""

    def __call__(self, method: object) -> Score:
        return self.score_bound(method)


@final
@dataclass(frozen=True, eq=False)
class ImportanceNll(ImportanceEvaluation):
    """-log p_k(x) in nats and in nats per dimension of x (Lamb et al. 2016, table 2)."""

    k: int = 100

    def __call__(self, method: object) -> dict[str, Score]:
        nats = self.score_bound(method)
        nats = replace(nats, value=-nats.value, protocol=f"negative {nats.protocol}")
        d = self.x[0].numel()
        each = replace(
            nats,
            value=nats.value / d,
            spread=None if nats.spread is None else nats.spread / d,
            unit="nats per dimension",
            protocol=f"by {d} dimensions divided {nats.protocol}",
        )
        return {"nll": nats, "nll_per_dimension": each}
