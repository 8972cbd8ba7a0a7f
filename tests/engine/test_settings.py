"""Adam as torch has it, and settings that stages can share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import FrozenInstanceError
from typing import Any

import pytest
import torch
from torch import nn

from auxgen.engine.settings import Engine, adam
from auxgen.errors import InputError


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"betas": (0.5, 0.9)},
        {"eps": 0.1},
        {"weight_decay": 0.3},
        {"betas": (0.0, 0.99), "eps": 1e-3, "weight_decay": 0.01},
    ],
)
def test_adam_steps_as_torch_s_with_the_same_numbers(given: dict[str, Any]) -> None:
    """Whose own defaults hold where nothing is given: no weight decays."""

    def train(make: Callable[[list[nn.Parameter]], torch.optim.Optimizer]) -> torch.Tensor:
        generator = torch.Generator().manual_seed(0)
        parameter = nn.Parameter(torch.randn(20, generator=generator))
        optimizer = make([parameter])
        for _ in range(5):
            parameter.grad = torch.randn(20, generator=generator)
            optimizer.step()
        return parameter.detach()

    ours = train(lambda own: adam(1e-2, **given)("player", own))
    theirs = train(lambda own: torch.optim.Adam(own, lr=1e-2, **given))
    torch.testing.assert_close(ours, theirs, rtol=1e-6, atol=1e-7)


def test_settings_that_are_not_given_are_those_that_are_documented() -> None:
    engine = vars(Engine(3, adam(1e-3))).copy()
    assert engine.pop("learning_rate")(torch.tensor(7)) == 1
    assert engine.pop("optimizers")("player", [nn.Parameter(torch.ones(2))]).defaults["fused"]
    assert engine == {
        "steps": 3,
        "max_grad_norm": float("inf"),
        "max_grad_value": float("inf"),
        "average": 0.999,
        "recalibration": 50,
        "precision": "auto",
        "old_precision": "32",
        "log_every": 50,
        "save_every": 60.0,
    }


def test_players_have_rates_of_their_own() -> None:
    make = adam(1e-2, rates={"second": 3.0})
    own = [nn.Parameter(torch.ones(2))]
    assert [make(name, own).defaults["lr"] for name in ("first", "second")] == [1e-2, 3.0]
    with pytest.raises(InputError, match=r"learning rate of -3\.0 was given"):
        adam(1e-2, rates={"second": -3.0})


@pytest.mark.parametrize("rate", [0.0, -1e-3, float("inf"), float("nan")])
def test_a_rate_that_is_no_positive_number_is_refused(rate: float) -> None:
    with pytest.raises(InputError, match=f"learning rate of {rate} was given"):
        adam(rate)


def test_stages_share_settings_that_nobody_can_change() -> None:
    engine = Engine(3, adam(1e-3))
    with pytest.raises(FrozenInstanceError):
        engine.steps = 5  # pyright: ignore[reportAttributeAccessIssue]
    assert Engine(0, adam(1e-3)).steps == 0
    with pytest.raises(InputError, match="steps is -1"):
        Engine(-1, adam(1e-3))
