"""What a fitted classifier does with rows: probabilities, classes, scores, draws of a class."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import torch
from sklearn.base import ClassifierMixin
from sklearn.utils.validation import check_consistent_length, check_is_fitted
from torch import Tensor

from ..errors import InputError
from ..inference.batched import map_batches
from ..method import Classifies, Decodes, require
from ..metrics.calibration import apply_temperature, fit_temperature
from ..networks.priors import ClassPrior
from .base import DeepEstimator
from .labels import find_unlabelled, read_known_places, read_labels
from .rows import RowFormat


class DeepClassifier(ClassifierMixin, DeepEstimator):
    """A generative model of rows and classes; a subclass says how it is fitted."""

    classes_: np.ndarray
    temperature_: float
    unlabelled: Any
    least_confidence: float

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags

    def calibrate(self, X: Any, y: Any) -> Self:
        """Fit the temperature of the probabilities to rows whose labels `fit` did not see.

        The most probable classes stay the same. Rows without a label are left out.

        Raises:
            InputError: No row is labelled, or a label is none of `classes_`.
        """
        check_is_fitted(self)
        places = read_known_places(y, self._mark, self.classes_, "fit")
        log_probs = torch.from_numpy(self._compute_logits(X)[places >= 0])
        self.temperature_ = fit_temperature(log_probs, torch.from_numpy(places[places >= 0]))
        return self

    def _compute_logits(self, X: Any) -> np.ndarray:
        """log q(y|x), an average over `draws`: X (n, d) -> (n, k) float64."""
        x = self._see(X)
        method = require(self._make_double(), Classifies)
        return self._map(lambda x: method.classify(x, self.draws).logits, x)

    def predict_log_proba(self, X: Any) -> np.ndarray:
        """Logarithms of the probabilities of `classes_`: X (n, d) -> (n, k)."""
        logits = torch.from_numpy(self._compute_logits(X))
        return apply_temperature(logits, self.temperature_).numpy()

    def predict_proba(self, X: Any) -> np.ndarray:
        """Probabilities of `classes_`: X (n, d) -> (n, k)."""
        return np.exp(self.predict_log_proba(X))

    def predict(self, X: Any) -> np.ndarray:
        """The most probable class of each row: X (n, d) -> (n,), of the type of `classes_`.

        With a `least_confidence` above 0 they are objects, and None where no class is as probable.
        """
        probs = self.predict_proba(X)
        found = self.classes_[probs.argmax(1)]
        if self.least_confidence <= 0:
            return found
        answers = found.astype(object)
        answers[probs.max(1) < self.least_confidence] = None
        return answers

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Share of the labelled rows whose class is predicted; a row without an answer is wrong.

        Rows without a label do not count, so that searches may be given partly labelled rows.

        Raises:
            InputError: No row is labelled.
        """
        check_is_fitted(self)
        places = read_labels(y, self._mark, self.classes_).places
        probs = self.predict_proba(X)
        check_consistent_length(probs, places)
        known = places != -1
        if not known.any():
            raise InputError("No row is labelled; a score needs one labelled row or more.")
        answered = probs.max(1) >= self.least_confidence
        right = (probs.argmax(1) == places) & answered
        weights = None if sample_weight is None else np.asarray(sample_weight)[known]
        return float(np.average(right[known], weights=weights))

    def inverse_transform(self, X: Any, y: Any = None) -> Any:
        """Rows of codes, the means of p(x|y,z), like those of `fit`: X (n, k) -> (n, d).

        Args:
            X: Codes.
            y: A label for all rows, or one for each; None for a mean over the classes by p(y).
        """
        z = self._read_codes(X)
        decoder = require(self._make_double(), Decodes)

        def decode(z: Tensor, y: Tensor) -> Tensor:
            return decoder.decode(z, y).mean

        if y is not None:
            given = self._find_classes(y, len(z))
            return self._finish(map_batches(decode, z, given, device=self._device))
        prior = torch.exp(self._log_prior())
        every = [torch.full((len(z),), i) for i in range(len(prior))]
        each = [self._invert(map_batches(decode, z, own, device=self._device)) for own in every]
        mean = (prior.double()[:, None, None] * torch.stack(each)).sum(0)
        return self._format.decode(mean.numpy())

    def sample(self, n: int = 1, y: Any = None, random_state: Any = None) -> Any:
        """Draw n rows of p(x), or of p(x|y), like those of `fit`: -> (n, d).

        Args:
            n: How many.
            y: A label for all rows, or one for each; None for draws of p(y).
            random_state: Seed, RandomState or Generator; None for another seed each time.

        Raises:
            InputError: A label is none of `classes_`, or there is not one for each row.
        """
        check_is_fitted(self)
        given = () if y is None else (self._find_classes(y, n),)
        return self._draw(n, random_state, *given)

    def _find_classes(self, y: Any, n: int) -> Tensor:
        """Indices of the classes of n rows (n,)."""
        alone = isinstance(y, str) or not hasattr(y, "__len__")
        places = read_known_places([y] * n if alone else y, None, self.classes_, "fit")
        if len(places) != n or (places < 0).any():
            raise InputError(f"There are {len(places)} labels for {n} rows; expected one for each.")
        return torch.from_numpy(places)

    @property
    def _mark(self) -> Any:
        """The mark of a row without a label, None where a class is called so."""
        return None if find_unlabelled(self.classes_, self.unlabelled).any() else self.unlabelled

    def _log_prior(self) -> Tensor:
        """log p(y) (k,)."""
        prior = self.model_.config["arguments"].get("class_prior")
        return ClassPrior(len(self.classes_), prior).log_prior

    def _saw_the_same(self, form: RowFormat, classes: np.ndarray) -> bool:
        """Whether the last fit can be gone on from, and saw the same columns and classes."""
        known = getattr(self, "_progress", None) is not None
        return known and form == self._format and np.array_equal(classes, self.classes_)
