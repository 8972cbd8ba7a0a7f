"""Model M2 (Kingma, Rezende, Mohamed & Welling, NIPS 2014, arXiv:1406.5298)."""

from functools import partial
from typing import Any, final

from torch import Tensor
from torch.distributions import Categorical, Distribution, kl_divergence

from ..networks.distributions import Conditional
from ..networks.pairs import EVERY_ROW, ChosenRows, repeat_rows
from ..networks.priors import StandardNormal
from .semi_supervised import LabelledBound, Summation, sum_all_classes
from .semi_supervised_model import SemiSupervisedModel


@final
class M2(SemiSupervisedModel):
    """p(y) p(z) p(x|y,z)  with  q(y|x) q(z|x,y).

    Shapes within: x (b, 1, d), y (b, 1, k) or all k classes (k, k), z (s, b, c, d_z).
    """

    def __init__(
        self,
        *,
        q_y: Conditional,
        q_z: Conditional,
        p_z: StandardNormal,
        p_x: Conditional,
        **objective: Any,
    ) -> None:
        """Takes the networks, and as `objective` the arguments of `SemiSupervisedModel`."""
        super().__init__(**objective)
        self.q_y, self.q_z, self.p_z, self.p_x = q_y, q_z, p_z, p_x

    def f(
        self, x: Tensor, y: Tensor, warmth: Tensor | float, rows: ChosenRows = EVERY_ROW
    ) -> Tensor:
        """The bound on log p(x,y), eq. 6, averaged over draws of z: -> (b, c).

        Of some pairs of a row and a class, y (n, k): -> (n,).
        """
        taken = rows.take(x)
        with rows.weigh(self):
            q_z = self.q_z(taken, y)
            p_x = self.p_x(y, q_z.rsample((self.samples,)))
        log_p_x = p_x.log_prob(repeat_rows(taken)).mean(0)
        return log_p_x + self.p_y.log_prob(y) - warmth * kl_divergence(q_z, self.p_z())

    def compute_labelled_terms(
        self,
        x: Tensor,
        y: Tensor,
        warmth: Tensor | float,
        bound: LabelledBound,
        seen: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        """A bound of labelled rows, and log q(y|x), the last term of eq. 9: each (b,)."""
        f, seen = partial(self.f, x.unsqueeze(1), warmth=warmth), x if seen is None else seen
        each = bound(f, lambda: self.classify(seen).logits, self.p_y, y)
        return each, self.classify(seen).log_prob(y)

    def elbo(
        self,
        x: Tensor,
        warmth: Tensor | float = 1.0,
        summation: Summation = sum_all_classes,
        seen: Tensor | None = None,
    ) -> Tensor:
        """-U(x), eq. 7, with the label summed out under q(y|x): (b, d) -> (b,)."""
        f = partial(self.f, x.unsqueeze(1), warmth=warmth)
        return summation(f, self.classify(x if seen is None else seen).logits, self.p_y)

    def log_weights(self, x: Tensor, k: int) -> Tensor:
        """log sum_y p(x,y,z) / q(z|x,y), k draws of z: (b, d) -> (k, b)."""
        return self.weigh_draws(x, k)[0].logsumexp(-1)

    def weigh_draws(self, x: Tensor, k: int) -> tuple[Tensor, Distribution]:
        """log p(x,y,z) / q(z|x,y) of each y, and p(x|y,z): (b, d) -> (k, b, c), batch (k, b, c)."""
        x, y = x.unsqueeze(1), self.p_y.every
        q_z = self.q_z(x, y)
        z = q_z.rsample((k,))
        p_x = self.p_x(y, z)
        log_p = p_x.log_prob(x) + self.p_z().log_prob(z) + self.p_y.log_prob(y)
        return log_p - q_z.log_prob(z), p_x

    def classify(self, x: Tensor, draws: int = 1) -> Categorical:
        """q(y|x), which has nothing to average: x (b, d) -> batch (b,)."""
        del draws
        return self.q_y(x)

    def encode(self, x: Tensor) -> Distribution:
        """q(z|x,y) at the most probable y: x (b, d) -> batch (b,)."""
        return self.q_z(x, self.p_y.one_hot(self.classify(x).logits.argmax(-1)))

    def decode(self, z: Tensor, y: Tensor) -> Distribution:
        """p(x|y,z): z (b, d_z), y (b,) -> batch (b,)."""
        return self.p_x(self.p_y.one_hot(y), z)
