"""A committee for rows of which few have labels: an ensemble of M2s beside classic classifiers.

Its probabilities are a mean of the members', the ensemble counted twice, at a temperature that the
labelled rows choose when each is held out. Settings were chosen on development tables, see
docs/guides/few-labels.md.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ..builders import Recipe
from ..methods.ensemble import Ensemble
from ..metrics.calibration import apply_temperature, fit_temperature_of_few
from .ensemble import EnsembleSettings, train_ensemble
from .parts import Part, fit_forest, fit_logistic, fit_mixture

LARGEST = 10.0
"""Standard deviations from the mean at which rows are clipped."""
ENSEMBLE_TEMPERATURE = 2.0
"""Of q(y|x), which learns from rows that it has labelled itself and trusts them too much."""
ENSEMBLE_WEIGHT = 2.0
MEAN_TEMPERATURE, MEAN_WORTH = 0.75, 3.0
"""Temperature of a mean before any label has spoken, and how many nats hold it there."""


@dataclass(frozen=True, eq=False)
class Standardiser:
    """Rows with mean 0 and standard deviation 1, clipped; columns that are constant become 0.

    Attributes:
        mean: (d,).
        std: (d,), 0 for a constant column.
    """

    mean: np.ndarray
    std: np.ndarray

    @classmethod
    def fit(cls, x: np.ndarray) -> Standardiser:
        """Mean and standard deviation of the columns of x (n, d)."""
        mean, std = x.mean(0), x.std(0)
        return cls(mean, np.where(std > 1e-6 * np.abs(mean), std, 0.0))

    def transform(self, x: np.ndarray) -> np.ndarray:
        """x (n, d) -> (n, d) float32."""
        scaled = (x - self.mean) / np.where(self.std > 0, self.std, 1.0) * (self.std > 0)
        return scaled.clip(-LARGEST, LARGEST).astype(np.float32)


@dataclass(frozen=True, eq=False)
class Committee:
    """What was trained.

    Attributes:
        space: How raw rows are standardised.
        ensemble: The M2s.
        recipe: How to build the ensemble.
        parts: Logistic regression, random forest and mixture.
        temperature: Of the mean of all.
    """

    space: Standardiser
    ensemble: Ensemble
    recipe: Recipe
    parts: tuple[Part, ...]
    temperature: float

    def predict(self, x: np.ndarray) -> np.ndarray:
        """Class probabilities of raw rows: x (m, d) -> (m, k)."""
        rows = self.space.transform(x)
        voices = [ENSEMBLE_WEIGHT * self._ask_ensemble(rows)]
        voices += [part.predict(rows) for part in self.parts]
        mean = sum(voices) / (ENSEMBLE_WEIGHT + len(self.parts))
        return _soften(np.asarray(mean), self.temperature)

    def predict_by_ensemble(self, x: np.ndarray) -> np.ndarray:
        """What the ensemble alone says: x (m, d) -> (m, k)."""
        return self._ask_ensemble(self.space.transform(x))

    def _ask_ensemble(self, rows: np.ndarray) -> np.ndarray:
        with torch.no_grad():
            log_probs = self.ensemble.classify(torch.from_numpy(rows)).logits
        return apply_temperature(log_probs.double(), ENSEMBLE_TEMPERATURE).exp().numpy()


def fit_committee(
    x: np.ndarray,
    y: np.ndarray,
    settings: EnsembleSettings | None = None,
    *,
    seed: int = 0,
    device: str = "cpu",
) -> Committee:
    """Train a committee on raw rows x (n, d) and classes y (n,), -1 where unknown.

    Every class has a labelled row. torch's and numpy's random states stay as they were.
    """
    settings = settings or EnsembleSettings()
    space = Standardiser.fit(x)
    rows = space.transform(x)
    places = torch.from_numpy(y.astype(np.int64))
    labelled = [(places >= 0).nonzero().flatten()] * settings.members
    ensemble, recipe = train_ensemble(
        torch.from_numpy(rows), places, labelled, settings, seed=seed, device=device
    )
    parts = tuple(fit(rows, y, seed) for fit in (fit_logistic, fit_forest, fit_mixture))
    held_out = np.mean([part.held_out for part in parts], 0)
    temperature = fit_temperature_of_few(
        _take_log(held_out),
        places[places >= 0],
        center=MEAN_TEMPERATURE,
        worth=MEAN_WORTH,
    )
    return Committee(space, ensemble.cpu(), recipe, parts, temperature)


def _take_log(probs: np.ndarray) -> Tensor:
    return torch.from_numpy(np.log(np.maximum(probs, 1e-6)))


def _soften(probs: np.ndarray, temperature: float) -> np.ndarray:
    return apply_temperature(_take_log(probs), temperature).exp().numpy()
