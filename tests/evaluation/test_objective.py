"""The loss of training as a score: what the papers' objectives say, and it leaves no trace."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.distributions import Bernoulli, kl_divergence

from auxgen.builders.introvac import introvac, vac
from auxgen.evaluation.objective import TrainingLoss
from auxgen.method import Gradient, Method, Moves, Step

IMAGES = {"channels": 1, "size": 8, "widths": [4], "z": 3}


class Sums(Method):
    """Two players, whose losses are the mean of x, and ten times that of its square."""

    def __init__(self) -> None:
        super().__init__()
        self.w = nn.Parameter(torch.ones(()))

    def players(self) -> dict[str, tuple[nn.Module, ...]]:
        return {"one": (self,), "two": (self,)}

    def round(self, batch: Any, step: Tensor) -> Moves:
        yield Gradient(self.w * batch.mean(), ("one",))
        yield Step(("one",))
        yield Gradient(10 * batch.square().mean(), ("two",))
        yield Step(("two",))


@pytest.mark.parametrize("rows", [1, 3, 7, 100])
def test_losses_are_means_over_rows_however_they_are_cut(rows: int) -> None:
    x = torch.randn(7, 2, dtype=torch.float64)
    both, first = (TrainingLoss(x, gradients=g, rows=rows) for g in (None, 1))
    assert both(Sums()).value == pytest.approx(x.mean() + 10 * x.square().mean())
    assert first(Sums()).value == pytest.approx(x.mean())


@pytest.mark.parametrize("build", [vac, introvac])
def test_the_loss_of_a_variational_classifier_is_its_bound_of_equation_5(build: Any) -> None:
    torch.manual_seed(0)
    method = build(images=IMAGES, attributes=2).eval()
    before = {name: value.clone() for name, value in method.state_dict().items()}
    x, y = torch.rand(40, 1, 8, 8), torch.randint(0, 2, (40, 2)).float()
    y[0, 0] = torch.nan
    with torch.no_grad():
        each = [TrainingLoss(x, y=y, gradients=1, seed=s)(method).value for s in range(300)]
        q_z, b = method.q_z(x), method.betas
        rate = kl_divergence(q_z, method.p_z()).mean() / 3
        expected = []
        for _ in range(300):
            z = q_z.sample()
            logits = method.p_y(z)[:, : 2 if build is vac else 3]
            known = y if build is vac else torch.cat((y, torch.zeros(40, 1)), 1)
            nll = -Bernoulli(logits=logits).log_prob(known.nan_to_num()) * ~known.isnan()
            classification = nll.sum(1).mean() / known.shape[1]
            error = method.error(x, method.p_x(z).mean)
            expected.append(b.ae * error + b.cl * classification + b.reg * rate)
    errors = torch.tensor(each), torch.stack(expected)
    spread = sum(float(e.var()) / len(e) for e in errors) ** 0.5
    assert float(errors[0].mean() - errors[1].mean()) == pytest.approx(0, abs=4 * spread)
    assert all(torch.equal(value, before[name]) for name, value in method.state_dict().items())
    assert all(p.grad is None for p in method.parameters())
