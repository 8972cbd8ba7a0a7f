"""How large the gradients of parts of a loss are, and of all of it."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from auxgen.engine.device import Ranks
from auxgen.engine.weights import Weights
from auxgen.method import Gradient, Method, Moves


class Nothing(Method):
    def players(self) -> dict[str, tuple[nn.Module, ...]]:
        return {}

    def round(self, batch: object, step: Tensor) -> Moves:
        raise NotImplementedError


WEIGHTS = Weights(Nothing(), Ranks())


def test_a_part_s_share_is_its_norm_of_its_norm_and_the_rest_s() -> None:
    """Over all parameters, of which the part may reach some."""
    a, b = nn.Parameter(torch.ones(1)), nn.Parameter(torch.ones(1))
    part = (3 * a).sum()
    loss = part + (3 * a + 8 * b).sum() / 2  # whose gradient is (1.5, 4)
    move = Gradient(loss, ("p",), parts={"one": part, "none": 0 * part})
    shares = WEIGHTS.measure_shares(move, [a, b])
    assert shares["share/one"].item() == pytest.approx(3 / (3 + (1.5**2 + 4**2) ** 0.5))
    assert shares["share/none"].item() == 0
    assert a.grad is b.grad is None
    loss.backward()  # the graph is still there


def test_a_loss_without_a_gradient_has_no_part_of_one() -> None:
    a = nn.Parameter(torch.ones(1))
    move = Gradient(0 * a.sum(), ("p",), parts={"all": 0 * a.sum()})
    assert WEIGHTS.measure_shares(move, [a])["share/all"].item() == 0


def test_the_norm_is_of_all_gradients_that_there_are() -> None:
    own = [nn.Parameter(torch.ones(n)) for n in (2, 3, 4)]
    own[0].grad, own[2].grad = torch.full((2,), 1.0), torch.full((4,), 2.0)
    assert WEIGHTS.measure_norm(own).item() == pytest.approx((2 + 4 * 4) ** 0.5)
    assert [len(each) for each in WEIGHTS.average_gradients(own)] == [2, 4]
    assert not WEIGHTS.are_shared
