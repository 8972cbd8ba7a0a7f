"""Rounds of one rank beside those of two, each with as many rows and a core of its own.

python benchmarks/ranks.py > results/engine.ranks.json

A rank is a process of torchrun with one thread, pinned to a core. One and two ranks take turns, and
of all repetitions the medians stand. Counted are the bytes that go into all-reduces in a round;
from the times of a short and a long message, latency and bandwidth of the link are found, and then

    t(R) = t(1) + c n + 2 (R - 1) / R n / B + 2 m ceil(log2 R) L

predicts a round of R ranks: n bytes in m messages, c seconds to flatten a byte and to put it back,
bandwidth B and latency L. It is compared with the measured round of two ranks, and computed for
8 and 64 GPUs, whose links are as their makers say (`LINKS`) and whose t(1) `benchmarks/gpu.py`
measures. An idle machine of two cores needs 4 minutes; `--small` takes seconds.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from functools import partial
from math import ceil, log2
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import torch
import torch.distributed as dist
from records import describe_run

from auxgen.builders import Recipe
from auxgen.data.batches import InMemoryBatches, SemiSupervisedBatches
from auxgen.engine.device import Ranks, exit_cleanly, init_ranks
from auxgen.engine.loop import Training
from auxgen.engine.settings import Engine, adam
from auxgen.stage import BatchStream


class Link(NamedTuple):
    """Bytes a second in one direction, and seconds until a message arrives."""

    bandwidth: float
    latency: float


LINKS: Mapping[str, tuple[int, Link]] = {
    "8 GPUs of a node, NVLink 4": (8, Link(450e9, 10e-6)),
    "64 GPUs of 8 nodes, 400 Gbit/s for each": (64, Link(50e9, 20e-6)),
}
"""By name: ranks and the slowest link between them, by the makers' data sheets (2026-11)."""
LONG, SHORT = 2_000_000, 16
"""Floats of a message, by which a link is measured."""


class Case(NamedTuple):
    """A method, its batches, and how many rounds are timed."""

    recipe: Recipe
    batches: BatchStream
    rounds: int


