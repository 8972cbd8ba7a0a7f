"""Measures of small models that several ranks share, and how one process measures them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import laws
import torch
from evaluation.pictures import SPACE, Copier, pictures, quadrants
from torch import Tensor

from auxgen.engine.device import Ranks
from auxgen.engine.shared_rows import share_rows
from auxgen.evaluation import images
from auxgen.evaluation.classification import Brier, TestError
from auxgen.evaluation.likelihood import Elbo, ImportanceNll
from auxgen.inference.batched import map_batches
from auxgen.runs.evaluate import measure_scores
from auxgen.score import Evaluation, Score
from auxgen.stage import EarlyStopping, Monitor, Stage

Scores = dict[str, dict[str, Any]]


@dataclass(frozen=True)
class DrawsAfterwards:
    """What is drawn where nothing is shared, after batches that draw and batches that do not."""

    def __call__(self, method: object) -> Score:
        x = torch.zeros(5, 1)
        drawn = map_batches(lambda x: x + torch.randn(1), x, device="cpu", batch_size=2)
        map_batches(torch.sin, x, device="cpu", batch_size=2)
        detail = {"each": drawn.flatten().tolist(), "after": torch.rand(2).tolist()}
        return Score(0.0, "", 5, "draws", detail=detail)


def make_evaluations() -> dict[str, tuple[Any, Mapping[str, Evaluation]]]:
    """By name: a method in eval mode and its measures, each of several batches but the last."""
    images.load_extractor = quadrants
    x = torch.rand(37, laws.X, generator=torch.Generator().manual_seed(2)).round()
    y = torch.arange(37) % laws.K
    found: dict[str, tuple[Any, Mapping[str, Evaluation]]] = {
        name: (laws.stage(name).method.eval().requires_grad_(False), measures)
        for name, measures in {
            "sdgm": {
                "error": TestError(x, y, draws=3, rows=8),
                "brier": Brier(x, y, rows=8),
                "elbo": Elbo(x, draws=2, rows=8),
            },
            "iwae": {"nll": ImportanceNll(x, k=20, chunk=6, rows=8), "elbo": Elbo(x, rows=8)},
        }.items()
    }
    real = pictures(600)  # three batches of samples and of features
    measures = ("FD", "KD", "CS", "precision", "coverage")
    own = {"extractor": "quadrants", "measures": measures}
    found["copier"] = (
        Copier(0.7),
        {
            "samples": images.SampleQuality(real, SPACE, **own),
            "reconstructions": images.ReconstructionQuality(real, SPACE, **own),
            "drawn": DrawsAfterwards(),
            "whole": TestError(x[:4, :1], y[:4] % 2),
        },
    )
    return found


def make_watched_stage() -> Stage:
    """A stage of four rounds that is measured, in several batches, after the last one."""
    x = torch.rand(37, laws.X, generator=torch.Generator().manual_seed(2)).round()
    measure = Elbo(x, rows=8)
    stopping = EarlyStopping(4, 9, "look", measure, "bound", larger_is_better=True)
    monitor = Monitor(4, {"elbo": measure})
    return replace(laws.stage("vae", 4), monitor=monitor, stopping=stopping)


def measure_all(ranks: Ranks) -> Scores:
    """All scores but their seconds, by model and name."""
    found: Scores = {}
    for name, (method, evaluations) in make_evaluations().items():
        with share_rows(ranks):
            found |= measure_scores(name, method, evaluations, 3, draws=2)
    return {n: {k: v for k, v in s.items() if k != "seconds"} for n, s in found.items()}


def count_rows(counted: list[int], x: Tensor) -> Tensor:
    """The rows as they are, whose number is noted."""
    counted.append(len(x))
    return x
