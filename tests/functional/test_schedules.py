"""Rates and other numbers that change with the step, against the formulas in Python's numbers."""

from __future__ import annotations

from functools import partial
from math import cos, pi

import pytest
import torch

from auxgen.functional.schedules import (
    Schedule,
    constant,
    cosine_decay,
    hold_then_cosine,
    linear_ramp,
    linear_warm_up,
    multistep_decay,
    rise_then_cosine,
    staircase_decay,
)


def test_each_step_named_changes_the_rate_from_there_on() -> None:
    found = [multistep_decay(torch.tensor(t), (2, 4, 4), 0.5).item() for t in range(6)]
    assert found == [1, 1, 0.5, 0.5, 0.125, 0.125]
    assert multistep_decay(torch.tensor(9), (), 0.5).item() == 1
    assert multistep_decay(torch.tensor(0), (-3, 0), 0.5).item() == 0.25


def test_cosines_fall_from_1_to_their_floor_and_hold_before() -> None:
    steps = [torch.tensor(t) for t in (0, 5, 20)]
    found = [cosine_decay(t, 10, floor=0.2).item() for t in steps]
    torch.testing.assert_close(found, [1.0, 0.6, 0.2])
    for t in (0, 8, 9, 11, 14, 40):
        expected = cosine_decay(torch.tensor(max(0, t - 8)), 12, 0.1)
        assert hold_then_cosine(torch.tensor(t), 20, 0.4, floor=0.1) == expected


def test_a_staircase_falls_by_a_factor_at_each_step_down_to_its_floor() -> None:
    steps = torch.arange(10)
    found = [staircase_decay(step, every=3, factor=0.5, floor=0.2).item() for step in steps]
    assert found == pytest.approx([1, 1, 1, 0.5, 0.5, 0.5, 0.25, 0.25, 0.25, 0.2])


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        (constant, [1] * 7),
        (partial(linear_warm_up, steps=4), [0, 0.25, 0.5, 0.75, 1, 1, 1]),
        (partial(linear_warm_up, steps=0), [1] * 7),
        (partial(staircase_decay, every=2, factor=0.5, floor=0.0), [1, 1, *[0.5] * 2, 0.25, 0.25]),
        (partial(cosine_decay, steps=4), [(1 + cos(pi * t / 4)) / 2 for t in range(5)] + [0, 0]),
        (partial(hold_then_cosine, steps=5, hold=0.4), [1, 1, 1, 0.75, 0.25, 0, 0]),
        (partial(hold_then_cosine, steps=2, hold=1.0), [1, 1, 1, 0, 0]),
        (partial(rise_then_cosine, steps=5, rise=0.4), [0.5, 1, 1, 0.75, 0.25, 0, 0]),
        (partial(rise_then_cosine, steps=2, rise=1.0), [0.5, 1, 1, 0, 0]),
        (partial(rise_then_cosine, steps=5, rise=0.4, floor=0.2), [0.5, 1, 1, 0.8, 0.4, 0.2]),
        (partial(linear_ramp, steps=4, start=0.5), [0.5, 0.625, 0.75, 0.875, 1, 1, 1]),
        (partial(linear_ramp, steps=2, start=3.0, end=-1.0), [3, 1, -1, -1, -1, -1, -1]),
        (partial(linear_ramp, steps=0, start=0.5, end=2.0), [2] * 7),
        (partial(multistep_decay, at=(1, 3), factor=0.5), [1, 0.5, 0.5, 0.25, 0.25, 0.25, 0.25]),
        (partial(multistep_decay, at=(), factor=0.5), [1] * 7),
    ],
)
def test_a_schedule_is_its_formula_as_a_number_in_float32(
    schedule: Schedule, expected: list[float]
) -> None:
    for step, value in enumerate(expected):
        found = schedule(torch.tensor(step))
        assert (found.dtype, found.shape) == (torch.float32, ())
        assert found.item() == pytest.approx(value, abs=1e-6)
