"""Tables of any mix of kinds, blanks, scales, names and files, as people have them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas
from hypothesis import strategies as st
from pandas import DataFrame

SUFFIXES = ("csv", "tsv", "parquet", "feather", "xlsx")
TEXTS = (
    *("red", "blue", "NA", "None", "nan", "null", "?", "-", "-1", "01", "1", "007", "3+", "0x1F"),
    *("=1+1", "+SUM(A1)", "@home", "-x", "a,b", "a;b", 'say "hi"', "it's", "été", "日本", "a b"),
    *("1,5", "True", "false", "yes", "no", "2024-01-01", "31.12.2024", "12:30", "1e5", "inf"),
    *("Infinity", "two\nlines", "a\tb", "a|b", "🙂", "e\u0301", "\u00a0x", "#DIV/0!", "x" * 300),
    *("<b>", "{}", "%s", "\\n", "'quoted'", "'=1", "1_000", "٣", "½", "−1"),
)
NAMES = (
    *("x", "age", "id", "index", "label2", "0", "1", "2.5", "a=b", "=SUM(A1)", "-1", "a,b", "né"),
    *('quo"te', "with space", "Unnamed: 0", "date", "x=red", "NA", "True", "'a", "p(a)", "name"),
    *("two\nlines", "", " x ", "class", "日本", "a;b", "tab\tbed", "🙂", "LABEL", "x" * 200, "@x"),
)
ANSWERS = (("yes", "no"), ("Y", "n"), ("True", "False"), ("on", "off"), ("T", "F"), ("0", "1"))
DAYS = ("%Y-%m-%d", "%Y/%m/%d", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%SZ", "%d.%m.%Y", "%d/%m/%Y")
SIZES = (0, 0, 0, 0, -9, -290, -320, 9, 38, 290, 307)
"""Powers of ten."""


def _draw_numbers(draw: st.DrawFn, rng: np.random.Generator, rows: int) -> list[Any]:
    size, offset = 10.0 ** draw(st.sampled_from(SIZES)), draw(st.sampled_from((0, 0, 1, 1e3, 1e9)))
    with np.errstate(over="ignore"):  # an infinity is a number that people's files have
        return ((rng.normal(size=rows) + offset) * size).tolist()


def _draw_outlier(draw: st.DrawFn, rng: np.random.Generator, rows: int) -> list[Any]:
    odd = draw(st.sampled_from((1e3, -1e9, 1e38, 1e290, float("inf"), -float("inf"))))
    return np.append(rng.normal(size=rows - 1), odd).tolist()


def _draw_whole(draw: st.DrawFn, rng: np.random.Generator, rows: int) -> list[Any]:
    return (
        rng.integers(-5, 50, rows) + draw(st.sampled_from((0, 0, 10**9, 2**53, 2**62)))
    ).tolist()


def _draw_row_numbers(draw: st.DrawFn, _: np.random.Generator, rows: int) -> list[Any]:
    start = draw(st.sampled_from((0, 1, 1000, 10**12)))
    return [start + i for i in range(rows)]


def _draw_constant(draw: st.DrawFn, _: np.random.Generator, rows: int) -> list[Any]:
    return [draw(st.sampled_from((5, 0.0, -0.0, 1.7e9, "red", 0.1, 1e300, "01", True)))] * rows


def _draw_texts(draw: st.DrawFn, rng: np.random.Generator, rows: int) -> list[Any]:
    words = draw(st.lists(st.sampled_from(TEXTS), min_size=1, max_size=5))
    return rng.choice(np.array(words, dtype=object), rows).tolist()


def _draw_any_texts(draw: st.DrawFn, rng: np.random.Generator, rows: int) -> list[Any]:
    letters = st.characters(exclude_categories=("Cs", "Cc"))
    words = draw(st.lists(st.text(letters, max_size=6), min_size=1, max_size=4))
    return rng.choice(np.array(words, dtype=object), rows).tolist()


def _draw_names(draw: st.DrawFn, _: np.random.Generator, rows: int) -> list[Any]:
    form = draw(st.sampled_from(("p{}", "{}-x", "Ann {}", "0{}", "{:08x}", "http://x/{}")))
    return [form.format(i) for i in range(rows)]


def _draw_mixed(draw: st.DrawFn, rng: np.random.Generator, rows: int) -> list[Any]:
    cells = rng.normal(size=rows).round(2).tolist()
    odd = draw(st.sampled_from((*TEXTS, True, pandas.Timestamp("2024-05-01"))))
    return cells[: -(count := draw(st.sampled_from((1, 2, rows // 2))))] + [odd] * count


def _draw_comma_numbers(draw: st.DrawFn, rng: np.random.Generator, rows: int) -> list[Any]:
    form = draw(st.sampled_from(("{:.2f}", "{:.3f}", "{:,.1f}", "{:,.0f}")))
    size = draw(st.sampled_from((1.0, 1e4)))
    texts = [form.format(v) for v in (size * rng.normal(size=rows)).tolist()]
    return [t.translate(str.maketrans(",.", ".,")) if ",.1f" not in form else t for t in texts]


def _draw_answers(draw: st.DrawFn, rng: np.random.Generator, rows: int) -> list[Any]:
    pair = draw(st.sampled_from((*ANSWERS, (True, False))))
    return [pair[i] for i in rng.integers(0, 2, rows)]


def _draw_days(draw: st.DrawFn, rng: np.random.Generator, rows: int) -> list[Any]:
    form, start = draw(st.sampled_from((*DAYS, ""))), pandas.Timestamp("2024-01-01 09:30")
    days = [start + pandas.Timedelta(days=int(d)) for d in rng.integers(0, 500, rows)]
    return [day.strftime(form) if form else day.to_pydatetime() for day in days]


COLUMNS: Sequence[Callable[[st.DrawFn, np.random.Generator, int], list[Any]]] = (
    *(_draw_numbers, _draw_outlier, _draw_whole, _draw_row_numbers, _draw_constant, _draw_texts),
    *(_draw_any_texts, _draw_names, _draw_mixed, _draw_comma_numbers, _draw_answers, _draw_days),
)


@st.composite
def draw_column(draw: st.DrawFn, rows: int) -> list[Any]:
    """The cells of a column, None where blank."""
    rng = np.random.default_rng(draw(st.integers(0, 2**20)))
    cells = draw(st.sampled_from(COLUMNS))(draw, rng, rows)
    share = draw(st.sampled_from((0.0, 0.0, 0.0, 0.1, 0.5, 1.0)))
    return [None if hole else c for c, hole in zip(cells, rng.random(rows) < share, strict=True)]


@st.composite
def draw_table(draw: st.DrawFn) -> DataFrame:
    """A table whose last column is the label; one in thirty has two columns of one name."""
    rows = draw(st.integers(6, 30))
    names = draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=5, unique=True))
    cells = [draw(draw_column(rows)) for _ in names]
    classes = draw(st.lists(st.sampled_from(TEXTS), min_size=2, max_size=3, unique=True))
    shown = [i < 6 or i % 2 == 1 or i == rows - 1 for i in range(rows)]  # no blank line at the end
    known = [classes[i % len(classes)] if show else None for i, show in enumerate(shown)]
    if len(names) > 1 and draw(st.integers(0, 29)) == 17:  # not 0, which is drawn often
        names[1] = names[0]
    columns = [pandas.Series(c, dtype=object) for c in (*cells, known)]
    table = pandas.concat(columns, axis=1)
    table.columns = [*names, "label"]
    return table


def write_frame(frame: DataFrame, file: Path) -> Path:
    """A table in the kind of file that the name ends with, each column of one type."""
    columns = [_make_column(frame.iloc[:, i]) for i in range(frame.shape[1])]
    typed = pandas.concat(columns, axis=1)
    typed.columns = frame.columns
    match file.suffix:
        case ".csv":
            typed.to_csv(file, index=False)
        case ".tsv":
            typed.to_csv(file, index=False, sep="\t")
        case ".xlsx":
            _write_sheet(typed, file)
        case _:
            getattr(typed, f"to_{file.suffix[1:]}")(file)
    return file


def _make_column(column: pandas.Series) -> pandas.Series:
    """Of one type where its cells are, else of texts."""
    kinds = {type(cell) for cell in column if cell is not None}
    if len(kinds) == 1 and not kinds <= {str}:
        return column.infer_objects()
    return column.map(lambda c: c if c is None else str(c)).astype("string")


def _write_sheet(frame: DataFrame, file: Path) -> None:
    """An Excel file with texts as texts, also where they begin as a formula does."""
    from openpyxl import Workbook

    book = Workbook()
    sheet = book.worksheets[0]
    lines = frame.astype(object).where(frame.notna(), None).to_numpy(dtype=object).tolist()
    for i, line in enumerate([list(frame.columns), *lines], 1):
        for k, value in enumerate(line, 1):
            plain = value.to_pydatetime() if isinstance(value, pandas.Timestamp) else value
            plain = str(plain) if plain in (float("inf"), -float("inf")) else plain
            cell = sheet.cell(i, k, plain)
            if isinstance(plain, str):
                cell.data_type = "s"
    book.save(file)
