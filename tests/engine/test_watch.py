"""What a person is told while rounds are played."""

from __future__ import annotations

import pytest

from auxgen.engine.watch import ProgressReporter


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
