"""Seconds of a round of a VAE as auxgen trains it, beside a loop with nothing but the model.

OMP_NUM_THREADS=1 python benchmarks/bare_loop.py > results/engine.bare_loop.json

The bare loop has the same networks, batches and fused Adam, and no seeds, log, moving average or
check of numbers; a third has torch's default Adam. All take turns, and the median of each stands,
in seconds of the processor. Rows are made up. Half a minute of one core; `--small` takes seconds.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from datetime import date
from importlib.metadata import version
from statistics import median

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from auxgen.builders import Recipe
from auxgen.data.batches import InMemoryBatches
from auxgen.engine.device import describe_hardware
from auxgen.engine.loop import Training
from auxgen.engine.settings import Engine, adam
from auxgen.runs.config import find_commit

BATCH = 100
ROUNDS_OF_A_SAMPLE = 10
LATER = 1000
"""Rounds that ours have played before, when the moving average is as slow as it gets."""


def make_bare_loop(x: Tensor, hidden: int, z: int, *, fused: bool) -> Callable[[], None]:
    """A loop of ten lines: what plays a round of it."""
    width = x.shape[1]
    encoder, decoder = (
        nn.Sequential(
            *(nn.Linear(first, hidden), nn.ReLU(), nn.Linear(hidden, hidden), nn.ReLU()),
            nn.Linear(hidden, last),
        )
        for first, last in ((width, 2 * z), (z, width))
    )
    parameters = [*encoder.parameters(), *decoder.parameters()]
    optimizer = torch.optim.Adam(parameters, 1e-3, fused=fused or None)
    order: list[Tensor] = []

    def play() -> None:
        if not order:
            order.extend(torch.randperm(len(x)).split(BATCH))
        batch = x[order.pop()]
        mean, log_std = encoder(batch).chunk(2, -1)
        logits = decoder(mean + log_std.exp() * torch.randn_like(mean))
        distortion = F.binary_cross_entropy_with_logits(logits, batch, reduction="sum")
        rate = 0.5 * (mean.square() + (2 * log_std).exp() - 2 * log_std - 1).sum()
        optimizer.zero_grad()
        ((distortion + rate) / len(batch)).backward()
        optimizer.step()

    return play


def make_ours(x: Tensor, hidden: int, z: int) -> Callable[[], None]:
    """What plays a round as `auxgen train` does, with its batch and its reading of terms."""
    recipe = Recipe("vae", {"x": x.shape[1], "hidden": [hidden, hidden], "z": z})
    engine = Engine(10**6, adam(1e-3), precision="32")
    training = Training(recipe.build(), engine, seed=0)
    training.step, batches = LATER, InMemoryBatches(x, BATCH, 0)

    def play() -> None:
        training.run_round(batches(training.step, 0, 1, "cpu"))
        if training.step % engine.log_every == 0:
            training.meter.compute_means()
            training.meter.reset()

    return play


def measure_rounds(ways: dict[str, Callable[[], None]], samples: int) -> dict[str, list[float]]:
    """Seconds of a round by way, one number a sample; the ways take turns."""
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for i in range(samples + 1):
        for name, play in ways.items():
            start = time.process_time()
            for _ in range(ROUNDS_OF_A_SAMPLE):
                play()
            if i:  # nobody's first rounds are timed
                seconds[name].append((time.process_time() - start) / ROUNDS_OF_A_SAMPLE)
    return seconds


def summarise(seconds: dict[str, list[float]]) -> dict[str, dict[str, float]]:
    """The median of each way, images a second, and the share of the bare loop's speed."""
    bare = median(seconds["bare loop"])
    return {
        name: {
            "seconds": round(median(each), 6),
            "images_a_second": round(BATCH / median(each)),
            "share_of_bare": round(bare / median(each), 3),
            "share_by_least": round(min(seconds["bare loop"]) / min(each), 3),
        }
        for name, each in seconds.items()
    }


def main() -> None:
    small = "--small" in sys.argv
    rows, width, hidden, z, samples = (300, 16, 8, 2, 2) if small else (10_000, 784, 512, 64, 60)
    torch.manual_seed(0)
    x = torch.rand(rows, width).round()
    ways = {
        "bare loop": make_bare_loop(x, hidden, z, fused=True),
        "bare loop, torch's default Adam": make_bare_loop(x, hidden, z, fused=False),
        "ours": make_ours(x, hidden, z),
    }
    found = summarise(measure_rounds(ways, samples))
    about = {
        "command": " ".join(["python", "benchmarks/bare_loop.py", *sys.argv[1:]]),
        "hardware": describe_hardware("cpu"),
        "processes_that_wanted_a_core": round(os.getloadavg()[0], 1),
        "cores": os.cpu_count(),
        "date": date.today().isoformat(),
        "commit": find_commit(),
        "versions": {"torch": version("torch")},
    }
    print(json.dumps({**about, "sizes": [width, hidden, hidden, z], "rounds": found}, indent=2))


if __name__ == "__main__":
    main()
