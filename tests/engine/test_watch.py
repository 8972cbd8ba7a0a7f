"""What a person is told while rounds are played."""

from __future__ import annotations

import io
import json
import os
import pty
import signal
import sys
import termios
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from auxgen.engine import watch
from auxgen.engine.watch import (
    TIMED_ROUNDS,
    Meter,
    MetricsFile,
    ProgressReporter,
    StopSignal,
    catch_signals,
    check_finite,
    format_duration,
)
from auxgen.errors import Diverged, NotSaved


def tell(told: float | None, seconds: float, capsys: pytest.CaptureFixture[str]) -> str:
    reporter = ProgressReporter("vae", 1000, 0, quiet=False, told_seconds=told)
    reporter.tell_time(seconds)
    reporter.close()
    return capsys.readouterr().err.strip()


@pytest.mark.parametrize("told", [None, 600.0, 30.0, 0.0])
def test_a_short_time_is_not_told(told: float | None, capsys: pytest.CaptureFixture[str]) -> None:
    assert tell(told, 9.9, capsys) == ""


@pytest.mark.parametrize("seconds", [65.0, 90.0, 45.0])
def test_a_time_that_was_told_well_is_told_once(
    seconds: float, capsys: pytest.CaptureFixture[str]
) -> None:
    assert tell(65.0, seconds, capsys) == ""
    assert tell(None, 65.0, capsys) == "vae: 1,000 rounds, about 1 min 5 s"


