"""Likelihoods of a table's columns, from the command line."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from cli.conftest import Command, assert_refused

SMALL = ["--steps", "20", "--hidden", "8", "--latent", "2", "--device", "cpu"]


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Counts, proportions, levels and a text, of rows of which a third have a label."""
    file = tmp_path_factory.mktemp("own") / "t.csv"
    rng = np.random.default_rng(0)
    with file.open("w", newline="") as opened:
        writer = csv.writer(opened)
        writer.writerow(["visits", "share", "rating", "colour", "label"])
        for i in range(60):
            row = [rng.poisson(20 * rng.gamma(1)), rng.beta(2, 3), rng.integers(1, 6)]
            writer.writerow([*row, ("red", "blue")[i % 2], ("yes", "no", "")[i % 3]])
    return file


def test_likelihoods_are_chosen_by_columns_and_by_name_and_told(
    table: Path, auxgen: Command, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    choice = ["--data", table, "--label", "label", "--run", run, *SMALL]
    outcome = auxgen("train", "adgm.own", *choice, "--likelihood", "auto", "rating=gaussian")
    assert outcome.status == 0
    told = outcome.out + outcome.err
    assert "negative_binomial for 1 column (visits)" in told
    assert "gaussian for 1 column (rating)" in told
    known = json.loads((run / "sdgm" / "config.json").read_text())
    families = [block["family"] for block in known["arguments"]["likelihood"]]
    assert families == ["gaussian", "beta", "negative_binomial", "categorical"]
    assert auxgen("sample", run, "--n", "20", "--out", tmp_path / "s.csv").status == 0
    with (tmp_path / "s.csv").open(newline="") as opened:
        drawn = list(csv.DictReader(opened))
    assert all(int(row["visits"]) >= 0 for row in drawn)
    assert all(0 <= float(row["share"]) <= 1 for row in drawn)
    assert auxgen("predict", run, table, "--out", tmp_path / "p.csv").status == 0


@pytest.mark.parametrize(
    ("words", "match"),
    [
        (["--likelihood", "share=poisson"], "share"),
        (["--likelihood", "poison"], "poisson"),
        (["--likelihood", "visit=poisson"], "visits"),
        (["--library-size"], "library_size is for columns of counts"),
    ],
)
def test_a_likelihood_that_cannot_be_is_refused_and_nothing_is_left(
    words: list[str], match: str, table: Path, auxgen: Command, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    choice = ["--data", table, "--label", "label", "--run", run, *SMALL]
    outcome = auxgen("train", "adgm.own", *choice, *words)
    assert_refused(outcome, match)
    assert not run.exists()
