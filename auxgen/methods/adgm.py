"""Auxiliary deep generative models (Maaloe et al., ICML 2016, arXiv:1602.05473)."""

from abc import abstractmethod
from collections.abc import Callable
from functools import partial
from typing import Any, final

from torch import Tensor
from torch.distributions import Categorical, Distribution, kl_divergence

from ..networks.distributions import Conditional, categorical
from ..networks.pairs import EVERY_ROW, ChosenRows, Repeated, repeat_rows
from ..networks.priors import StandardNormal
from .semi_supervised import LabelledBound, Summation, sum_all_classes
from .semi_supervised_model import SemiSupervisedModel

Given = Tensor | Repeated


class AuxiliaryDGM(SemiSupervisedModel):
    """q(a|x) q(y|a,x) q(z|a,y,x), and a generative model that a subclass states.

    Shapes within: x (b, 1, d), y (b, 1, k) or all k classes (k, k), a (s, b, 1, d_a), z
    (s, b, c, d_z) with c = 1 or k: the class axis broadcasts and x is never repeated.
    """

    def __init__(
        self,
        *,
        q_a: Conditional,
        q_y: Conditional,
        q_z: Conditional,
        p_z: StandardNormal,
        p_a: Conditional,
        p_x: Conditional,
        **objective: Any,
    ) -> None:
        """Takes the networks, and as `objective` the arguments of `SemiSupervisedModel`."""
        super().__init__(**objective)
        self.q_a, self.q_y, self.q_z = q_a, q_y, q_z
        self.p_z, self.p_a, self.p_x = p_z, p_a, p_x

    def sample_auxiliary(self, x: Tensor, samples: int) -> tuple[Distribution, Tensor]:
        """q(a|x) and draws of it: x (b, 1, d) -> a (s, b, 1, d_a)."""
        q_a = self.q_a(x)
        return q_a, q_a.rsample((samples,))

    def f(
        self,
        x: Tensor,
        y: Tensor,
        a: Tensor,
        q_a: Distribution,
        warmth: Tensor | float,
        rows: ChosenRows = EVERY_ROW,
    ) -> Tensor:
        """f(x, y, a, z), one z for each a and y (eq. 17), its KL in closed form: -> (s, b, c).

        Of some pairs of a row with its a and a class, y (n, k): -> (n,).
        """
        of_x, of_a = rows.take(x), rows.take(a)
        with rows.weigh(self):
            q_z = self.q_z(of_a, y, of_x)
            log_p_x, log_p_a = self.log_p(of_x, y, of_a, q_z.rsample())
        log_q_a = rows.take_terms(q_a.log_prob(a))
        rate = kl_divergence(q_z, self.p_z()) + log_q_a - log_p_a
        return log_p_x + self.p_y.log_prob(y) - warmth * rate

    def log_p(self, x: Given, y: Tensor, a: Given, z: Tensor) -> tuple[Tensor, Tensor]:
        """log p(x|.) and log p(a|.), each (s, b, c), or (n,) of pairs."""
        log_p_x = self.condition_x(y, a, z).log_prob(repeat_rows(x))
        return log_p_x, self.decode_auxiliary(x, y, z).log_prob(repeat_rows(a))

    @abstractmethod
    def condition_x(self, y: Tensor, a: Given, z: Tensor) -> Distribution:
        """p(x|.): batch (s, b, c)."""

    @abstractmethod
    def decode_auxiliary(self, x: Given, y: Tensor, z: Tensor) -> Distribution:
        """p(a|.), of inputs that broadcast: x (..., d), y (..., k) one-hot, z (..., d_z)."""

    def elbo(
        self,
        x: Tensor,
        warmth: Tensor | float = 1.0,
        summation: Summation = sum_all_classes,
        seen: Tensor | None = None,
    ) -> Tensor:
        """-U(x), eq. 11, with the label summed out under q(y|a,x): (b, d) -> (b,)."""
        f, log_q_y = self._condition(x, seen, warmth)
        return summation(f, log_q_y(), self.p_y).mean(0)

    def compute_labelled_terms(
        self,
        x: Tensor,
        y: Tensor,
        warmth: Tensor | float,
        bound: LabelledBound,
        seen: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        """A bound, and the mean of log q(y|a,x), eq. 12, under the same a: each (b,)."""
        f, log_q_y = self._condition(x, seen, warmth)
        each = bound(f, log_q_y, self.p_y, y).mean(0)
        return each, log_q_y().mean(0).gather(-1, y.unsqueeze(1)).squeeze(1)

    def _condition(
        self, x: Tensor, seen: Tensor | None, warmth: Tensor | float
    ) -> tuple[Callable[..., Tensor], Callable[[], Tensor]]:
        """f and log q(y|a,.) at draws of q(a|.), of which both see `seen`: x and seen (b, d)."""
        x, seen = x.unsqueeze(1), (x if seen is None else seen).unsqueeze(1)
        q_a, a = self.sample_auxiliary(seen, self.samples)
        return partial(self.f, x, a=a, q_a=q_a, warmth=warmth), partial(self.log_q_y, a, seen)

    def log_q_y(self, a: Tensor, x: Tensor) -> Tensor:
        """log q(y|a,x) of every class: a (s, b, 1, d_a), x (b, 1, d) -> (s, b, k)."""
        return self.q_y(a, x).logits.squeeze(-2)

    def log_weights(self, x: Tensor, k: int) -> Tensor:
        """log sum_y p(x,y,z,a) / q(z,a|x,y), k joint draws of (a, z): (b, d) -> (k, b)."""
        return self.weigh_draws(x, k)[0].logsumexp(-1)

    def weigh_draws(self, x: Tensor, k: int) -> tuple[Tensor, Distribution]:
        """log p(x,y,z,a) / q(z,a|x,y) of each y, and p(x|.): (b, d) -> (k, b, c), batch alike."""
        x = x.unsqueeze(1)
        q_a, a = self.sample_auxiliary(x, k)
        y = self.p_y.every
        q_z = self.q_z(a, y, x)
        z = q_z.rsample()
        log_p_x, log_p_a = self.log_p(x, y, a, z)
        log_prior = self.p_z().log_prob(z) + self.p_y.log_prob(y)
        log_q = q_a.log_prob(a) + q_z.log_prob(z)
        return log_p_x + log_p_a + log_prior - log_q, self.condition_x(y, a, z)

    def classify(self, x: Tensor, draws: int = 1) -> Categorical:
        """mean over draws of a of q(y|a,x): x (b, d) -> batch (b,)."""
        x = x.unsqueeze(1)
        _, a = self.sample_auxiliary(x, draws)
        return categorical(self.log_q_y(a, x).logsumexp(0))

    def encode(self, x: Tensor) -> Distribution:
        """q(z|a,y,x) at a = the mean of q(a|x) and the most probable y: x (b, d) -> batch (b,)."""
        a = self.q_a(x).mean
        y = self.q_y(a, x).logits.argmax(-1)
        return self.q_z(a, self.p_y.one_hot(y), x)


@final
class ADGM(AuxiliaryDGM):
    """p(y) p(z) p(a|z,y,[x]) p(x|z,y), section 2.3. p_a decides whether a sees x (eq. 5)."""

    def condition_x(self, y: Tensor, a: Given, z: Tensor) -> Distribution:
        del a
        return self.p_x(y, z)

    def decode_auxiliary(self, x: Given, y: Tensor, z: Tensor) -> Distribution:
        return self.p_a(x, y, z)

    def decode(self, z: Tensor, y: Tensor) -> Distribution:
        return self.p_x(self.p_y.one_hot(y), z)


@final
class SDGM(AuxiliaryDGM):
    """p(y) p(z) p(a|z,y) p(x|a,z,y), the skip model of section 2.4."""

    def condition_x(self, y: Tensor, a: Given, z: Tensor) -> Distribution:
        return self.p_x(a, y, z)

    def decode_auxiliary(self, x: Given, y: Tensor, z: Tensor) -> Distribution:
        del x
        return self.p_a(y, z)

    def decode(self, z: Tensor, y: Tensor) -> Distribution:
        """p(x|a,y,z) at the mean of p(a|z,y)."""
        return self.p_x(self.p_a(self.p_y.one_hot(y), z).mean, self.p_y.one_hot(y), z)

    def decode_draw(self, z: Tensor, y: Tensor) -> Distribution:
        return self.p_x(self.p_a(self.p_y.one_hot(y), z).sample(), self.p_y.one_hot(y), z)
