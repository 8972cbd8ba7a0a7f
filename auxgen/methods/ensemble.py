"""Several M2s, trained side by side in batched matrix products."""

from collections.abc import Sequence
from typing import final

import torch
from torch import Tensor, nn
from torch.distributions import Categorical, Distribution

from ..data.batches import SemiSupervisedBatch
from ..functional.bounds import log_mean_exp, marginal_bound
from ..method import Method, Moves, descend
from ..networks.distributions import categorical
from ..networks.mlp import MLP, replace_unknown
from .m2 import M2


@final
class Ensemble(Method):
    """An equal mixture of m M2s with networks of the same widths, and no weight in common.

    A round computes all members' objectives, eq. 9 of M2, in batched products of their stacked
    weights, so that one round of all takes little longer than a round of one. The losses are added:
    a member's gradient is that of its own loss. All else is asked of one member after the other.

    Shapes within: x (m, b, d), y (m, b, k) or all k classes, codes (m, b c, d_z).
    """

    def __init__(self, members: Sequence[M2]) -> None:
        """The members: conditional bound, sum over all classes, one draw, no batch norm."""
        super().__init__()
        self.members = nn.ModuleList(members)
        self.first = (members[0],)  # whose settings are everyone's; in a tuple, to be no module

    def players(self) -> dict[str, tuple[nn.Module, ...]]:
        return {"model": (self,)}

    def round(self, batch: SemiSupervisedBatch, step: Tensor) -> Moves:
        """A round of every member: x (m, b, d), y (m, b), x_unlabelled (m, u, d)."""
        (member,), stacked = self.first, _Stacked(self.members)
        x, y, x_u = batch
        classes = member.p_y.every
        labels = classes[y]
        warmth = member.warm_up(step)
        labelled = -self._bound(stacked, x, labels, warmth).squeeze(-1).mean(1)
        log_q = stacked.q_y(torch.cat((x, x_u), 1)).log_softmax(-1)
        log_q_y, log_q_u = log_q.split((x.shape[1], x_u.shape[1]), 1)
        classification = -(labels * log_q_y).sum(-1).mean(1)
        each = self._bound(stacked, x_u, classes, warmth)
        unlabelled = -marginal_bound(log_q_u, each, member.temperature(step)).mean(1)
        prior = stacked.compute_weight_prior() / member.prior_rows
        loss = (labelled + member.alpha * classification + unlabelled).sum() + prior
        terms = {"labelled": labelled, "classification": classification, "unlabelled": unlabelled}
        means = {name: term.mean() for name, term in terms.items()}
        yield from descend(loss, "model", **means, prior=prior / len(self.members))

    def _bound(self, stacked: "_Stacked", x: Tensor, y: Tensor, warmth: Tensor | float) -> Tensor:
        """The bound on log p(x,y), eq. 6; y (m, b, k), or all classes (k, k): -> (m, b, c)."""
        (member,) = self.first
        mean, log_std = stacked.q_z(x, y).chunk(2, -1)
        log_std = log_std.clamp(-5, 5)
        z = mean + log_std.exp() * torch.randn_like(mean)
        rate = 0.5 * (mean.square() + (2 * log_std).exp() - 1) - log_std
        p_x = member.p_x.family(stacked.p_x(z, y).unflatten(1, (x.shape[1], -1)))
        log_p_x = p_x.log_prob(x.unsqueeze(2))
        log_p_y = member.p_y.log_prob(y)
        if isinstance(log_p_y, Tensor) and y.ndim == 3:
            log_p_y = log_p_y.unsqueeze(-1)
        return log_p_x + log_p_y - warmth * rate.sum(-1).view_as(log_p_x)

    def classify(self, x: Tensor, draws: int = 1) -> Categorical:
        """The mean of the members' q(y|x): x (b, d) -> batch (b,)."""
        del draws
        logits = torch.stack([self._get(i).classify(x).logits for i in range(len(self.members))])
        return categorical(logits.logsumexp(0))

    def elbo(self, x: Tensor) -> Tensor:
        """In expectation a lower bound on log p(x) of the mixture, nats: (b, d) -> (b,).

        It is the log of an unbiased estimate, the mean of one importance weight of each member.
        Bounds are no logs of such: the mean of their exponentials may have one above log p(x).
        """
        each = [self._get(i).log_weights(x, 1)[0] for i in range(len(self.members))]
        return log_mean_exp(torch.stack(each))

    def sample_p_x(self, n: int, y: Tensor | None = None) -> Distribution:
        """p(x|y,z) at n draws from the prior, each of a member drawn at random: -> batch (n,)."""
        (member,) = self.first
        z, y = member.sample_prior(n, y)
        given = member.p_y.one_hot(y), z
        every = [self._get(i).p_x.network(*given) for i in range(len(self.members))]
        who = torch.randint(len(every), (n,), device=z.device)
        return member.p_x.family(torch.stack(every)[who, torch.arange(n, device=z.device)])

    def sample(self, n: int, y: Tensor | None = None) -> Tensor:
        """Means of p(x|y,z), as `sample_p_x` draws them: y (n,) -> (n, d)."""
        return self.sample_p_x(n, y).mean

    def _get(self, i: int) -> M2:
        member = self.members[i]
        assert isinstance(member, M2)
        return member


