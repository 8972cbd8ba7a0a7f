"""What a person is told while rounds are played."""

from __future__ import annotations

import io
import os
import pty
import sys
import termios
from types import SimpleNamespace

import pytest

from auxgen.engine import progress
from auxgen.engine.progress import ProgressReporter, format_duration


def tell(told: float | None, seconds: float, capsys: pytest.CaptureFixture[str]) -> str:
    reporter = ProgressReporter("vae", 1000, 0, quiet=False, told_seconds=told)
    reporter.tell_time(seconds)
    reporter.close()
    return capsys.readouterr().err.strip()


@pytest.mark.parametrize("told", [None, 600.0, 30.0, 0.0])
def test_a_short_time_is_not_told(told: float | None, capsys: pytest.CaptureFixture[str]) -> None:
    assert tell(told, 9.9, capsys) == ""


def test_ten_seconds_are_short_and_more_are_not(capsys: pytest.CaptureFixture[str]) -> None:
    assert tell(None, 10.0, capsys) == ""
    assert tell(None, 10.4, capsys) == "vae: 1,000 rounds, about 10 s"


@pytest.mark.parametrize("seconds", [60.0, 90.0, 40.0])
def test_a_time_that_was_told_well_is_told_once(
    seconds: float, capsys: pytest.CaptureFixture[str]
) -> None:
    """Which is within a factor of 1.5."""
    assert tell(60.0, seconds, capsys) == ""
    assert tell(None, 65.0, capsys) == "vae: 1,000 rounds, about 1 min 5 s"


@pytest.mark.parametrize("seconds", [20.0, 43.0, 98.0, 200.0])
def test_a_time_that_was_told_badly_is_corrected(
    seconds: float, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "not 1 min 5 s: the first rounds were timed anew" in tell(65.0, seconds, capsys)


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(0.4, "0 s"), (59.4, "59 s"), (60, "1 min 0 s"), (3599, "59 min 59 s"), (7320, "2 h 2 min")],
)
def test_a_length_of_time_is_in_its_two_largest_units(seconds: float, told: str) -> None:
    assert format_duration(seconds) == told


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """A clock that stands still unless it is set."""
    at = SimpleNamespace(now=100.0)
    monkeypatch.setattr(progress.time, "monotonic", lambda: at.now)
    return at


@pytest.mark.parametrize("start", [0, 40, 41, 47, 75, 79])
def test_elsewhere_than_on_a_terminal_there_is_a_line_at_each_tenth(
    start: int, clock: SimpleNamespace, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of what is left when a run goes on; its rounds take 2 s, and time is told by them alone."""
    reporter = ProgressReporter("vae", 80, start, quiet=False)
    for step in range(start + 1, 81):
        clock.now += 2.0
        reporter.update(step, {"loss": step + 0.12345678, "gradient/a": 1.0})
    reporter.close()
    written = capsys.readouterr()
    expected = [
        f"vae  step {step}/80  loss {step + 0.12345678:.4g}  {2 * (80 - step)} s left"
        for step in range(8, 81, 8)
        if step > start
    ]
    assert (written.err.splitlines(), written.out) == (expected, "")


@pytest.mark.parametrize("terminal", [True, False])
def test_quiet_training_tells_nothing(
    terminal: bool,
    clock: SimpleNamespace,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(progress, "redraws_lines", lambda: terminal)
    reporter = ProgressReporter("vae", 1000, 0, quiet=True)
    for step in range(200):
        clock.now += 60.0
        reporter.advance()
        reporter.update(step, {"loss": 1.0})
    reporter.close()
    assert capsys.readouterr() == ("", "")


def test_the_time_of_all_rounds_is_told_once_from_the_first_ones(
    clock: SimpleNamespace, capsys: pytest.CaptureFixture[str]
) -> None:
    reporter = ProgressReporter("vae", 1000, 0, quiet=False)
    for played in range(1, 90):
        clock.now += 2.0 if played <= 30 else 9.0
        reporter.advance()
        told = capsys.readouterr().err.strip()
        expected = "vae: 1,000 rounds, about 33 min 20 s" if played == 30 else ""
        assert told == expected, played


class Screen(io.StringIO):
    """Keeps what is written, and is as wide as a terminal."""

    def __init__(self, terminal: int) -> None:
        super().__init__()
        self.terminal = terminal

    def fileno(self) -> int:
        return self.terminal


def test_a_bar_shows_the_terms_and_follows_the_width_of_its_terminal(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ours, its = pty.openpty()
    screen, widths = Screen(its), []
    monkeypatch.setattr(progress, "redraws_lines", lambda: True)
    monkeypatch.setattr(sys, "stderr", screen)
    termios.tcsetwinsize(its, (40, 120))
    reporter = ProgressReporter("vae", 20, 5, quiet=False)
    for columns in (120, 60):
        termios.tcsetwinsize(its, (40, columns))
        before = screen.getvalue()
        reporter.update(6, {"loss": 0.123456, "gradient/vae": 3.0})
        assert screen.getvalue() == before  # it is drawn now and then
        reporter.bar.refresh()
        shown = screen.getvalue().rpartition("\r")[2]
        assert shown.startswith("vae:  25%")
        assert " 5/20 " in shown
        assert "loss=0.1235" in shown
        assert "gradient" not in shown
        widths.append(len(shown.rstrip()))
    reporter.advance()
    reporter.close()
    assert " 6/20 " in screen.getvalue().rpartition("\r")[2]
    assert screen.getvalue().endswith("\n")  # what is printed next has a line of its own
    for end in (ours, its):
        os.close(end)
    assert widths[1] <= 60 < widths[0] <= 120
