"""auxgen compare: a table or JSON of two sets of pictures."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from cli.conftest import Command
from evaluation.pictures import pictures, quadrants

from auxgen.evaluation import compare as comparing


def test_a_metric_may_be_given_several_times(
    auxgen: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AUXGEN_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(comparing, "load_extractor", quadrants)
    for seed in (0, 1):
        np.save(tmp_path / f"{seed}.npy", pictures(20, seed).x.numpy())
    asked = ("compare", tmp_path / "0.npy", tmp_path / "1.npy")
    metrics = ("--metric", "fd:quadrants", "--metric", "kd:quadrants")
    said = auxgen(*asked, *metrics, "--json")
    assert said.status == 0
    assert list(json.loads(said.out)["scores"]) == ["FD(quadrants)", "KD(quadrants)"]
    shown = auxgen(*asked, *metrics).out
    assert "1.npy beside 0.npy" in shown
    assert "means of quadrants" in shown


def test_a_compare_without_a_metric_says_so(auxgen: Command) -> None:
    said = auxgen("compare", "digits", "digits/train")
    assert said.status == 2
    assert "--metric is wanted" in said.err
