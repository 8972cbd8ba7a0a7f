"""The report of a run, or of several compared: one HTML file that needs nothing else."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from ..errors import InputError
from ..files import write_file
from .page import render_page
from .read import read_run_folders


def write_report(runs: Sequence[Path], out: Path, notes: Mapping[Path, str] | None = None) -> Path:
    """Write the report of run folders, several side by side, and return its path.

    Args:
        runs: Run folders; the report says what an unfinished one lacks.
        out: The HTML file, or a folder for report.html.
        notes: A sentence about a run, for its page.

    Raises:
        InputError: No run, a folder that is no run, or a file in it that cannot be read.
        NotSaved: The report could not be written.
    """
    if not runs:
        raise InputError("There is no run to report; expected one run folder or more.")
    html = render_page(read_run_folders(runs, notes or {}))
    return write_file(
        out / "report.html" if out.is_dir() else out, html.encode(errors="backslashreplace")
    )
