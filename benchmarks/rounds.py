"""Seconds of a training round as auxgen plays it, beside the plain way of doing the same.

OMP_NUM_THREADS=1 python benchmarks/rounds.py > results/engine.rounds.json

Channels last beside torch's own layout; a label summed out over 3 classes, one of them drawn,
beside all of them. Rounds of both take turns, and the median of each stands, in seconds of the
processor. Rows are made up, so nothing is needed. Two minutes of one core; `--small` takes seconds.
"""

from __future__ import annotations

import copy
import json
import statistics
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from importlib.metadata import version
from typing import Any, Literal

import torch

from auxgen.builders import Recipe
from auxgen.data.batches import LabelledBatch, SemiSupervisedBatch
from auxgen.engine.device import describe_hardware
from auxgen.engine.loop import Training
from auxgen.engine.settings import Engine, adam
from auxgen.method import Method
from auxgen.runs.config import find_commit

Precision = Literal["32", "bf16"]


@dataclass(frozen=True)
class Sizes:
    """How much is trained.

    Attributes:
        size: Height and width of the images.
        rows: Of a batch of images.
        widths: Channels at each resolution.
        vectors: Rows of a batch of vectors, labelled and unlabelled each.
        width: Of a vector.
        hidden: Units in a hidden layer of vectors.
        rounds: Of each way.
    """

    size: int = 64
    rows: int = 50
    widths: tuple[int, ...] = (16, 32, 64, 128)
    vectors: int = 100
    width: int = 784
    hidden: int = 256
    rounds: int = 7


SMALL = Sizes(size=16, rows=4, widths=(4, 8), vectors=10, width=8, hidden=8, rounds=2)


@dataclass(frozen=True)
class Pair:
    """Two ways of playing the same round: ours, its plain peer, and a batch."""

    ours: Method
    peer: Method
    batch: Any


def layouts(sizes: Sizes) -> Iterator[tuple[str, Pair]]:
    """Channels last, as recipes build networks, beside contiguous ones, as torch makes them."""
    images = {"channels": 3, "size": sizes.size, "z": 64, "widths": list(sizes.widths)}
    x = torch.rand(sizes.rows, 3, sizes.size, sizes.size)
    told = LabelledBatch(x, (x[:, :2, 0, 0] > 0.5) * 1.0)
    recipes: dict[str, tuple[Recipe, Any]] = {
        "VAE of stacked convolutions": (
            Recipe("stacked_vae", {"images": {**images, "hidden": 256}}),
            x,
        ),
        "IntroVAC of residual blocks": (
            Recipe("introvac", {"images": images, "attributes": 2}),
            told,
        ),
    }
    for name, (recipe, batch) in recipes.items():
        last = recipe.build()
        usual = copy.deepcopy(last)
        usual.to(memory_format=torch.contiguous_format)  # pyright: ignore[reportCallIssue]
        yield f"{name}: channels last, beside torch's layout", Pair(last, usual, batch)


def summed(sizes: Sizes) -> Iterator[tuple[str, Pair]]:
    """The label of unlabelled rows summed out over 3 classes, one of them drawn, beside all."""
    x, x_u = torch.rand(2, sizes.vectors, sizes.width).round().unbind()
    hidden = [sizes.hidden, sizes.hidden]
    plain = {"x": sizes.width, "hidden": hidden, "z": 50, "alpha": 60.0, "prior_rows": 60_000}
    for name, own in {"m2": {}, "adgm": {"a": 50}, "sdgm": {"a": 50}}.items():
        for classes in (10, 100):
            given = {**plain, **own, "classes": classes, "batch_norm": True}
            y = torch.arange(sizes.vectors) % classes
            some = Recipe(name, {**given, "classes_summed": 3}).build()
            every = Recipe(name, given).build()
            told = f"{name}, {classes} classes: 3 of them summed over, beside all"
            yield told, Pair(some, every, SemiSupervisedBatch(x, y, x_u))


def measured(pair: Pair, rounds: int, precision: Precision) -> dict[str, float]:
    """Seconds of a round, of the peer's, and their ratio."""
    engine = Engine(rounds, adam(1e-3), precision=precision)
    ways = {"ours": pair.ours, "peer": pair.peer}
    # each precision starts anew
    trained = {n: Training(copy.deepcopy(m), engine, seed=0) for n, m in ways.items()}
    seconds: dict[str, list[float]] = {name: [] for name in trained}
    for i in range(rounds + 1):
        for name, training in trained.items():
            begun = time.process_time()
            training.run_round(pair.batch)
            if i:  # nobody's first round is timed
                seconds[name].append(time.process_time() - begun)
    ours, peer = (statistics.median(seconds[name]) for name in ("ours", "peer"))
    return {"seconds": round(ours, 4), "peer_seconds": round(peer, 4), "ratio": ours / peer}


def main() -> None:
    sizes = SMALL if "--small" in sys.argv else Sizes()
    precisions: tuple[Precision, ...] = ("32", "bf16")
    found: dict[str, dict[str, float]] = {}
    torch.manual_seed(0)
    for name, pair in (*layouts(sizes), *summed(sizes)):
        for precision in precisions:
            told = f"{name}, {precision}"
            found[told] = measured(pair, sizes.rounds, precision)
            print(f"{told:76} {found[told]['ratio']:.2f}", file=sys.stderr, flush=True)
    about = {
        "command": " ".join(["python", "benchmarks/rounds.py", *sys.argv[1:]]),
        "hardware": describe_hardware("cpu"),
        "date": date.today().isoformat(),
        "commit": find_commit(),
        "versions": {"torch": version("torch")},
    }
    print(json.dumps({**about, "rounds": found}, indent=2))


if __name__ == "__main__":
    main()
