"""Evaluations: functions of a method that return a Score, bound to the rows they measure on.

Each seeds its own draws, so that a score depends on the method, the rows and the seed alone.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import KW_ONLY, dataclass
from math import sqrt
from typing import Any, final

import torch
from torch import Tensor

from ..errors import InputError
from ..experiment import Score
from ..method import Bounds, Classifies, Weighs
from . import classification, likelihood
from .drawing import binarised, device_of, probabilities, seeded
from .peers import Peer


@dataclass(frozen=True, eq=False)
class Classified(ABC):
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
    def __call__(self, method: Classifies) -> Score:
        known = self.y >= 0
        if not known.any():
            raise InputError(
                f"The {self.split_name} split has no labelled row; wanted is one or more."
            )
        with seeded(self.seed, device_of(method)):
            probs = probabilities(method, self.x[known], draws=self.draws, rows=self.rows)
        return self.score(probs, self.y[known].cpu())

    @abstractmethod
    def score(self, probs: Tensor, y: Tensor) -> Score:
        """What is made of probs (n, k) and y (n,)."""

    def protocol(self, n: int, what: str) -> str:
        draws = "1 draw" if self.draws == 1 else f"{self.draws} draws"
        return (
            f"{self.split_name} split, {n} rows, {draws} a row averaged, seed {self.seed}; {what}"
        )

    def names(self, k: int) -> list[str]:
        return list(self.classes) if self.classes else [str(c) for c in range(k)]


@final
@dataclass(frozen=True, eq=False)
class TestError(Classified):
    """Classification error in per cent; its detail holds the confusion matrix."""

    __test__ = False  # not a test case, whatever pytest makes of the name

    def score(self, probs: Tensor, y: Tensor) -> Score:
        k = probs.shape[-1]
        value = classification.error(probs, y).item()
        counts = classification.confusion(y, probs.argmax(-1), k)
        return Score(
            value=value,
            unit="%",
            n=len(y),
            spread=sqrt(value * (100 - value) / len(y)),
            protocol=self.protocol(
                len(y), "most probable class; spread is the binomial standard error"
            ),
            detail={"confusion": counts.tolist(), "classes": self.names(k)},
        )


@final
@dataclass(frozen=True, eq=False)
class Calibration(Classified):
    """Expected calibration error in per cent; its detail holds the reliability curve."""

    bins: int = 15

    def score(self, probs: Tensor, y: Tensor) -> Score:
        curve = classification.reliability(probs, y, self.bins)
        ece = classification.expected_calibration_error(probs, y, self.bins)
        return Score(
            value=100 * ece.item(),
            unit="%",
            n=len(y),
            protocol=self.protocol(len(y), f"expected calibration error, {self.bins} equal bins"),
            detail={"reliability": {k: v.tolist() for k, v in curve._asdict().items()}},
        )


@final
@dataclass(frozen=True, eq=False)
class Brier(Classified):
    """Brier score, from 0 to 2: the sum of squares over all classes."""

    def score(self, probs: Tensor, y: Tensor) -> Score:
        each = (probs - torch.nn.functional.one_hot(y, probs.shape[-1])).square().sum(-1)
        what = "squares summed over classes; spread is the standard error over rows"
        return Score(
            value=classification.brier(probs, y).item(),
            unit="",
            n=len(y),
            spread=standard_error(each),
            protocol=self.protocol(len(y), what),
        )


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

    def __call__(self, method: Bounds) -> Score:
        x = self.x if self.binarised_seed is None else binarised(self.x, self.binarised_seed)
        with seeded(self.seed, device_of(method)):
            each = likelihood.elbo(method, x, self.draws, rows=self.rows)
        draws = "1 draw" if self.draws == 1 else f"{self.draws} draws"
        return Score(
            value=each.mean().item(),
            unit="nats",
            n=len(x),
            spread=standard_error(each),
            protocol="evidence lower bound, "
            f"{rows_of(self.split_name, len(x), self.binarised_seed)}, {draws} a row, "
            f"seed {self.seed}; spread is the standard error over rows",
        )


@final
@dataclass(frozen=True, eq=False)
class ImportanceBound:
    """log p_k(x) in nats, mean over rows: the importance-weighted bound.

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

    def __call__(self, method: Weighs) -> Score:
        x = self.x if self.binarised_seed is None else binarised(self.x, self.binarised_seed)
        with seeded(self.seed, device_of(method)):
            log_p, ess = likelihood.importance(method, x, self.k, chunk=self.chunk, rows=self.rows)
        median = ess.median().item()
        return Score(
            value=log_p.mean().item(),
            unit="nats",
            n=len(x),
            spread=standard_error(log_p),
            protocol=f"importance-weighted bound, k = {self.k}, "
            f"{rows_of(self.split_name, len(x), self.binarised_seed)}, seed {self.seed}; "
            f"spread is the standard error over rows{self.caution(median)}",
            detail={"ess_median": median, "ess_smallest": ess.min().item()},
        )

    def caution(self, median: float) -> str:
        """A warning where few draws carry the weight: the bound is then far below log p(x)."""
        if median >= min(10, self.k / 10):
            return ""
        return (
            f"; CAUTION: the median row has {median:.1f} effective draws of {self.k}, "
            "too few to take the bound for log p(x)"
        )


@final
@dataclass(frozen=True, eq=False)
class PeerError:
    """Error in per cent of a known classifier on the same split; takes no notice of the method.

    Attributes:
        peer: Makes the classifier, such as `peers.spreading_by_neighbours`.
        x_train: Rows it learns from, (m, *event).
        y_train: Class indices (m,), -1 for no label.
        x: Rows it is measured on, (n, *event).
        y: Class indices (n,); rows of -1 are left out.
        name: What it is, for the protocol.
        split_name: For the protocol.
    """

    peer: Callable[[], Peer]
    _: KW_ONLY
    x_train: Tensor
    y_train: Tensor
    x: Tensor
    y: Tensor
    name: str
    split_name: str = "test"

    def __call__(self, method: Any) -> Score:
        known = self.y >= 0
        fitted = self.peer()
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
            protocol=f"{self.split_name} split, {n} rows; {self.name} fitted on "
            f"{len(self.y_train)} training rows, {labelled} labelled; no draws, no seed; "
            "spread is the binomial standard error",
        )


def standard_error(each: Tensor) -> float | None:
    """Of the mean of independent rows: each (n,); None for a single row."""
    return (each.std() / sqrt(len(each))).item() if len(each) > 1 else None


def rows_of(split_name: str, n: int, binarised_seed: int | None) -> str:
    """The rows of a protocol, in words."""
    made = "" if binarised_seed is None else f" binarised once with seed {binarised_seed}"
    return f"{split_name} split, {n} rows{made}"
