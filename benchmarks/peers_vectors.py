"""Models of vectors beside their peers: a VAE, an ADGM of few and of many classes, M2."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from math import inf
from typing import Any

import torch
from bare_loop import BATCH, make_bare_loop, make_ours
from interleaving import Comparison, Precision
from live_classes import build_adgm
from peers_sizes import Sizes
from pyro_m2 import make_pyro_m2
from pythae_vae import make_pythae
from straightforward_adgm import StraightforwardADGM

from auxgen.builders import Recipe
from auxgen.data.batches import SemiSupervisedBatch
from auxgen.engine.compilation import compile_rounds
from auxgen.engine.loop import Training, play_round
from auxgen.engine.settings import Engine, adam
from auxgen.method import Method

COMPILED = "ours, compiled"


def make_training(
    method: Method, precision: Precision, *, limit: float = inf, compiled_for: Any = None
) -> Training:
    """Our training of a method, with a limit on the norm of its gradient; compiled for a batch."""
    engine, moves = Engine(10**6, adam(1e-3), max_grad_norm=limit), play_round
    if compiled_for is not None:
        _, moves = compile_rounds(method, compiled_for, "cpu")
    return Training(method, engine, seed=0, precision=precision, play_moves=moves)


def repeat(play: Callable[[], object], times: int) -> Callable[[], None]:
    """What plays so many rounds."""

    def play_all() -> None:
        for _ in range(times):
            play()

    return play_all


def try_to_make(make: Callable[[], Callable[..., object]]) -> Callable[..., object] | str:
    """A peer, or why there is none here."""
    try:
        return make()
    except ImportError as error:
        return f"not installed here: {error}"


def add_compiled(
    ways: dict[str, Callable[[], object]],
    skipped: dict[str, str],
    play: Callable[[], object],
    same: str,
) -> dict[str, str]:
    """Add compiled rounds, or why they cannot be compiled; returns what has the same arithmetic."""
    try:
        play()
    except RuntimeError as error:
        skipped[COMPILED] = f"torch cannot compile it ({type(error).__name__})"
        return {}
    ways[COMPILED] = play
    return {COMPILED: same}


def compare_vae(sizes: Sizes, precision: Precision, compiles: bool) -> Comparison:
    """A VAE of perceptrons beside Pythae and a bare loop."""
    width, hidden, z = sizes.vae
    x = torch.rand(100 * BATCH, width).round()
    bf16 = precision == "bf16"
    every: dict[str, Callable[[], object]] = {
        "bare loop, fused Adam": make_bare_loop(x, hidden, z, bf16=bf16),
        "bare loop, torch's default Adam": make_bare_loop(x, hidden, z, fused=False, bf16=bf16),
        "ours": make_ours(x, hidden, z, bf16=bf16),
    }
    ways: dict[str, Callable[[], object]] = {
        name: repeat(play, sizes.rounds) for name, play in every.items()
    }
    skipped = {}
    reason = "it trains with this loss in float32 alone"
    rows = x[: sizes.rounds * BATCH]
    pythae = reason if bf16 else try_to_make(partial(make_pythae, rows, hidden, z))
    if isinstance(pythae, str):
        skipped["Pythae's trainer"] = pythae
    else:
        ways = {"Pythae's trainer": pythae, **ways}
    same = {}
    if compiles:
        play = repeat(make_ours(x, hidden, z, bf16=bf16, compiles=True), sizes.rounds)
        same = add_compiled(ways, skipped, play, "ours")
    return Comparison(
        f"A VAE of {width}-{hidden}-{hidden}-{z}, bits, {BATCH} rows a round",
        ways,
        reference=next(iter(ways)),
        rounds=sizes.rounds,
        rows=BATCH,
        skipped=skipped,
        compiled=same,
    )


def _bind(plays: Mapping[str, Callable[..., object]], batch: Any) -> dict[str, Callable[[], Any]]:
    return {name: partial(play, batch) for name, play in plays.items()}


def _make_batch(rows: int, width: int, classes: int) -> SemiSupervisedBatch:
    x, x_u = torch.rand(2, rows, width).round().unbind()
    return SemiSupervisedBatch(x, torch.arange(rows) % classes, x_u)


def compare_adgm(sizes: Sizes, precision: Precision, compiles: bool) -> Comparison:
    """An ADGM beside code that repeats x for each of 10 classes."""
    own, classes = sizes.adgm, 10
    plain = StraightforwardADGM(own.x, classes, own.hidden, own.codes, bf16=precision == "bf16")
    batch = _make_batch(own.rows, own.x, classes)
    methods = {
        "ours, all classes": build_adgm(own, classes),
        "ours, 3 classes summed": build_adgm(own, classes, classes_summed=3),
        "ours, --skip-below 1e-4, 10 live": build_adgm(own, classes, 10, skip_below=1e-4),
        "ours, --skip-below 1e-4, 1.2 live": build_adgm(own, classes, 1.2, skip_below=1e-4),
    }
    plays: dict[str, Callable[..., object]] = {"straightforward": plain.train_on}
    plays |= {name: make_training(m, precision, limit=5.0).run_round for name, m in methods.items()}
    ways, same = _bind(plays, batch), {}
    skipped: dict[str, str] = {}
    if compiles:
        method = build_adgm(own, classes)
        compiled = make_training(method, precision, limit=5.0, compiled_for=batch)
        play = partial(compiled.run_round, batch)
        same = add_compiled(ways, skipped, play, "ours, all classes")
    return Comparison(
        f"An ADGM of {own.x}-{own.hidden}-{own.hidden}-{own.codes} with batch norm, {own.rows} "
        f"labelled and {own.rows} unlabelled rows a round, {classes} classes",
        ways,
        reference="straightforward",
        rows=2 * own.rows,
        skipped=skipped,
        compiled=same,
    )


def compare_many_classes(sizes: Sizes, precision: Precision, compiles: bool) -> Comparison:
    """The same ADGM with many classes: fewer of them in the sum."""
    del compiles
    own, classes = sizes.adgm, sizes.many
    methods = {
        "ours, all classes": build_adgm(own, classes),
        "ours, 3 classes summed": build_adgm(own, classes, classes_summed=3),
        "ours, --skip-below 1e-4, 3 live": build_adgm(own, classes, 3, skip_below=1e-4),
    }
    plays = {name: make_training(m, precision).run_round for name, m in methods.items()}
    return Comparison(
        f"The same ADGM with {classes} classes",
        _bind(plays, _make_batch(own.rows, own.x, classes)),
        reference="ours, all classes",
        rows=2 * own.rows,
    )


def compare_m2(sizes: Sizes, precision: Precision, compiles: bool) -> Comparison:
    """M2 beside Pyro's."""
    del compiles
    width, hidden, codes, classes = sizes.m2
    given = {"x": width, "hidden": [hidden], "z": codes, "classes": classes}
    ours = Recipe("m2", {**given, "alpha": 60.0, "prior_rows": 60_000}).build()
    plays: dict[str, Callable[..., object]] = {"ours": make_training(ours, precision).run_round}
    make = partial(make_pyro_m2, width, classes, hidden, codes, bf16=precision == "bf16")
    pyro, skipped = try_to_make(make), {}
    if isinstance(pyro, str):
        skipped["Pyro"] = pyro
    else:
        plays = {"Pyro": pyro, **plays}
    rows = sizes.adgm.rows
    return Comparison(
        f"M2 of {width}-{hidden}-{codes}, {rows} labelled and {rows} unlabelled rows a round, "
        f"{classes} classes; a round of Pyro's tutorial takes three steps of its optimiser",
        _bind(plays, _make_batch(rows, width, classes)),
        reference=next(iter(plays)),
        rows=2 * rows,
        skipped=skipped,
    )
