"""The scikit-learn face: a classifier that learns from labelled and unlabelled rows."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import count, islice
from typing import Any, Literal

import numpy as np
import torch
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from .builders import Recipe
from .builders.adgm import LabelledBoundName
from .builders.artefact import make_artefact_config
from .data import labels, user
from .data.augmentation import binarise, identity
from .data.batches import SemiSupervisedBatches
from .data.dataset import Dataset, Preprocessor, fit_preprocessor
from .engine.loop import Training
from .engine.settings import Engine, adam
from .errors import InputError
from .functional.bounds import classification_weight
from .method import Method
from .metrics.calibration import fit_temperature
from .model import Model
from .rng import use_seed


class SemiSupervisedClassifier(ClassifierMixin, BaseEstimator):
    """ADGM, SDGM or M2 of vectors; `y == -1` marks rows without a label, as in scikit-learn.

    Data that are 0 or 1 throughout get a Bernoulli likelihood; other data are standardised and get
    a Gaussian one. Every `fit` starts from `random_state` and gives the same weights. The trained
    `auxgen.Model` is `model_`.

    Args:
        model: "sdgm", "adgm" or "m2".
        hidden: Units of the hidden layers.
        latent: Width of the auxiliary variable and of the code.
        steps: Rounds of training.
        batch: Rows in a batch, labelled and unlabelled each.
        learning_rate: Learning rate of Adam.
        beta: Weight of the classification term, before its factor (N_l + N_u) / N_l.
        batch_norm: Whether to normalise before each nonlinearity; this needs tens of labelled rows,
            since a labelled batch is normalised by its own statistics.
        labelled_bound: Bound for a labelled row: "conditional" on log p(x, y), or "marginal" on
            log p(x), which leaves the label to the classification term.
        classes_summed: Number of classes over which training sums out the label of an unlabelled
            row: the most probable ones and one drawn from the rest, which stands for all of it;
            under batch norm these few make the statistics. None for all.
        draws: Draws of a over which predictions are averaged.
        least_confidence: Probability below which a row's most probable class becomes -1, no class.
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
        """Learn from rows x (n, d) and labels y (n,), -1 where the label is unknown.

        Raises:
            InputError: Fewer than two classes are labelled, or x is not finite.
        """
        X, y = validate_data(self, X, y, dtype=(np.float64, np.float32))
        self.classes_ = np.unique(y[y != -1])
        places = np.where(y == -1, -1, np.searchsorted(self.classes_, y))
        train = user.load_arrays(X, places, names=[str(c) for c in self.classes_])
        labels.check_labels(train)
        bits = bool(np.isin(X, (0, 1)).all())
        space = fit_preprocessor(train, standardise=not bits, binary=bits)
        recipe = self._make_recipe(train, space)
        with use_seed(self.random_state, torch.device(self.device)):
            method = self._train_method(train, space, recipe)
        config = make_artefact_config(recipe, space, self.get_params())
        self.model_ = Model(method, space, "estimator", config)
        self.temperature_ = 1.0
        return self

    def calibrate(self, X: Any, y: Any) -> SemiSupervisedClassifier:
        """Fit the temperature of the probabilities to rows whose labels `fit` did not see.

        The most probable classes stay the same. Rows labelled -1 are left out: x (n, d), y (n,).

        Raises:
            InputError: No row is labelled, or a label is none of `classes_`.
        """
        self.temperature_ = 1.0
        probs, y = self.predict_proba(X), np.asarray(y)
        known = y != -1
        unknown = np.setdiff1d(y[known], self.classes_)
        if len(unknown):
            raise InputError(
                f"Label {unknown[0]} is none that fit saw; expected those of {self.classes_}."
            )
        indices = torch.from_numpy(np.searchsorted(self.classes_, y[known]))
        self.temperature_ = fit_temperature(torch.from_numpy(probs[known]).log(), indices)
        return self

    def _train_method(self, train: Dataset, space: Preprocessor, recipe: Recipe) -> Method:
        rows = labels.find_labelled_rows(train.y)
        x = space.transform(train.raw_rows())
        batches = SemiSupervisedBatches(
            x[rows],
            train.y[rows],
            x,
            labelled_batch=self.batch,
            unlabelled_batch=self.batch,
            seed=self.random_state,
            corruption=binarise if space.binary else identity,
        )
        engine = Engine(self.steps, adam(self.learning_rate), max_grad_norm=5.0)
        training = Training(recipe.build(), engine, seed=self.random_state, device=self.device)
        endless = (batches(step, 0, 1, self.device) for step in count())
        for batch in islice(endless, self.steps):
            training.run_round(batch)
        return training.build_averaged_method(endless)

    def _make_recipe(self, train: Dataset, space: Preprocessor) -> Recipe:
        labelled = len(labels.find_labelled_rows(train.y))
        arguments = {
            "x": space.width,
            "hidden": list(self.hidden),
            "z": self.latent,
            **({} if self.model == "m2" else {"a": self.latent}),
            "classes": len(self.classes_),
            "alpha": classification_weight(self.beta, labelled, len(train)),
            "prior_rows": len(train),
            "likelihood": "bernoulli" if space.binary else "gaussian",
            "batch_norm": self.batch_norm,
            "labelled_bound": self.labelled_bound,
            "classes_summed": self.classes_summed,
        }
        return Recipe(self.model, arguments)

    def predict_proba(self, X: Any) -> np.ndarray:
        """Probabilities of `classes_`: x (n, d) -> (n, k)."""
        check_is_fitted(self)
        X = validate_data(self, X, dtype=(np.float64, np.float32), reset=False)
        predict = partial(self.model_.predict, draws=self.draws, seed=self.random_state)
        return predict(X, temperature=self.temperature_).probabilities.numpy()

    def predict(self, X: Any) -> np.ndarray:
        """The most probable class of each row, -1 below `least_confidence`: x (n, d) -> (n,)."""
        probs = self.predict_proba(X)
        return np.where(probs.max(1) < self.least_confidence, -1, self.classes_[probs.argmax(1)])

    def score_samples(self, X: Any) -> np.ndarray:
        """A lower bound on log p(x) of each row in nats, a mean over `draws`: x (n, d) -> (n,).

        x is the row as the model sees it. Likelier rows have higher bounds, but so may rows of
        another kind (docs/papers/adgm.md).
        """
        check_is_fitted(self)
        X = validate_data(self, X, dtype=(np.float64, np.float32), reset=False)
        return self.model_.log_prob_bound(X, draws=self.draws, seed=self.random_state).numpy()

    def sample(self, n: int) -> np.ndarray:
        """Draw n rows from p(x), in the units of x, from torch's random state: -> (n, d)."""
        check_is_fitted(self)
        return self.model_.sample(n, seed=None).numpy()