def make_cases(*, small: bool) -> dict[str, Case]:
    """A VAE and an ADGM as in the benchmark of rounds, and a convolutional GAN."""
    width, hidden, rows, rounds = (20, 16, 20, 3) if small else (784, 512, 1000, 200)
    x = torch.rand(rows, width).round()
    batch = 10 if small else 100
    vae = {"x": width, "hidden": [hidden, hidden], "z": 64}
    adgm = {"x": 444, "hidden": [500, 500], "z": 100, "a": 100, "batch_norm": True}
    adgm |= {"classes": 10, "alpha": 60.0, "prior_rows": 60_000}
    seen, y = torch.rand(rows, 444), torch.arange(batch) % 10
    pictures = torch.randint(256, (rows, 3, 32, 32), dtype=torch.uint8)
    sizes = {"channels": 3, "size": 32, "z": 100, "g": [128, 64, 32], "phi": [32, 64, 128]}
    gan = {"kind": "convolutional", "sizes": sizes}
    return {
        "VAE 784-512-512-64": Case(Recipe("vae", vae), InMemoryBatches(x, batch, 0), rounds),
        "ADGM 444-500-500-100": Case(
            Recipe("adgm", adgm),
            SemiSupervisedBatches(seen[: len(y)].round(), y, seen.round(), batch, batch, 0),
            max(2, rounds // 8),
        ),
        "GAN 32 x 32": Case(
            Recipe("gan", gan),
            InMemoryBatches(pictures, batch, 0, lambda x, _: 2 * x - 1),
            max(2, rounds // 8),
        ),
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--small", action="store_true")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--worker", type=Path, help="Where a rank writes what it measured.")
    options = parser.parse_args()
    options.repeats = 1 if options.small else options.repeats
    if options.worker:
        with exit_cleanly(), init_ranks("cpu") as ranks:
            measure_rank(ranks, options)
        return
    runs = {ranks: [] for ranks in (1, 2)}
    for _ in range(options.repeats):
        for ranks, found in runs.items():
            found.append(launch(ranks, small=options.small))
    cases = {name: summarise(name, runs) for name in runs[1][0]["cases"]}
    for name, found in cases.items():
        print(
            f"{name:22} {found['efficiency']:.2f} by the clock, "
            f"{found['processor_efficiency']:.2f} by the processor; "
            f"{found['bytes']:,} bytes in {found['messages']} messages",
            file=sys.stderr,
        )
    about = describe_run("ranks.py", "torch")
    links = {name: {"ranks": ranks, **link._asdict()} for name, (ranks, link) in LINKS.items()}
    print(json.dumps({**about, "cases": cases, "links": links, "runs": runs}, indent=2))


def launch(ranks: int, *, small: bool) -> dict[str, Any]:
    """What so many ranks measure in processes of their own."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "measured.json"
        command = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
        command += ["--nproc-per-node", str(ranks), __file__, "--worker", str(file)]
        environment = {**os.environ, "OMP_NUM_THREADS": "1"}
        command += ["--small"] * small
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(done.stderr)
        return json.loads(file.read_text())


def measure_rank(ranks: Ranks, options: argparse.Namespace) -> None:
    """Time rounds of each case on this rank; the first one writes."""
    if hasattr(os, "sched_setaffinity"):
        cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, {cores[ranks.rank % len(cores)]})
    torch.set_num_threads(1)
    torch.manual_seed(0)
    cases = make_cases(small=options.small)
    found: dict[str, Any] = {"cases": {n: time_rounds(c, ranks) for n, c in cases.items()}}
    found["seconds_to_flatten_a_byte"] = time_flattening()
    if ranks.size > 1:
        long, short = (time_message(torch.zeros(size), ranks) for size in (LONG, SHORT))
        sent = 2 * (ranks.size - 1) / ranks.size * 4 * LONG
        found["link"] = {"bandwidth": sent / (long - short), "latency": short / 2}
    if ranks.is_first:
        options.worker.write_text(json.dumps(found))


def time_rounds(case: Case, ranks: Ranks) -> dict[str, float]:
    """Median seconds of a round by the clock, the processor's mean, and what is communicated."""
    training = Training(case.recipe.build(), Engine(10**6, adam(1e-3)), seed=0, ranks=ranks)
    sent: list[int] = []

    def count(tensor: torch.Tensor, *rest: Any, send: Callable[..., Any]) -> Any:
        sent.append(tensor.numel() * tensor.element_size())
        return send(tensor, *rest)

    def play() -> None:
        training.run_round(case.batches(training.step, ranks.rank, ranks.size, "cpu"))
        if training.step % training.engine.log_every == 0:
            training.meter.compute_means()
            training.meter.reset()

    play()
    whole = dist.all_reduce
    dist.all_reduce = partial(count, send=whole)
    play()
    dist.all_reduce = whole
    seconds, begun = [], time.process_time()
    for _ in range(case.rounds):
        ranks.wait()
        start = time.perf_counter()
        play()
        seconds.append(time.perf_counter() - start)
    processor = (time.process_time() - begun) / case.rounds
    return {
        "seconds": median(seconds),
        "processor_seconds": processor,
        "bytes": sum(sent),
        "messages": len(sent),
    }


def time_message(tensor: torch.Tensor, ranks: Ranks) -> float:
    """Seconds of an all-reduce, the median of many."""
    seconds = []
    for _ in range(30):
        ranks.wait()
        start = time.perf_counter()
        dist.all_reduce(tensor)
        seconds.append(time.perf_counter() - start)
    return median(seconds)


def time_flattening() -> float:
    """Seconds to copy a byte into one flat message, to divide it, and to copy it back."""
    tensors, seconds = [torch.zeros(500, 500) for _ in range(8)], []
    for _ in range(30):
        start = time.perf_counter()
        flat = torch.cat([t.flatten() for t in tensors])
        flat /= 2
        for tensor, part in zip(tensors, flat.split([t.numel() for t in tensors]), strict=True):
            tensor.copy_(part.view_as(tensor))
        seconds.append(time.perf_counter() - start)
    return median(seconds) / (8 * 500 * 500 * 4)


def summarise(name: str, runs: Mapping[int, list[dict[str, Any]]]) -> dict[str, Any]:
    """Medians over repetitions, the efficiency of two ranks, and what the formula predicts."""
    one, two = ([run["cases"][name] for run in runs[ranks]] for ranks in (1, 2))
    t = {ranks: median(r["seconds"] for r in each) for ranks, each in ((1, one), (2, two))}
    used = {n: median(r["processor_seconds"] for r in each) for n, each in ((1, one), (2, two))}
    n, m = int(two[0]["bytes"]), int(two[0]["messages"])
    flatten = median(run["seconds_to_flatten_a_byte"] for run in runs[2])
    link = Link(*(median(run["link"][k] for run in runs[2]) for k in ("bandwidth", "latency")))
    predicted = t[1] + flatten * n + predict_communication(n, m, 2, link)
    gpus = {k: predict_communication(n, m, ranks, link) for k, (ranks, link) in LINKS.items()}
    return {
        "seconds": t,
        "processor_seconds": used,
        "efficiency": t[1] / t[2],
        "processor_efficiency": used[1] / used[2],
        "bytes": n,
        "messages": m,
        "link": link._asdict(),
        "predicted_seconds_of_two": predicted,
        "predicted_communication_seconds": gpus,
    }


def predict_communication(n: int, m: int, ranks: int, link: Link) -> float:
    """Seconds in which n bytes in m messages become their sums on all ranks."""
    hops = ceil(log2(ranks))
    return 2 * (ranks - 1) / ranks * n / link.bandwidth + 2 * m * hops * link.latency


if __name__ == "__main__":
    main()
