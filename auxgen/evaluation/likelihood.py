"""Scores of bounds on log p(x)."""

from dataclasses import KW_ONLY, dataclass, replace
from typing import final

from ..inference import prediction
from ..method import Bounds, Weighs, require
from ..rng import get_device, use_seed
from ..score import Score
from .protocol import DrawEvaluation, RowEvaluation, make_mean_score


@final
@dataclass(frozen=True, eq=False)
class Elbo(DrawEvaluation):
    """Evidence lower bound in nats, mean over rows."""

    def __call__(self, method: object) -> Score:
        bounded, x = require(method, Bounds), self.prepare_rows(self.x)
        with use_seed(self.seed, get_device(method)):
            each = prediction.estimate_elbo(bounded, x, self.draws, batch_size=self.rows)
        details = "evidence lower bound", len(x), self.describe_draws(), f"seed {self.seed}"
        return make_mean_score(each, "nats", self.describe_protocol(*details))


@dataclass(frozen=True, eq=False)
class ImportanceEvaluation(RowEvaluation):
    """Measures log p_k(x), the importance-weighted bound, row by row.

    Attributes:
        k: Importance weights for each row.
        chunk: Weights drawn at once.
    """

    _: KW_ONLY
    k: int = 5000
    chunk: int = 50
    rows: int = 20

    def score_bound(self, method: object) -> Score:
        """Mean of the bound over rows, nats; below log p(x) in expectation."""
        x = self.prepare_rows(self.x)
        with use_seed(self.seed, get_device(method)):
            log_p, ess = prediction.estimate_log_likelihood(
                require(method, Weighs), x, self.k, chunk=self.chunk, batch_size=self.rows
            )
        median, caution = ess.median().item(), ""
        if median < min(10, self.k / 10):  # few draws carry the weight: far below log p(x)
            draws = f"{median:.1f} effective draws of {self.k}"
            caution = f"the median row has {draws}, too few to take the bound for log p(x)"
        what = f"importance-weighted bound, k = {self.k}"
        protocol = self.describe_protocol(what, len(x), f"seed {self.seed}")
        detail = {"ess_median": median, "ess_smallest": ess.min().item()}
        return make_mean_score(log_p, "nats", protocol, caution=caution, detail=detail)


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

    _: KW_ONLY
    k: int = 100

    def __call__(self, method: object) -> dict[str, Score]:
        bound = self.score_bound(method)
        nats = replace(bound, value=-bound.value, protocol=f"negative {bound.protocol}")
        d = self.x[0].numel()
        value, spread = nats.value / d, None if nats.spread is None else nats.spread / d
        protocol = f"{nats.protocol}; divided by {d} dimensions"
        each = replace(nats, value=value, spread=spread, protocol=protocol)
        return {"nll": nats, "nll_per_dimension": replace(each, unit="nats per dimension")}
