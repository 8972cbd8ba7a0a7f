"""Rounds of every method on one GPU: as they are, compiled, and replayed as CUDA graphs.

python benchmarks/gpu.py > results/engine.gpu.json

Networks and batches are of the sizes of the papers' budgets. Ways take turns, `--repeats` times;
of each the median of milliseconds a round stands, with examples a second, the largest memory, and
for captured and compiled rounds how far losses of the first rounds are from those of plain ones.
A way that fails is told with its error, and the others go on. 10 minutes of one GPU at most:
`--seconds` are for each way of each method. `--device cpu` works too, where nothing is captured by
CUDA, and rounds that are replayed are played again; `--small` takes seconds on a CPU.
"""

from __future__ import annotations

import argparse
import importlib
import json
import statistics
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any

import torch
from records import describe_run

from auxgen.builders import Recipe
from auxgen.data.batches import InMemoryBatches, LabelledBatches, SemiSupervisedBatches
from auxgen.engine.graphs import CapturedTraining, record_cuda_graph
from auxgen.engine.loop import Training
from auxgen.engine.settings import Engine, Precision, adam
from auxgen.errors import take_first_line
from auxgen.networks.distributions import skip_argument_checks
from auxgen.stage import BatchStream

WAYS = ("eager", "captured", "compiled")
COMPARED = 8
"""First rounds whose losses are compared."""
MOST_ROUNDS = 500


