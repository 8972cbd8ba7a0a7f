"""A table of any kinds, blanks, scales and names is learned from, or refused in a sentence."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import torch
from data.any_table import SUFFIXES, draw_table, write_frame
from data.small_models import predict, train_model
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from pandas import DataFrame

from auxgen.cli.tables import write_rows
from auxgen.data.inputs import read_rows
from auxgen.errors import InputError
from auxgen.model import Model

Outcomes = Counter[str]
"""How many tables were learned from, and how many refused by each kind of sentence."""


def check_table(frame: DataFrame, suffixes: tuple[str, ...], model: Any, found: Outcomes) -> None:
    """Learn from a table, or be refused; count which it was."""
    if frame.columns.duplicated().any():  # which parquet and feather cannot hold
        suffixes = tuple({"parquet": "csv", "feather": "xlsx"}.get(s, s) for s in suffixes)
    with TemporaryDirectory() as folder:
        file = write_frame(frame, Path(folder) / f"t.{suffixes[0]}")
        try:
            trained = train_model(file, model)
        except InputError as error:
            check_sentence(str(error))
            found[classify_sentence(str(error))] += 1
            return
        check_predictions(trained, frame, file, Path(folder) / f"u.{suffixes[1]}")
        check_samples(trained, frame, Path(folder), suffixes[1])
    found["trained"] += 1


def check_sentence(text: str) -> None:
    assert "\n" not in text
    assert text.endswith((".", "--decimal .")), text


def classify_sentence(text: str) -> str:
    """A sentence without its names and numbers."""
    return re.sub(r"\d+|[tu]\.\w+", "N", re.sub(r"'[^']*'|\"[^\"]*\"", "_", text))[:70]


def check_predictions(trained: Model, frame: DataFrame, file: Path, other: Path) -> None:
    """Each row's are those of the row, in another order of rows and columns and another file."""
    probabilities = predict(trained, file)
    assert probabilities.shape[0] == len(frame)
    assert probabilities.isfinite().all()
    unnamed = [name for name in frame.columns if not name.strip()]
    order = 1 if len(unnamed) > 1 else -1  # several columns without a name are told by their places
    turned = predict(trained, write_frame(frame.iloc[::-1, ::order], other)).flip(0)
    torch.testing.assert_close(turned, probabilities, rtol=0, atol=1e-5)


def check_samples(model: Model, frame: DataFrame, folder: Path, suffix: str) -> None:
    """Samples are rows of the table's own columns, with its texts, and are read back."""
    table = model.space.table
    assert table is not None
    rows = model.sample(5)
    decoded = table.decode(rows.numpy())
    assert len(decoded.columns) <= frame.shape[1] - 1
    for column in table.categories:
        assert set(decoded[column.name]) <= set(column.texts)
    labels = model.draw_classes(5)
    back = read_rows([write_rows(rows, folder / f"s.{suffix}", table, labels)], model.space)
    assert len(back.x) == 5
    assert not [note for note in back.notes if "training did not have" in note]


def check_many(examples: int) -> Outcomes:
    """What became of so many tables, always the same ones."""
    found: Outcomes = Counter()

    @settings(
        max_examples=examples,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    @given(
        frame=draw_table(),
        suffixes=st.tuples(st.sampled_from(SUFFIXES), st.sampled_from(SUFFIXES)),
        model=st.sampled_from(("m2", "sdgm", "adgm")),
    )
    def check(frame: DataFrame, suffixes: tuple[str, str], model: str) -> None:
        check_table(frame, suffixes, model, found)

    check()
    return found


def test_fifty_tables() -> None:
    found = check_many(50)
    assert 10 <= found["trained"] < found.total() == 50  # both happen, and none is left out


@pytest.mark.slow
def test_five_thousand_tables(capsys: pytest.CaptureFixture[str]) -> None:
    found = check_many(5000)
    with capsys.disabled():
        print(*(f"\n{count:5} {what}" for what, count in found.most_common()))
    assert found.total() == 5000
    assert found["trained"] > 1500
