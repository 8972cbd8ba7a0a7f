"""The benchmark of live classes runs, and its peer's objective is the ADGM's."""

from __future__ import annotations

import json
import sys
from math import log

import pytest
import torch
from benchmark_modules import import_benchmark
from torch import nn
from torch.distributions import Normal

from auxgen.builders import Recipe
from auxgen.data.batches import SemiSupervisedBatch
from auxgen.method import Gradient


def test_the_small_benchmark_measures_rounds_and_estimates(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["live_classes.py", "--small"])
    with import_benchmark("live_classes") as script:
        script.main()
    found = json.loads(capsys.readouterr().out)
    assert len(found["rounds"]) == 7
    assert all(each["ms"] > 0 for each in found["rounds"].values())
    sharp = found["estimates"]["no batch norm, q sharp"]["q from 0.0001 on"]
    assert sharp["live_classes"] < 9
    assert sharp["gradient_off_at_means"] < 0.01


def test_the_straightforward_code_has_the_objective_of_ours(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(
        Normal, "rsample", lambda self, shape=(): self.mean.expand(*shape, *self.mean.shape)
    )
    monkeypatch.setattr(torch, "randn_like", torch.zeros_like)
    torch.manual_seed(0)
    sizes = {"x": 6, "classes": 4, "hidden": [7, 7], "a": 3, "z": 3, "batch_norm": True}
    ours = Recipe("adgm", {**sizes, "alpha": 60.0, "prior_rows": 60_000}).build()
    with import_benchmark("straightforward_adgm") as module:
        peer = module.StraightforwardADGM(6, 4, 7, 3)
    for name in ("q_a", "q_y", "q_z", "p_a", "p_x"):
        own = getattr(ours, name).network
        first = [m for m in own.maps if isinstance(m, nn.Linear)]
        target = getattr(peer, name)
        with torch.no_grad():
            target[0].weight.copy_(torch.cat([m.weight for m in first], 1))
            target[0].bias.copy_(first[0].bias)
        for mine, other in zip([*own.layers, own.head], target[1:], strict=True):
            other.load_state_dict(mine.state_dict())
    x, x_u = torch.rand(2, 5, 6).round().unbind()
    batch = SemiSupervisedBatch(x, torch.arange(5) % 4, x_u)
    (move,) = [m for m in ours.round(batch, torch.tensor(0)) if isinstance(m, Gradient)]
    rates = peer.compute_loss(batch)
    torch.testing.assert_close(rates + 2 * log(4), move.loss)
