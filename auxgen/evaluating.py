"""Carrying out evaluations: seeded, without gradients, timed."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import torch

from .experiment import Evaluation
from .method import Method


def scores_of(
    stage: str,
    method: Method,
    evaluations: Mapping[str, Evaluation],
    seed: int,
    metrics: Sequence[str],
    quiet: bool,
) -> dict[str, Any]:
    """Each evaluation of a method in eval mode, by "<stage>/<metric>".

    Every evaluation starts from the run's seed, so that none depends on which ran before it, and
    the random state is put back afterwards.

    `metrics` that the stage does not have are passed over; all are measured when it is empty.
    """
    found = {}
    for name in [m for m in metrics if m in evaluations] if metrics else evaluations:
        begun = time.monotonic()
        with torch.random.fork_rng(), torch.no_grad():
            torch.manual_seed(seed)
            score = evaluations[name](method)
        seconds = round(time.monotonic() - begun, 2)
        found[f"{stage}/{name}"] = {**asdict(score), "seconds": seconds}
        if not quiet:
            print(f"{stage}/{name}  {score.value:.4g} {score.unit}  ({seconds} s)", file=sys.stderr)
    return found
