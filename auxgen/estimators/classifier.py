"""A classifier that learns from labelled and unlabelled rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import ceil
from typing import Any, Literal, Self

import numpy as np

from ..builders.adgm import LABELLED_BOUNDS, LabelledBoundName
from .classifying import DeepClassifier
from .fitting import train_classifier
from .labelled_rows import gather_labelled_rows
from .labels import read_labels, require_every_class
from .likelihoods import check_likelihood
from .parameters import TRAINING_RULES, Number, OneOf, Whole, check_flag, check_parameters
from .pictures import check_network, fit_pictures
from .rows import RowFormat, read_new_rows, read_training_rows
from .weights import WeightedRows

ModelName = Literal["committee", "m2", "sdgm", "adgm"]
_RULES = {
    **TRAINING_RULES,
    "model": OneOf(("committee", "m2", "sdgm", "adgm")),
    "beta": Number(0),
    "likelihood": check_likelihood,
    "label_temperature": Number(0),
    "batch_norm": check_flag,
    "labelled_bound": OneOf(tuple(LABELLED_BOUNDS)),
    "classes_summed": Whole(2, optional=True),
    "skip_below": Number(0, 1, below=True, optional=True),
    "least_confidence": Number(0, 1),
    "features": check_network,
}


def _learns_in_parts(estimator: SemiSupervisedClassifier) -> bool:
    """Whether the model can go on with other rows: a forest cannot."""
    return estimator.model != "committee"


class SemiSupervisedClassifier(DeepClassifier):
    """Deep generative models that classify rows of which few have a label.

    A row is an array's or a DataFrame's, whose columns of texts, categories, true and false, dates
    and numbers are all learned from; missing values are unknown, and summed out. Labels are of any
    kind: numbers, texts, true and false. -1, None, NaN, NA and "" mark a row without a label.

    Numbers are standardised and get a Gaussian likelihood, texts a categorical one; data that are 0
    or 1 throughout get a Bernoulli one, but in a committee. Every `fit` starts from `random_state`,
    gives the same weights whatever the order of the rows, and leaves the random states of torch and
    numpy as they were. The trained `auxgen.Model` is `model_`.

    Args:
        model: "committee", in which four M2s, two logistic regressions and a random forest of the
            labelled rows, and a mixture of Gaussians of all rows vote, with weights and
            temperatures that held-out labels choose. Rows without a label tell how frequent classes
            are, unless class_weight or class_prior is given. `transform`, `sample` and
            `score_samples` are those of its M2s. Or one generative model alone: "m2", "sdgm" or
            "adgm".
        hidden: Units of the hidden layers: a number, or one for each layer.
        latent: Width of the auxiliary variable and of the code.
        steps: Rounds of training, at most.
        batch: Rows in a batch, labelled and unlabelled each, at most.
        learning_rate: Learning rate of Adam.
        noise: Standard deviation of the noise that training adds to standardised numbers. It
            is taken out of what `sample` draws.
        beta: Weight of the classification term, before its factor (N_l + N_u) / N_l.
        label_temperature: Weight of the entropy of an unlabelled row's label; above 1 it stays
            undecided for longer, and draws of a class have more of the others in them.
        likelihood: Family of p(x|.) of the columns that are no texts: one of `data.families`, such
            as "negative_binomial"; "auto", which looks at each column and tells what it took; or a
            dictionary of columns (indices, of an array) and these, in which "*" is all that are
            not named. None for Gaussian.
        features: Name of a trained network through which rows are seen, which are pictures then:
            (n, h, w, c) or (n, c, h, w), uint8 or floats in [0, 1], or a list of paths. A name of
            `features.backbones`, such as "efficientnet-lite0", or "efficientnet-lite0-size=224" for
            another size than the network's own. Its features are kept in the cache, and the model
            learns from principal components of them, as many as suit labels held out.
        library_size: Whether a row's counts are shares of their sum, its library size, which is
            taken as known.
        batch_norm: Whether to normalise before each nonlinearity; this needs tens of labelled rows,
            since a labelled batch is normalised by its own statistics.
        labelled_bound: Bound for a labelled row: "conditional" on log p(x, y), or "marginal" on
            log p(x), which leaves the label to the classification term.
        classes_summed: Number of classes over which training sums out the label of an unlabelled
            row: the most probable ones and one drawn from the rest; None for all. The loss and its
            gradient have the same expectation where there is no batch norm.
        skip_below: Probability q(y|.) below which training leaves a class of an unlabelled row out
            of the sum over its label; with batch norm the others count by their probability in its
            statistics. None for the sum over all classes, which count alike.
        class_weight: What the labels of a class count: a dictionary, "balanced", or None for 1.
        class_prior: p(y): a number for each class, in order or by label; "labelled" for the shares
            of the labels; or None for the same for all, and for a committee's estimate.
        early_stopping: Whether to hold out rows, and to stop when their loss gets no better; the
            weights are then those of the least loss.
        validation_fraction: Share of the rows of each class, and of those without a label, that is
            held out.
        n_iter_no_change: Looks at the held-out rows, of 20 over all rounds, without a better loss.
        warm_start: Whether `fit` goes on from the weights of the last one; a committee begins anew
            where labels are others.
        draws: Draws over which probabilities and bounds are averaged.
        least_confidence: Probability below which a row gets no class, which `predict` marks by
            None in an array of objects.
        unlabelled: The mark of a row without a label, beside None, NaN, NA and "".
        verbose: Whether to show progress.
        device: "cpu", "cuda" or "auto".
        random_state: Seed, RandomState or Generator; None for another seed each time.

    Attributes:
        classes_: The labels, sorted, with the type that they came with.
        n_iter_: Rounds of training.
        loss_curve_: The loss of each round.
        temperature_: Temperature of the probabilities, 1 before `calibrate`.
        likelihoods_: The likelihood of each column, where `likelihood` is not None.
    """

    _rules = _RULES

    def __init__(
        self,
        model: ModelName = "committee",
        *,
        hidden: int | Sequence[int] = (100,),
        latent: int = 10,
        steps: int = 200,
        batch: int = 100,
        learning_rate: float = 4e-3,
        noise: float = 0.3,
        beta: float = 0.1,
        label_temperature: float = 2.0,
        likelihood: str | Mapping[Any, str] | None = None,
        features: str | None = None,
        library_size: bool = False,
        batch_norm: bool = False,
        labelled_bound: LabelledBoundName = "conditional",
        classes_summed: int | None = None,
        skip_below: float | None = None,
        class_weight: Mapping[Any, float] | str | None = None,
        class_prior: Mapping[Any, float] | Sequence[float] | str | None = None,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        n_iter_no_change: int = 5,
        warm_start: bool = False,
        draws: int = 20,
        least_confidence: float = 0.0,
        unlabelled: Any = -1,
        verbose: bool = False,
        device: str = "cpu",
        random_state: Any = 0,
    ) -> None:
        self.model, self.hidden, self.latent = model, hidden, latent
        self.steps, self.batch, self.learning_rate = steps, batch, learning_rate
        self.noise, self.beta, self.batch_norm = noise, beta, batch_norm
        self.label_temperature = label_temperature
        self.likelihood, self.library_size, self.features = likelihood, library_size, features
        self.labelled_bound, self.classes_summed = labelled_bound, classes_summed
        self.skip_below = skip_below
        self.class_weight, self.class_prior = class_weight, class_prior
        self.early_stopping, self.validation_fraction = early_stopping, validation_fraction
        self.n_iter_no_change, self.warm_start = n_iter_no_change, warm_start
        self.draws, self.least_confidence, self.unlabelled = draws, least_confidence, unlabelled
        self.verbose, self.device, self.random_state = verbose, device, random_state

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Learn from rows X (n, d) and labels y (n,).

        Args:
            X: Rows.
            y: Their labels, marked where unknown.
            sample_weight: How often each row counts (n,); a row of weight 2 is the same as the row
                twice.

        Raises:
            InputError: A parameter is out of range, or fewer than two classes are labelled.
            Diverged: A loss is not finite.
        """
        check_parameters(self, _RULES)
        self._pictures = fit_pictures(self, X, y)
        form, x = read_training_rows(self, X)
        rows, classes = gather_labelled_rows(x, y, self.unlabelled, sample_weight)
        goes_on = self.warm_start and self._can_go_on(form, classes, rows)
        if not goes_on:
            self._begin_with(rows, form, classes)
        self._learn(rows, self.steps)
        if not self.warm_start:
            self._progress = None
        self.temperature_ = 1.0
        return self

    def partial_fit(self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None) -> Self:
        """Go on learning, for one pass over these rows; labelled rows of earlier calls are kept.

        From the second call on a committee holds no label out of its M2s, which then count less.

        Args:
            X: Rows, whose first call decides how rows are standardised.
            y: Their labels.
            classes: All labels, in the first call; those of its rows where left out.
            sample_weight: How often each row counts (n,).

        Raises:
            InputError: As of `fit`; a label is none of the classes, or a committee lacks one.
            Diverged: A loss is not finite.
        """
        check_parameters(self, _RULES)
        first = not hasattr(self, "_progress") or self._progress is None
        if first:
            self._pictures = fit_pictures(self, X, y)
            form, x = read_training_rows(self, X)
            known = None if classes is None else read_labels(classes, None).classes
            rows, known = gather_labelled_rows(x, y, self.unlabelled, sample_weight, known)
            self._begin_with(rows, form, known)
        else:
            x = read_new_rows(self, X, self._format)
            rows, _ = gather_labelled_rows(x, y, self.unlabelled, sample_weight, self.classes_)
        self._rows_seen += rows.weights.sum()
        earlier = self._labelled_rows
        self._labelled_rows = earlier.join(rows.select(rows.labelled))
        self._learn(earlier.join(rows), ceil(len(rows) / self.batch), holds_out=first)
        self.temperature_ = 1.0
        return self

    def _begin_with(self, rows: WeightedRows, form: RowFormat, classes: np.ndarray) -> None:
        """Forget what was learned, and see rows and classes as these are."""
        self.classes_ = classes
        names = tuple(str(label) for label in classes.tolist())
        self._begin(rows, form, names, bits=self.model != "committee")
        self._labelled_rows, self._rows_seen = rows.select(np.zeros(len(rows), bool)), 0.0
        self._first_labels = rows.select(rows.labelled)

    def _can_go_on(self, form: RowFormat, classes: np.ndarray, rows: WeightedRows) -> bool:
        """Whether the last fit saw the same; a committee must not hold out what it has learned."""
        if not self._saw_the_same(form, classes):
            return False
        labels = rows.select(rows.labelled)
        return self.model != "committee" or labels.equals(self._first_labels)

    def _learn(self, rows: WeightedRows, steps: int, *, holds_out: bool = True) -> None:
        if self.model == "committee":
            require_every_class(rows.places, self.classes_)
        fitted = train_classifier(
            self, rows, self._seen, steps=steps, start=self._progress, holds_out=holds_out
        )
        self.model_, self._progress = fitted.model, fitted.trained.progress
        self.loss_curve_ = self.loss_curve_ + fitted.trained.losses
        self.n_iter_ = len(self.loss_curve_)
