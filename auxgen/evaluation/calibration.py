"""Scores of confidence: temperature, the surest rows, and sets that do not belong."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from math import sqrt
from typing import final

from torch import Tensor

from ..inference import likelihood
from ..inference.batched import binarise_with_seed, predict_class_log_probabilities
from ..method import Bounds, Classifies, require
from ..metrics import calibration as confidence
from ..metrics import classification
from ..rng import get_device, use_seed
from ..score import Score
from .classification import ClassificationEvaluation
from .protocol import BINOMIAL_STANDARD_ERROR, ROW_STANDARD_ERROR, describe_rows, standard_error


@final
@dataclass(frozen=True, eq=False)
class SelectiveAccuracy(ClassificationEvaluation):
    """Accuracy in per cent among the rows that q(y|x) is surest of.

    Attributes:
        coverage: Of the rows.
    """

    coverage: float = 0.9

    def make_score(self, probs: Tensor, y: Tensor) -> Score:
        rows = confidence.select_most_confident(probs, self.coverage)
        value = 100 - classification.classification_error(probs[rows], y[rows]).item()
        what = f"most probable class, among the {100 * self.coverage:g} % of rows that are surest"
        return Score(
            value=value,
            unit="%",
            n=len(rows),
            spread=sqrt(value * (100 - value) / len(rows)),
            spread_is=BINOMIAL_STANDARD_ERROR,
            protocol=self.describe_protocol(len(y), what),
            detail={"least_confidence": probs[rows].amax(-1).min().item()},
        )


@final
@dataclass(frozen=True, eq=False)
class TemperatureScaling:
    """Likelihood and calibration of labels before and after a temperature is fitted.

    Attributes:
        x: Rows as the model sees them, (n, *event).
        y: Their classes (n,), all known.
        x_held_out: Other rows (m, *event), that the temperature is fitted on.
        y_held_out: Their classes (m,), which training did not see.
        held_out_name: What those rows are, for the protocol.
        draws: Draws of whatever the classifier conditions on.
        split_name: For the protocol.
        bins: Of the calibration error.
        rows: Rows passed at once.
        seed: Of the draws.
    """

    x: Tensor
    y: Tensor
    _: KW_ONLY
    x_held_out: Tensor
    y_held_out: Tensor
    held_out_name: str
    draws: int = 1
    split_name: str = "test"
    bins: int = 15
    rows: int = 256
    seed: int = 0

    def __call__(self, method: object) -> dict[str, Score]:
        held, here = (
            self.predict_log_probabilities(method, self.x_held_out),
            self.predict_log_probabilities(method, self.x),
        )
        y_held, y = self.y_held_out.cpu(), self.y.cpu()
        t = confidence.fit_temperature(held, y_held)
        fitted = confidence.apply_temperature(here, t)
        ece = classification.expected_calibration_error(fitted.exp(), y, self.bins)
        curve = classification.reliability_curve(fitted.exp(), y, self.bins)
        scaled = f", at temperature {t:.3f}, fitted on {self.describe_held_out_rows()}"
        held_nll = {
            "nll": confidence.negative_log_likelihood(held, y_held).item(),
            "nll_tempered": confidence.negative_log_likelihood(
                confidence.apply_temperature(held, t), y_held
            ).item(),
        }
        return {
            "temperature": Score(
                t,
                "",
                len(y_held),
                f"temperature, fitted on {self.describe_held_out_rows()}",
                detail=held_nll,
            ),
            "label_nll": self.score_likelihood(here, y, ""),
            "label_nll_tempered": self.score_likelihood(fitted, y, scaled),
            "calibration_error_tempered": Score(
                100 * ece.item(),
                "%",
                len(y),
                self.describe_protocol(
                    f"expected calibration error, {self.bins} equal bins{scaled}"
                ),
                detail={"reliability": {k: v.tolist() for k, v in curve._asdict().items()}},
            ),
        }

    def predict_log_probabilities(self, method: object, x: Tensor) -> Tensor:
        """log q(y|x): -> (n, k)."""
        with use_seed(self.seed, get_device(method)):
            return predict_class_log_probabilities(
                require(method, Classifies), x, draws=self.draws, batch_size=self.rows
            )

    def score_likelihood(self, log_probs: Tensor, y: Tensor, scaled: str) -> Score:
        each = -log_probs.gather(-1, y.unsqueeze(-1)).squeeze(-1)
        return Score(
            each.mean().item(),
            "nats",
            len(y),
            self.describe_protocol(f"-log q(y|x){scaled}"),
            spread=standard_error(each),
            spread_is=ROW_STANDARD_ERROR,
        )

    def describe_held_out_rows(self) -> str:
        return f"{len(self.y_held_out)} {self.held_out_name}"

    def describe_protocol(self, what: str) -> str:
        draws = "1 draw" if self.draws == 1 else f"{self.draws} draws"
        return (
            f"{what}; {self.split_name} split, {len(self.y)} rows, {draws} a row averaged, "
            f"seed {self.seed}"
        )


@final
@dataclass(frozen=True, eq=False)
class OutOfDistribution:
    """How well the bound on log p(x) tells rows from those of another set: AUROC, 1/2 by chance.

    A likelihood is no detector by nature: it may be higher for a set that was never seen, and for
    smooth images commonly is (Nalisnick et al., ICLR 2019, arXiv:1810.09136).

    Attributes:
        x: Rows as the model sees them, (n, *event).
        other_rows: Rows of the other set, (m, *event).
        other_name: Of the other set, for the protocol.
        draws: Estimates of the bound averaged for each row.
        split_name: For the protocol.
        binarised_seed: Binarise all rows once with this seed; None leaves them.
        rows: Rows passed at once.
        seed: Of the draws.
    """

    x: Tensor
    other_rows: Tensor
    _: KW_ONLY
    other_name: str
    draws: int = 10
    split_name: str = "test"
    binarised_seed: int | None = None
    rows: int = 256
    seed: int = 0

    def __call__(self, method: object) -> Score:
        inside, outside = (self.compute_bounds(method, x) for x in (self.x, self.other_rows))
        value = confidence.auroc(inside, outside)
        of = describe_rows(self.split_name, len(self.x), self.binarised_seed)
        return Score(
            value,
            "",
            len(self.x) + len(self.other_rows),
            f"AUROC of the evidence lower bound, {self.draws} draws a row, seed {self.seed}; {of}, "
            f"against {len(self.other_rows)} rows of {self.other_name}",
            caution=""
            if round(value, 6) >= 0.5
            else f"rows of {self.other_name} have the higher bounds",
            detail={"mean_inside": inside.mean().item(), "mean_outside": outside.mean().item()},
        )

    def compute_bounds(self, method: object, x: Tensor) -> Tensor:
        """The bound of each row, nats: (n, *event) -> (n,)."""
        x = x if self.binarised_seed is None else binarise_with_seed(x, self.binarised_seed)
        with use_seed(self.seed, get_device(method)):
            return likelihood.estimate_elbo(
                require(method, Bounds), x, self.draws, batch_size=self.rows
            )
