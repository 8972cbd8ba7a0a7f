"""Classes of rows, with probabilities."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ..abilities import classifier
from ..data.examples import Space
from ..evaluation.drawing import device_of

ROWS = 256


@dataclass(frozen=True, eq=False)
class Predictions:
    """Class probabilities of n rows.

    Attributes:
        probabilities: (n, k) float32, on the CPU.
        classes: Names of the k classes.
    """

    probabilities: Tensor
    classes: tuple[str, ...]

    @property
    def predicted(self) -> Tensor:
        """Indices of the most probable classes, (n,)."""
        return self.probabilities.argmax(-1)

    @property
    def names(self) -> list[str]:
        """Names of the most probable classes."""
        return [self.classes[i] for i in self.predicted.tolist()]

    @property
    def confidence(self) -> Tensor:
        """Probabilities of the most probable classes, (n,)."""
        return self.probabilities.amax(-1)


@torch.no_grad()
def predict(method: object, space: Space, raw: Tensor, draws: int = 1) -> Predictions:
    """q(y|x), averaged over `draws` of whatever it conditions on: raw (n, *shape).

    Raises:
        InputError: The model cannot classify.
    """
    device = device_of(method)
    parts = [space.enter(part.to(device)) for part in raw.split(ROWS)]
    probs = torch.cat([classifier(method).classify(x, draws).probs.float().cpu() for x in parts])
    names = space.classes or tuple(str(c) for c in range(probs.shape[-1]))
    return Predictions(probs, names)
