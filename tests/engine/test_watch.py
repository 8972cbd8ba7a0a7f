"""What a person is told while rounds are played."""

from __future__ import annotations

import pytest
import torch

from auxgen.engine.watch import Meter, ProgressReporter, check_finite
from auxgen.errors import Diverged


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
        meter.add({"one": torch.tensor(3e38)}, step, "a")
    with pytest.raises(Diverged, match=r"^one of stage s, which trains a, became inf in round 3; "):
        check_finite(meter, meter.compute_means(), "s", None)
