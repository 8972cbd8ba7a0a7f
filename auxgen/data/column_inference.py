"""What one column of a table holds, found in its cells; every guess becomes a note."""

from __future__ import annotations

import re
from collections.abc import Sequence
from math import floor, log10

import numpy as np

from ..errors import InputError
from . import cells as cell
from .cells import Decimal, RawTable
from .columns import Column, read_column_numbers
from .dates import are_ambiguous_dates, are_dates, find_date_form
from .labels import collect_classes
from .scaling import find_constant, measure_scale

MAX_TEXTS = 256
"""Different texts of a column that become entries of 0 and 1."""
FEW_TEXTS = 12
"""Different texts up to which numbers with texts among them are a category, as 0, 1, 2, 3+ are."""
_ID_NAME = re.compile(
    r"unnamed: \d+|index|idx|id|ids|row|rows|row[_ -]?(id|no|nr|num|number|index)|no|nr|number|key"
    r"|uuid|guid|.*[_ -]id|id[_ -].*",
    re.IGNORECASE,
)
_WRITTEN_NUMBER = re.compile(r"([^\w\s]*) *(\d[\d\s.,:'’]*)(\D*)")
"""A number with a unit or a currency, in groups of digits, or a time: 10 %, $5, 1'000, 12:30."""
_CAMEL_ID = re.compile(r".*[a-z]I[dD]")


def infer_column(
    name: str, table: RawTable, decimal: Decimal, notes: list[str], *, chosen: bool
) -> Column:
    """What a column holds; a `chosen` one is not left out for looking like an index."""
    cells = table[name]
    blank = cell.find_blanks(cells)
    if blank.all():
        return Column(name, "left out", why="is blank in every row")
    texts = set(cells.tolist()) - {""} if cells.dtype == object else set()
    if not texts or _are_numbers(name, texts, table, decimal, notes):
        return _infer_numbers(name, table, decimal, notes, chosen=chosen)
    if are_dates(texts) and len(texts) > 1:
        notes.append(f"Column {name!r} holds dates, which count as numbers.")
        return Column(name, "date", form=find_date_form(texts))
    if len(texts) > 2 and are_ambiguous_dates(texts):
        raise InputError(
            f"Column {name!r} of {table.source} holds dates such as {min(texts)!r}, whose parts "
            f"cannot be told apart for sure; write them as 2024-12-31, or leave the column out by "
            f"--drop {name!r}."
        )
    if _are_written_numbers(texts):
        notes.append(
            f"Column {name!r}: cells such as {min(texts)!r} are taken as texts; if numbers are "
            "meant, write these alone."
        )
    return _infer_texts(name, table, texts, blank, chosen=chosen)


def _are_written_numbers(texts: set[str]) -> bool:
    """Whether texts are numbers with the same signs before and after, such as 10 % and 20 %."""
    found = [_WRITTEN_NUMBER.fullmatch(text) for text in texts]
    around = {(match[1], match[3].strip()) if match else None for match in found}
    plain = any(text.isdecimal() for text in texts)  # codes such as 01, which are told
    return len(texts) > 1 and len(around) == 1 and None not in around and not plain


def _are_numbers(
    name: str, texts: set[str], table: RawTable, decimal: Decimal, notes: list[str]
) -> bool:
    """Whether the different texts of a column are numbers, but for words for "unknown".

    Raises:
        InputError: Most are numbers, and some are not.
    """
    words = np.array(sorted(texts), dtype=object)
    unread = cell.parse_numbers(words, decimal).unread
    others = [w for w in words[unread] if w.lower() not in cell.MISSING_WORDS]
    numbers = set(words[~unread])
    if not numbers:
        return False
    if cell.has_leading_zeros(numbers):
        code = next(t for t in sorted(numbers) if cell.has_leading_zeros({t}))
        notes.append(f"Column {name!r}: numbers such as {code!r} are taken as texts.")
        return False
    share = np.isin(table[name], words[~unread]).sum() / (table[name] != "").sum()
    if not others:
        return share > 0.5 or len(numbers) > 1
    whole = all(float(t.replace(",", ".")).is_integer() for t in numbers if _is_finite(t))
    few = len(texts) <= FEW_TEXTS and whole
    if share <= 0.5 or (few and all((table[name] == t).sum() > 1 for t in others)):
        if len(numbers) > 1:
            notes.append(f"Column {name!r}: numbers and {others[0]!r} are taken as texts.")
        return False
    read_column_numbers(name, table, decimal, [])  # raises, and says which row
    return True


