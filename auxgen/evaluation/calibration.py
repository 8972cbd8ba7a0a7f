"""Scores of confidence: calibration, temperature, the surest rows, and rows of another set."""

from dataclasses import KW_ONLY, dataclass
from typing import final

from torch import Tensor

from ..inference import prediction
from ..inference.batched import predict_class_log_probabilities
from ..method import Bounds, Classifies, require
from ..metrics import calibration as confidence
from ..metrics import classification
from ..rng import get_device, use_seed
from ..score import Score
from .classification import ClassificationEvaluation, LabelledEvaluation
from .protocol import DrawEvaluation, make_mean_score, make_share_score


@final
@dataclass(frozen=True, eq=False)
class SelectiveAccuracy(ClassificationEvaluation):
    """Accuracy in per cent among the rows of which q(y|x) is most confident.

    Attributes:
        coverage: Fraction of the rows.
    """

    _: KW_ONLY
    coverage: float = 0.9

    def make_score(self, probs: Tensor, y: Tensor) -> Score:
        rows = confidence.select_most_confident(probs, self.coverage)
        value = 100 - classification.classification_error(probs[rows], y[rows]).item()
        what = f"most probable class, among the {100 * self.coverage:g} % of rows that are surest"
        protocol = self.describe_protocol(what, len(y))
        detail = {"least_confidence": probs[rows].amax(-1).min().item()}
        return make_share_score(value, len(rows), protocol, whole=100, detail=detail)


@final
@dataclass(frozen=True, eq=False)
class Calibration(ClassificationEvaluation):
    """Expected calibration error in per cent; its detail holds the reliability curve.

    Attributes:
        bins: Bins of the confidence.
    """

    _: KW_ONLY
    bins: int = 15

    def make_score(self, probs: Tensor, y: Tensor) -> Score:
        return self.score_calibration(probs, y, self.bins)


class LabelLikelihoodEvaluation(LabelledEvaluation):
    """A measure of log q(y|x) of rows that all have labels."""

    def predict_log_probabilities(self, method: object, x: Tensor) -> Tensor:
        """log q(y|x): -> (n, k)."""
        classifier, x = require(method, Classifies), self.prepare_rows(x)
        with use_seed(self.seed, get_device(method)):
            return predict_class_log_probabilities(
                classifier, x, draws=self.draws, batch_size=self.rows
            )

    def score_likelihood(self, log_probs: Tensor, y: Tensor, scaled: str = "") -> Score:
        """-log q(y|x), nats, mean over rows: log_probs (n, k), y (n,)."""
        each = -log_probs.gather(-1, y.unsqueeze(-1)).squeeze(-1)
        return make_mean_score(each, "nats", self.describe_protocol(f"-log q(y|x){scaled}", len(y)))


@final
class LabelNll(LabelLikelihoodEvaluation):
    """-log q(y|x) in nats, mean over rows that all have labels."""

    def __call__(self, method: object) -> Score:
        return self.score_likelihood(self.predict_log_probabilities(method, self.x), self.y.cpu())


@final
@dataclass(frozen=True, eq=False)
class TemperatureScaling(LabelLikelihoodEvaluation):
    """Likelihood and calibration of labels before and after a temperature is fitted.

    All rows have labels.

    Attributes:
        x_held_out: Other rows (m, *event), on which the temperature is fitted.
        y_held_out: Their classes (m,), which training did not see.
        held_out_name: What those rows are, for the protocol.
        bins: Bins of the calibration error.
    """

    _: KW_ONLY
    x_held_out: Tensor
    y_held_out: Tensor
    held_out_name: str
    bins: int = 15

    def __call__(self, method: object) -> dict[str, Score]:
        held, here = (self.predict_log_probabilities(method, x) for x in (self.x_held_out, self.x))
        y_held, y = self.y_held_out.cpu(), self.y.cpu()
        t = confidence.fit_temperature(held, y_held)
        fitted, held_tempered = (confidence.apply_temperature(each, t) for each in (here, held))
        held_out = f"fitted on {len(y_held)} {self.held_out_name}"
        scaled = f", at temperature {t:.3f}, {held_out}"
        detail = {
            name: confidence.negative_log_likelihood(log_probs, y_held).item()
            for name, log_probs in {"nll": held, "nll_tempered": held_tempered}.items()
        }
        calibration = self.score_calibration(fitted.exp(), y, self.bins, scaled)
        return {
            "temperature": Score(t, "", len(y_held), f"temperature, {held_out}", detail=detail),
            "label_nll": self.score_likelihood(here, y),
            "label_nll_tempered": self.score_likelihood(fitted, y, scaled),
            "calibration_error_tempered": calibration,
        }


@final
@dataclass(frozen=True, eq=False)
class OutOfDistribution(DrawEvaluation):
    """How well the bound on log p(x) separates rows from those of another set: AUROC.

    It is 1/2 by chance. A likelihood is no detector by nature: it may be higher for a set that
    training never saw, and for smooth images commonly is (Nalisnick et al., ICLR 2019,
    arXiv:1810.09136).

    Attributes:
        other_rows: Rows of the other set, (m, *event).
        other_name: Name of the other set, for the protocol.
        draws: Estimates of the bound that are averaged for each row.
    """

    other_rows: Tensor
    _: KW_ONLY
    other_name: str
    draws: int = 10

    def __call__(self, method: object) -> Score:
        inside, outside = (self.estimate_bounds(method, x) for x in (self.x, self.other_rows))
        value = confidence.auroc(inside, outside)
        what = f"AUROC of the evidence lower bound, {self.draws} draws a row, seed {self.seed}"
        n, m = len(self.x), len(self.other_rows)
        protocol = self.describe_protocol(what, n, f"against {m} rows of {self.other_name}")
        higher = round(value, 6) < 0.5
        caution = f"rows of {self.other_name} have the higher bounds" if higher else ""
        detail = {"mean_inside": inside.mean().item(), "mean_outside": outside.mean().item()}
        return Score(value, "", n + m, protocol, caution=caution, detail=detail)

    def estimate_bounds(self, method: object, x: Tensor) -> Tensor:
        """The bound of each row, nats: (n, *event) -> (n,)."""
        bounded, x = require(method, Bounds), self.prepare_rows(x)
        with use_seed(self.seed, get_device(method)):
            return prediction.estimate_elbo(bounded, x, self.draws, batch_size=self.rows)
