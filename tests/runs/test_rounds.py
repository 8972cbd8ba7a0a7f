"""What a person is told of rounds and time before training, and that it changes nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from laws import experiment
from safetensors.torch import load_file

import auxgen
from auxgen.data.batches import (
    InMemoryBatches,
    LabelledBatches,
    SemiSupervisedBatches,
    count_passes,
)
from auxgen.engine import duration
from auxgen.engine.loop import Training
from auxgen.report import write_report
from auxgen.runs.rounds import estimate_stage_seconds, format_rounds


@pytest.fixture
def table(tmp_path: Path) -> Path:
    y = np.arange(60) % 2
    rows = pd.DataFrame({"a": y + np.random.default_rng(0).normal(size=60), "kind": y})
    rows.to_csv(tmp_path / "table.csv", index=False)
    return tmp_path / "table.csv"


def train_small(table: Path, run: Path, **options: Any) -> auxgen.Run:
    small = {"hidden": 8, "latent": 2, "batch": 12, "steps": 40, **options}
    return auxgen.train("adgm.own", run=run, device="cpu", data=table, label="kind", **small)


def test_rounds_passes_and_time_are_told_before_the_first_round(
    table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = train_small(table, tmp_path / "run")
    told = capsys.readouterr().err
    line = "sdgm: 40 rounds, 10 passes over its rows, about "
    assert told.count(line) == 1
    assert told.index(line) < told.index("step ")
    config = json.loads((run.path / "run.json").read_text())
    assert config["rounds"] == {"sdgm": 40}
    assert config["passes"] == {"sdgm": 10.0}
    assert config["estimated_seconds"]["sdgm"] > 0
    page = write_report([run.path], tmp_path / "page.html").read_text()
    assert "40 rounds, 10 passes over its rows" in page
    assert "estimated_seconds" not in page


def test_telling_the_time_changes_no_bit(table: Path, tmp_path: Path) -> None:
    told = train_small(table, tmp_path / "told")
    quiet = train_small(table, tmp_path / "quiet", quiet=True)
    assert "estimated_seconds" not in quiet.config
    one, two = (load_file(run.path / "sdgm" / "model.safetensors") for run in (told, quiet))
    assert all(torch.equal(one[name], two[name]) for name in two)


def test_the_estimate_is_the_time_of_a_round_times_the_rounds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = iter(np.arange(0.0, 1000.0, 0.5))
    monkeypatch.setattr(duration.time, "perf_counter", lambda: float(next(clock)))
    stages = experiment(steps=30)
    torch.manual_seed(3)
    before = torch.get_rng_state()
    weights = {n: v.clone() for s in stages.values() for n, v in s.method.state_dict().items()}
    found = estimate_stage_seconds(stages, "cpu")
    assert found == dict.fromkeys(stages, 15.0)
    assert torch.equal(before, torch.get_rng_state())
    after = {n: v for s in stages.values() for n, v in s.method.state_dict().items()}
    assert all(torch.equal(weights[name], after[name]) for name in weights)


def test_a_stage_that_cannot_be_timed_is_told_without_a_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(self: Training, batch: object) -> None:
        raise RuntimeError("its start comes first")

    monkeypatch.setattr(Training, "run_round", refuse)
    assert estimate_stage_seconds(experiment(steps=30), "cpu") == {}
    config = {"rounds": {"vae": 1500}, "passes": {}, "estimated_seconds": {}}
    assert format_rounds(config) == ["vae: 1,500 rounds"]


def test_the_time_of_all_stages_is_told() -> None:
    config = {
        "rounds": {"a": 1500, "b": 10},
        "passes": {"a": 12.345},
        "estimated_seconds": {"a": 3600.0, "b": 65.2},
    }
    assert format_rounds(config) == [
        "a: 1,500 rounds, 12.3 passes over its rows, about 1 h 0 min",
        "b: 10 rounds, about 1 min 5 s",
        "all stages: about 1 h 1 min",
    ]


def test_passes_are_counted_for_each_kind_of_batches() -> None:
    x, y = torch.zeros(50, 2), torch.arange(50) % 2
    assert count_passes(InMemoryBatches(x, 10, 0), 25) == 5
    assert count_passes(LabelledBatches(x, y, 5, 0), 25) == 2.5
    assert count_passes(SemiSupervisedBatches(x[:4], y[:4], x, 4, 10, 0), 10) == 2
    assert count_passes(lambda *_: x, 10) is None
