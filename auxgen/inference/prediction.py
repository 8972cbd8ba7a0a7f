"""Classes of rows, with probabilities."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from ..data.dataset import Space
from ..errors import InputError
from ..method import Bounds, Classifies, require
from ..metrics.calibration import surest, tempered
from ..networks.distributions import bernoulli
from ..rng import device_of
from .batched import binarised
from .likelihood import elbo

ROWS = 256


@dataclass(frozen=True, eq=False)
class Predictions:
    """Class probabilities of n rows.

    Attributes:
        probabilities: (n, k) float32, on the CPU.
        classes: Names of the k classes.
        told: Rows (n,) bool whose class is told; of the others nothing is said. None for all.
        bounds: Lower bounds on log p(x) (n,), nats; None where they were not asked for.
    """

    probabilities: Tensor
    classes: tuple[str, ...]
    told: Tensor | None = None
    bounds: Tensor | None = None

    @property
    def predicted(self) -> Tensor:
        """Indices of the most probable classes, (n,)."""
        return self.probabilities.argmax(-1)

    @property
    def names(self) -> list[str]:
        """Names of the most probable classes, "" where none is told."""
        told = [True] * len(self.probabilities) if self.told is None else self.told.tolist()
        names = (self.classes[i] for i in self.predicted.tolist())
        return [name if sure else "" for name, sure in zip(names, told, strict=True)]

    @property
    def confidence(self) -> Tensor:
        """Probabilities of the most probable classes, (n,)."""
        return self.probabilities.amax(-1)


@torch.no_grad()
def predict(
    method: object, space: Space, raw: Tensor, draws: int = 1, *, temperature: float = 1.0
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
    device = device_of(method)
    parts = [space.enter(part.to(device)) for part in raw.split(ROWS)]
    told = torch.cat(
        [require(method, Classifies).classify(x, draws).logits.float().cpu() for x in parts]
    )
    probs = tempered(told, temperature).exp()
    names = space.classes or tuple(str(c) for c in range(probs.shape[-1]))
    return Predictions(probs, names)


def abstaining(predictions: Predictions, share: float) -> Predictions:
    """The same, but of the share of rows that it is least sure of no class is told.

    Raises:
        InputError: The share is not from 0 to below 1.
    """
    if not 0 <= share < 1:
        raise InputError(f"A share of {share} is to be left out; 0 to below 1 is wanted.")
    told = torch.zeros(len(predictions.probabilities), dtype=torch.bool)
    told[surest(predictions.probabilities, 1 - share)] = True
    return replace(predictions, told=told)


@torch.no_grad()
def bounding(
    predictions: Predictions, method: object, space: Space, raw: Tensor, draws: int = 1
) -> Predictions:
    """The same, with a lower bound on log p(x) of each row beside its class.

    It is of rows as the model sees them, the mean of `draws`; grey values of a model of bits are
    drawn as bits once, with seed 0, as for `elbo` of a run. Rows that belong elsewhere may have
    high ones (docs/papers/adgm.md): raw (n, *shape).

    Raises:
        InputError: The model has no bound.
    """
    x = space.enter(raw)
    x = binarised(x, 0) if of_bits(method) else x
    return replace(predictions, bounds=elbo(require(method, Bounds), x, draws))


def of_bits(method: object) -> bool:
    """Whether p(x|.) is of bits, of which grey values are the probabilities."""
    return getattr(getattr(method, "p_x", None), "family", None) is bernoulli
