"""Dates in the cells of a table's column, as they are written."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import Literal

import numpy as np

from .cells import list_texts

DateForm = Literal["date", "time", "utc"]
"""A day; a day with a time; the same with an offset from UTC, which is written in UTC."""

_ISO_DATE = re.compile(r"\d{4}([-/])\d\d\1\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?)?")
_OTHER_DATE = re.compile(r"\d{1,4}[./-]\d{1,2}[./-]\d{1,4}( .*)?")
_EPOCH = datetime(1970, 1, 1)


def are_dates(texts: set[str]) -> bool:
    """Whether all texts are dates that begin with the year, such as 2024-12-31."""
    return bool(texts) and all(_parse_date(text) is not None for text in texts)


def are_ambiguous_dates(texts: set[str]) -> bool:
    """Whether all texts look like dates, of which day and month cannot be distinguished."""
    return bool(texts) and all(map(_OTHER_DATE.fullmatch, texts))


def find_date_form(texts: set[str]) -> DateForm:
    """How the dates of a column are written."""
    parsed = [found for found in map(_parse_date, texts) if found is not None]
    if any(moment.tzinfo is not None for moment in parsed):
        return "utc"
    return "time" if any(len(text) > len("2024-12-31") for text in texts) else "date"


def parse_dates(cells: np.ndarray, form: DateForm) -> np.ndarray:
    """Days since 1970, or seconds where dates have a time; NaN where there is no date: -> (n,)."""
    each = {text: _count_since_epoch(text, form) for text in set(list_texts(cells))}
    return np.array([each[text] for text in list_texts(cells)], dtype=np.float64)


def format_date(value: float, form: DateForm) -> str:
    """The date of what `parse_dates` counts; "" for NaN. The calendar ends at the year 9999."""
    if value != value:
        return ""
    seconds = round(value) * 86400.0 if form == "date" else value
    low, high = (_count_since_epoch(d, "time") for d in ("0001-01-01", "9999-12-31"))
    moment = _EPOCH + timedelta(seconds=min(max(seconds, low), high))
    if form == "date":
        return moment.date().isoformat()
    text = moment.isoformat(" ", timespec="seconds")
    return f"{text}+00:00" if form == "utc" else text


def _count_since_epoch(text: str, form: DateForm) -> float:
    moment = _parse_date(text)
    if moment is None:
        return float("nan")
    if moment.tzinfo is not None:
        moment = moment.astimezone(UTC).replace(tzinfo=None)
    seconds = (moment - _EPOCH).total_seconds()
    return seconds / 86400 if form == "date" else seconds


def _parse_date(text: str) -> datetime | None:
    if not _ISO_DATE.fullmatch(text):
        return None
    try:
        return datetime.fromisoformat(text.replace("/", "-"))
    except ValueError:  # such as the 31st of February
        return None


def format_moment(value: date | datetime) -> str:
    """A date of a file that knows dates, as text: midnight is a date alone."""
    if not isinstance(value, datetime):
        return value.isoformat()
    is_day = value.tzinfo is None and value.time() == datetime.min.time()
    return value.date().isoformat() if is_day else value.isoformat(" ")
