"""An autoencoder trained by a classifier's features alone (Lamb et al., 2016, section 5.5)."""

from typing import final

import torch
from torch import Tensor, nn
from torch.distributions import Distribution

from ..method import Method, Moves, descend
from ..networks.encoders import PointMass


@final
class FeatureAutoencoder(Method):
    """|h(A(x)) - B(h(x))|^2 with  h  layers of a classifier, held fixed.

    With the identity as B, A(x) comes to look like x. With a blur as B no clean image is optimal,
    and A(x) shows the patterns that discriminative regularisation leaves.
    """

    def __init__(self, *, encoder: nn.Module, decoder: nn.Module, h: nn.Module, b: nn.Module):
        """Takes the parts of A, the layers h of images (b, c, h, w) by name, and B for a layer."""
        super().__init__()
        self.encoder, self.decoder, self.h, self.b = encoder, decoder, h, b

    def players(self) -> dict[str, tuple[nn.Module, ...]]:
        return {"autoencoder": (self.encoder, self.decoder)}

    def round(self, batch: Tensor, step: Tensor) -> Moves:
        """The mean of the squared difference over rows, maps and places: batch (b, c, h, w)."""
        x = batch
        with torch.no_grad():
            target = {name: self.b(h) for name, h in self.h(x).items()}
        output = self.h(self.decoder(self.encoder(x)))
        each = [(output[name] - h).square().mean() for name, h in target.items()]
        error = torch.stack(each).sum()
        yield from descend(error, "autoencoder", error=error)

    def encode(self, x: Tensor) -> Distribution:
        """The code of x, as a point mass: (b, c, h, w) -> batch (b,)."""
        return PointMass(self.encoder(x))

    def decode(self, z: Tensor, y: Tensor | None = None) -> Distribution:
        """The image of a code, as a point mass: z (b, r) -> batch (b,)."""
        del y
        return PointMass(self.decoder(z))
