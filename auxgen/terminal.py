"""Where a person watches: a terminal that draws a line anew, or whatever keeps every line."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable

from .errors import make_printable

NOTEBOOK = "JPY_PARENT_PID"
"""What Jupyter sets for a notebook's kernel, and all that it starts."""


def redraws_lines() -> bool:
    """Whether stderr goes to a terminal on which a bar may move.

    A notebook carries out `!auxgen ...` on a terminal too, and keeps every state of the bar.
    """
    return sys.stderr.isatty() and NOTEBOOK not in os.environ


def print_notes(notes: Iterable[str]) -> None:
    """Tell what was found in a person's files, a line each, whatever their names have in them."""
    for note in notes:
        print(make_printable(note), file=sys.stderr)
