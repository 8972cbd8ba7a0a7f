"""The fit of a density, known up to a constant, with an auxiliary variable (ADGM, section 4.1).

Maaloe et al., Auxiliary deep generative models, ICML 2016, arXiv:1602.05473, equation 18; the
densities are those of Rezende & Mohamed, ICML 2015, arXiv:1505.05770.
"""

from collections.abc import Callable
from typing import final

from torch import Tensor, nn

from ..functional.schedules import Schedule
from ..method import Method, Moves, descend
from ..networks.distributions import Conditional


@final
class AuxiliaryFit(Method):
    """q(a) q(z|a)  fitted to  p(z) p(a|z)  with  p(z) = exp(-U(z)) / Z.

    There are no data: a batch is ignored. Shapes within: a (n, d_a), z (n, d_z).
    """

    def __init__(
        self,
        *,
        q_a: Conditional,
        q_z: Conditional,
        p_a: Conditional,
        energy: Callable[[Tensor], Tensor],
        draws: int,
        cooling: Schedule,
    ) -> None:
        """energy: U, (n, d_z) -> (n,); cooling: its weight in training, an inverse temperature."""
        super().__init__()
        self.q_a, self.q_z, self.p_a = q_a, q_z, p_a
        self.energy, self.draws, self.cooling = energy, draws, cooling

    def players(self) -> dict[str, tuple[nn.Module, ...]]:
        return {"fit": (self.q_a, self.q_z, self.p_a)}

    def round(self, batch: object, step: Tensor) -> Moves:
        """The negative bound on log Z, eq. 18, at the temperature of the step."""
        del batch
        energy, entropy = (term.mean() for term in self.compute_bound_terms(self.draws))
        loss = self.cooling(step) * energy - entropy
        yield from descend(loss, "fit", energy=energy, entropy=entropy)

    def compute_bound_terms(self, n: int) -> tuple[Tensor, Tensor]:
        """U(z), and log p(a|z) - log q(a) - log q(z|a), whose mean bounds q(z)'s entropy: (n,)."""
        q_a = self.q_a()
        a = q_a.rsample((n,))
        q_z = self.q_z(a)
        z = q_z.rsample()
        return self.energy(z), self.p_a(z).log_prob(a) - q_a.log_prob(a) - q_z.log_prob(z)

    def log_weights(self, n: int) -> Tensor:
        """log exp(-U(z)) p(a|z) / q(a) q(z|a) of n draws, with Z as mean weight: -> (n,), nats."""
        energy, entropy = self.compute_bound_terms(n)
        return entropy - energy

    def sample(self, n: int) -> Tensor:
        """n draws of z: -> (n, d_z)."""
        return self.q_z(self.q_a().sample((n,))).sample()
