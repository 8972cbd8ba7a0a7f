"""Densities of codes: networks that return p(u), or p(u|y) of a context y.

Coupling flows stand in flows.py; here are a Gaussian mixture and a second VAE, and one way to make
any of them from plain arguments.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, final

import torch
from torch import Tensor, nn
from torch.distributions import Distribution
from zuko.mixtures import GMM

from ..errors import unknown_name
from ..functional.precision import promote_to_float32
from .distributions import Conditional, LearnedScaleNormal, StandardNormal, bounded_normal
from .encoders import UnvalidatedDistribution
from .flows import ADDITIVE, AFFINE, make_coupling_flow, make_spline
from .mlp import MLP

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
        "affine": lambda **s: make_coupling_flow(features, AFFINE, context=context, **s),
        "additive": lambda **s: make_coupling_flow(features, ADDITIVE, context=context, **s),
        "spline": lambda **s: make_coupling_flow(features, make_spline(), context=context, **s),
        "mixture": lambda **s: GMM(features, context, **s),
        "vae": lambda **s: SecondVAE(features, context, **s),
    }
    if kind not in kinds:
        raise unknown_name("density", kind, kinds)
    return kinds[kind](**sizes)


def log_density(p: Distribution, u: Tensor) -> Tensor:
    """log p(u) in full precision, networks inside p included: u (..., r) -> (...,), nats."""
    with torch.autocast(u.device.type, enabled=False):
        return p.log_prob(promote_to_float32(u))


@torch.no_grad()
def initialize_mixture(mixture: GMM, u: Tensor, seed: int = 0) -> None:
    """Put a mixture with full covariances where expectation maximisation ends: u (n, r).

    Given a context, it starts so whatever the context says.
    """
    from sklearn.mixture import GaussianMixture

    fitted = GaussianMixture(mixture.components, reg_covar=1e-4, random_state=seed)
    fitted.fit(u.double().cpu().numpy())
    weights, means, covariances = (
        torch.as_tensor(a) for a in (fitted.weights_, fitted.means_, fitted.covariances_)
    )
    root = torch.linalg.cholesky(covariances)
    below = torch.tril_indices(*root.shape[1:], offset=-1)
    diagonal = root.diagonal(dim1=-2, dim2=-1).log()
    found = (weights.log(), means, diagonal, root[:, below[0], below[1]])
    hyper = getattr(mixture, "hyper", None)
    if hyper is not None:
        hyper[-1].weight.mul_(1e-2)
        hyper[-1].bias.copy_(torch.cat([part.flatten() for part in found]))
    else:
        for parameter, part in zip(mixture.phi, found, strict=True):
            parameter.copy_(part)


@final
class SecondVAE(nn.Module):
    """p(u|[y]) = integral of p(v) p(u|v,[y]), v as wide as u (Dai & Wipf, ICLR 2019, section 3).

    p(u|v) has one learned scale, and both networks pass their input on to their last layer, as in
    the authors' code.
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
    """p(u|[y]) of a second VAE: exact draws, and log of an unbiased estimate of its density."""

    def __init__(self, vae: SecondVAE, y: Tensor | None) -> None:
        batch = torch.Size() if y is None else y.shape[:-1]
        super().__init__(batch, vae.p_v.zeros.shape, validate_args=False)
        self.vae, self.y = vae, y

    def log_prob(self, value: Tensor) -> Tensor:
        """log p(v) p(u|v) / q(v|u) at one draw of v, below log p(u) in expectation."""
        u, vae = value, self.vae
        q_v = vae.q_v(u, self.y)
        v = q_v.rsample()
        return vae.p_v().log_prob(v) + vae.p_u(v, self.y).log_prob(u) - q_v.log_prob(v)

    @torch.no_grad()
    def sample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        v = self.vae.p_v().sample(torch.Size((*sample_shape, *self.batch_shape)))
        return self.vae.p_u(v, self.y).sample()


@final
class SkipMLP(nn.Module):
    """An MLP whose head sees the hidden layers and the input: u (..., r), y (..., c) -> (..., out).

    A head of several inputs is a sum of maps: one after the hidden layers, one of the input.
    """

    def __init__(self, features: int, context: int, hidden: Sequence[int], out: int) -> None:
        super().__init__()
        self.deep = MLP([features, context or None], hidden, out)
        self.direct = nn.Linear(features, out, bias=False)

    def forward(self, u: Tensor, y: Tensor | None) -> Tensor:
        return self.deep(u, y) + self.direct(u)
