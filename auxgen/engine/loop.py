"""Plays rounds: gradients, steps, the moving average."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from ..errors import InputError
from ..method import Gradient, Method, Moves, Step
from ..networks.freezing import recalibrate_batch_norm
from ..rng import derive_seed, reseed
from .average import MovingAverage
from .device import Ranks
from .meter import Meter
from .parts import split_batch
from .settings import Engine, Precision
from .weights import Weights

PlayMoves = Callable[[Method, Any, Tensor], Moves]
"""Method, batch and step -> the moves of a round."""


def play_round(method: Method, batch: Any, step: Tensor) -> Moves:
    """The moves of a round as the method states them."""
    return method.round(batch, step)


NORM_EVERY = 10
"""Rounds from one norm of a gradient to the next, for the log, where no limit needs every one."""


class Training:
    """A method in training: all the state that a checkpoint holds, and what changes it.

    The randomness of a round is a function of (seed, rank, step), as a batch is: to continue after
    step t is to know t, and random numbers drawn between rounds disturb nothing. The precision
    "auto" is float32 here: who trains a stage measures before (engine/precision.py).
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
        accumulate: int = 1,
        play_moves: PlayMoves = play_round,
        hold_weights: Callable[[Method, Ranks], Weights] = Weights,
    ) -> None:
        """A method at the start of its training.

        Args:
            play_moves: Gives the moves of a round, compiled or not (engine/compilation.py).
            hold_weights: Whether a rank holds all weights, or ranks share them (engine/shards.py).
        """
        self.play_moves = play_moves
        self.engine, self.seed = engine, seed
        self.accumulate = accumulate
        self.device, self.ranks = device, ranks or Ranks()
        self.uses_bf16 = (precision or engine.precision) == "bf16"
        freeze_unowned_networks(method.to(device))
        self.ranks.broadcast([*method.parameters(), *method.buffers()])
        self.weights = hold_weights(method, self.ranks)
        self.method = self.weights.method
        self.player_parameters = {
            name: self.weights.list_parts(nets) for name, nets in self.method.players().items()
        }
        self.buffers = _collect_moving_buffers(self.method)
        self.optimizers = {
            name: engine.optimizers(name, own) for name, own in self.player_parameters.items()
        }
        self.base_rates = {
            name: [g["lr"] for g in o.param_groups] for name, o in self.optimizers.items()
        }
        everything = [p for own in self.player_parameters.values() for p in own]
        self.average = MovingAverage(self.weights.name_parts(everything), engine.average)
        self.meter, self.step = Meter(self.measure_state), 0

    def run_round(self, batch: object) -> None:
        """Play one round, then update the moving average."""
        reseed(derive_seed(self.seed, 3, self.ranks.rank, self.step), torch.device(self.device))
        self.set_learning_rates()
        try:
            with self.weights.explain_errors():
                self.carry_out_moves(batch)
        except ValueError as error:
            if "more than 1 value per channel" not in str(error):  # torch's words for a batch of 1
                raise
            raise InputError(
                "Batch norm cannot normalise a batch of one row; give a batch of 2 or more."
            ) from error
        self.ranks.average(self.buffers)
        self.average.update(self.step)
        self.step += 1

    def play_rounds(self, batches: Sequence[object], rounds: int) -> None:
        """Play so many rounds on batches in turn, as those who measure rounds do."""
        for _ in range(rounds):
            self.run_round(batches[self.step % len(batches)])

    def carry_out_moves(self, batch: object) -> None:
        """The moves of one round, one after another.

        Where a batch is played in several parts, each has a round of its own. They wait for each
        other at each step, which is then taken down the mean of their gradients.
        """
        step = self.make_step_tensor()
        played = (
            self.play_moves(self.method, part, step) for part in split_batch(batch, self.accumulate)
        )
        rounds = [self.iterate_under_autocast(moves) for moves in played]
        while steps := [move for each in rounds if (move := self.play_until_step(each))]:
            for name in steps[0].players:
                self.apply_gradient(name)

    def play_until_step(self, moves: Moves) -> Step | None:
        """Gather the gradients of a round up to its next step: that step, or None at its end."""
        for move in moves:
            if isinstance(move, Step):
                return move
            self.accumulate_gradient(move)
        return None

    def make_step_tensor(self) -> Tensor:
        """The step as a tensor that is filled on the device: a copy would wait for the device."""
        return torch.full((), self.step, dtype=torch.int64, device=self.device)

    def set_learning_rates(self) -> None:
        """Set every optimiser's rates to their base times the schedule's factor at this step."""
        factor = float(self.engine.learning_rate(torch.tensor(self.step)))
        for name, optimizer in self.optimizers.items():
            for group, rate in zip(optimizer.param_groups, self.base_rates[name], strict=True):
                group["lr"] = rate * factor

    def logs_norms(self) -> bool:
        """Whether norms of gradients are logged in this round, even where no limit needs them."""
        return self.step % min(NORM_EVERY, self.engine.log_every) == 0

    def logs_shares(self) -> bool:
        """Whether parts of gradients are logged: about once a line, where norms are logged, too."""
        every = self.engine.log_every // NORM_EVERY * NORM_EVERY or self.engine.log_every
        return self.step % every == 0

    def accumulate_gradient(self, move: Gradient) -> None:
        """Add the gradient of a loss to the parameters of its players, and to nobody else's."""
        own = [p for name in move.players for p in self.player_parameters[name]]
        shares = self.weights.measure_shares(move, own) if self.logs_shares() else {}
        loss = move.loss if self.accumulate == 1 else move.loss / self.accumulate
        self.weights.add_gradient(loss, own)
        players = "+".join(move.players)
        self.meter.add({**move.terms, f"loss/{players}": move.loss, **shares}, self.step, players)

    def apply_gradient(self, player: str) -> None:
        """Average the gathered gradient over ranks, clip it, step with it and clear it."""
        own, engine = self.player_parameters[player], self.engine
        self.weights.average_gradients(own)
        is_limited = engine.max_grad_norm < float("inf")
        if is_limited or self.logs_norms():
            norm = self.weights.measure_norm(own)
            if is_limited:
                nn.utils.clip_grads_with_norm_(own, engine.max_grad_norm, norm)
            self.meter.add({f"gradient/{player}": norm}, self.step, player)
        if engine.max_grad_value < float("inf"):
            nn.utils.clip_grad_value_(own, engine.max_grad_value)
        self.optimizers[player].step()
        self.optimizers[player].zero_grad()

    @torch.no_grad()
    def measure_state(self) -> dict[str, Tensor]:
        """Largest magnitudes among each player's weights and its optimiser's state, by name."""
        kinds = {
            "weights": self.player_parameters,
            "moments": {
                player: [v for s in o.state.values() for v in s.values() if isinstance(v, Tensor)]
                for player, o in self.optimizers.items()
            },
        }
        return self.weights.share_largest(
            {
                f"{kind}/{player}": find_largest_magnitude(tensors)
                for kind, owned in kinds.items()
                for player, tensors in owned.items()
                if tensors
            }
        )

    def iterate_under_autocast(self, moves: Moves) -> Moves:
        """The moves, with forward passes (and nothing else) in the chosen precision."""
        if not self.uses_bf16:
            yield from moves
            return
        while True:
            with self.make_autocast():
                move = next(moves, None)
            if move is None:
                return
            yield move

    def make_autocast(self) -> torch.autocast:
        """The context in which forward passes run."""
        kind = torch.device(self.device).type
        return torch.autocast(kind, torch.bfloat16)

    def compute_whole_means(self) -> dict[str, Tensor]:
        """The moving average of whole parameters, by name."""
        means = self.average.compute_means(self.step)
        return self.weights.gather_named(self.average.live_parts, means)

    def build_averaged_method(self, batches: Iterable[object]) -> Method:
        """A copy of the moving average, its batch-norm statistics estimated on these batches."""
        method = self.weights.copy_method()
        method.load_state_dict(self.compute_whole_means(), strict=False)
        source = iter(batches)

        def forward(i: int) -> None:
            reseed(derive_seed(self.seed, 4, self.ranks.rank, i), torch.device(self.device))
            moves = method.round(next(source), self.make_step_tensor())
            for _ in self.iterate_under_autocast(moves):
                pass

        recalibrate_batch_norm(method, forward, self.engine.recalibration)
        self.ranks.average(_collect_moving_buffers(method))
        # counts and memories of rows have no mean over ranks: all take the first rank's
        self.ranks.broadcast([b for b in method.buffers() if not b.is_floating_point()])
        return method.eval().requires_grad_(False)


def find_largest_magnitude(tensors: Sequence[Tensor]) -> Tensor:
    """The largest magnitude of all entries, NaN where one is: (), far faster than a norm."""
    filled = [tensor for tensor in tensors if tensor.numel()] or [tensors[0].new_zeros(1)]
    ends = [end.abs().float() for tensor in filled for end in tensor.aminmax()]
    return torch.stack(ends).max()


def _collect_moving_buffers(method: Method) -> list[Tensor]:
    """Floating-point buffers of what the players own: batch-norm statistics."""
    networks = [network for nets in method.players().values() for network in nets]
    buffers = dict.fromkeys(b for network in networks for b in network.buffers())
    return [b for b in buffers if b.is_floating_point()]


def freeze_unowned_networks(method: Method) -> None:
    """Put what no player owns, such as a fitted classifier, into eval mode without gradients."""
    method.eval().requires_grad_(False)
    for networks in method.players().values():
        for network in networks:
            network.train().requires_grad_(True)
