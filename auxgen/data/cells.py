"""The cells of a table's column: numbers, texts, yes and no, as they are written."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

from ..errors import InputError

Decimal = Literal[".", ","]

MISSING_WORDS = frozenset(
    ("na", "n/a", "#n/a", "nan", "null", "none", "nil", "?", ".", "-", "--", "missing", "unknown")
)
"""Words in lower case that mean "unknown" among numbers."""
YES_WORDS = {"true": "false", "yes": "no", "y": "n", "t": "f", "on": "off"}
"""The word for no by the word for yes, both in lower case."""

_PLAIN_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_COMMA_NUMBER = re.compile(r"[+-]?(\d{1,3}(\.\d{3})+|\d+)?,\d+([eE][+-]?\d+)?")
_GROUPED_NUMBER = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d*)?")
_INFINITE = re.compile(r"[+-]?inf(inity)?", re.IGNORECASE)
_CODE = re.compile(r"0\d+")
_NAME_BY_PLACE = re.compile(r"Unnamed: \d+")


@dataclass(frozen=True, eq=False)
class RawTable:
    """A file's rows before anything is known of its columns.

    Attributes:
        source: Name of the file, for messages.
        names: Names of the columns.
        columns: The cells of each column (n,): float64 with NaN where blank, int64, or texts
            without spaces around them, "" where blank.
        notes: What was guessed while it was read, one sentence each.
    """

    source: str
    names: tuple[str, ...]
    columns: tuple[np.ndarray, ...]
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.columns[0]) if self.columns else 0

    def __getitem__(self, name: str) -> np.ndarray:
        return self.columns[self.names.index(name)]


def name_by_place(index: int) -> str:
    """What a column without a name is called."""
    return f"Unnamed: {index}"


def is_name_by_place(name: str) -> bool:
    """Whether a column is called as one without a name is."""
    return _NAME_BY_PLACE.fullmatch(name) is not None


def strip_texts(cells: np.ndarray) -> np.ndarray:
    """Texts without spaces around them: (n,) of any objects -> (n,) of str."""
    return np.array([str(cell).strip() for cell in cells], dtype=object)


def format_number(value: float) -> str:
    """A number as text, whole ones without a point; "" for NaN."""
    if value != value:
        return ""
    return str(int(value)) if float(value).is_integer() and abs(value) < 1e15 else repr(value)


def list_texts(cells: np.ndarray) -> list[str]:
    """The cells of a column as texts, "" where blank."""
    if cells.dtype.kind == "i":
        return [str(cell) for cell in cells.tolist()]
    if cells.dtype.kind == "f":
        return [format_number(cell) for cell in cells.tolist()]
    return cells.tolist()


def find_blanks(cells: np.ndarray) -> np.ndarray:
    """Which cells are blank: -> (n,) bool."""
    return cells == "" if cells.dtype == object else np.isnan(cells)


def blank_out(cells: np.ndarray, words: tuple[str, ...]) -> np.ndarray:
    """The cells with those blank that are one of the words, or a number equal to one."""
    if not words:
        return cells
    numbers = [float(word) for word in words if _PLAIN_NUMBER.fullmatch(word)]
    if cells.dtype != object:
        out = np.isin(cells, numbers)
        return np.where(out, np.nan, cells.astype(np.float64)) if out.any() else cells
    same = np.isin(cells, np.array([word.strip() for word in words], dtype=object))
    if numbers:
        same |= np.isin(parse_numbers(cells, ".").values, numbers)
    return np.where(same, "", cells)


class ParsedNumbers(NamedTuple):
    """The numbers of a column.

    Attributes:
        values: (n,) float64, NaN where there is no number.
        unread: Which cells are neither a number nor blank (n,).
    """

    values: np.ndarray
    unread: np.ndarray


def parse_numbers(cells: np.ndarray, decimal: Decimal) -> ParsedNumbers:
    """The numbers that cells hold: infinities are numbers, the words nan and NA are none."""
    if cells.dtype != object:
        return ParsedNumbers(cells.astype(np.float64), np.zeros(len(cells), bool))
    blank = cells == ""
    try:
        values = np.where(blank, "nan", cells).astype(np.float64)
    except ValueError:
        values = None
    if values is None or not np.isfinite(values[~blank]).all() or any("_" in c for c in cells):
        values = np.array([_parse_number(cell, decimal) for cell in cells], dtype=np.float64)
    return ParsedNumbers(values, np.isnan(values) & ~blank)


def _parse_number(text: str, decimal: Decimal) -> float:
    """The number that a text is, NaN if it is none."""
    if _PLAIN_NUMBER.fullmatch(text) or _INFINITE.fullmatch(text):
        return float(text)
    if decimal == "," and _COMMA_NUMBER.fullmatch(text):
        return float(text.replace(".", "").replace(",", "."))
    if decimal == "." and _GROUPED_NUMBER.fullmatch(text):
        return float(text.replace(",", ""))
    return float("nan")


def guess_decimal(table: RawTable, usual: Decimal | None = None) -> tuple[Decimal, str]:
    """The decimal sign of a table's numbers, and the name of a column with commas, or "".

    Args:
        table: Columns of texts.
        usual: The sign where no column shows it, though one may have commas.

    Raises:
        InputError: Commas may be decimal signs as well as group thousands, and none is usual.
    """
    ambiguous = ""
    for name, cells in zip(table.names, table.columns, strict=True):
        if cells.dtype != object:
            continue
        texts = [c for c in set(cells.tolist()) if c and c.lower() not in MISSING_WORDS]
        commas = [c for c in texts if "," in c]
        others = [c for c in texts if "," not in c]
        if not commas or not all(map(_PLAIN_NUMBER.fullmatch, others)):
            continue
        grouped = all(map(_GROUPED_NUMBER.fullmatch, commas))
        if grouped and any(c.count(",") > 1 or "." in c for c in commas):
            return ".", name
        if grouped:
            ambiguous = name
        elif all(map(_COMMA_NUMBER.fullmatch, commas)):
            return ",", name
    if ambiguous and usual is None:
        cell = next(c for c in table[ambiguous] if "," in c)
        raise InputError(
            f"Column {ambiguous!r} of {table.source} holds numbers such as {cell!r}, whose comma "
            "may be a decimal sign or group thousands; say which by --decimal , or --decimal ."
        )
    return usual or ".", ambiguous


def describe_decimal(sign: Decimal, column: str) -> str:
    """A note: how the commas of a column's numbers were read."""
    what = "a decimal comma" if sign == "," else "commas that group thousands"
    return f"Column {column!r}: numbers are taken to have {what}."


def count_cells(count: int) -> str:
    """ "1 cell", "2 cells"."""
    return f"{count} cell{'' if count == 1 else 's'}"


def has_leading_zeros(texts: set[str]) -> bool:
    """Whether texts are codes such as 01, which are no numbers."""
    return any(map(_CODE.fullmatch, texts))


def parse_answer(text: str) -> bool | None:
    """Yes or no, of a word in any case, or of 1 and 0; None if it is neither."""
    word = text.lower()
    if word in YES_WORDS or word in ("1", "1.0"):
        return True
    return False if word in YES_WORDS.values() or word in ("0", "0.0") else None


def are_answers(texts: set[str]) -> bool:
    """Whether texts are yes and no in one pair of words, in any case; one of the two is enough."""
    words = {text.lower() for text in texts}
    return bool(words) and any(words <= pair for pair in map(set, YES_WORDS.items()))
