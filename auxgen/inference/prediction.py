"""What a model says of rows: classes with probabilities, and bounds on log p(x)."""

from dataclasses import dataclass, replace
from functools import partial
from math import log
from typing import NamedTuple

import torch
from torch import Tensor

from ..data.dataset import Preprocessor
from ..errors import InputError
from ..method import Bounds, Classifies, Weighs, require
from ..metrics.calibration import apply_temperature, select_most_confident
from ..networks.distributions import bernoulli
from ..rng import get_device
from .batched import binarise_rows_alike, map_batches, map_raw_rows, map_rows


@dataclass(frozen=True, eq=False)
class Predictions:
    """Class probabilities of n rows.

    Attributes:
        probabilities: (n, k) float32, on the CPU.
        classes: Names of the k classes.
        answered: Rows (n,) bool that get a class; the others are left open. None for all rows.
        bounds: Lower bounds on log p(x) (n,), in nats; None unless they were requested.
    """

    probabilities: Tensor
    classes: tuple[str, ...]
    answered: Tensor | None = None
    bounds: Tensor | None = None

    @property
    def predicted(self) -> Tensor:
        """Indices of the most probable classes, (n,)."""
        return self.probabilities.argmax(-1)

    @property
    def names(self) -> list[str]:
        """Names of the most probable classes, "" for rows that are left open."""
        answered = [True] * len(self.predicted) if self.answered is None else self.answered.tolist()
        names = (self.classes[i] for i in self.predicted.tolist())
        return [name if known else "" for name, known in zip(names, answered, strict=True)]

    @property
    def confidence(self) -> Tensor:
        """Probabilities of the most probable classes, (n,)."""
        return self.probabilities.amax(-1)


def predict_rows(
    method: object, space: Preprocessor, raw: Tensor, draws: int = 1, *, temperature: float = 1.0
) -> Predictions:
    """q(y|x) of raw rows, averaged over draws of the variables that it is conditioned on.

    raw (n, *shape) -> probabilities (n, k), float32, which become proportional to their power of
    1 / temperature.

    Raises:
        InputError: The model cannot classify, or the temperature is not above 0.
    """
    if not temperature > 0:
        raise InputError(f"The temperature is {temperature}; expected a number above 0.")
    classifier = require(method, Classifies)
    logits = map_raw_rows(lambda x: classifier.classify(x, draws).logits, method, space, raw)
    probs = apply_temperature(logits.float(), temperature).exp()
    return Predictions(probs, space.classes or tuple(map(str, range(probs.shape[-1]))))


def abstain_on_unsure(predictions: Predictions, share: float) -> Predictions:
    """Leave open the classes of the rows with the lowest confidence, a share of all rows.

    Raises:
        InputError: The share is not in [0, 1).
    """
    if not 0 <= share < 1:
        raise InputError(
            f"The share of rows to leave open is {share}; expected a number from 0 to below 1."
        )
    answered = torch.zeros(len(predictions.probabilities), dtype=torch.bool)
    answered[select_most_confident(predictions.probabilities, 1 - share)] = True
    return replace(predictions, answered=answered)


class ImportanceEstimate(NamedTuple):
    """What k importance weights estimate for each row, both (n,) float64 on the CPU.

    Attributes:
        log_p: Log of the mean weight, in expectation a lower bound on log p(x), in nats.
        ess: Effective sample size (sum w)^2 / sum w^2, between 1 and k.
    """

    log_p: Tensor
    ess: Tensor


def estimate_log_likelihood(
    method: Weighs, x: Tensor, k: int, *, chunk: int = 50, batch_size: int = 20
) -> ImportanceEstimate:
    """log p_k(x) = logsumexp_i log w_i - log k (Burda et al. 2016, eq. 8), and the sample size.

    Args:
        method: Draws log w.
        x: Rows as the method sees them (n, *event).
        k: Weights of each row.
        chunk: Weights drawn at a time.
        batch_size: Rows of a batch.
    """
    accumulate = partial(_accumulate_log_weights, method, k=k, chunk=chunk)
    total, squared = map_batches(accumulate, x, device=get_device(method), batch_size=batch_size)
    return ImportanceEstimate(total - log(k), (2 * total - squared).exp())


def _accumulate_log_weights(method: Weighs, x: Tensor, k: int, chunk: int) -> tuple[Tensor, Tensor]:
    """logsumexp of log w and of 2 log w over k draws: x (b, *event) -> (b,), (b,)."""
    total = x.new_full((len(x),), -torch.inf, dtype=torch.float64)
    squared = total.clone()
    for drawn in range(0, k, chunk):
        log_w = method.log_weights(x, min(chunk, k - drawn)).double()
        total = torch.logaddexp(total, log_w.logsumexp(0))
        squared = torch.logaddexp(squared, (2 * log_w).logsumexp(0))
    return total, squared


def estimate_elbo(method: Bounds, x: Tensor, draws: int = 1, *, batch_size: int = 256) -> Tensor:
    """The evidence lower bound, a mean over `draws`, in nats: x (n, *event) -> (n,) float64.

    The draws of different rows are independent, so that a mean over rows is exact to the standard
    error over rows; `estimate_row_bounds` is for the bound of each row by itself.
    """
    average = partial(_average_elbo, method, draws)
    return map_batches(average, x, device=get_device(method), batch_size=batch_size)


def _average_elbo(method: Bounds, draws: int, x: Tensor) -> Tensor:
    """x (b, *event) -> (b,) float64."""
    first = method.elbo(x).double()
    return sum((method.elbo(x).double() for _ in range(1, draws)), first) / draws


def estimate_row_bounds(method: object, space: Preprocessor, raw: Tensor, draws: int = 1) -> Tensor:
    """Lower bounds on log p(x) of raw rows, means over `draws`, in nats: (n, *shape) -> (n,).

    x is the row as the model sees it. For a model of bits, grey values are drawn as bits once, with
    seed 0. All rows have the same draws, so that a row's bound does not depend on the others. Rows
    of another kind may have high bounds (docs/papers/adgm.md).

    Raises:
        InputError: The model has no bound.
    """
    x = space.transform(raw)
    x = binarise_rows_alike(x, 0) if sees_bits(method, space) else x
    average = partial(_average_elbo, require(method, Bounds), draws)
    return map_rows(average, x, device=get_device(method))


def sees_bits(method: object, space: Preprocessor) -> bool:
    """Whether a model sees bits, of which grey values are the probabilities."""
    # artefacts of version 0.1 do not say that they see bits: their likelihood does
    family = getattr(getattr(method, "p_x", None), "family", None)
    return space.binary or family is bernoulli
