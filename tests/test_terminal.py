"""A bar moves on a terminal, and in nothing that keeps every line."""

from __future__ import annotations

import sys

import pytest

from auxgen.engine.progress import ProgressReporter
from auxgen.terminal import NOTEBOOK, print_notes, redraws_lines


@pytest.mark.parametrize(
    ("terminal", "notebook", "bar"),
    [(True, False, True), (True, True, False), (False, False, False), (False, True, False)],
)
def test_a_bar_moves_on_a_terminal_that_is_no_notebook_s(
    terminal: bool,
    notebook: bool,
    bar: bool,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal)
    monkeypatch.setenv(NOTEBOOK, "1") if notebook else monkeypatch.delenv(NOTEBOOK, raising=False)
    assert redraws_lines() is bar
    reporter = ProgressReporter("vae", 20, 0, quiet=False)
    for step in range(20):
        reporter.advance()
        reporter.update(step + 1, {"loss": 1.0})
    reporter.close()
    found = capsys.readouterr().err
    assert ("\r" in found) is bar
    assert found.count("s left\n") == (0 if bar else 10)


def test_a_note_is_one_line_whatever_a_file_s_names_have_in_them(
    capsys: pytest.CaptureFixture[str],
) -> None:
    print_notes(["Column 'a\x1b[31mb' is left out.", "two\nlines", "\u202egnp"])
    assert capsys.readouterr().err.splitlines() == [
        *(r"Column 'a\x1b[31mb' is left out.", r"two\nlines", r"\u202egnp"),
    ]