def _is_finite(text: str) -> bool:
    try:
        return bool(np.isfinite(float(text.replace(",", "."))))
    except ValueError:
        return False


def _infer_numbers(
    name: str, table: RawTable, decimal: Decimal, notes: list[str], *, chosen: bool
) -> Column:
    values = read_column_numbers(name, table, decimal, notes)
    known = values[~np.isnan(values)]
    some_blank = len(known) < len(values)
    if find_constant(values[:, None])[0]:
        text = cell.list_texts(table[name])[int(np.argmax(~np.isnan(values)))]
        if some_blank:
            return Column(name, "category", (text, ""))
        return Column(name, "left out", why=f"is always {text}", value=text)
    if not some_blank and not chosen:
        why = _explain_index(name, known)
        if why:
            return Column(name, "left out", why=f"{why}; --id {name!r} keeps it beside predictions")
    return Column(name, "number", digits=_count_digits(known))


def _explain_index(name: str, values: np.ndarray) -> str:
    """Why numbers are an index or an id, "" if they are none."""
    rows = len(values)
    whole = bool((values == np.floor(values)).all())
    if rows < 3 or not whole or len(np.unique(values)) < rows:
        return ""
    counts = bool((np.diff(values) == 1).all())
    if counts and values[0] in (0, 1) and rows >= 10:
        return "counts the rows"
    return "names the rows" if _looks_like_id(name) else ""


def _looks_like_id(name: str) -> bool:
    return bool(_ID_NAME.fullmatch(name) or _CAMEL_ID.fullmatch(name))


def _count_digits(values: np.ndarray) -> int:
    """Digits after the point that all values have, at most some that matter beside their spread."""
    spread = measure_scale(values[:, None]).scale[0]
    most = max(2, 4 - floor(log10(spread)))
    if most > 15:
        return most
    with np.errstate(over="ignore", invalid="ignore"):
        fits = (np.allclose(np.round(values, d), values, rtol=1e-12, atol=0) for d in range(most))
        return next((digits for digits, fit in enumerate(fits) if fit), most)


def _infer_texts(
    name: str, table: RawTable, texts: set[str], blank: np.ndarray, *, chosen: bool
) -> Column:
    rows = int((~blank).sum())
    words = (*collect_classes(texts), "") if blank.any() else collect_classes(texts)
    if len(words) == 1:
        return Column(name, "left out", why=f"is always {words[0]!r}", value=words[0])
    if cell.are_answers(texts) and len({cell.parse_answer(text) for text in texts}) == 2:
        return Column(
            name, "yes/no", _list_answers(cell.list_texts(table[name]), bool(blank.any()))
        )
    is_id = rows >= 3 and len(texts) == rows and _looks_like_id(name)
    if not chosen and (is_id or (len(texts) > 10 and len(texts) > rows / 2)):
        return Column(
            name,
            "left out",
            why=f"has {len(texts)} different texts in {rows} rows; --id {name!r} keeps it beside "
            "predictions",
        )
    if len(texts) > MAX_TEXTS:
        why = f"has {len(texts)} different texts, more than {MAX_TEXTS}"
        if chosen:
            raise InputError(f"Column {name!r} of {table.source} {why}; leave it out.")
        return Column(name, "left out", why=why)
    return Column(name, "category", words)


def _list_answers(texts: Sequence[str], some_blank: bool) -> tuple[str, ...]:
    """The most frequent word for no, that for yes, and the blank one."""
    found = []
    for answer in (False, True):
        words = [text for text in texts if text and cell.parse_answer(text) is answer]
        found.append(max(sorted(set(words)), key=words.count))
    return (*found, "") if some_blank else tuple(found)
