"""An encoder of high mutual information, for the pre-training of MI-ASL (section 3.2).

Auxiliary supervised learning (anonymous, 2022, https://openreview.net/forum?id=Zwy3usE9RxT).
"""

from math import log, tau
from typing import final

import torch
from torch import Tensor, nn
from torch.distributions import Distribution, Independent

from ..functional.stein import stein_discrepancy
from ..method import Method, Moves, descend
from ..networks.distributions import normal
from ..networks.encoders import ImplicitEncoder
from ..networks.priors import StandardNormal


def mutual_information_bound(residual: Tensor, a: Tensor) -> Tensor:
    """I_ASL(X, U; g, a) - H(X), a lower bound on -H(X|U), in nats (theorem 1).

    -1/2 sum_i [E (X_i - g_i(U))^2 / a_i + log a_i] - p/2 log 2 pi, tight where X given U is
    Gaussian about g(U) with variances a. residual X - g(U) (b, p), a (p,) -> ().
    """
    return -0.5 * (residual.square().mean(0) / a + a.log() + log(tau)).sum()


@final
class InformativeEncoder(Method):
    """u = f(x, e), e ~ N(0, I): I(X, U) large, p(u) near N(0, I).

    x (b, *event), u (b, r); g maps codes back to rows, with variance a_i in entry i.
    """

    def __init__(
        self,
        *,
        q_u: ImplicitEncoder,
        g: nn.Module,
        entries: int,
        weight: float,
        beta: float,
        floor: float,
        a: float = 1.0,
    ) -> None:
        """Minimises -I_ASL + weight * D_Stein, eq. 3; a row has p = `entries` entries.

        weight is the paper's lambda, beta the exponent of the discrepancy's kernel. a is the
        residual variance of every entry at the start, which a step can change by a factor of about
        exp(learning rate); floor is added to it, as constant entries would drive it to 0.
        """
        super().__init__()
        self.q_u, self.p_u, self.g = q_u, StandardNormal(q_u.features), g
        self.log_a = nn.Parameter(torch.full((entries,), a).log())
        self.weight, self.beta, self.floor = weight, beta, floor

    def players(self) -> dict[str, tuple[nn.Module, ...]]:
        return {"encoder": (self,)}

    def round(self, batch: Tensor, step: Tensor) -> Moves:
        x = batch
        u = self.q_u(x).rsample()
        information = mutual_information_bound((x - self.g(u)).flatten(1), self.a())
        discrepancy = stein_discrepancy(u, self.beta)
        loss = self.weight * discrepancy - information
        terms = {"information": information, "discrepancy": discrepancy, "least a": self.a().min()}
        yield from descend(loss, "encoder", **terms)

    def a(self) -> Tensor:
        return self.floor + self.log_a.exp()

    def encode(self, x: Tensor) -> Distribution:
        """p(u|x), known only by its draws: (b, *event) -> batch (b,)."""
        return self.q_u(x)

    def decode(self, z: Tensor, y: Tensor | None = None) -> Independent:
        """N(g(u), diag a), which ignores a label: z (b, r) -> batch (b,)."""
        del y
        mean: Tensor = self.g(z)
        return normal(mean, self.a().sqrt().view(mean.shape[1:]).expand_as(mean), mean.ndim - 1)

    def sample_p_x(self, n: int) -> Independent:
        """p(x|u) at n draws of N(0, I), to which p(u) is close: -> batch (n,)."""
        return self.decode(self.p_u().sample((n,)))

    def sample(self, n: int) -> Tensor:
        """g at n draws of N(0, I), to which p(u) is close: -> (n, *event)."""
        return self.sample_p_x(n).mean
