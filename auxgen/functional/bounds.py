"""Bounds and priors as pure functions of tensors."""

from math import log
from typing import Any, final

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable


def marginal_bound(log_q: Tensor, each: Tensor, temperature: Tensor | float = 1.0) -> Tensor:
    """sum_y q(y) each(y) + T H(q), with the label summed out (ADGM, eq. 11, at T = 1).

    At temperature T it is greatest where q is proportional to exp(each / T): log_q (..., k)
    normalised, each (..., k) -> (...,), nats.
    """
    return (log_q.exp() * (each - temperature * log_q)).sum(-1)


def sample_classes(log_q: Tensor, probable: int) -> tuple[Tensor, Tensor]:
    """The most probable classes, and one drawn from the rest, which represents all of the rest.

    With weights w, sum_i w_i q(y_i) g(y_i) has the expectation sum_y q(y) g(y), and its gradients
    are unbiased as well, those through q too (Liu et al., ICML 2019, arXiv:1810.04777).

    log_q (..., k) normalised -> classes and weights, each (..., probable + 1); k above probable.
    """
    q = log_q.detach().exp().clamp(min=1e-12)
    most = q.topk(probable).indices
    rest = q.scatter(-1, most, 0.0)
    drawn = rest.flatten(0, -2).multinomial(1).view(*rest.shape[:-1], 1)
    weight = rest.sum(-1, keepdim=True) / rest.gather(-1, drawn)
    weights = torch.cat((torch.ones_like(most, dtype=weight.dtype), weight), -1)
    return torch.cat((most, drawn), -1), weights


def find_live_classes(log_q: Tensor, skip_below: float) -> Tensor:
    """Which classes have a probability of `skip_below` or more, or the greatest of all.

    log_q (..., k) normalised -> (..., k), at least one in each row.
    """
    q = log_q.detach().exp()
    return (q >= skip_below).scatter(-1, q.argmax(-1, keepdim=True), True)


def entropy(log_q: Tensor) -> Tensor:
    """H(q): log_q (..., k) normalised -> (...,), nats."""
    return -(log_q.exp() * log_q).sum(-1)


def log_mean_exp(log_w: Tensor) -> Tensor:
    """log of the mean weight: (k, ...) -> (...,)."""
    return log_w.logsumexp(0) - log(len(log_w))


def classification_weight(beta: float, labelled: int, unlabelled: int) -> float:
    """Weight of the classification term, beta (N_l + N_u) / N_l (ADGM, below eq. 13).

    The unlabelled rows include the labelled ones, as in the paper's experiments: 60.1 for 100 of
    60,000 MNIST images at beta 0.1.
    """
    return beta * (labelled + unlabelled) / labelled


def weight_prior(module: nn.Module) -> Tensor:
    """-log N(W; 0, I) but for its constant, of matrices and kernels, not biases: (), nats.

    Of weights that ranks share (engine/shards.py) each rank adds the squares of its rows, and has
    the gradient of those alone.
    """
    own: list[Any] = [p for p in module.parameters() if p.ndim > 1]
    whole = [p for p in own if not hasattr(p, "to_local")]
    if len(whole) == len(own):
        return _HalfSquares.apply(*own)  # pyright: ignore[reportReturnType]
    here: Tensor = _HalfSquares.apply(*(p.to_local() for p in own if hasattr(p, "to_local")))
    everywhere = here.detach().clone()
    torch.distributed.all_reduce(everywhere)
    prior = here + (everywhere - here.detach())
    return prior + _HalfSquares.apply(*whole) if whole else prior


@final
class _HalfSquares(torch.autograd.Function):
    """Half the sum of all squares, in half of autograd's time; the gradient is the tensors."""

    @staticmethod
    def forward(ctx: Any, *tensors: Tensor) -> Tensor:
        ctx.save_for_backward(*tensors)
        flat = [tensor.reshape(-1) for tensor in tensors]
        return 0.5 * torch.stack([torch.dot(each, each) for each in flat]).sum()

    @staticmethod
    @once_differentiable
    def backward(  # pyright: ignore[reportIncompatibleMethodOverride]
        ctx: Any, gradient: Tensor
    ) -> tuple[Tensor, ...]:
        return tuple(torch._foreach_mul(ctx.saved_tensors, gradient))  # pyright: ignore[reportPrivateImportUsage]
