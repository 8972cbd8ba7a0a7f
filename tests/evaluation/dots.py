"""Pictures of four pixels, a model whose codes they are, and a classifier, all known exactly."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.distributions import Bernoulli, Distribution

from auxgen.data.dataset import Dataset, Preprocessor
from auxgen.evaluation.attribute_scorers import AttributePrediction
from auxgen.networks.distributions import normal
from auxgen.networks.priors import StandardNormal

SPACE = Preprocessor(kind="images", shape=(1, 2, 2), flat=True, attributes=("Bright", "Wide"))


class Model:
    """Codes of the four pixels, z = 20 x - 10: exact to a step of 20 / 255."""

    def __init__(self) -> None:
        self.p_z = StandardNormal(4)

    def encode(self, x: Tensor) -> Distribution:
        return normal(20 * x - 10, torch.ones_like(x), 1)

    def decode(self, z: Tensor, y: Tensor | None = None) -> Distribution:
        return normal((z + 10) / 20, torch.ones_like(z), 1)

    def attribute_weights(self) -> Tensor:
        return torch.tensor([[3.0, 0, 0, 0], [0.0, 5, 0, 0]])

    def attributes(self, x: Tensor) -> Bernoulli:
        return Bernoulli(logits=self.encode(x).mean @ self.attribute_weights().T)

    def sample(self, n: int) -> Tensor:
        return self.decode(self.p_z().sample((n,))).mean


@dataclass(frozen=True, eq=False)
class Eye:
    """Finds "Bright" where the first code is above 1, and "Wide" where the second is above 0."""

    attributes: tuple[str, ...] = ("Bright", "Wide")
    protocol: str = "by hand"

    def __call__(self, pictures: Tensor, device: str) -> AttributePrediction:
        z = pictures.flatten(1) / 255.0 * 20 - 10
        shift = torch.tensor([1.0, 0.0])
        return AttributePrediction(z[:, :2] - shift, z[:, 2:].sigmoid())

    def features(self, pictures: Tensor, device: str) -> Tensor:
        return pictures.flatten(1) / 255.0 * 20 + 10


def rows(n: int = 40) -> Dataset:
    torch.manual_seed(0)
    x = torch.randint(90, 165, (n, 1, 2, 2), dtype=torch.uint8)
    z = x.flatten(1) / 255 * 20 - 10
    y = torch.stack([(z[:, 0] > 1).float(), (z[:, 1] > 0).float()], 1)
    return Dataset(x, torch.full((n,), -1), (), "dots", "", y, ("Bright", "Wide"))
