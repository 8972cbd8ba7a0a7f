"""A table of any kinds, blanks, scales and names is learned from, or refused in a sentence."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas
import pytest
import torch
from data.small_models import predict, train_model
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st
from pandas import DataFrame

from auxgen.cli.tables import write_rows
from auxgen.data.inputs import read_rows
from auxgen.errors import InputError
from auxgen.model import Model

SUFFIXES = ("csv", "tsv", "parquet", "feather", "xlsx")
TEXTS = (
    *("red", "blue", "NA", "None", "nan", "null", "?", "-", "-1", "01", "1", "007", "3+", "0x1F"),
    *(
        "=1+1",
        "+SUM(A1)",
        "@home",
        "-x",
        "a,b",
        "a;b",
        'say "hi"',
        "it's",
        "été",
        "日本",
        "a b",
        "1,5",
    ),
    *("True", "false", "yes", "no", "2024-01-01", "31.12.2024", "12:30", "1e5", "inf", "Infinity"),
)
NAMES = (
    *("x", "age", "id", "index", "label2", "0", "1", "2.5", "a=b", "=SUM(A1)", "-1", "a,b", "né"),
    *('quo"te', "with space", "Unnamed: 0", "date", "x=red", "NA", "True", "'a", "p(a)", "name"),
)


@st.composite
def draw_column(draw: st.DrawFn, rows: int) -> list[Any]:
    """The cells of a column, None where blank."""
    kind = draw(
        st.sampled_from(
            ("number", "whole", "row", "same", "text", "answer", "day", "outlier", "mixed")
        )
    )
    size = 10.0 ** draw(st.sampled_from((0, 0, 0, -9, -290, 9, 38, 290)))
    offset = draw(st.sampled_from((0.0, 0.0, 1.0, 1e3, 1e9)))
    rng = np.random.default_rng(draw(st.integers(0, 2**20)))
    match kind:
        case "number":
            cells = ((rng.normal(size=rows) + offset) * size).tolist()
        case "outlier":
            cells = np.append(rng.normal(size=rows - 1), size).tolist()
        case "whole":
            cells = (rng.integers(-5, 50, rows) + int(offset)).tolist()
        case "row":
            cells = [int(offset) + i for i in range(rows)]
        case "same":
            cells = [draw(st.sampled_from((5, 1.7e9, "red", 0.1, 1e300)))] * rows
        case "text":
            words = draw(st.lists(st.sampled_from(TEXTS), min_size=1, max_size=5))
            cells = rng.choice(np.array(words, dtype=object), rows).tolist()
        case "mixed":
            cells = rng.normal(size=rows).round(2).tolist()
            cells[-1] = draw(st.sampled_from(TEXTS))
        case "answer":
            cells = (rng.random(rows) < 0.5).tolist()
        case _:
            start = pandas.Timestamp("2024-01-01")
            days = (start + pandas.Timedelta(days=int(d)) for d in rng.integers(0, 500, rows))
            cells = [day.date().isoformat() for day in days]
    share = draw(st.sampled_from((0.0, 0.0, 0.1, 0.5, 1.0)))
    return [None if hole else c for c, hole in zip(cells, rng.random(rows) < share, strict=True)]


@st.composite
def draw_table(draw: st.DrawFn) -> DataFrame:
    """A table whose last column is the label."""
    rows = draw(st.integers(6, 30))
    names = draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=5, unique=True))
    table = {name: draw(draw_column(rows)) for name in names}
    classes = draw(st.lists(st.sampled_from(TEXTS), min_size=2, max_size=3, unique=True))
    assume(classes[0] != classes[1])
    shown = [i < 6 or i % 2 == 1 or i == rows - 1 for i in range(rows)]  # no blank line at the end
    known = [classes[i % len(classes)] if show else None for i, show in enumerate(shown)]
    return DataFrame({**table, "label": known}, dtype=object)


def write_table(frame: DataFrame, file: Path) -> Path:
    """A table in the kind of file that the name ends with, each column of one type."""
    typed = DataFrame({name: frame[name].infer_objects() for name in frame})
    for name in typed:
        if typed[name].dtype == object:
            typed[name] = typed[name].map(lambda c: c if c is None else str(c)).astype("string")
    match file.suffix:
        case ".csv":
            typed.to_csv(file, index=False)
        case ".tsv":
            typed.to_csv(file, index=False, sep="\t")
        case ".xlsx":
            typed.to_excel(file, index=False)
        case _:
            getattr(typed, f"to_{file.suffix[1:]}")(file)
    return file


def check_table(frame: DataFrame, suffixes: tuple[str, ...], model: Any) -> None:
    if any(str(t).startswith("=") for t in (*frame.columns, *frame.to_numpy().flatten())):
        suffixes = tuple(s.replace("xlsx", "csv") for s in suffixes)  # pandas writes formulas
    with TemporaryDirectory() as folder:
        file = write_table(frame, Path(folder) / f"t.{suffixes[0]}")
        try:
            trained = train_model(file, model)
        except InputError as error:
            check_sentence(str(error))
            return
        probabilities = predict(trained, file)
        assert probabilities.shape[0] == len(frame)
        assert probabilities.isfinite().all()
        other = write_table(frame.iloc[::-1, ::-1], Path(folder) / f"u.{suffixes[1]}")
        turned = predict(trained, other).flip(0)
        torch.testing.assert_close(turned, probabilities, rtol=0, atol=1e-5)
        check_samples(trained, frame, Path(folder))


def check_sentence(text: str) -> None:
    assert "\n" not in text
    assert text.endswith(".")


def check_samples(model: Model, frame: DataFrame, folder: Path) -> None:
    """Samples are rows of the table's own columns, with its texts, and are read back."""
    table = model.space.table
    assert table is not None
    rows = model.sample(5)
    decoded = table.decode(rows.numpy())
    assert set(decoded.columns) <= {str(name).strip() for name in frame}
    for column in table.categories:
        assert set(decoded[column.name]) <= set(column.texts)
    back = read_rows([write_rows(rows, folder / "s.csv", table)], model.space)
    assert len(back.x) == 5
    assert not [note for note in back.notes if "training did not have" in note]


def make_check(examples: int) -> Callable[[], None]:
    @settings(
        max_examples=examples,
        deadline=None,
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
        check_table(frame, suffixes, model)

    return check


def test_fifty_tables() -> None:
    make_check(50)()


@pytest.mark.slow
def test_five_thousand_tables() -> None:
    make_check(5000)()