def make_recipes(*, small: bool) -> dict[str, Recipe]:
    """Every method, in networks of the papers' size, by name."""
    x, hidden, z = (12, 8, 2) if small else (784, 500, 100)
    side, width = (8, 4) if small else (64, 64)
    vectors = {"x": x, "hidden": [hidden, hidden], "batch_norm": True}
    model = {**vectors, "classes": 10, "z": z, "alpha": 60.0, "prior_rows": 60_000}
    layers = {"x": x, "hidden": [[hidden] * 2, [hidden // 2]], "z": [z, z // 2]}
    couplings = {"transforms": 4, "hidden": [hidden]}
    images: dict[str, Any] = {"channels": 1 if small else 3, "size": side, "u": z}
    images |= {"layout": "normalised", "width": width}
    maps = [4, 8] if small else [64, 128, 256]
    sizes = {"channels": images["channels"], "size": side, "z": z, "g": maps[::-1], "phi": maps}
    game = {"kind": "convolutional", "sizes": sizes}
    faces = {
        "channels": images["channels"],
        "size": side,
        "z": z,
        "widths": [4] if small else [64, 128, 256, 512],
    }
    return {
        "vae": Recipe("vae", {**vectors, "z": z}),
        "iwae": Recipe("iwae", {**layers, "k": 5}),
        "avae": Recipe("avae", {**layers, "a": [z, z]}),
        "m2": Recipe("m2", model),
        "adgm": Recipe("adgm", {**model, "a": z}),
        "sdgm": Recipe("sdgm", {**model, "a": z}),
        "classifier": Recipe("classifier", {**vectors, "classes": 10, "prior_rows": 60_000}),
        "flow": Recipe("flow", {"x": x, "sizes": couplings}),
        "image_vae": Recipe("image_vae", {"images": images}),
        "image_informative_encoder": Recipe("image_informative_encoder", {"images": images}),
        "image_mi_asl": Recipe("image_mi_asl", {"images": images, "sizes": couplings}),
        "gan": Recipe("gan", game),
        "denoising_gan": Recipe("denoising_gan", {**game, "denoiser": [hidden] * 2}),
        "introvac": Recipe("introvac", {"images": faces, "attributes": 2}),
        "vac": Recipe("vac", {"images": faces, "attributes": 2}),
    }


def make_batches(recipe: Recipe, *, small: bool) -> BatchStream:
    """Random rows of the shape that a method learns from."""
    rows, batch = (40, 10) if small else (5000, 100)
    known = recipe.arguments
    if "images" in known or "kind" in known:
        sizes = known["images"] if "images" in known else known["sizes"]
        shape = (rows, sizes["channels"], sizes["size"], sizes["size"])
        x = torch.randint(256, shape, dtype=torch.uint8)
        if "attributes" in known:
            y = torch.randint(2, (rows, known["attributes"])).float()
            return LabelledBatches(x, y, batch, 0)
        return InMemoryBatches(x, batch, 0)
    x = torch.rand(rows, known["x"]).round()
    y = torch.arange(batch) % known.get("classes", 1)
    if "classes" in known:
        return SemiSupervisedBatches(x[:batch], y, x, batch, batch, 0)
    return InMemoryBatches(x, batch, 0)


def main() -> None:
    options = read_options()
    torch.manual_seed(0)
    found: dict[str, Any] = {}
    for name, recipe in make_recipes(small=options.small).items():
        if not options.methods or name in options.methods:
            found[name] = measure_method(recipe, options)
            print(f"{name:28} {describe(found[name])}", file=sys.stderr, flush=True)
    about = describe_run("gpu.py", "torch", device=options.device)
    about["versions"]["cuda"] = torch.version.cuda
    about["precision"] = options.precision
    print(json.dumps({**about, "methods": found}, indent=2))


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--precision", choices=["32", "bf16"], default="bf16")
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--methods", nargs="*", default=[])
    parser.add_argument("--ways", nargs="*", choices=WAYS, default=WAYS)
    parser.add_argument("--small", action="store_true")
    options = parser.parse_args()
    if options.small:
        options.device, options.precision = "cpu", "32"
        options.seconds, options.repeats = 0.05, 1
    return options


def describe(ways: Mapping[str, Any]) -> str:
    """Milliseconds a round of each way, or that it failed."""
    words = [
        f"{way} {1000 * one['seconds']:.2f} ms" if "seconds" in one else f"{way}: {one['failed']}"
        for way, one in ways.items()
    ]
    return ", ".join(words)


def measure_method(recipe: Recipe, options: argparse.Namespace) -> dict[str, Any]:
    """Seconds a round of each way, which take turns."""
    batches, found = make_batches(recipe, small=options.small), {}
    trainings: dict[str, Training] = {}
    losses: dict[str, list[float]] = {}
    with skip_argument_checks():
        for way in options.ways:
            try:
                trainings[way] = make_training(way, recipe, batches, options)
                losses[way] = play_first_rounds(trainings[way], batches)
            except Exception as error:  # what a way cannot do is a result
                trainings.pop(way, None)
                found[way] = {"failed": f"{type(error).__name__}: {take_first_line(error)}"}
        for way in trainings:
            found[way] = {"seconds": [], "memory_gib": 0.0}
            if way != "eager" and "eager" in losses:
                found[way]["largest_relative_difference_of_losses"] = compare(losses, way)
        for _ in range(options.repeats):
            for way, training in trainings.items():
                time_rounds(training, batches, options, found[way])
    for way in trainings:
        each = found[way].pop("seconds")
        found[way]["seconds"], found[way]["seconds_of_repeats"] = statistics.median(each), each
        found[way]["rows_a_second"] = get_rows(batches) / found[way]["seconds"]
    return {way: found[way] for way in options.ways}


def make_training(
    way: str, recipe: Recipe, batches: BatchStream, options: argparse.Namespace
) -> Training:
    """A training whose rounds are played in a way."""
    torch.manual_seed(0)
    method, engine = recipe.build(), Engine(10**6, adam(1e-3))
    precision: Precision = options.precision
    named: dict[str, Any] = {"seed": 0, "device": options.device, "precision": precision}
    if way == "captured":
        record = record_cuda_graph if options.device != "cpu" else play_again
        return CapturedTraining(method, engine, record_graph=record, **named)
    if way == "compiled":
        compilation = importlib.import_module("auxgen.engine.compilation")
        method, batch = method.to(options.device), batches(0, 0, 1, options.device)
        _, named["play_moves"] = compilation.compile_rounds(method, batch, options.device)
    return Training(method, engine, **named)


def play_again(work: Callable[[], None]) -> Callable[[], None]:
    """In place of a graph on a CPU: the work itself."""
    return work


def play_first_rounds(training: Training, batches: BatchStream) -> list[float]:
    """The losses of the first rounds, in which graphs are recorded and programs compiled."""
    losses = []
    for step in range(COMPARED):
        training.run_round(batches(step, 0, 1, training.device))
        means = training.meter.compute_means()
        losses.append(sum(value for name, value in means.items() if name.startswith("loss/")))
        training.meter.reset()
    return losses


def compare(losses: Mapping[str, list[float]], way: str) -> float:
    """The largest relative difference of a loss from that of plain rounds."""
    pairs = zip(losses[way], losses["eager"], strict=True)
    return max(abs(one - plain) / max(abs(plain), 1.0) for one, plain in pairs)


def time_rounds(
    training: Training, batches: BatchStream, options: argparse.Namespace, found: dict[str, Any]
) -> None:
    """Add the seconds of a round over so many seconds, and the largest memory."""
    on_gpu = training.device != "cpu"
    if on_gpu:
        torch.cuda.reset_peak_memory_stats()
        torch.cuda.synchronize()
    begun, rounds = time.perf_counter(), 0
    while rounds < MOST_ROUNDS and time.perf_counter() - begun < options.seconds:
        training.run_round(batches(training.step, 0, 1, training.device))
        rounds += 1
        if training.step % training.engine.log_every == 0:
            training.meter.compute_means()
            training.meter.reset()
    if on_gpu:
        torch.cuda.synchronize()
        memory = torch.cuda.max_memory_allocated() / 2**30
        found["memory_gib"] = max(found["memory_gib"], memory)
    found["seconds"].append((time.perf_counter() - begun) / rounds)


def get_rows(batches: BatchStream) -> int:
    """Rows of a batch, labelled ones included."""
    if isinstance(batches, SemiSupervisedBatches):
        return batches.labelled_batch + batches.unlabelled_batch
    assert isinstance(batches, InMemoryBatches | LabelledBatches)
    return batches.batch


if __name__ == "__main__":
    main()
