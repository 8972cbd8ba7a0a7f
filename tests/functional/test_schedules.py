"""A rate that falls at given steps."""

from __future__ import annotations

import torch

from auxgen.functional.schedules import multistep_decay


def test_each_step_named_changes_the_rate_from_there_on() -> None:
    found = [multistep_decay(torch.tensor(t), (2, 4, 4), 0.5).item() for t in range(6)]
    assert found == [1, 1, 0.5, 0.5, 0.125, 0.125]
    assert multistep_decay(torch.tensor(9), (), 0.5).item() == 1
    assert multistep_decay(torch.tensor(0), (-3, 0), 0.5).item() == 0.25
