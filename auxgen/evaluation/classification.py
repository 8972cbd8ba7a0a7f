"""Scores of class probabilities and of attributes on labelled rows, and of baselines."""

from abc import abstractmethod
from dataclasses import KW_ONLY, dataclass
from typing import Any, final

from torch import Tensor

from ..errors import InputError
from ..inference.batched import predict_attribute_probabilities, predict_class_probabilities
from ..method import Classifies, Describes, require
from ..metrics import classification
from ..rng import get_device, use_seed
from ..score import Score
from .protocol import (
    ROW_STANDARD_ERROR,
    DrawEvaluation,
    SplitEvaluation,
    make_mean_score,
    make_share_score,
    measure_interval,
    standard_error,
)


@dataclass(frozen=True, eq=False)
class LabelledEvaluation(DrawEvaluation):
    """A measure of class probabilities, averaged over draws of what the classifier conditions on.

    Attributes:
        y: Class indices (n,).
    """

    y: Tensor

    def describe_protocol(self, what: str, n: int, *details: str) -> str:
        draws = f"{self.describe_draws()} averaged", f"seed {self.seed}"
        return super().describe_protocol(what, n, *details, *draws)

    def score_calibration(self, probs: Tensor, y: Tensor, bins: int, remark: str = "") -> Score:
        """Expected calibration error in per cent, with the reliability curve: probs (n, k)."""
        value = 100 * classification.expected_calibration_error(probs, y, bins).item()
        curve = classification.reliability_curve(probs, y, bins)._asdict()
        what = f"expected calibration error, {bins} equal bins{remark}"
        detail = {"reliability": {name: values.tolist() for name, values in curve.items()}}
        return Score(value, "%", len(y), self.describe_protocol(what, len(y)), detail=detail)


@dataclass(frozen=True, eq=False)
class ClassificationEvaluation(LabelledEvaluation):
    """Measures q(y|x) on the labelled rows.

    Attributes:
        y: Class indices (n,); rows of -1 are left out.
        classes: Names of the classes, for pictures.
    """

    _: KW_ONLY
    classes: tuple[str, ...] = ()

    @final
    def __call__(self, method: object) -> Score:
        known = self.y >= 0
        self.require_labels(known)
        classifier, x = require(method, Classifies), self.prepare_rows(self.x)[known]
        with use_seed(self.seed, get_device(method)):
            probs = predict_class_probabilities(
                classifier, x, draws=self.draws, batch_size=self.rows
            )
        return self.make_score(probs, self.y[known].cpu())

    @abstractmethod
    def make_score(self, probs: Tensor, y: Tensor) -> Score:
        """The score of probs (n, k) with classes y (n,)."""


@final
@dataclass(frozen=True, eq=False)
class TestError(ClassificationEvaluation):
    """Classification error in per cent; its detail holds the confusion matrix."""

    __test__ = False  # not a test case, though its name looks like one to pytest

    def make_score(self, probs: Tensor, y: Tensor) -> Score:
        k = probs.shape[-1]
        counts = classification.count_confusions(y, probs.argmax(-1), k)
        names = list(self.classes) if self.classes else [str(c) for c in range(k)]
        detail = {"confusion": counts.tolist(), "classes": names}
        value = classification.classification_error(probs, y).item()
        protocol = self.describe_protocol("most probable class", len(y))
        return make_share_score(value, len(y), protocol, whole=100, detail=detail)


@final
@dataclass(frozen=True, eq=False)
class Brier(ClassificationEvaluation):
    """Brier score, from 0 to 2: the sum of squares over all classes."""

    def make_score(self, probs: Tensor, y: Tensor) -> Score:
        each = classification.brier_scores(probs, y)
        protocol = self.describe_protocol("squares summed over classes", len(y))
        return make_mean_score(each, "", protocol)


@final
@dataclass(frozen=True, eq=False)
class AttributeTestErrors(SplitEvaluation):
    """Error and balanced accuracy in per cent, means over attributes; the detail holds each one's.

    Attributes are skewed, so that the error alone says little: a model that always gives the
    commoner answer has the error `always_commoner` of the detail, and a balanced accuracy of 50 %.

    Attributes:
        x: Rows as the model sees them, (n, *event).
        y: Attributes (n, k), 0 or 1, NaN where blank; blanks are left out.
        names: Names of the attributes.
    """

    x: Tensor
    y: Tensor
    _: KW_ONLY
    names: tuple[str, ...]
    rows: int = 256

    def __call__(self, method: object) -> dict[str, Score]:
        y, describer = self.y.cpu(), require(method, Describes)
        predicted = predict_attribute_probabilities(describer, self.x, batch_size=self.rows) > 0.5
        each = {
            "error": 100 * classification.attribute_error_rates(predicted, y),
            "balanced_accuracy": 100 * classification.balanced_accuracy(predicted, y),
            "always_commoner": 100 * classification.minority_answer_rates(y),
        }
        means = {name: values.nanmean().item() for name, values in each.items()}
        known = int((~y.isnan()).any(1).sum())
        protocol = (
            f"{self.describe_split(known)}, {y.shape[1]} attributes, blanks left out, "
            "probability above 1/2 is yes; mean"
        )
        numbers = {  # JSON has no NaN
            name: [None if v != v else v for v in values.tolist()] for name, values in each.items()
        }
        detail: dict[str, Any] = {"attributes": list(self.names), **numbers}
        detail["mean_always_commoner"] = means["always_commoner"]
        balanced_is = f"{protocol} of the shares of yes and of no told right, then over attributes"
        error_is = f"{protocol} over attributes"
        error = make_attribute_error_score(predicted, y, error_is, detail=detail)
        balanced = Score(means["balanced_accuracy"], "%", known, balanced_is)
        return {"attribute_error": error, "attribute_balanced_accuracy": balanced}


def make_attribute_error_score(predicted: Tensor, y: Tensor, protocol: str, **more: Any) -> Score:
    """Mean error over attributes, in per cent, of the rows with a known answer; `more` as `Score`.

    The interval is that of a share of these rows. It is too wide where a row has several answers,
    which err apart, and right where it has one. predicted (n, k) bool, y (n, k), NaN where blank.

    Raises:
        InputError: No answer is known.
    """
    rows = (~y.isnan()).any(1)
    if not rows.any():
        raise InputError("No attribute of these rows is known; one or more is expected.")
    predicted, y = predicted[rows], y[rows]
    share, n = classification.attribute_error_rates(predicted, y).nanmean().item(), len(y)
    spread = standard_error(100 * classification.row_error_terms(predicted, y)) or None
    spread_is = "" if spread is None else ROW_STANDARD_ERROR
    interval = measure_interval(share, n)
    return Score(100 * share, "%", n, protocol, spread, spread_is, interval, **more)
