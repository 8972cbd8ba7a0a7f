"""Densities of codes: networks that return p(u), or p(u|y) of a context y.

They are coupling flows and mixtures, as zuko's lazy distributions, and a second VAE.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from math import exp
from typing import Any, Literal, NamedTuple, final

import torch
from torch import Size, Tensor, nn
from torch.distributions import Distribution, Transform
from zuko.distributions import DiagNormal
from zuko.flows import Flow
from zuko.flows.coupling import GeneralCouplingTransform
from zuko.flows.gaussianization import ElementWiseTransform
from zuko.lazy import UnconditionalDistribution
from zuko.mixtures import GMM
from zuko.transforms import AdditiveTransform, MonotonicAffineTransform, MonotonicRQSTransform

from ..errors import require_at_least, unknown_name
from ..functional.precision import promote_to_float32
from .distributions import Conditional, LearnedScaleNormal, bounded_normal
from .encoders import UnvalidatedDistribution
from .mlp import MLP
from .priors import StandardNormal

DensityKind = Literal["affine", "additive", "spline", "mixture", "vae"]


def make_density(kind: DensityKind, features: int, context: int = 0, **sizes: Any) -> nn.Module:
    """A density of u, p(u) = module() or p(u|y) = module(y).

    Args:
        kind: Coupling flow (affine, additive, spline), Gaussian mixture, or second VAE.
        features: Width of u.
        context: Width of y; 0 for none.
        sizes: transforms and hidden of a flow, components of a mixture, hidden of a VAE.

    Raises:
        InputError: There is no such kind.
    """
    kinds: Mapping[str, Callable[..., nn.Module]] = {
        "affine": partial(make_coupling_flow, features, AFFINE, context=context),
        "additive": partial(make_coupling_flow, features, ADDITIVE, context=context),
        "spline": partial(make_coupling_flow, features, make_spline(), context=context),
        "mixture": partial(GMM, features, context),
        "vae": partial(SecondVAE, features, context),
    }
    if kind not in kinds:
        raise unknown_name("density", kind, kinds)
    return kinds[kind](**sizes)


def log_density(p: Distribution, u: Tensor) -> Tensor:
    """log p(u) in full precision, also within p's networks: u (..., r) -> (...,), nats."""
    with torch.autocast(u.device.type, enabled=False):
        return p.log_prob(promote_to_float32(u))


class UnivariateTransform(NamedTuple):
    """A monotone map `make(parameters)` of one coordinate; the identity where parameters are 0."""

    make: Callable[..., Transform]
    shapes: tuple[Size, ...]
    """Shapes of the parameters."""


AFFINE = UnivariateTransform(partial(MonotonicAffineTransform, slope=exp(-2)), (Size(), Size()))
"""RealNVP (Dinh et al., ICLR 2017, arXiv:1605.08803), with log-scales bounded by 2 in magnitude."""

ADDITIVE = UnivariateTransform(AdditiveTransform, (Size(),))
"""NICE (Dinh et al., 2014, arXiv:1410.8516)."""


def make_spline(bins: int = 8) -> UnivariateTransform:
    """Rational-quadratic splines on [-5, 5] (Durkan et al., NeurIPS 2019, arXiv:1906.04032)."""
    shapes = Size((bins,)), Size((bins,)), Size((bins - 1,))
    return UnivariateTransform(MonotonicRQSTransform, shapes)


def make_coupling_flow(
    features: int,
    univariate: UnivariateTransform,
    *,
    transforms: int,
    hidden: Sequence[int],
    context: int = 0,
) -> Flow:
    """Couplings that start as the identity, so that the density starts as N(0, I).

    Even coordinates pass unchanged and move the odd ones, then the other way round, in turns: with
    two transforms or more every coordinate moves. Last comes a learned scale of each coordinate
    (Dinh et al., 2014, section 3.3): additive couplings alone would preserve volume.

    Args:
        features: Width of u; at least 2.
        univariate: The map that a coupling applies to a coordinate.
        transforms: Number of couplings.
        hidden: Widths of each coupling's hidden layers, with ReLU6.
        context: Width of y; 0 for a density without.

    Raises:
        InputError: There are fewer than 2 features or transforms.
    """
    require_at_least(2, features=features, transforms=transforms)
    perceptron = {"hidden_features": hidden, "activation": nn.ReLU6}
    couplings = [
        GeneralCouplingTransform(
            features,
            context,
            _make_mask(features, i % 2),  # pyright: ignore[reportArgumentType]
            *univariate,
            **perceptron,
        )
        for i in range(transforms)
    ]
    scale = ElementWiseTransform(features, context, *AFFINE, **perceptron)
    for module in (*(c.hyper[-1] for c in couplings), scale.hyper[-1] if context else scale):
        for parameter in module.parameters():
            nn.init.zeros_(parameter)
    zeros, ones = torch.zeros(features), torch.ones(features)
    base = UnconditionalDistribution(DiagNormal, zeros, ones, buffer=True)
    return Flow([*couplings, scale], base)


