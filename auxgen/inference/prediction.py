"""Classes of rows, with probabilities."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from ..data.dataset import Preprocessor
from ..errors import InputError
from ..method import Bounds, Classifies, require
from ..metrics.calibration import apply_temperature, select_most_confident
from ..networks.distributions import bernoulli
from ..rng import get_device
from .batched import binarise_with_seed
from .likelihood import estimate_elbo

ROWS_AT_ONCE = 256


@dataclass(frozen=True, eq=False)
class Predictions:
    """Class probabilities of n rows.

    Attributes:
        probabilities: (n, k) float32, on the CPU.
        classes: Names of the k classes.
        answered: Rows (n,) bool whose class is told; of the others nothing is said. None for all.
        bounds: Lower bounds on log p(x) (n,), nats; None where they were not asked for.
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
        """Names of the most probable classes, "" where none is told."""
        told = [True] * len(self.probabilities) if self.answered is None else self.answered.tolist()
        names = (self.classes[i] for i in self.predicted.tolist())
        return [name if sure else "" for name, sure in zip(names, told, strict=True)]

    @property
    def confidence(self) -> Tensor:
        """Probabilities of the most probable classes, (n,)."""
        return self.probabilities.amax(-1)


@torch.no_grad()
def predict_rows(
    method: object, space: Preprocessor, raw: Tensor, draws: int = 1, *, temperature: float = 1.0
) -> Predictions:
    """q(y|x), averaged over `draws` of whatever it conditions on: raw (n, *shape).

    Args:
        method: Classifies.
        space: How it sees raw rows.
        raw: Rows (n, *shape).
        draws: Draws averaged.
        temperature: Probabilities are made prop. to their power of 1 / temperature.

    Raises:
        InputError: The model cannot classify, or the temperature is not above 0.
    """
    if not temperature > 0:
        raise InputError(f"The temperature is {temperature}; above 0 is wanted.")
    device = get_device(method)
    parts = [space.transform(part.to(device)) for part in raw.split(ROWS_AT_ONCE)]
    told = torch.cat(
        [require(method, Classifies).classify(x, draws).logits.float().cpu() for x in parts]
    )
    probs = apply_temperature(told, temperature).exp()
    names = space.classes or tuple(str(c) for c in range(probs.shape[-1]))
    return Predictions(probs, names)


def abstain_on_unsure(predictions: Predictions, share: float) -> Predictions:
    """The same, but of the share of rows that it is least sure of no class is told.

    Raises:
        InputError: The share is not from 0 to below 1.
    """
    if not 0 <= share < 1:
        raise InputError(f"A share of {share} is to be left out; 0 to below 1 is wanted.")
    told = torch.zeros(len(predictions.probabilities), dtype=torch.bool)
    told[select_most_confident(predictions.probabilities, 1 - share)] = True
    return replace(predictions, answered=told)


@torch.no_grad()
def add_bounds(
    predictions: Predictions, method: object, space: Preprocessor, raw: Tensor, draws: int = 1
) -> Predictions:
    """The same, with a lower bound on log p(x) of each row beside its class.

    It is of rows as the model sees them, the mean of `draws`; grey values of a model of bits are
    drawn as bits once, with seed 0, as for `elbo` of a run. Rows that belong elsewhere may have
    high ones (docs/papers/adgm.md): raw (n, *shape).

    Raises:
        InputError: The model has no bound.
    """
    x = space.transform(raw)
    x = binarise_with_seed(x, 0) if has_bernoulli_likelihood(method) else x
    return replace(predictions, bounds=estimate_elbo(require(method, Bounds), x, draws))


def has_bernoulli_likelihood(method: object) -> bool:
    """Whether p(x|.) is of bits, of which grey values are the probabilities."""
    return getattr(getattr(method, "p_x", None), "family", None) is bernoulli
