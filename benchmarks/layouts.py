"""Seconds of a training round with channels last, beside the same networks as torch lays them out.

OMP_NUM_THREADS=1 python benchmarks/layouts.py > results/engine.layouts.json

Rounds of both take turns, and the median of each stands, in seconds of the processor. Images are
made up, so nothing is needed. About a minute of one core; `--small` takes seconds.
"""

from __future__ import annotations

import copy
import json
import statistics
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from importlib.metadata import version
from typing import Any, Literal

import torch

from auxgen.builders import Recipe
from auxgen.engine.loop import Training
from auxgen.engine.settings import Engine, adam
from auxgen.methods.image_classifier import Labelled
from auxgen.run import commit, hardware

Precision = Literal["32", "bf16"]


@dataclass(frozen=True)
class Sizes:
    """How much is trained.

    Attributes:
        size: Height and width of the images.
        rows: Of a batch.
        widths: Channels at each resolution.
        rounds: Of each layout.
    """

    size: int = 64
    rows: int = 50
    widths: tuple[int, ...] = (16, 32, 64, 128)
    rounds: int = 7


SMALL = Sizes(size=16, rows=4, widths=(4, 8), rounds=2)


def recipes(sizes: Sizes) -> dict[str, Recipe]:
    """What is trained."""
    images = {"channels": 3, "size": sizes.size, "z": 64, "widths": list(sizes.widths)}
    return {
        "VAE of stacked convolutions": Recipe("stacked_vae", {"images": {**images, "hidden": 256}}),
        "IntroVAC of residual blocks": Recipe("introvac", {"images": images, "attributes": 2}),
    }


def measured(recipe: Recipe, sizes: Sizes, precision: Precision) -> dict[str, float]:
    """Seconds of a round, of the peer's, and their ratio."""
    torch.manual_seed(0)
    last = recipe.build()
    usual = copy.deepcopy(last)
    usual.to(memory_format=torch.contiguous_format)  # pyright: ignore[reportCallIssue]
    x = torch.rand(sizes.rows, 3, sizes.size, sizes.size)
    batch: Any = x if recipe.builder == "stacked_vae" else Labelled(x, (x[:, :2, 0, 0] > 0.5) * 1.0)
    engine = Engine(sizes.rounds, adam(1e-3), precision=precision)
    trained = {name: Training(m, engine, seed=0) for name, m in (("ours", last), ("peer", usual))}
    seconds: dict[str, list[float]] = {name: [] for name in trained}
    for i in range(sizes.rounds + 1):
        for name, training in trained.items():
            begun = time.process_time()
            training.play(batch)
            if i:  # nobody's first round is timed
                seconds[name].append(time.process_time() - begun)
    ours, peer = (statistics.median(seconds[name]) for name in ("ours", "peer"))
    return {"seconds": round(ours, 4), "peer_seconds": round(peer, 4), "ratio": ours / peer}


def main() -> None:
    sizes = SMALL if "--small" in sys.argv else Sizes()
    precisions: tuple[Precision, ...] = ("32", "bf16")
    found: dict[str, Mapping[str, float]] = {}
    for name, recipe in recipes(sizes).items():
        for precision in precisions:
            told = f"{name}, {precision}"
            found[told] = measured(recipe, sizes, precision)
            print(f"{told:40} {found[told]['ratio']:.2f}", file=sys.stderr, flush=True)
    about = {
        "command": " ".join(["python", "benchmarks/layouts.py", *sys.argv[1:]]),
        "peer": "the same networks, contiguous, as torch makes them",
        "hardware": hardware("cpu"),
        "date": date.today().isoformat(),
        "commit": commit(),
        "versions": {"torch": version("torch")},
    }
    print(json.dumps({**about, "rounds": found}, indent=2))


if __name__ == "__main__":
    main()
