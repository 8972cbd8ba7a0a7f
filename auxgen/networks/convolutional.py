"""Encoders and generators of square images (ASL, table 2).

The table has neither kernels nor strides; they are those of networks with the same channels in
public code of related work. Channels are multiples of one number, so that a network can be
narrowed; dense layers, which cost little in comparison, keep the paper's widths.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar, final

import torch
from torch import Tensor, nn

from ..errors import InputError, require_at_least
from ..functional.precision import promote_to_float32
from .mlp import MLP


@final
class ImageEncoder(nn.Module):
    """Convolutions, then a head that may have more inputs: x (b, c, h, w), ... -> (b, out)."""

    def __init__(self, convolutions: nn.Module, head: nn.Module) -> None:
        super().__init__()
        self.convolutions, self.head = convolutions, head

    def forward(self, x: Tensor, *more: Tensor) -> Tensor:
        return self.head(self.convolutions(x).flatten(1), *more)


@final
class ImageGenerator(nn.Module):
    """Codes become small maps, which grow into pixels: u (..., r) -> (..., c, h, w) in (0, 1).

    Pixels are in float32 at least: in bf16 they would have steps of 1/256.
    """

    def __init__(self, first: nn.Module, layers: nn.Module) -> None:
        """first: codes (n, r) -> maps (n, k, h, w); layers: maps -> logits of pixels."""
        super().__init__()
        self.first, self.layers = first, layers

    def forward(self, u: Tensor) -> Tensor:
        logits: Tensor = self.layers(self.first(u.flatten(0, -2)))
        x = promote_to_float32(logits).sigmoid()
        return x.unflatten(0, u.shape[:-1])


@final
class OddTransposedConvolution(nn.Module):
    """A transposed convolution of kernel 4 and stride 2 from n to 2 n + 1 places.

    Its definition has padding 1 and output padding 1; without both, and cropped, it is the same
    map, several times as fast on CPUs.
    """

    def __init__(self, width: int, out: int) -> None:
        super().__init__()
        self.whole = nn.ConvTranspose2d(width, out, 4, 2)

    def forward(self, x: Tensor) -> Tensor:
        return self.whole(x)[..., 1:, 1:]


@dataclass(frozen=True)
class ImageArchitecture(ABC):
    """A column of table 2, for square images.

    `width` is that of the first convolution, 64 in the paper; all others have multiples of it.
    """

    channels: int
    size: int
    width: int
    supported_sizes: ClassVar[str]
    """Possible sizes, in words."""

    def __post_init__(self) -> None:
        require_at_least(1, channels=self.channels, width=self.width)
        if not self.has_supported_size():
            raise InputError(
                f"The images have {self.size} x {self.size} pixels; a "
                f"{type(self).__name__.lower()} architecture needs {self.supported_sizes}."
            )

    @abstractmethod
    def has_supported_size(self) -> bool:
        """Whether the architecture supports the size."""

    @abstractmethod
    def make_gaussian_encoder(self, r: int) -> ImageEncoder:
        """Encoder-VAE: x -> mean and log standard deviation of u, (b, 2 r)."""

    @abstractmethod
    def make_noisy_encoder(self, r: int) -> ImageEncoder:
        """Encoder-MI: x, e (b, r) -> u (b, r); noise joins the flattened maps."""

    @abstractmethod
    def make_generator(self, r: int) -> ImageGenerator:
        """u (..., r) -> x (..., c, h, w)."""


@final
@dataclass(frozen=True)
class Plain(ImageArchitecture):
    """Fashion-MNIST: three convolutions w, w, 2 w, without batch norm.

    28 -> 29 -> 14 -> 7 pixels and back. The printed generator has ReLU before its first layer,
    which would lose half of the code; here it comes after.
    """

    supported_sizes = "a multiple of 4"

    def has_supported_size(self) -> bool:
        return self.size > 0 and self.size % 4 == 0

    def make_convolutions(self) -> nn.Sequential:
        w = self.width
        return nn.Sequential(
            nn.Conv2d(self.channels, w, 4, 1, 2),
            nn.ReLU(),
            nn.Conv2d(w, w, 4, 2, 1),
            nn.ReLU(),
            nn.Conv2d(w, 2 * w, 4, 2, 1),
            nn.ReLU(),
        )

    @property
    def smallest_map_shape(self) -> torch.Size:
        """Channels, height and width of the smallest maps."""
        return torch.Size((2 * self.width, self.size // 4, self.size // 4))

    def make_gaussian_encoder(self, r: int) -> ImageEncoder:
        convolutions = self.make_convolutions()
        return ImageEncoder(convolutions, nn.Linear(self.smallest_map_shape.numel(), 2 * r))

    def make_noisy_encoder(self, r: int) -> ImageEncoder:
        head = MLP([self.smallest_map_shape.numel(), r], [256, 256], r)
        return ImageEncoder(self.make_convolutions(), head)

    def make_generator(self, r: int) -> ImageGenerator:
        w, shape = self.width, self.smallest_map_shape
        first = nn.Sequential(nn.Linear(r, shape.numel()), nn.Unflatten(1, shape), nn.ReLU())
        layers = nn.Sequential(
            nn.ConvTranspose2d(2 * w, w, 4, 2, 1),
            nn.ReLU(),
            OddTransposedConvolution(w, w),
            nn.ReLU(),
            nn.ConvTranspose2d(w, self.channels, 4, 1, 2),
        )
        return ImageGenerator(first, layers)


@final
@dataclass(frozen=True)
class Normalised(ImageArchitecture):
    """CelebA, and CIFAR-10 with one halving less: batch norm and halvings down to 4 x 4 pixels."""

    supported_sizes = "8, 16, 32 or 64"

    def has_supported_size(self) -> bool:
        return self.size in (8, 16, 32, 64)

    @property
    def halvings(self) -> int:
        return self.size.bit_length() - 3

    def make_convolutions(self, out: int) -> nn.Sequential:
        """w, 2 w, 4 w, 8 w while halving, then a convolution of 4 x 4 pixels to one place."""
        widths = [self.channels, *(self.width * m for m in (1, 2, 4, 8)[: self.halvings])]
        layers: list[nn.Module] = []
        for width, following in pairwise(widths):
            halving = nn.Conv2d(width, following, 4, 2, 1)
            layers += [halving, nn.BatchNorm2d(following), nn.LeakyReLU(0.2)]
        return nn.Sequential(*layers, nn.Conv2d(widths[-1], out, 4))

    def make_gaussian_encoder(self, r: int) -> ImageEncoder:
        out = 4 * self.width
        return ImageEncoder(self.make_convolutions(out), nn.Linear(out, 2 * r))

    def make_noisy_encoder(self, r: int) -> ImageEncoder:
        w = self.width
        return ImageEncoder(self.make_convolutions(16 * w), MLP([16 * w, r], [256, 512, 256], r))

    def make_generator(self, r: int) -> ImageGenerator:
        """Widths 8 w, 4 w, 4 w, 2 w, as many of the last as there are halvings."""
        widths = [self.width * m for m in (8, 4, 4, 2)[-self.halvings :]]
        seed = nn.ConvTranspose2d(r, widths[0], 4)
        norm = nn.BatchNorm2d(widths[0])
        first = nn.Sequential(nn.Unflatten(1, (r, 1, 1)), seed, norm, nn.ReLU())
        layers: list[nn.Module] = []
        for width, following in pairwise(widths):
            doubling = nn.ConvTranspose2d(width, following, 4, 2, 1)
            layers += [doubling, nn.BatchNorm2d(following), nn.ReLU()]
        last = nn.ConvTranspose2d(widths[-1], self.channels, 4, 2, 1)
        return ImageGenerator(first, nn.Sequential(*layers, last))
