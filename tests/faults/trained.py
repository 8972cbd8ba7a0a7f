"""Experiments that are trained while faults happen: each method, and each kind of stage."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch
from laws import stage

from auxgen.score import Score
from auxgen.stage import EarlyStopping, Monitor, Stage


def measure_weights(method: Any) -> Score:
    """The mean size of the weights."""
    size = torch.cat([p.flatten().abs() for p in method.parameters()]).mean().item()
    return Score(size, "", 1, "all weights")


def save_often(found: Stage) -> Stage:
    """A stage that saves after each round, and is measured at every second one."""
    engine = replace(found.engine, save_every=0.0, log_every=3)
    return replace(found, engine=engine, monitor=Monitor(2, {"size": measure_weights}))


def experiment(*, seed: int = 0, method: str = "sdgm", steps: int = 4) -> dict[str, Stage]:
    """A method of the table of laws, or several stages.

    Args:
        seed: Of the run.
        method: Its name; or "stopping", "sharing".
        steps: Rounds to play.
    """
    del seed
    if method == "stopping":
        found = save_often(stage("m2", steps))
        stopping = EarlyStopping(1, 2, "size", measure_weights, "size of the weights")
        return {"m2": replace(found, stopping=stopping)}
    if method == "sharing":
        first, second = save_often(stage("vae", steps)), save_often(stage("vae", steps))
        return {"first": first, "second": replace(second, method=first.method, start=shrink)}
    return {method: save_often(stage(method, steps))}


def shrink(method: torch.nn.Module) -> None:
    """Halve all weights: what a stage does once when it begins."""
    with torch.no_grad():
        for weights in method.parameters():
            weights.mul_(0.5)
