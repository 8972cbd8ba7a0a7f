"""A rate that falls at given steps."""

from __future__ import annotations

import pytest
import torch

from auxgen.functional.schedules import (
    cosine_decay,
    hold_then_cosine,
    multistep_decay,
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
