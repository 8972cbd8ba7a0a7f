"""How far warped images go with 100 labels of MNIST without a generative model.

    python benchmarks/mnist_pseudo_labels.py OUT [--weight 1] [--warp 1.5] [--held-out-rows 10000]

A control of `adgm.mnist_100 --model m2 --warp 1.5`: the network of its q(y|x) alone, on the same
label draws, warps, batches, rates and rounds. It learns from the warped labelled images and, of
unlabelled ones, from its own surest class (FixMatch, Sohn et al., 2020, arXiv:2001.07685, eq. 4):

    mean of  -log q(y|warped x) + weight 1(max_k q(k|x) >= 0.95) (-log q(k*|warped x)),
    k* = argmax_k q(k|x), without a gradient

The file is written after each run. About 10 minutes of one core a run.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any, final

import numpy as np
import torch
from torch import Tensor, nn
from torch.distributions import Categorical

import auxgen
from auxgen.data.batches import ViewedBatch
from auxgen.engine.device import describe_hardware
from auxgen.experiments.adgm.budgets import MNIST
from auxgen.experiments.adgm.plans import AdgmMnistPlan
from auxgen.experiments.adgm.table2 import mnist_100
from auxgen.files import write_file
from auxgen.method import Method, Moves, descend
from auxgen.methods.m2 import M2
from auxgen.networks.distributions import Conditional
from auxgen.runs.config import find_commit
from auxgen.stage import Stage

SURE = 0.95


@final
class PseudoLabels(Method):
    """q(y|x) that learns from labels and, where it is sure, from its own classes."""

    def __init__(self, q_y: Conditional, weight: float) -> None:
        super().__init__()
        self.q_y, self.weight = q_y, weight

    def players(self) -> dict[str, tuple[nn.Module, ...]]:
        return {"classifier": (self.q_y,)}

    def round(self, batch: ViewedBatch, step: Tensor) -> Moves:
        """The sum above, with a mean over each stream of rows."""
        known = -self.classify(batch.seen).log_prob(batch.y).mean()
        with torch.no_grad():
            most, classes = self.classify(batch.x_unlabelled).probs.max(1)
        nll = -self.classify(batch.seen_unlabelled).log_prob(classes)
        own = (nll * (most >= SURE)).mean()
        loss = known + self.weight * own
        yield from descend(loss, "classifier", classification=known, own_classes=own)

    def classify(self, x: Tensor, draws: int = 1) -> Categorical:
        """q(y|x): x (b, d) -> batch (b,)."""
        del draws
        return self.q_y(x)


def build_stage(plan: AdgmMnistPlan, seed: int, weight: float) -> Stage:
    """The stage of M2 by a plan, with its q(y|x) alone in place of the model."""
    (stage,) = mnist_100(replace(plan, model="m2"), seed=seed).values()
    assert isinstance(stage.method, M2)
    scores = {"test_error": stage.evaluations["test_error"]}
    method = PseudoLabels(stage.method.q_y, weight)
    return replace(stage, method=method, recipe=None, evaluations=scores, pictures={})


def measure(plan: AdgmMnistPlan, seed: int, weight: float) -> dict[str, Any]:
    """Errors of one run in per cent: its curve, and that of its end."""
    start = time.process_time()
    with tempfile.TemporaryDirectory() as folder:
        stages = {"classifier": build_stage(plan, seed, weight)}
        run = auxgen.train(
            stages, run=Path(folder) / "run", device="cpu", precision="32", quiet=True
        )
        score = auxgen.evaluate(run.path, device="cpu", experiment=stages)["scores"]
        lines = map(json.loads, (run.path / "metrics.jsonl").read_text().splitlines())
        curve = [[line["step"], line["scores"]["test_error"]] for line in lines if "scores" in line]
    return {
        "seed": seed,
        "error": score["classifier/test_error"]["value"],
        "curve": curve,
        "processor_seconds": round(time.process_time() - start),
        "commit": find_commit(),
    }


def main() -> None:
    """Write the errors of every seed to a file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--weight", type=float, default=1.0)
    parser.add_argument("--warp", type=float, default=1.5)
    parser.add_argument("--epochs", type=float, default=100)
    parser.add_argument("--held-out-rows", type=int, default=0)
    given = parser.parse_args()
    names = ("warp", "epochs", "held_out_rows")
    plan = replace(MNIST["cpu"], **{name: getattr(given, name) for name in names})
    runs = []
    for seed in given.seeds:
        runs.append(measure(plan, seed, given.weight))
        errors = [run["error"] for run in runs]
        sd = float(np.std(errors, ddof=1)) if len(errors) > 1 else 0.0
        column = {"mean": float(np.mean(errors)), "sd": sd, "values": errors, "unit": "%"}
        told = {
            "command": "python benchmarks/mnist_pseudo_labels.py OUT",
            "date": date.today().isoformat(),
            "hardware": describe_hardware("cpu"),
            "options": {**{name: getattr(given, name) for name in names}, "weight": given.weight},
            "rows": [{"name": "q(y|x) alone, FixMatch", "columns": {"test error": column}}],
            "runs": runs,
        }
        write_file(given.out, (json.dumps(told, indent=1) + "\n").encode())


if __name__ == "__main__":
    main()
