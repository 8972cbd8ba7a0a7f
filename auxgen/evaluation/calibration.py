"""Scores of confidence: temperature, the surest rows, and sets that do not belong."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from math import sqrt
from typing import final

from torch import Tensor

from ..inference import likelihood
from ..inference.batched import binarised, log_probabilities
from ..method import Bounds, Classifies, require
from ..metrics import calibration as confidence
from ..metrics import classification
from ..rng import device_of, seeded
from ..score import Score
from .classification import Classified
from .protocol import BINOMIAL, OVER_ROWS, rows_of, standard_error


@final
@dataclass(frozen=True, eq=False)
class SurestAccuracy(Classified):
    """Accuracy in per cent among the rows that q(y|x) is surest of.

    Attributes:
        share: Of the rows.
    """

    share: float = 0.9

    def score(self, probs: Tensor, y: Tensor) -> Score:
        rows = confidence.surest(probs, self.share)
        value = 100 - classification.error(probs[rows], y[rows]).item()
        what = f"most probable class, among the {100 * self.share:g} % of rows that are surest"
        return Score(
            value=value,
            unit="%",
            n=len(rows),
            spread=sqrt(value * (100 - value) / len(rows)),
            spread_is=BINOMIAL,
            protocol=self.protocol(len(y), what),
            detail={"least_confidence": probs[rows].amax(-1).min().item()},
        )


@final
@dataclass(frozen=True, eq=False)
class Tempered:
    """Likelihood and calibration of labels before and after a temperature is fitted.

    Attributes:
        x: Rows as the model sees them, (n, *event).
        y: Their classes (n,), all known.
        x_held: Other rows (m, *event), that the temperature is fitted on.
        y_held: Their classes (m,), which training did not see.
        held: What those rows are, for the protocol.
        draws: Draws of whatever the classifier conditions on.
        split_name: For the protocol.
        bins: Of the calibration error.
        rows: Rows passed at once.
        seed: Of the draws.
    """

    x: Tensor
    y: Tensor
    _: KW_ONLY
    x_held: Tensor
    y_held: Tensor
    held: str
    draws: int = 1
    split_name: str = "test"
    bins: int = 15
    rows: int = 256
    seed: int = 0

    def __call__(self, method: object) -> dict[str, Score]:
        held, here = self.told(method, self.x_held), self.told(method, self.x)
        y_held, y = self.y_held.cpu(), self.y.cpu()
        t = confidence.temperature(held, y_held)
        fitted = confidence.tempered(here, t)
        ece = classification.expected_calibration_error(fitted.exp(), y, self.bins)
        curve = classification.reliability(fitted.exp(), y, self.bins)
        scaled = f", at temperature {t:.3f}, fitted on {self.fitted()}"
        held_nll = {
            "nll": confidence.nll(held, y_held).item(),
            "nll_tempered": confidence.nll(confidence.tempered(held, t), y_held).item(),
        }
        return {
            "temperature": Score(
                t, "", len(y_held), f"temperature, fitted on {self.fitted()}", detail=held_nll
            ),
            "label_nll": self.likelihood(here, y, ""),
            "label_nll_tempered": self.likelihood(fitted, y, scaled),
            "calibration_error_tempered": Score(
                100 * ece.item(),
                "%",
                len(y),
                self.protocol(f"expected calibration error, {self.bins} equal bins{scaled}"),
                detail={"reliability": {k: v.tolist() for k, v in curve._asdict().items()}},
            ),
        }

    def told(self, method: object, x: Tensor) -> Tensor:
        """log q(y|x): -> (n, k)."""
        with seeded(self.seed, device_of(method)):
            return log_probabilities(
                require(method, Classifies), x, draws=self.draws, rows=self.rows
            )

    def likelihood(self, log_probs: Tensor, y: Tensor, scaled: str) -> Score:
        each = -log_probs.gather(-1, y.unsqueeze(-1)).squeeze(-1)
        return Score(
            each.mean().item(),
            "nats",
            len(y),
            self.protocol(f"-log q(y|x){scaled}"),
            spread=standard_error(each),
            spread_is=OVER_ROWS,
        )

    def fitted(self) -> str:
        return f"{len(self.y_held)} {self.held}"

    def protocol(self, what: str) -> str:
        draws = "1 draw" if self.draws == 1 else f"{self.draws} draws"
        return (
            f"{what}; {self.split_name} split, {len(self.y)} rows, {draws} a row averaged, "
            f"seed {self.seed}"
        )


@final
@dataclass(frozen=True, eq=False)
class Outsiders:
    """How well the bound on log p(x) tells rows from those of another set: AUROC, 1/2 by chance.

    A likelihood is no detector by nature: it may be higher for a set that was never seen, and for
    smooth images commonly is (Nalisnick et al., ICLR 2019, arXiv:1810.09136).

    Attributes:
        x: Rows as the model sees them, (n, *event).
        others: Rows of the other set, (m, *event).
        name: Of the other set, for the protocol.
        draws: Estimates of the bound averaged for each row.
        split_name: For the protocol.
        binarised_seed: Binarise all rows once with this seed; None leaves them.
        rows: Rows passed at once.
        seed: Of the draws.
    """

    x: Tensor
    others: Tensor
    _: KW_ONLY
    name: str
    draws: int = 10
    split_name: str = "test"
    binarised_seed: int | None = None
    rows: int = 256
    seed: int = 0

    def __call__(self, method: object) -> Score:
        inside, outside = (self.bounds(method, x) for x in (self.x, self.others))
        value = confidence.auroc(inside, outside)
        of = rows_of(self.split_name, len(self.x), self.binarised_seed)
        return Score(
            value,
            "",
            len(self.x) + len(self.others),
            f"AUROC of the evidence lower bound, {self.draws} draws a row, seed {self.seed}; {of}, "
            f"against {len(self.others)} rows of {self.name}",
            caution="" if round(value, 6) >= 0.5 else f"rows of {self.name} have the higher bounds",
            detail={"mean_inside": inside.mean().item(), "mean_outside": outside.mean().item()},
        )

    def bounds(self, method: object, x: Tensor) -> Tensor:
        """The bound of each row, nats: (n, *event) -> (n,)."""
        x = x if self.binarised_seed is None else binarised(x, self.binarised_seed)
        with seeded(self.seed, device_of(method)):
            return likelihood.elbo(require(method, Bounds), x, self.draws, rows=self.rows)
