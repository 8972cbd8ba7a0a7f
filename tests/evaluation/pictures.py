"""Pictures, a model that makes them, and an extractor, all small and known."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.distributions import Categorical, Distribution, Independent, Normal

from auxgen.data.dataset import Dataset, Preprocessor, add_fingerprint
from auxgen.features.extractors import ExtractedFeatures, Extractor, make_extractor
from auxgen.method import Method, Moves

SHAPE = (1, 4, 4)
SPACE = Preprocessor(kind="images", shape=SHAPE, classes=("dark", "light"))


def pictures(n: int, seed: int = 0, *, light: float = 0.8) -> Dataset:
    """Flat grey pictures with a little noise, dark (0.2) or light."""
    generator = torch.Generator().manual_seed(seed)
    y = torch.arange(n) % 2
    grey = torch.where(y == 0, 0.2, light).reshape(-1, 1, 1, 1)
    x = grey + 0.05 * torch.randn(n, *SHAPE, generator=generator)
    x = (x.clamp(0, 1) * 255).round().to(torch.uint8)
    return add_fingerprint(Dataset(x, y, SPACE.classes, f"greys/{seed}", ""))


class Quadrants(nn.Module):
    """Features: means of the four quadrants; probabilities: of light, by the mean."""

    def forward(self, pictures: Tensor) -> ExtractedFeatures:
        x = pictures.float() / 255
        quadrants = F.adaptive_avg_pool2d(x, 2).flatten(1)
        light = quadrants.mean(1).sub(0.5).mul(20).sigmoid()
        return ExtractedFeatures(quadrants, torch.stack([1 - light, light], 1))


def quadrants(name: str = "quadrants") -> Extractor:
    return make_extractor(
        name,
        Quadrants(),
        channels=1,
        protocol="means of quadrants",
        weights="none",
        classes=SPACE.classes,
    )


class Copier(Method):
    """z is the picture; p(x|z) has mean fade z; samples are uniform grey."""

    def __init__(self, fade: float = 1.0) -> None:
        super().__init__()
        self.fade = fade

    def players(self):
        return {}

    def round(self, batch, step) -> Moves:
        raise NotImplementedError

    def encode(self, x: Tensor) -> Distribution:
        return Independent(Normal(x, torch.full_like(x, 0.5)), 1)

    def decode(self, z: Tensor, y: Tensor | None = None) -> Distribution:
        return Independent(Normal(self.fade * z, torch.ones_like(z)), 1)

    def classify(self, x: Tensor, draws: int = 1) -> Categorical:
        return Categorical(logits=torch.stack([-x.mean(1), x.mean(1) - 1], 1))

    def sample(self, n: int) -> Tensor:
        return torch.rand(n, 1).expand(n, SPACE.width).contiguous()


class Weighing(Copier):
    """Has importance weights too."""

    def log_weights(self, x: Tensor, k: int) -> Tensor:
        return torch.zeros(k, len(x))
