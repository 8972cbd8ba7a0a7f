"""The scikit-learn face: a classifier that learns from labelled and unlabelled rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import torch
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from .builders import Recipe
from .builders.adgm import LabelledBoundName
from .data import labels
from .data import user as own
from .data.augmentation import binarise, identity
from .data.batches import SemiSupervisedBatches
from .data.dataset import fit_preprocessor
from .engine.loop import Training
from .engine.settings import Engine, adam
from .errors import InputError
from .functional.bounds import classification_weight
from .inference import likelihood
from .inference.prediction import predict_rows
from .inference.sampling import sample_rows
from .method import Bounds, require
from .metrics import calibration as confidence
from .model import Model


class SemiSupervisedClassifier(ClassifierMixin, BaseEstimator):
    """ADGM, SDGM or M2 of vectors; `y == -1` marks rows without a label, as in scikit-learn.

    Rows of 0 and 1 alone are modelled by a Bernoulli, all others are standardised and modelled by a
    Gaussian. Every training starts from `random_state` and gives the same weights.

    Args:
        model: "sdgm", "adgm" or "m2".
        hidden: Units of the hidden layers.
        latent: Width of the auxiliary variable and of the code.
        steps: Rounds of training.
        batch: Rows in a batch, labelled and unlabelled each.
        learning_rate: Of Adam.
        beta: Weight of the classification term, times (N_l + N_u) / N_l.
        batch_norm: Normalise before each nonlinearity; wants tens of labelled rows, since a
            labelled batch is normalised by its own statistics.
        labelled_bound: Of a labelled row: "conditional", of log p(x, y); "marginal", of log p(x),
            which leaves the label to the classification term.
        classes_summed: Classes over which training sums the label of an unlabelled row out: the
            most probable ones and one drawn from the rest, without bias; all when None.
        draws: Draws of a averaged for a prediction.
        least_confidence: A row whose most probable class has less gets -1, no class.
        device: "cpu" or "cuda".
        random_state: Seed.
    """

    def __init__(
        self,
        model: Literal["sdgm", "adgm", "m2"] = "sdgm",
        *,
        hidden: Sequence[int] = (200, 200),
        latent: int = 32,
        steps: int = 3000,
        batch: int = 100,
        learning_rate: float = 1e-3,
        beta: float = 0.1,
        batch_norm: bool = False,
        labelled_bound: LabelledBoundName = "conditional",
        classes_summed: int | None = None,
        draws: int = 20,
        least_confidence: float = 0.0,
        device: str = "cpu",
        random_state: int = 0,
    ) -> None:
        self.model, self.hidden, self.latent = model, hidden, latent
        self.steps, self.batch, self.learning_rate = steps, batch, learning_rate
        self.beta, self.batch_norm = beta, batch_norm
        self.labelled_bound, self.classes_summed = labelled_bound, classes_summed
        self.draws, self.device = draws, device
        self.least_confidence = least_confidence
        self.random_state = random_state

    def fit(self, X: Any, y: Any) -> SemiSupervisedClassifier:
        """Learn from x (n, d) and y (n,), -1 where the label is not known.

        Raises:
            InputError: A class or no row is labelled, or x is not finite.
        """
        X, y = validate_data(self, X, y, dtype=np.float32)
        self.classes_ = np.unique(y[y != -1])
        places = np.where(y == -1, -1, np.searchsorted(self.classes_, y))
        train = own.load_arrays(X, places, names=[str(c) for c in self.classes_])
        labels.check_labels(train)
        bits = bool(np.isin(X, (0, 1)).all())
        space = fit_preprocessor(train, standardise=not bits)
        self.model_ = Model(self._train_method(train, space, bits), space, "estimator", {})
        self.temperature_ = 1.0
        return self

    def calibrate(self, X: Any, y: Any) -> SemiSupervisedClassifier:
        """Fit the temperature of the probabilities on rows whose labels `fit` did not see.

        The most probable classes stay. Rows of -1 are left out: x (n, d), y (n,).

        Raises:
            InputError: No row is labelled, or a label is none of `classes_`.
        """
        self.temperature_ = 1.0
        probs, y = self.predict_proba(X), np.asarray(y)
        known = y != -1
        strange = np.setdiff1d(y[known], self.classes_)
        if len(strange):
            raise InputError(
                f"Label {strange[0]} is none that fit saw; {self.classes_} are wanted."
            )
        places = torch.from_numpy(np.searchsorted(self.classes_, y[known]))
        log_probs = torch.from_numpy(probs[known]).log()
        self.temperature_ = confidence.fit_temperature(log_probs, places)
        return self

    def _train_method(self, train: Any, space: Any, bits: bool) -> Any:
        rows = labels.find_labelled_rows(train.y)
        x = space.transform(train.raw_rows())
        batches = SemiSupervisedBatches(
            x[rows],
            train.y[rows],
            x,
            labelled_batch=self.batch,
            unlabelled_batch=self.batch,
            seed=self.random_state,
            corruption=binarise if bits else identity,
        )
        torch.manual_seed(self.random_state)
        engine = Engine(self.steps, adam(self.learning_rate), max_grad_norm=5.0)
        method = self._make_recipe(space.width, len(rows), len(x), bits).build()
        training = Training(method, engine, seed=self.random_state, device=self.device)
        for step in range(self.steps):
            training.run_round(batches(step, 0, 1, self.device))
        return training.build_averaged_method(
            batches(self.steps + i, 0, 1, self.device) for i in range(10**6)
        )

    def _make_recipe(self, width: int, labelled: int, rows: int, bits: bool) -> Recipe:
        sizes: dict[str, Any] = {"x": width, "hidden": list(self.hidden), "z": self.latent}
        auxiliary = {} if self.model == "m2" else {"a": self.latent}
        return Recipe(
            self.model,
            {
                **sizes,
                **auxiliary,
                "classes": len(self.classes_),
                "alpha": classification_weight(self.beta, labelled, rows),
                "prior_rows": rows,
                "likelihood": "bernoulli" if bits else "gaussian",
                "batch_norm": self.batch_norm,
                "labelled_bound": self.labelled_bound,
                "classes_summed": self.classes_summed,
            },
        )

    def predict_proba(self, X: Any) -> np.ndarray:
        """Probabilities of `classes_`: x (n, d) -> (n, k)."""
        check_is_fitted(self)
        X = validate_data(self, X, dtype=np.float32, reset=False)
        with torch.random.fork_rng():
            torch.manual_seed(self.random_state)
            found = predict_rows(
                self.model_.method,
                self.model_.space,
                torch.from_numpy(X),
                self.draws,
                temperature=self.temperature_,
            )
        return found.probabilities.numpy()

    def predict(self, X: Any) -> np.ndarray:
        """The most probable class of each row, -1 below `least_confidence`: x (n, d) -> (n,)."""
        probs = self.predict_proba(X)
        return np.where(probs.max(1) < self.least_confidence, -1, self.classes_[probs.argmax(1)])

    def score_samples(self, X: Any) -> np.ndarray:
        """A lower bound on log p(x) of each row, nats, mean over `draws`: x (n, d) -> (n,).

        It is of rows as the model sees them, and is higher for likelier rows; rows that belong
        elsewhere may be likelier (docs/papers/adgm.md).
        """
        check_is_fitted(self)
        X = validate_data(self, X, dtype=np.float32, reset=False)
        with torch.random.fork_rng():
            torch.manual_seed(self.random_state)
            x = self.model_.space.transform(torch.from_numpy(X))
            return likelihood.estimate_elbo(
                require(self.model_.method, Bounds), x, self.draws
            ).numpy()

    def sample(self, n: int) -> np.ndarray:
        """n rows drawn from the model, in the units of x: -> (n, d)."""
        check_is_fitted(self)
        return sample_rows(self.model_.method, self.model_.space, n).numpy()
