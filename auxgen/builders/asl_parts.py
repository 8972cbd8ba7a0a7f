"""Networks of auxiliary supervised learning, of vectors and of square images."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from torch import nn

from ..errors import unknown_name
from ..methods.asl import sum_of_magnitudes, sum_of_squares
from ..networks.convolutional import ImageArchitecture, Normalised, Plain
from ..networks.densities import DensityKind, make_density
from ..networks.distributions import (
    Conditional,
    FixedScaleNormal,
    LearnedScaleNormal,
    Regression,
    bounded_normal,
    diag_normal,
)
from ..networks.encoders import ImplicitEncoder
from ..networks.mlp import MLP
from .likelihoods import Likelihood, Sizes, get_likelihood, make_conditional

Layout = Literal["plain", "normalised"]
LAYOUTS: Mapping[Layout, type[ImageArchitecture]] = {"plain": Plain, "normalised": Normalised}


@dataclass(frozen=True)
class VectorParts:
    """Networks of vectors with this number of entries, and with codes of width u."""

    entries: int
    hidden: Sequence[int]
    u: int

    def make_generator(self) -> nn.Module:
        return MLP([self.u], self.hidden[::-1], self.entries)

    def make_gaussian_encoder(self) -> Conditional:
        """q(u|x) of a VAE."""
        return make_conditional([self.entries], self.hidden, 2 * self.u, diag_normal)

    def make_implicit_encoder(self) -> ImplicitEncoder:
        """f(x, e), with noise as wide as the code."""
        f = MLP([self.entries, self.u], self.hidden, self.u)
        return ImplicitEncoder(f, features=self.u, noise=self.u)


@dataclass(frozen=True)
class ImageParts:
    """Networks of images of one architecture, with codes of width u."""

    architecture: ImageArchitecture
    u: int

    @property
    def entries(self) -> int:
        return self.architecture.channels * self.architecture.size**2

    def make_generator(self) -> nn.Module:
        return self.architecture.make_generator(self.u)

    def make_gaussian_encoder(self) -> Conditional:
        """q(u|x) of a VAE."""
        return Conditional(self.architecture.make_gaussian_encoder(self.u), bounded_normal)

    def make_implicit_encoder(self) -> ImplicitEncoder:
        """f(x, e), with noise as wide as the code."""
        f = self.architecture.make_noisy_encoder(self.u)
        return ImplicitEncoder(f, features=self.u, noise=self.u)

    def make_decoder(self, scale: float, learned: bool = True) -> Conditional:
        """p(x|u) of a VAE, with one scale."""
        family = LearnedScaleNormal(scale, 3) if learned else FixedScaleNormal(scale, 3)
        return Conditional(self.make_generator(), family)


def make_image_parts(*, channels: int, size: int, u: int, layout: Layout, width: int) -> ImageParts:
    """Networks of images by plain arguments."""
    if layout not in LAYOUTS:
        raise unknown_name("layout", layout, LAYOUTS)
    return ImageParts(LAYOUTS[layout](channels, size, width), u)


def make_fitted_parts(
    parts: VectorParts | ImageParts,
    *,
    context: int = 0,
    kind: DensityKind = "affine",
    sizes: Sizes,
    l1: bool = False,
    noise: float = 0.0,
    likelihood: Likelihood | None = None,
) -> dict[str, Any]:
    """The parts that ASL fits to an encoder's codes; vectors may have another `likelihood`."""
    p_u = make_density(kind, parts.u, context, **sizes)
    p_x = Regression(parts.make_generator(), parts.entries)
    if likelihood is not None and isinstance(parts, VectorParts):
        heads, family = get_likelihood(likelihood, parts.entries, 1.0)
        p_x = make_conditional([parts.u], parts.hidden[::-1], heads, family)
    return {
        "p_u": p_u,
        "p_x": p_x,
        "loss": sum_of_magnitudes if l1 else sum_of_squares,
        "noise": noise,
    }
