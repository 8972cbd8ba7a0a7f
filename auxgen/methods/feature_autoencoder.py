"""An autoencoder that only a classifier's features teach (Lamb et al., 2016, section 5.5)."""

from __future__ import annotations

from typing import final

import torch
from torch import Tensor, nn
from torch.distributions import Distribution

from ..method import Method, Moves, descend
from ..networks.encoders import PointMass


@final
class FeatureAutoencoder(Method):
    """|h(A(x)) - B(h(x))|^2 with  h  layers of a classifier, held fixed.

    With B the identity A(x) comes to look like x. With B a blur it has no clean image to find, and
    shows the patterns that discriminative regularisation leaves.
    """

    def __init__(self, *, encoder: nn.Module, decoder: nn.Module, h: nn.Module, b: nn.Module):
        """Takes the parts of A, the layers h of images (b, c, h, w) by name, and B of each."""
        super().__init__()
        self.encoder, self.decoder, self.h, self.b = encoder, decoder, h, b

    def players(self) -> dict[str, tuple[nn.Module, ...]]:
        return {"autoencoder": (self.encoder, self.decoder)}

    def round(self, batch: Tensor, step: Tensor) -> Moves:
        """The mean of the squared difference over rows, maps and places: batch (b, c, h, w)."""
        x = batch
        with torch.no_grad():
            wanted = {name: self.b(h) for name, h in self.h(x).items()}
        found = self.h(self.decoder(self.encoder(x)))
        error = torch.stack([(found[name] - h).square().mean() for name, h in wanted.items()]).sum()
        yield from descend(error, "autoencoder", error=error)

    def encode(self, x: Tensor) -> Distribution:
        """The code of x, on which all probability lies: (b, c, h, w) -> batch (b,)."""
        return PointMass(self.encoder(x))

    def decode(self, z: Tensor, y: Tensor | None = None) -> Distribution:
        """The image of a code, on which all probability lies: z (b, r) -> batch (b,)."""
        del y
        return PointMass(self.decoder(z))
