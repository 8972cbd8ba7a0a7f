"""Scores of class probabilities on labelled rows."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import KW_ONLY, dataclass
from math import sqrt
from typing import Any, final

import torch
from torch import Tensor

from ..errors import InputError
from ..inference.batched import predict_attribute_probabilities, predict_class_probabilities
from ..method import Classifies, Describes, require
from ..metrics import attributes, classification
from ..rng import get_device, use_seed
from ..score import Score
from .peers import BaselineClassifier
from .protocol import BINOMIAL_STANDARD_ERROR, ROW_STANDARD_ERROR, standard_error


@dataclass(frozen=True, eq=False)
class ClassificationEvaluation(ABC):
    """Measures q(y|x), the mean over draws, on the labelled rows among those given.

    Attributes:
        x: Rows as the model sees them, (n, *event).
        y: Class indices (n,); rows of -1 are left out.
        draws: Draws of whatever the classifier conditions on.
        split_name: For the protocol.
        classes: Names of the classes, for pictures.
        rows: Rows passed at once.
        seed: Of the draws.
    """

    x: Tensor
    y: Tensor
    _: KW_ONLY
    draws: int = 1
    split_name: str = "test"
    classes: tuple[str, ...] = ()
    rows: int = 256
    seed: int = 0

    @final
    def __call__(self, method: object) -> Score:
        known = self.y >= 0
        if not known.any():
            raise InputError(
                f"The {self.split_name} split has no labelled row; wanted is one or more."
            )
        with use_seed(self.seed, get_device(method)):
            probs = predict_class_probabilities(
                require(method, Classifies), self.x[known], draws=self.draws, batch_size=self.rows
            )
        return self.make_score(probs, self.y[known].cpu())

    @abstractmethod
    def make_score(self, probs: Tensor, y: Tensor) -> Score:
        """What is made of probs (n, k) and y (n,)."""

    def describe_protocol(self, n: int, what: str) -> str:
        draws = "1 draw" if self.draws == 1 else f"{self.draws} draws"
        return (
            f"{what}; {self.split_name} split, {n} rows, {draws} a row averaged, seed {self.seed}"
        )

    def get_class_names(self, k: int) -> list[str]:
        return list(self.classes) if self.classes else [str(c) for c in range(k)]


@final
@dataclass(frozen=True, eq=False)
class TestError(ClassificationEvaluation):
    """Classification error in per cent; its detail holds the confusion matrix."""

    __test__ = False  # not a test case, whatever pytest makes of the name

    def make_score(self, probs: Tensor, y: Tensor) -> Score:
        k = probs.shape[-1]
        value = classification.classification_error(probs, y).item()
        counts = classification.count_confusions(y, probs.argmax(-1), k)
        return Score(
            value=value,
            unit="%",
            n=len(y),
            spread=sqrt(value * (100 - value) / len(y)),
            spread_is=BINOMIAL_STANDARD_ERROR,
            protocol=self.describe_protocol(len(y), "most probable class"),
            detail={"confusion": counts.tolist(), "classes": self.get_class_names(k)},
        )


@final
@dataclass(frozen=True, eq=False)
class Calibration(ClassificationEvaluation):
    """Expected calibration error in per cent; its detail holds the reliability curve."""

    bins: int = 15

    def make_score(self, probs: Tensor, y: Tensor) -> Score:
        curve = classification.reliability_curve(probs, y, self.bins)
        ece = classification.expected_calibration_error(probs, y, self.bins)
        return Score(
            value=100 * ece.item(),
            unit="%",
            n=len(y),
            protocol=self.describe_protocol(
                len(y), f"expected calibration error, {self.bins} equal bins"
            ),
            detail={"reliability": {k: v.tolist() for k, v in curve._asdict().items()}},
        )


@final
@dataclass(frozen=True, eq=False)
class Brier(ClassificationEvaluation):
    """Brier score, from 0 to 2: the sum of squares over all classes."""

    def make_score(self, probs: Tensor, y: Tensor) -> Score:
        each = (probs - torch.nn.functional.one_hot(y, probs.shape[-1])).square().sum(-1)
        return Score(
            value=classification.brier_score(probs, y).item(),
            unit="",
            n=len(y),
            spread=standard_error(each),
            spread_is=ROW_STANDARD_ERROR,
            protocol=self.describe_protocol(len(y), "squares summed over classes"),
        )


@final
@dataclass(frozen=True, eq=False)
class AttributeTestErrors:
    """Error and balanced accuracy in per cent, means over attributes; the detail holds each one's.

    Attributes are skewed, so that the error alone says little: whoever always gives the commoner
    answer has the error `always_commoner` of the detail, and a balanced accuracy of 50 %.

    Attributes:
        x: Rows as the model sees them, (n, *event).
        y: Attributes (n, k), 0 or 1, NaN where blank; blanks are left out.
        names: Of the attributes.
        split_name: For the protocol.
        rows: Rows passed at once.
    """

    x: Tensor
    y: Tensor
    _: KW_ONLY
    names: tuple[str, ...]
    split_name: str = "test"
    rows: int = 256

    def __call__(self, method: object) -> dict[str, Score]:
        y = self.y.cpu()
        told = (
            predict_attribute_probabilities(
                require(method, Describes), self.x, batch_size=self.rows
            )
            > 0.5
        )
        each = {
            "error": 100 * attributes.attribute_error_rates(told, y),
            "balanced_accuracy": 100 * attributes.balanced_accuracy(told, y),
            "always_commoner": 100 * attributes.minority_answer_rates(y),
        }
        means = {name: values.nanmean().item() for name, values in each.items()}
        known = f"{int((~y.isnan()).any(1).sum())} rows, {y.shape[1]} attributes"
        protocol = (
            f"{self.split_name} split, {known}, blanks left out, probability above 1/2 is yes"
        )
        error = Score(
            value=means["error"],
            unit="%",
            n=len(y),
            spread=standard_error(100 * attributes.row_error_terms(told, y)),
            spread_is=ROW_STANDARD_ERROR,
            protocol=f"{protocol}; mean over attributes",
            detail={
                "attributes": list(self.names),
                **{name: _convert_nan_to_none(values) for name, values in each.items()},
                "mean_always_commoner": means["always_commoner"],
            },
        )
        balanced = Score(
            value=means["balanced_accuracy"],
            unit="%",
            n=len(y),
            protocol=f"{protocol}; mean of the shares of yes and of no told right, then over "
            "attributes",
        )
        return {"attribute_error": error, "attribute_balanced_accuracy": balanced}


def _convert_nan_to_none(values: Tensor) -> list[float | None]:
    """Numbers for JSON, which has no NaN: values (k,)."""
    return [None if v != v else v for v in values.tolist()]


@final
@dataclass(frozen=True, eq=False)
class BaselineError:
    """Error in per cent of a known classifier on the same split; takes no notice of the method.

    Attributes:
        make_baseline: Makes the classifier, such as `peers.spreading_by_neighbours`.
        x_train: Rows it learns from, (m, *event).
        y_train: Class indices (m,), -1 for no label.
        x: Rows it is measured on, (n, *event).
        y: Class indices (n,); rows of -1 are left out.
        name: What it is, for the protocol.
        split_name: For the protocol.
    """

    make_baseline: Callable[[], BaselineClassifier]
    _: KW_ONLY
    x_train: Tensor
    y_train: Tensor
    x: Tensor
    y: Tensor
    name: str
    split_name: str = "test"

    def __call__(self, method: Any) -> Score:
        known = self.y >= 0
        fitted = self.make_baseline()
        fitted.fit(self.x_train.flatten(1).cpu().numpy(), self.y_train.cpu().numpy())
        predicted = fitted.predict(self.x[known].flatten(1).cpu().numpy())
        wrong = torch.as_tensor(predicted) != self.y[known].cpu()
        value, n = 100 * wrong.double().mean().item(), len(wrong)
        labelled = int((self.y_train >= 0).sum())
        return Score(
            value=value,
            unit="%",
            n=n,
            spread=sqrt(value * (100 - value) / n),
            spread_is=BINOMIAL_STANDARD_ERROR,
            protocol=f"{self.name} fitted on {len(self.y_train)} training rows, {labelled} "
            f"labelled; {self.split_name} split, {n} rows, no draws, no seed",
        )
