"""Options that name extractors, which are needed after training alone, and checked before it."""

from collections.abc import Mapping
from typing import Any

from ..features.registry import check_extractor_name
from .registry import list_extractors

EXTRACTOR_OPTIONS = ("extractor", "scorers", "second_scorer")
"""Each takes a name, several, or "auto"."""


def check_extractor_options(options: Mapping[str, Any]) -> None:
    """Refuse the name of an extractor that does not exist.

    Raises:
        InputError: There is no such extractor.
    """
    for option in EXTRACTOR_OPTIONS:
        value = options.get(option) or ()
        for name in (value,) if isinstance(value, str) else value:
            if name != "auto":
                check_extractor_name(name, list_extractors())
