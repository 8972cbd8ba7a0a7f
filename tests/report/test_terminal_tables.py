"""Tables in the terminal: values by run, means over seeds, and how it was measured, once."""

from __future__ import annotations

from typing import Any

import pytest

from auxgen.errors import InputError
from auxgen.report.tables import show_reproduction, show_scores
from auxgen.score import wilson_interval


def result(value: float, *, protocol: str = "error; 10 rows", **config: Any) -> dict[str, Any]:
    score = {
        "value": value,
        "unit": "%",
        "n": 10,
        "protocol": protocol,
        "spread": 0.5,
        "spread_is": "binomial standard error",
        "caution": "ten rows only",
    }
    run = {"experiment": "adgm.digits", "options": {"seed": config.get("seed", 0)}, **config}
    return {"run": run, "scores": {"sdgm/test_error": score}}


def test_runs_that_differ_in_their_seed_alone_get_their_mean(capsys: pytest.CaptureFixture[str]):
    show_scores(["a", "b"], [result(2.0, seed=0), result(4.0, seed=1)], mixed=False)
    text = capsys.readouterr().out
    assert "mean, 2 seeds" in text
    assert "3 \N{PLUS-MINUS SIGN} 1.4 %" in text


@pytest.mark.parametrize("other", [{"seed": 0}, {"seed": 1, "experiment": "adgm.own"}])
def test_other_runs_get_none(other: dict[str, Any], capsys: pytest.CaptureFixture[str]):
    show_scores(["a", "b"], [result(2.0, seed=0), result(4.0, **other)], mixed=False)
    assert "mean" not in capsys.readouterr().out


def test_how_it_was_measured_is_printed_once_with_spread_and_caution(
    capsys: pytest.CaptureFixture[str],
):
    show_scores(["a", "b"], [result(2.0, seed=0), result(4.0, seed=1)], mixed=False)
    text = " ".join(capsys.readouterr().out.split())
    assert text.count("; 10 rows") + text.count("10 rows sdgm") == 1
    note = "sdgm/test_error: error; in brackets 95 % interval (Wilson); CAUTION: ten rows only"
    assert note in text
    low, high = wilson_interval(0.02, 10)
    assert f"2 ({100 * low:.3g} to {100 * high:.3g}) %" in text
    assert "CAUTION: only 10 rows measured by sdgm/test_error" in text


def test_different_protocols_are_refused_unless_mixed(capsys: pytest.CaptureFixture[str]):
    two = [result(2.0, seed=0), result(4.0, seed=1, protocol="error; 99 rows")]
    with pytest.raises(InputError, match="measured in different ways"):
        show_scores(["a", "b"], two, mixed=False)
    show_scores(["a", "b"], two, mixed=True)
    text = capsys.readouterr().out
    assert "99 rows" in text
    assert "3 \N{PLUS-MINUS SIGN}" not in text


@pytest.mark.parametrize("scores", [2, 12])
def test_a_reproduction_can_be_read_however_many_scores_it_has(
    scores: int, capsys: pytest.CaptureFixture[str]
):
    cell = {"mean": 1.5, "sd": None, "unit": "nats", "paper": "9.75"}
    columns = {f"s{i}": cell for i in range(scores)}
    rows = [{"name": name, "columns": columns} for name in ("with", "without")]
    show_reproduction({"title": "Faces", "seeds": [0], "rows": rows, "claim": "It holds."})
    text = capsys.readouterr().out
    assert "1 seed " in text
    assert text.count("1.5 nats") == text.count("9.75") == 2 * scores
    assert all(f"s{i}" in text for i in range(scores))
    assert "It holds." in text


def test_failed_runs_stand_beside_the_mean(capsys: pytest.CaptureFixture[str]) -> None:
    cell = {"mean": 1.5, "sd": 2.5, "unit": "%", "paper": "", "values": [0.1] * 9 + [9.0]}
    column = {"error": {**cell, "failed_above": 1.0, "failed_runs": 1}}
    rows = [{"name": "with", "columns": column}]
    show_reproduction({"title": "Moons", "seeds": [*range(10)], "rows": rows, "claim": ""})
    assert "1 of 10 runs above 1" in " ".join(capsys.readouterr().out.split())