class _Stacked:
    """Networks of all members with their weights stacked; gradients go to each member's own."""

    def __init__(self, members: nn.ModuleList) -> None:
        self._q_y, self._q_z, self._p_x = (
            _StackedMLP([getattr(member, name).network for member in members])
            for name in ("q_y", "q_z", "p_x")
        )

    def q_y(self, x: Tensor) -> Tensor:
        """Logits: (m, b, d) -> (m, b, k)."""
        return self._q_y.finish(self._q_y.map(0, x))

    def q_z(self, x: Tensor, y: Tensor) -> Tensor:
        """(m, b, d), and (m, b, k) or (k, k) -> (m, b c, 2 d_z), classes within rows."""
        rows, named = self._q_z.map(0, x), self._q_z.map(1, y)
        if y.ndim == 3:
            return self._q_z.finish(rows + named)
        return self._q_z.finish((rows.unsqueeze(2) + named.unsqueeze(1)).flatten(1, 2))

    def p_x(self, z: Tensor, y: Tensor) -> Tensor:
        """(m, b c, d_z), and (m, b, k) or (k, k) -> (m, b c, out)."""
        named = self._p_x.map(0, y).unsqueeze(1)
        rows = self._p_x.map(1, z).unflatten(1, (-1, named.shape[2]))
        return self._p_x.finish((rows + named).flatten(1, 2))

    def compute_weight_prior(self) -> Tensor:
        """`weight_prior` of all members, added up."""
        networks = (self._q_y, self._q_z, self._p_x)
        layers = [layer for n in networks for layer in (*n.maps, *n.hidden, n.head)]
        return 0.5 * torch.stack([weight.square().sum() for weight, _ in layers]).sum()


class _StackedMLP:
    """`MLP`s of the same widths, without batch norm."""

    def __init__(self, networks: Sequence[MLP]) -> None:
        self.maps = [_stack(each) for each in zip(*(n.maps for n in networks), strict=True)]
        hidden = zip(*(n.layers for n in networks), strict=True)
        self.hidden = [_stack(each) for each in hidden if isinstance(each[0], nn.Linear)]
        self.head = _stack([n.head for n in networks])

    def map(self, i: int, rows: Tensor) -> Tensor:
        """The first layer's map of input i: (m, r, d_i), or (r, d_i) for all -> (m, r, h)."""
        weight, bias = self.maps[i]
        rows = replace_unknown(rows).expand(len(weight), -1, -1)
        return torch.bmm(rows, weight) if bias is None else torch.baddbmm(bias, rows, weight)

    def finish(self, h: Tensor) -> Tensor:
        """All after the first maps: (m, r, h) -> (m, r, out)."""
        for weight, bias in (*self.hidden, self.head):
            assert bias is not None
            h = torch.baddbmm(bias, h.relu(), weight)
        return h


def _stack(layers: Sequence[nn.Module]) -> tuple[Tensor, Tensor | None]:
    """Weights (m, in, out) and biases (m, 1, out) of linear layers."""
    linear = [layer for layer in layers if isinstance(layer, nn.Linear)]
    weight = torch.stack([layer.weight for layer in linear]).transpose(1, 2)
    if linear[0].bias is None:
        return weight, None
    return weight, torch.stack([layer.bias for layer in linear]).unsqueeze(1)
