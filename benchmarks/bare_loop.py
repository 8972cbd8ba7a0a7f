"""A VAE in a loop with nothing but the model, and the same as auxgen trains it.

A peer for benchmarks: the same networks, batches and fused Adam, without seeds, log, moving average
or check of numbers.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from auxgen.builders import Recipe
from auxgen.data.batches import InMemoryBatches
from auxgen.engine.compilation import compile_rounds
from auxgen.engine.loop import Training, play_round
from auxgen.engine.settings import Engine, adam

BATCH = 100
LATER = 1000
"""Rounds that ours have played before, when the moving average is as slow as it gets."""


def build_perceptrons(inputs: int, hidden: int, out: int) -> nn.Sequential:
    """Two hidden layers."""
    first = nn.Linear(inputs, hidden), nn.ReLU(), nn.Linear(hidden, hidden), nn.ReLU()
    return nn.Sequential(*first, nn.Linear(hidden, out))


def make_bare_loop(
    x: Tensor, hidden: int, z: int, *, fused: bool = True, bf16: bool = False
) -> Callable[[], None]:
    """A loop of ten lines: what plays a round of it. Without `fused` it has torch's own Adam."""
    width = x.shape[1]
    encoder = build_perceptrons(width, hidden, 2 * z)
    decoder = build_perceptrons(z, hidden, width)
    parameters = [*encoder.parameters(), *decoder.parameters()]
    optimizer = torch.optim.Adam(parameters, 1e-3, fused=fused or None)
    order: list[Tensor] = []

    def play() -> None:
        if not order:
            order.extend(torch.randperm(len(x)).split(BATCH))
        batch = x[order.pop()]
        with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
            mean, log_std = encoder(batch).float().chunk(2, -1)
            logits = decoder(mean + log_std.exp() * torch.randn_like(mean)).float()
            distortion = F.binary_cross_entropy_with_logits(logits, batch, reduction="sum")
            rate = 0.5 * (mean.square() + (2 * log_std).exp() - 2 * log_std - 1).sum()
        optimizer.zero_grad()
        ((distortion + rate) / len(batch)).backward()
        optimizer.step()

    return play


def make_ours(
    x: Tensor, hidden: int, z: int, *, bf16: bool = False, compiles: bool = False
) -> Callable[[], None]:
    """What plays a round as `auxgen train` does, with its batch and its reading of terms."""
    recipe = Recipe("vae", {"x": x.shape[1], "hidden": [hidden, hidden], "z": z})
    engine = Engine(10**6, adam(1e-3), precision="bf16" if bf16 else "32")
    method = recipe.build()
    moves = compile_rounds(method, x[:BATCH], "cpu")[1] if compiles else play_round
    training = Training(method, engine, seed=0, play_moves=moves)
    training.step, batches = LATER, InMemoryBatches(x, BATCH, 0)

    def play() -> None:
        training.run_round(batches(training.step, 0, 1, "cpu"))
        if training.step % engine.log_every == 0:
            training.meter.compute_means()
            training.meter.reset()

    return play
