"""Historical averaging (Salimans et al., 2016, arXiv:1606.03498, section 3.3), for any game."""

from collections.abc import Sequence
from typing import final

import torch
from torch import Tensor, nn

from ..method import Gradient, Method, Moves, Samples, Step, require


@final
class HistoricalAveraging(Method):
    """A game with the penalty weight |theta - mean of theta so far|^2 for some of its players."""

    def __init__(self, game: Method, *, weight: float, penalised_players: Sequence[str]) -> None:
        """penalised_players: The players with the penalty."""
        super().__init__()
        self.game, self.weight, self.penalised_players = game, weight, tuple(penalised_players)
        for player in penalised_players:
            self.register_buffer(f"past_{player}", self.theta(player).detach().clone())
            self.register_buffer(f"step_{player}", torch.tensor(-1), persistent=False)

    def players(self) -> dict[str, tuple[nn.Module, ...]]:
        return self.game.players()

    def round(self, batch: object, step: Tensor) -> Moves:
        """The game's round, with one more gradient before the step of a penalised player."""
        for move in self.game.round(batch, step):
            if isinstance(move, Step):
                for player in move.players:
                    if player in self.penalised_players:
                        drift = self.measure_drift(player, step)
                        yield Gradient(self.weight * drift, (player,), {f"drift/{player}": drift})
            yield move

    def measure_drift(self, player: str, step: Tensor) -> Tensor:
        """|theta - mean of theta so far|^2, where the mean includes this step's theta, once."""
        theta, past = self.theta(player), self.get_buffer(f"past_{player}")
        last = self.get_buffer(f"step_{player}")
        with torch.no_grad():
            past.lerp_(theta, (last != step) / (step + 1))  # a batch may come in several parts
            last.copy_(step)
        return (theta - past).square().sum()

    def theta(self, player: str) -> Tensor:
        """All parameters of a player as one vector: -> (p,)."""
        own = [p for network in self.players()[player] for p in network.parameters()]
        return torch.cat([p.flatten() for p in own])

    def sample(self, n: int) -> Tensor:
        """Samples of the game's model: -> (n, *event)."""
        return require(self.game, Samples).sample(n)
