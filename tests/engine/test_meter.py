"""Means of terms, and which of them was not finite first."""

from __future__ import annotations

import pytest
import torch

from auxgen.engine.meter import Meter, check_finite
from auxgen.errors import Diverged


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
    meter.add({"zero": torch.tensor(1.0)}, 3, "b")
    with pytest.raises(Diverged, match=r"^one of stage s, which trains b, became inf in round 4; "):
        check_finite(meter, meter.compute_means(), "s", None)


def test_means_are_over_the_rounds_since_they_were_last_reset() -> None:
    meter = Meter()
    assert meter.compute_means() == {}
    for step in range(4):
        meter.add({"one": torch.tensor(float(step), requires_grad=True)}, step, "a")
        if step % 2:
            meter.add({"two": torch.tensor(7)}, step, "a")
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
            {"x": 1.0, "y": -torch.inf, "z": torch.inf},
            900,
            "y of stage vae, which trains a, became -inf in round 1,001, before 1 other; "
            "the last checkpoint is of step 900: less.",
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
