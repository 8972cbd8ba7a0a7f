"""Several semi-supervised models, trained side by side in one batched network."""

from collections.abc import Callable, Sequence
from typing import Any, final

import torch
from torch import Tensor, nn
from torch.distributions import Categorical
from torch.func import functional_call, stack_module_state, vmap

from ..functional.bounds import log_mean_exp
from ..method import Gradient, Method, Moves, descend
from ..networks.distributions import categorical
from .semi_supervised_model import SemiSupervisedModel


@final
class Ensemble(Method):
    """An equal mixture of m models that have networks of the same shapes, and no weight in common.

    Each weight of all members lies in one tensor (m, ...), so that one round of all takes little
    longer than a round of one. Each member learns from rows of its own; the losses are added, and a
    member's gradient is that of its own loss. Members draw the same standard normals.
    """

    def __init__(self, members: Sequence[SemiSupervisedModel]) -> None:
        super().__init__()
        weights, _ = stack_module_state([*members])
        self.names, self.size = tuple(weights), len(members)
        self.weights = nn.ParameterList(nn.Parameter(w.detach()) for w in weights.values())
        # in a tuple, so that the member's own weights are no weights of the ensemble
        self._pattern = (_Member(members[0]).requires_grad_(False),)

    def players(self) -> dict[str, tuple[nn.Module, ...]]:
        return {"model": (self,)}

    def round(self, batch: tuple[Tensor, ...], step: Tensor) -> Moves:
        """A round of every member: tensors of the batch have an axis of members in front."""

        def play(member: SemiSupervisedModel, *own: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
            move = next(member.round(own, step))  # pyright: ignore[reportArgumentType]
            assert isinstance(move, Gradient)
            return move.loss, dict(move.terms)

        losses, terms = self.map_members(play, *batch)
        yield from descend(losses.sum(), "model", **{name: t.mean() for name, t in terms.items()})

    def map_members(self, function: Callable[..., Any], *rows: Tensor) -> Any:
        """A function of (member, its rows), for all members side by side: rows (m, ...)."""
        pattern = self._pattern[0].train(self.training)

        def call(weights: dict[str, Tensor], *own: Tensor) -> Any:
            return functional_call(pattern, weights, (function, *own))

        weights = {f"member.{n}": w for n, w in zip(self.names, self.weights, strict=True)}
        return vmap(call, randomness="same")(weights, *rows)

    def classify_by_member(self, x: Tensor, draws: int = 1) -> Tensor:
        """log q(y|x) of every member: x (b, d) -> (m, b, k)."""
        every = x.expand(self.size, *x.shape)
        return self.map_members(lambda member, own: member.classify(own, draws).logits, every)

    def classify(self, x: Tensor, draws: int = 1) -> Categorical:
        """The mean of the members' q(y|x): x (b, d) -> batch (b,)."""
        return categorical(self.classify_by_member(x, draws).logsumexp(0))

    def elbo(self, x: Tensor) -> Tensor:
        """A lower bound on log p(x) of the mixture, from the members' bounds: (b, d) -> (b,)."""
        every = x.expand(self.size, *x.shape)
        return log_mean_exp(self.map_members(lambda member, own: member.elbo(own), every))

    def sample(self, n: int, y: Tensor | None = None) -> Tensor:
        """Means of p(x|.) at n draws, each of a member drawn at random; y (n,): -> (n, d)."""

        def draw(member: SemiSupervisedModel, *own: Tensor) -> Tensor:
            return member.sample(n, *own)

        if y is None:
            y = self._pattern[0].member.p_y().sample((n,))
        drawn = self.map_members(draw, y.expand(self.size, n))
        who = torch.randint(self.size, (n,), device=drawn.device)
        return drawn[who, torch.arange(n, device=drawn.device)]


class _Member(nn.Module):
    """Calls a function of its model, so that `functional_call` can lend the model its weights."""

    def __init__(self, member: SemiSupervisedModel) -> None:
        super().__init__()
        self.member = member

    def forward(self, function: Callable[..., Any], *own: Tensor) -> Any:
        return function(self.member, *own)
