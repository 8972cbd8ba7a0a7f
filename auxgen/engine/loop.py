"""Playing rounds: gradients, steps, the moving average."""

from __future__ import annotations

import copy
from collections.abc import Iterable

import torch
from torch import Tensor, nn

from ..method import Gradient, Method, Moves, Step
from ..networks.batch_norm import recalibrate_batch_norm
from ..rng import derive_seed
from .average import MovingAverage
from .ranks import Ranks
from .settings import Engine, Precision
from .watch import Meter


class Training:
    """A method in training: all the state that a checkpoint holds, and what changes it.

    The randomness of a round is a function of (seed, rank, step), as a batch is: to go on after
    step t is to know t, and whatever else draws random numbers between rounds disturbs nothing.
    """

    def __init__(
        self,
        method: Method,
        engine: Engine,
        *,
        seed: int,
        device: str = "cpu",
        precision: Precision | None = None,
        ranks: Ranks | None = None,
    ) -> None:
        self.method, self.engine, self.seed = method.to(device), engine, seed
        self.device, self.ranks = device, ranks or Ranks()
        self.uses_bf16 = (precision or engine.precision) == "bf16"
        freeze_unowned_networks(method)
        self.ranks.broadcast([*method.parameters(), *method.buffers()])
        self.player_parameters = {
            name: collect_parameters(nets) for name, nets in method.players().items()
        }
        self.buffers = _collect_moving_buffers(method)
        self.optimizers = {
            name: engine.optimizers(name, own) for name, own in self.player_parameters.items()
        }
        self.base_rates = {
            name: [g["lr"] for g in o.param_groups] for name, o in self.optimizers.items()
        }
        everything = [p for own in self.player_parameters.values() for p in own]
        self.average = MovingAverage(method, everything, engine.average)
        self.meter, self.step = Meter(), 0

    def run_round(self, batch: object) -> None:
        """One round, then the average takes its weights in."""
        torch.manual_seed(derive_seed(self.seed, 3, self.ranks.rank, self.step))
        self.set_learning_rates()
        for move in self.iterate_under_autocast(self.method.round(batch, self.make_step_tensor())):
            match move:
                case Gradient():
                    self.accumulate_gradient(move)
                case Step(players):
                    for name in players:
                        self.apply_gradient(name)
        self.ranks.average(self.buffers)
        self.average.update(self.step)
        self.step += 1

    def make_step_tensor(self) -> Tensor:
        """The step on the device, filled in there rather than copied, which would wait."""
        return torch.full((), self.step, dtype=torch.int64, device=self.device)

    def set_learning_rates(self) -> None:
        factor = float(self.engine.learning_rate(torch.tensor(self.step)))
        for name, optimizer in self.optimizers.items():
            for group, rate in zip(optimizer.param_groups, self.base_rates[name], strict=True):
                group["lr"] = rate * factor

    def accumulate_gradient(self, move: Gradient) -> None:
        """The gradient of a loss reaches its players and nobody else."""
        move.loss.backward(
            inputs=[p for name in move.players for p in self.player_parameters[name]]
        )
        self.meter.add({**move.terms, f"loss/{'+'.join(move.players)}": move.loss})

    def apply_gradient(self, player: str) -> None:
        """The gradient gathered is averaged over ranks, clipped, used and cleared."""
        own, engine = self.player_parameters[player], self.engine
        self.ranks.average([p.grad for p in own if p.grad is not None])
        norm = nn.utils.clip_grad_norm_(own, engine.max_grad_norm)
        if engine.max_grad_value < float("inf"):
            nn.utils.clip_grad_value_(own, engine.max_grad_value)
        self.meter.add({f"gradient/{player}": norm})
        self.optimizers[player].step()
        self.optimizers[player].zero_grad()

    def iterate_under_autocast(self, moves: Moves) -> Moves:
        """Forward passes run in the chosen precision, what is done with a move does not."""
        while True:
            with self.make_autocast():
                move = next(moves, None)
            if move is None:
                return
            yield move

    def make_autocast(self) -> torch.autocast:
        kind = torch.device(self.device).type
        return torch.autocast(kind, torch.bfloat16, enabled=self.uses_bf16)

    def build_averaged_method(self, batches: Iterable[object]) -> Method:
        """A copy of the moving average, batch-norm statistics re-estimated on the batches given."""
        method = copy.deepcopy(self.average.method)
        method.load_state_dict(self.method.state_dict() | self.average.means)
        freeze_unowned_networks(method)
        source = iter(batches)

        def forward(i: int) -> None:
            torch.manual_seed(derive_seed(self.seed, 4, self.ranks.rank, i))
            for _ in self.iterate_under_autocast(
                method.round(next(source), self.make_step_tensor())
            ):
                pass

        recalibrate_batch_norm(method, forward, self.engine.recalibration)
        self.ranks.average(_collect_moving_buffers(method))
        # what is counted or kept of rows has no mean over ranks: all take the first rank's
        self.ranks.broadcast([b for b in method.buffers() if not b.is_floating_point()])
        return method.eval().requires_grad_(False)


def collect_parameters(networks: Iterable[nn.Module]) -> list[nn.Parameter]:
    """Of all networks, each once."""
    return list(dict.fromkeys(p for network in networks for p in network.parameters()))


def _collect_moving_buffers(method: Method) -> list[Tensor]:
    """Floating-point buffers of what the players own: batch-norm statistics."""
    networks = [network for nets in method.players().values() for network in nets]
    buffers = dict.fromkeys(b for network in networks for b in network.buffers())
    return [b for b in buffers if b.is_floating_point()]


def freeze_unowned_networks(method: Method) -> None:
    """A fitted classifier or encoder: no gradients, and eval mode."""
    method.eval().requires_grad_(False)
    for networks in method.players().values():
        for network in networks:
            network.train().requires_grad_(True)
