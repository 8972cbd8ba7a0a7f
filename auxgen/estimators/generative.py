"""A density of rows without labels, its draws, and what is unlike it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import ceil
from typing import Any, Literal, Self

import numpy as np
from sklearn.base import OutlierMixin
from sklearn.utils.metaestimators import available_if

from ..errors import InputError
from .base import DeepEstimator
from .generating import TWO_STAGES, train_density
from .likelihoods import check_likelihood
from .parameters import TRAINING_RULES, Number, OneOf, Whole, check_parameters
from .rows import read_new_rows, read_training_rows
from .weights import WeightedRows, check_weights, merge_rows

_RULES = {
    **TRAINING_RULES,
    "model": OneOf(("vae", "iwae", *TWO_STAGES)),
    "likelihood": check_likelihood,
    "importance_weights": Whole(1),
    "contamination": Number(0, 0.5, above=True),
}


def _has_bound(estimator: GenerativeModel) -> bool:
    """Whether the model bounds log p(x): MI-ASL knows its encoder by draws alone."""
    return estimator.model != "mi_asl"


def _learns_in_parts(estimator: GenerativeModel) -> bool:
    """Whether the model is trained in one stage, which can go on with other rows."""
    return estimator.model not in TWO_STAGES


class GenerativeModel(OutlierMixin, DeepEstimator):
    """A deep generative model of rows: their density, codes, new rows, and missing values.

    Rows are as for `SemiSupervisedClassifier`: arrays, or DataFrames with columns of any kind. VAE
    and IWAE learn from rows with missing values, which are unknown and summed out; ASL and MI-ASL,
    which take texts for numbers, refuse them.

    Args:
        model: "vae"; "iwae", trained with importance weights; "asl", a flow as the prior of a
            VAE's codes (auxiliary supervised learning); or "mi_asl", the same on an encoder of high
            mutual information, which has no bound and so no scores.
        hidden: Units of the hidden layers: a number, or one for each layer.
        latent: Width of the code.
        steps: Rounds of training, at most; "asl" and "mi_asl" have two stages of so many.
        batch: Rows in a batch, at most.
        learning_rate: Learning rate of Adam.
        noise: Standard deviation of the noise that training adds to standardised numbers. It is
            taken out of what `sample` draws.
        likelihood: Family of p(x|.) of the columns that are no texts, as of
            `SemiSupervisedClassifier`.
        library_size: Whether a row's counts are shares of their sum, which is taken as known.
        importance_weights: Importance weights of "iwae" in training.
        contamination: Share of the training rows that `predict` calls unlike the others.
        early_stopping: Whether to hold out rows, and to stop when their bound gets no better; the
            weights are then those of the best bound. Not for "asl" and "mi_asl".
        validation_fraction: Share of the rows that is held out.
        n_iter_no_change: Looks at the held-out rows, of 20 over all rounds, without a better bound.
        warm_start: Whether `fit` goes on from the weights of the last one; not for "asl" and
            "mi_asl".
        draws: Draws over which bounds are averaged.
        verbose: Whether to show progress.
        device: "cpu", "cuda" or "auto".
        random_state: Seed, RandomState or Generator; None for another seed each time.

    Attributes:
        n_iter_: Rounds of training.
        loss_curve_: The loss of each round.
        offset_: The bound below which a row is unlike the others, in nats.
        likelihoods_: The likelihood of each column, where `likelihood` is not None.
    """

    _rules = _RULES
    offset_: float

    def __init__(
        self,
        model: Literal["vae", "iwae", "asl", "mi_asl"] = "vae",
        *,
        hidden: int | Sequence[int] = (100,),
        latent: int = 10,
        steps: int = 500,
        batch: int = 100,
        learning_rate: float = 3e-3,
        noise: float = 0.0,
        likelihood: str | Mapping[Any, str] | None = None,
        library_size: bool = False,
        importance_weights: int = 5,
        contamination: float = 0.1,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        n_iter_no_change: int = 5,
        warm_start: bool = False,
        draws: int = 20,
        verbose: bool = False,
        device: str = "cpu",
        random_state: Any = 0,
    ) -> None:
        self.model, self.hidden, self.latent = model, hidden, latent
        self.steps, self.batch, self.learning_rate = steps, batch, learning_rate
        self.noise, self.importance_weights = noise, importance_weights
        self.likelihood, self.library_size = likelihood, library_size
        self.contamination = contamination
        self.early_stopping, self.validation_fraction = early_stopping, validation_fraction
        self.n_iter_no_change, self.warm_start = n_iter_no_change, warm_start
        self.draws, self.verbose, self.device = draws, verbose, device
        self.random_state = random_state

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = self.model not in TWO_STAGES
        tags.estimator_type = "outlier_detector" if _has_bound(self) else None
        return tags

    def fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> Self:
        """Learn from rows X (n, d).

        Args:
            X: Rows.
            y: Not used.
            sample_weight: How often each row counts (n,); a row of weight 2 is the same as the row
                twice.

        Raises:
            InputError: A parameter is out of range, or ASL is given missing values.
            Diverged: A loss is not finite.
        """
        del y
        check_parameters(self, _RULES)
        alone = [name for name in ("early_stopping", "warm_start") if getattr(self, name)]
        if alone and self.model in TWO_STAGES:
            raise InputError(
                f"{alone[0]} is for a model of one stage; expected 'vae' or 'iwae', not "
                f"{self.model!r}."
            )
        form, x = read_training_rows(self, X)
        rows = self._merge(x, sample_weight)
        known = getattr(self, "_progress", None) is not None
        if not (self.warm_start and known and form == self._format):
            self._begin(rows, form, bits=self.model not in TWO_STAGES)
        self._learn(rows, self.steps)
        if not self.warm_start:
            self._progress = None
        if _has_bound(self):
            self._find_offset(rows)
        return self

    @available_if(_learns_in_parts)
    def partial_fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> Self:
        """Go on learning, for one pass over these rows, by which `predict` then judges.

        The first call decides how rows are standardised.
        """
        del y
        check_parameters(self, _RULES)
        if getattr(self, "_progress", None) is None:
            form, x = read_training_rows(self, X)
            rows = self._merge(x, sample_weight)
            self._begin(rows, form, bits=self.model not in TWO_STAGES)
        else:
            x = read_new_rows(self, X, self._format)
            rows = self._merge(x, sample_weight)
        self._learn(rows, ceil(len(rows) / self.batch))
        self._find_offset(rows)
        return self

    def _merge(self, x: np.ndarray, sample_weight: Any) -> WeightedRows:
        if self.model in TWO_STAGES and np.isnan(x).any():
            raise InputError(
                f"X holds {int(np.isnan(x).sum())} missing entries (NaN), from which "
                f"{self.model!r} cannot learn; expected none, or a model of 'vae' or 'iwae'."
            )
        rows = merge_rows(x, np.full(len(x), -1), check_weights(sample_weight, x))
        if self.model in TWO_STAGES and min(rows.weights.sum(), self.batch) < 2:
            raise InputError(
                f"batch is {self.batch} and n_samples = {len(x)}; {self.model!r} needs 2 or more."
            )
        return rows

    def _learn(self, rows: WeightedRows, steps: int) -> None:
        fitted = train_density(self, rows, self._seen, steps=steps, start=self._progress)
        self.model_, self._progress = fitted.model, fitted.progress
        self.loss_curve_ = self.loss_curve_ + fitted.losses
        self.n_iter_ = len(self.loss_curve_)

    def _find_offset(self, rows: WeightedRows) -> None:
        """The bound above which all rows are but a share `contamination`."""
        bounds = self._score_entries(rows.x)[rows.repeat_places()]
        self.offset_ = float(np.percentile(bounds, 100 * self.contamination))

    @available_if(_has_bound)
    def score_samples(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, X: Any, *, importance_weights: int = 0
    ) -> np.ndarray:
        """A lower bound on log p(x) of each row in nats; see `DeepEstimator.score_samples`."""
        return super().score_samples(X, importance_weights=importance_weights)

    @available_if(_has_bound)
    def score(self, X: Any, y: Any = None) -> float:
        """The mean of the bounds on log p(x) of rows, in nats."""
        del y
        return float(self.score_samples(X).mean())

    @available_if(_has_bound)
    def decision_function(self, X: Any) -> np.ndarray:
        """How far each row's bound lies above `offset_`, in nats: X (n, d) -> (n,)."""
        return self.score_samples(X) - self.offset_

    @available_if(_has_bound)
    def predict(self, X: Any) -> np.ndarray:
        """1 for rows like those of `fit`, -1 for others: X (n, d) -> (n,).

        A share `contamination` of the rows of `fit` is -1.
        """
        return np.where(self.decision_function(X) >= 0, 1, -1)

    @available_if(_has_bound)
    def fit_predict(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, X: Any, y: Any = None, **kwargs: Any
    ) -> np.ndarray:
        """`fit`, then `predict` of the same rows: X (n, d) -> (n,)."""
        return super().fit_predict(X, y, **kwargs)

    def sample(self, n: int = 1, random_state: Any = None) -> Any:
        """Draw n rows of p(x), like those of `fit`: -> (n, d).

        Args:
            n: How many.
            random_state: Seed, RandomState or Generator; None for another seed each time.
        """
        return self._draw(n, random_state)
