"""The report of a run, or of several compared: one HTML file that needs nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ..errors import InputError
from .read import read_run_folders
from .sections import render_page


def write_report(runs: Sequence[Path], out: Path) -> Path:
    """Write the report of run folders, several side by side, and return its path.

    Args:
        runs: Run folders; what an unfinished one lacks, the report says.
        out: The HTML file, or a folder for report.html.

    Raises:
        InputError: No run, a folder that is no run, or a file in it that cannot be read.
    """
    if not runs:
        raise InputError("There is no run to report; wanted is one run folder or more.")
    html = render_page(read_run_folders(runs))
    file = out / "report.html" if out.is_dir() else out
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_name(file.name + ".partial")
    partial.write_text(html, encoding="utf-8")
    return partial.replace(file)
