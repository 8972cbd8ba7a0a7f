"""Networks of section 5 as arguments of the builders.

The paper says "identical to Radford et al. (2016)" for ImageNet; kernels and widths are those of
the latter's code. For CIFAR-10 they are "half the number of parameters at each layer", of which the
discriminator's widths are known from the author (32, 64, 128, features of 2,048). STL-10's are not
published: the same as CIFAR-10's, from smallest maps of 6 x 6.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal

ArchitectureName = Literal["imagenet_32", "cifar", "cifar_literal", "stl_48", "small", "small_48"]


@dataclass(frozen=True, kw_only=True)
class Architecture:
    """Widths of a game's networks.

    Attributes:
        z: Width of the noise.
        g: Channels of the generator's maps, from the smallest maps to the largest.
        phi: Channels of the discriminator's maps, from the largest maps to the smallest.
        denoiser_depth: Hidden layers of the denoiser.
        denoiser_width: Of each; n_h where None.
    """

    z: int
    g: tuple[int, ...]
    phi: tuple[int, ...]
    denoiser_depth: int
    denoiser_width: int | None = None

    def make_network_arguments(self, channels: int, size: int) -> dict[str, Any]:
        """For square images: kind and sizes, as `builders.gans.game` wants them."""
        widths = {"z": self.z, "g": list(self.g), "phi": list(self.phi)}
        return {"kind": "convolutional", "sizes": {"channels": channels, "size": size, **widths}}

    def n_h(self, size: int) -> int:
        """Width of the features of square images."""
        return self.phi[-1] * (size // 2 ** len(self.phi)) ** 2


ARCHITECTURES: Mapping[ArchitectureName, Architecture] = MappingProxyType(
    {
        # r is 2,048 wide as printed, though its input of 8,192 is wider, against section 5's advice
        "imagenet_32": Architecture(
            z=256, g=(512, 256, 128), phi=(128, 256, 512), denoiser_depth=10, denoiser_width=2048
        ),
        "cifar": Architecture(z=128, g=(256, 128, 64), phi=(32, 64, 128), denoiser_depth=10),
        # the author's words taken at their letter; a tenth of the generator that the paper counts
        "cifar_literal": Architecture(z=128, g=(64, 32, 16), phi=(32, 64, 128), denoiser_depth=10),
        "stl_48": Architecture(z=128, g=(256, 128, 64), phi=(32, 64, 128), denoiser_depth=10),
        # for CPUs; the generator is as wide as the discriminator rather than twice
        "small": Architecture(z=64, g=(32, 16), phi=(16, 32), denoiser_depth=2),
        "small_48": Architecture(z=64, g=(32, 32, 16), phi=(16, 32, 32), denoiser_depth=2),
    }
)
