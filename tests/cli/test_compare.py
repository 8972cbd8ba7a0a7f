"""auxgen compare: a table or JSON of two sets of pictures."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from cli.conftest import Command
from evaluation.pictures import pictures, quadrants

from auxgen.evaluation import compare as comparing
from auxgen.features.extractors import Extractor
from auxgen.features.trained import MissingExtractor


def test_a_metric_may_be_given_several_times(
    auxgen: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AUXGEN_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(comparing, "load_extractor", quadrants)
    for seed in (0, 1):
        np.save(tmp_path / f"{seed}.npy", pictures(20, seed).x.numpy())
    args = ("compare", tmp_path / "0.npy", tmp_path / "1.npy")
    metrics = ("--metric", "fd:quadrants", "--metric", "kd:quadrants")
    outcome = auxgen(*args, *metrics, "--json")
    assert outcome.status == 0
    assert list(json.loads(outcome.out)["scores"]) == ["FD(quadrants)", "KD(quadrants)"]
    shown = auxgen(*args, *metrics).out
    assert "1.npy beside 0.npy" in shown
    assert "means of quadrants" in shown


def test_an_extractor_that_is_not_trained_is_trained_first(
    auxgen: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained: list[str] = []

    def load(name: str) -> Extractor:
        if name not in trained:
            raise MissingExtractor(name, name, 0, tmp_path)
        return quadrants(name)

    monkeypatch.setenv("AUXGEN_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(comparing, "load_extractor", load)
    monkeypatch.setattr(
        "auxgen.launch.train_extractor", lambda missing: trained.append(missing.name)
    )
    np.save(tmp_path / "0.npy", pictures(20, 0).x.numpy())
    sets = (tmp_path / "0.npy", tmp_path / "0.npy")
    assert auxgen("compare", *sets, "--metric", "fd:quadrants").status == 0
    assert trained == ["quadrants"]


def test_a_compare_without_a_metric_says_so(auxgen: Command) -> None:
    outcome = auxgen("compare", "digits", "digits/train")
    assert outcome.status == 2
    assert "auxgen compare needs --metric" in outcome.err