@pytest.mark.parametrize("seconds", [20.0, 200.0])
def test_a_time_that_was_told_badly_is_corrected(
    seconds: float, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "not 1 min 5 s: the first rounds were timed anew" in tell(65.0, seconds, capsys)


def test_the_first_term_that_is_not_finite_is_found_and_not_those_after_it() -> None:
    meter, inf = Meter(), float("inf")
    meter.add({"one": torch.tensor(1.0), "two": torch.tensor(2.0)}, 4, "a+b")
    meter.add({"one": torch.tensor(1.0), "two": torch.tensor(inf)}, 5, "a+b")
    meter.add({"gradient/a": torch.tensor(float("nan"))}, 5, "a")
    meter.add({"one": torch.tensor(-inf), "two": torch.tensor(2.0)}, 6, "a+b")
    assert meter.find_first_bad() == ("two", inf, 5, "a+b")


def test_a_sum_of_finite_terms_that_is_not_finite_is_found_too() -> None:
    meter = Meter()
    for step in range(3):
        terms = {"zero": torch.tensor(1.0), "one": torch.tensor(3e38), "two": torch.tensor(2.0)}
        meter.add(terms, step, "a")
    with pytest.raises(Diverged, match=r"^one of stage s, which trains a, became inf in round 3; "):
        check_finite(meter, meter.compute_means(), "s", None)


def test_means_are_over_the_rounds_since_they_were_last_reset() -> None:
    meter = Meter()
    assert meter.compute_means() == {}
    for step in range(4):
        meter.add({"one": torch.tensor(float(step), requires_grad=True)}, step)
        if step % 2:
            meter.add({"two": torch.tensor(7)}, step)
    assert meter.compute_means() == {"one": 1.5, "two": 7.0}
    assert not meter.sums["one"].requires_grad  # no graph of a round is kept
    meter.reset()
    assert (meter.compute_means(), meter.values) == ({}, [])


@pytest.mark.parametrize(
    ("terms", "saved", "told"),
    [
        ({"loss/a": 1.0, "loss/b": 2.0}, None, ""),
        (
            {"loss/a": torch.nan},
            None,
            "loss/a of stage vae became nan in round 1,001; nothing was saved yet: less.",
        ),
        (
            {"x": 1.0, "y": torch.inf, "z": -torch.inf, "u": torch.nan},
            900,
            "y of stage vae, which trains a, became inf in round 1,001, before 2 others; "
            "the last checkpoint is of step 900: less.",
        ),
    ],
)
def test_divergence_is_told_with_its_term_its_round_and_what_is_good(
    terms: dict[str, float], saved: int | None, told: str
) -> None:
    meter = Meter()
    meter.add({name: torch.tensor(value) for name, value in terms.items()}, 1000, "a")
    if not told:
        check_finite(meter, meter.compute_means(), "vae", saved)
        return
    with pytest.raises(Diverged) as raised:
        check_finite(meter, meter.compute_means(), "vae", saved, lambda bad: "less.")
    assert str(raised.value) == told


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
    monkeypatch.setattr(watch.time, "monotonic", lambda: at.now)
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
    monkeypatch.setattr(watch, "redraws_lines", lambda: terminal)
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
    for played in range(1, 3 * TIMED_ROUNDS):
        clock.now += 2.0 if played <= TIMED_ROUNDS else 9.0
        reporter.advance()
        told = capsys.readouterr().err.strip()
        expected = "vae: 1,000 rounds, about 33 min 20 s" if played == TIMED_ROUNDS else ""
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
    monkeypatch.setattr(watch, "redraws_lines", lambda: True)
    monkeypatch.setattr(sys, "stderr", screen)
    termios.tcsetwinsize(its, (40, 120))
    reporter = ProgressReporter("vae", 20, 5, quiet=False)
    for columns in (120, 60):
        termios.tcsetwinsize(its, (40, columns))
        reporter.update(6, {"loss": 0.123456, "gradient/vae": 3.0})
        reporter.bar.refresh()
        shown = screen.getvalue().rpartition("\r")[2]
        assert shown.startswith("vae:  25%")
        assert " 5/20 " in shown
        assert "loss=0.1235" in shown
        assert "gradient" not in shown
        widths.append(len(shown.rstrip()))
    reporter.close()
    for end in (ours, its):
        os.close(end)
    assert widths[1] <= 60 < widths[0] <= 120


def test_the_second_signal_stops_at_once() -> None:
    stop = StopSignal()
    assert not stop.name
    stop.handle_signal(signal.SIGTERM, None)
    assert stop.name == "SIGTERM"
    with pytest.raises(KeyboardInterrupt):
        stop.handle_signal(signal.SIGINT, None)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_are_caught_inside_and_as_before_afterwards(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    with catch_signals() as stop:
        signal.raise_signal(number)
        assert stop.name == number.name
    assert signal.getsignal(number) is before
    with pytest.raises(RuntimeError, match="inside"), catch_signals():
        raise RuntimeError("inside")
    assert signal.getsignal(number) is before


def test_other_threads_catch_no_signal_and_train_all_the_same() -> None:
    caught: list[object] = []

    def work() -> None:
        with catch_signals() as stop:
            caught.append(stop.name)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert caught == [""]


@pytest.fixture
def log(tmp_path: Path) -> MetricsFile:
    return MetricsFile(tmp_path / "metrics.jsonl")


def test_what_is_appended_is_read_less_a_line_that_was_cut_short(log: MetricsFile) -> None:
    assert log.read_lines() == []
    log.sync()  # of a file that is not there yet
    lines = [{"stage": "a", "step": step, "terms": {"x": 0.5}} for step in range(3)]
    for line in lines:
        log.append_line(line)
    log.sync()
    assert [json.loads(line) for line in log.file.read_text().splitlines()] == lines
    with log.file.open("a") as out:
        out.write('{"stage": "a", "st')
    assert log.read_lines() == lines


def list_log() -> list[dict[str, Any]]:
    """Two stages, each of four lines and an end."""
    numbers = [(stage, step) for stage in ("a", "b") for step in (2, 4, 6, 8)]
    lines: list[dict[str, Any]] = [{"stage": stage, "step": step} for stage, step in numbers]
    return [
        *lines[:4],
        {"stage": "a", "step": 8, "end": "done"},
        *lines[4:],
        {**lines[7], "end": ""},
    ]


@pytest.mark.parametrize("stage", ["a", "b", "c"])
@pytest.mark.parametrize("step", [0, 4, 5, 8])
def test_a_run_that_goes_on_drops_what_it_logs_anew_and_how_the_stage_ended(
    stage: str, step: int, log: MetricsFile
) -> None:
    for line in list_log():
        log.append_line(line)
    log.discard_after(stage, step)
    others = [line for line in list_log() if line["stage"] != stage]
    own = [o for o in list_log() if o["stage"] == stage and o["step"] <= step and "end" not in o]
    found = log.read_lines()
    assert [line for line in found if line["stage"] != stage] == others
    assert [line for line in found if line["stage"] == stage] == own
    assert found == [line for line in list_log() if line in found]  # in their order


@pytest.mark.parametrize("act", ["append_line", "sync"])
def test_a_log_that_cannot_be_written_is_told_in_a_sentence(
    act: str, log: MetricsFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    log.append_line({"stage": "a", "step": 1})

    def fill(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "open", fill)
    monkeypatch.setattr(watch, "sync_to_disk", fill)
    with pytest.raises(NotSaved) as told:
        log.append_line({}) if act == "append_line" else log.sync()
    assert str(told.value) == f"{log.file} could not be written: no space is left."