def _make_mask(features: int, first: int) -> Tensor:
    """Whether a coupling passes a coordinate: every second one from `first` on, (features,) bool.

    It is on the CPU also where the network's shapes alone are made, since couplings count it.
    """
    mask = torch.zeros(features, dtype=torch.bool, device="cpu")
    mask[first::2] = True
    return mask


@torch.no_grad()
def initialize_mixture(mixture: GMM, u: Tensor, seed: int = 0) -> None:
    """Set a mixture with full covariances to the result of expectation maximisation: u (n, r).

    A mixture with a context starts there for every value of the context.
    """
    from sklearn.mixture import GaussianMixture

    fitted = GaussianMixture(mixture.components, reg_covar=1e-4, random_state=seed)
    fitted.fit(u.double().cpu().numpy())
    fits = fitted.weights_, fitted.means_, fitted.covariances_
    weights, means, covariances = map(torch.as_tensor, fits)
    root = torch.linalg.cholesky(covariances)
    below = torch.tril_indices(*root.shape[1:], offset=-1)
    diagonal = root.diagonal(dim1=-2, dim2=-1).log()
    values = (weights.log(), means, diagonal, root[:, below[0], below[1]])
    hyper = getattr(mixture, "hyper", None)  # zuko's network of a mixture with a context
    if hyper is not None:
        hyper[-1].weight.mul_(1e-2)
        hyper[-1].bias.copy_(torch.cat([part.flatten() for part in values]))
    else:
        for parameter, part in zip(mixture.phi, values, strict=True):
            parameter.copy_(part)


@final
class SecondVAE(nn.Module):
    """p(u|[y]) = integral of p(v) p(u|v,[y]), v as wide as u (Dai & Wipf, ICLR 2019, section 3).

    p(u|v) has one learned scale, and both networks pass their input to their last layer as well, as
    in the authors' code.
    """

    def __init__(
        self, features: int, context: int, hidden: Sequence[int], gamma: float = 0.1
    ) -> None:
        super().__init__()
        self.q_v = Conditional(SkipMLP(features, context, hidden, 2 * features), bounded_normal)
        self.p_v = StandardNormal(features)
        scale = LearnedScaleNormal(gamma)
        self.p_u = Conditional(SkipMLP(features, context, hidden, features), scale)

    def forward(self, y: Tensor | None = None) -> SecondVAEMarginal:
        return SecondVAEMarginal(self, y)


@final
class SecondVAEMarginal(UnvalidatedDistribution):
    """p(u|[y]) of a second VAE, with exact draws and log of an unbiased estimate of its density."""

    def __init__(self, vae: SecondVAE, y: Tensor | None) -> None:
        batch = Size() if y is None else y.shape[:-1]
        super().__init__(batch, vae.p_v.zeros.shape, validate_args=False)
        self.vae, self.y = vae, y

    def log_prob(self, value: Tensor) -> Tensor:
        """log p(v) p(u|v) / q(v|u) at one draw of v; below log p(u) in expectation."""
        u, vae = value, self.vae
        q_v = vae.q_v(u, self.y)
        v = q_v.rsample()
        return vae.p_v().log_prob(v) + vae.p_u(v, self.y).log_prob(u) - q_v.log_prob(v)

    @torch.no_grad()
    def sample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        v = self.vae.p_v().sample(Size((*sample_shape, *self.batch_shape)))
        return self.vae.p_u(v, self.y).sample()


@final
class SkipMLP(nn.Module):
    """An MLP whose head sees the hidden layers and the input: u (..., r), y (..., c) -> (..., out).

    The head is a sum of two maps, one of the hidden layers and one of the input.
    """

    def __init__(self, features: int, context: int, hidden: Sequence[int], out: int) -> None:
        super().__init__()
        self.deep = MLP([features, context or None], hidden, out)
        self.direct = nn.Linear(features, out, bias=False)

    def forward(self, u: Tensor, y: Tensor | None) -> Tensor:
        return self.deep(u, y) + self.direct(u)
