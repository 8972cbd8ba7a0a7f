"""How many rounds `adgm.own` should train a table for, and whether to stop early.

OMP_NUM_THREADS=1 python benchmarks/own_rounds.py results/own_rounds.json

The default model of `adgm.own` learns development tables of few_labels_tables.py and is measured on
validation rows after 300, 1,000 and 3,000 rounds: one training, looked at on its way. Beside
that, rules that stop early: rows are held out, a look is taken each 100 rounds, training stops when
so many looks bring nothing better, and the weights of the best look are kept. One rule looks at the
bound of a tenth of the rows, without their labels; the other at the log loss of the labelled rows
that `adgm.own` holds out anyway, a fifth or one of each class, which could then test nothing more.
Nothing here sees the 46 tables of results/few_labels.json. The file is written after each training,
and a command that was stopped goes on where it was. 9 minutes of one core; `--small` takes seconds.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from importlib.metadata import version
from itertools import product
from pathlib import Path
from statistics import mean

import numpy as np
import torch
from few_labels_tables import split_table
from torch import Tensor

from auxgen.data.arrays import load_arrays
from auxgen.data.splits import split_stratified
from auxgen.engine.device import describe_hardware
from auxgen.engine.loop import Training
from auxgen.experiments.adgm.own import build_own_stage
from auxgen.experiments.adgm.plans import OWN_PLAN, AdgmOwnPlan
from auxgen.files import write_file
from auxgen.inference.batched import predict_class_probabilities
from auxgen.inference.prediction import estimate_elbo
from auxgen.method import Bounds, Classifies, Method, require
from auxgen.rng import use_seed
from auxgen.runs.config import find_commit

PATIENCES = (3, 10)


@dataclass(frozen=True)
class Sizes:
    """How much is trained.

    Attributes:
        tables: Names of development tables.
        draws: Labelled rows of each class by the draw of the split and the labels.
        rates: By learning rate, the rounds after which a model is measured.
        every: Rounds between two looks at the rows that are held out.
        train_rows: Training rows, at most.
    """

    tables: tuple[str, ...] = ("wine", "breast_cancer", "moons", "digits")
    draws: Mapping[int, int] = field(default_factory=lambda: {0: 3, 1: 10})
    rates: Mapping[float, tuple[int, ...]] = field(
        default_factory=lambda: {1e-3: (300, 1000, 3000), 3e-3: (300, 1000)}
    )
    every: int = 100
    train_rows: int = 500


SMALL = Sizes(("iris",), {0: 3}, {1e-3: (4, 8)}, 2, 60)


@dataclass(frozen=True)
class Look:
    """A model after so many rounds: on validation rows, and on rows that were held out."""

    step: int
    accuracy: float
    log_loss: float
    held_out_minus_bound: float
    held_out_log_loss: float


def train_and_look(
    table: str, draw: int, plan: AdgmOwnPlan, labels: int, every: int, train_rows: int
) -> list[Look]:
    """One training with its looks."""
    split = split_table(table, draw)
    is_labelled = split.order < labels
    chosen = np.union1d(np.arange(len(split.x))[:train_rows], np.flatnonzero(is_labelled))
    y = np.where(is_labelled, split.y, -1)[chosen]
    classes = [str(c) for c in range(int(split.y.max()) + 1)]
    rows = load_arrays(split.x[chosen], y, names=classes)
    validation = load_arrays(split.x_test, split.y_test, names=classes)
    blank = np.random.default_rng(draw).permutation(np.flatnonzero(y < 0))
    is_held_out = torch.zeros(len(y), dtype=torch.bool)
    is_held_out[torch.from_numpy(blank[: max(1, len(blank) // 10)])] = True
    train, known = split_stratified(rows[~is_held_out], plan.test_fraction, draw)
    torch.manual_seed(draw)
    stage = build_own_stage(train, known, plan, draw)
    assert stage.space is not None
    seen = [
        stage.space.transform(each.raw_rows()) for each in (validation, known, rows[is_held_out])
    ]
    training, looks = Training(stage.method, stage.engine, seed=draw), []
    while training.step < stage.engine.steps:
        training.run_round(stage.batches(training.step, 0, 1, "cpu"))
        if training.step % every == 0:
            method = training.build_averaged_method(iter(()))
            with use_seed(0, torch.device("cpu")), torch.no_grad():
                accuracy, loss = measure_classes(method, seen[0], validation.y)
                held_out_loss = measure_classes(method, seen[1], known.y)[1]
                bound = estimate_elbo(require(method, Bounds), seen[2], 1, batch_size=500)
            looks.append(Look(training.step, accuracy, loss, -bound.mean().item(), held_out_loss))
    return looks


def measure_classes(method: Method, x: Tensor, y: Tensor) -> tuple[float, float]:
    """Accuracy, and log loss in nats, of q(y|x): x (n, d), y (n,)."""
    probs = predict_class_probabilities(require(method, Classifies), x, draws=20, batch_size=500)
    loss = -probs.gather(1, y[:, None]).clamp(min=1e-6).log().mean()
    return (probs.argmax(1) == y).double().mean().item(), loss.item()


def stop_early(values: Sequence[float], patience: int) -> tuple[int, int]:
    """Places of the best look and of the one after which training stops; lower is better."""
    best = 0
    for place, value in enumerate(values):
        if value < values[best]:
            best = place
        if place - best >= patience:
            return best, place
    return best, len(values) - 1


def apply_rules(looks: Sequence[Look], rounds: Sequence[int]) -> dict[str, dict[str, float]]:
    """Accuracy, log loss and rounds that each rule would have had."""
    by_step = {look.step: look for look in looks}
    found = {f"{n} rounds": (by_step[n], n) for n in rounds}
    watched = {
        "held-out bound": [look.held_out_minus_bound for look in looks],
        "held-out labels": [look.held_out_log_loss for look in looks],
    }
    for name, values in watched.items():
        for patience in PATIENCES:
            best, last = stop_early(values, patience)
            found[f"{name}, patience {patience}"] = looks[best], looks[last].step
    return {
        rule: {
            "accuracy": round(look.accuracy, 4),
            "log_loss": round(look.log_loss, 4),
            "kept": look.step,
            "rounds": trained,
        }
        for rule, (look, trained) in found.items()
    }


def average(fits: Mapping[str, Mapping[str, Mapping[str, float]]]) -> dict[str, dict[str, float]]:
    """Means of each rule over all fits that have it, by "lr RATE, RULE"."""
    gathered: dict[str, list[Mapping[str, float]]] = {}
    for fit, rules in fits.items():
        for rule, values in rules.items():
            gathered.setdefault(f"{fit.partition(',')[0]}, {rule}", []).append(values)
    return {
        rule: {**{k: round(mean(v[k] for v in each), 4) for k in each[0]}, "fits": len(each)}
        for rule, each in sorted(gathered.items())
    }


def main() -> None:
    torch.set_num_threads(1)
    parser = argparse.ArgumentParser()
    parser.add_argument("file", type=Path)
    parser.add_argument("--small", action="store_true")
    given = parser.parse_args()
    sizes = SMALL if given.small else Sizes()
    found = json.loads(given.file.read_text()) if given.file.exists() else {}
    fits, seconds = found.get("fits", {}), found.get("seconds", 0.0)
    for (draw, labels), rate, table in product(sizes.draws.items(), sizes.rates, sizes.tables):
        name = f"lr {rate:g}, {table}, {labels} labels a class, draw {draw}"
        if name in fits:
            continue
        start, rounds = time.process_time(), sizes.rates[rate]
        plan = replace(OWN_PLAN, lr=rate, steps=max(rounds))
        looks = train_and_look(table, draw, plan, labels, sizes.every, sizes.train_rows)
        fits[name] = apply_rules(looks, rounds)
        seconds += time.process_time() - start
        print(f"{name}: {seconds:.0f} s", file=sys.stderr)
        found = {
            "command": "python benchmarks/own_rounds.py results/own_rounds.json",
            "about": "adgm.own's default model on validation rows of development tables; accuracy "
            "is a share, log_loss in nats, `kept` the rounds of the weights that are measured, "
            "`rounds` those that were trained.",
            "hardware": describe_hardware("cpu"),
            "date": date.today().isoformat(),
            "commit": find_commit(),
            "versions": {"torch": version("torch")},
            "seconds": round(seconds, 1),
            "labels_of_a_class_by_seed": dict(sizes.draws),
            "means": average(fits),
            "fits": fits,
        }
        write_file(given.file, (json.dumps(found, indent=1) + "\n").encode())


if __name__ == "__main__":
    main()
