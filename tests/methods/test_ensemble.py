"""M2s side by side: each member's losses and gradients are those of M2 alone."""

from __future__ import annotations

from collections.abc import Callable
from math import log
from typing import cast

import pytest
import torch
from torch import Tensor, nn
from torch.distributions import MultivariateNormal

from auxgen.builders import Recipe
from auxgen.data.batches import SemiSupervisedBatch
from auxgen.errors import InputError
from auxgen.functional.schedules import constant
from auxgen.method import Gradient
from auxgen.methods.ensemble import Ensemble
from auxgen.methods.m2 import M2
from auxgen.networks.distributions import Conditional, FixedScaleNormal, categorical, diag_normal
from auxgen.networks.priors import StandardNormal

D, K, STEP = 6, 3, torch.tensor(0)


def build(members: int = 2, **changes: object) -> Ensemble:
    arguments = {
        **{"members": members, "x": D, "classes": K, "hidden": [9], "z": 4},
        **{"alpha": 7.0, "prior_rows": 50, "temperature": 2.0},
        **changes,
    }
    with torch.random.fork_rng():
        torch.manual_seed(3)
        return cast(Ensemble, Recipe("m2_ensemble", arguments).build())


def get_member(ensemble: Ensemble, i: int) -> M2:
    return cast(M2, ensemble.members[i])


def make_batch(members: int = 2, unlabelled: int = 11) -> SemiSupervisedBatch:
    generator = torch.Generator().manual_seed(0)
    x, x_u = (torch.rand(members, n, D, generator=generator).round() for n in (8, unlabelled))
    return SemiSupervisedBatch(x, torch.randint(K, (members, 8), generator=generator), x_u)


def compute_gradients(method: Ensemble | M2, batch: SemiSupervisedBatch) -> tuple[Tensor, list]:
    method.zero_grad()
    torch.manual_seed(1)
    move = next(method.round(batch, STEP))
    assert isinstance(move, Gradient)
    move.loss.backward()
    return move.loss.detach(), [p.grad for p in method.parameters()]


@pytest.mark.parametrize("likelihood", ["gaussian", "gaussian_fixed", "bernoulli"])
@pytest.mark.parametrize("hidden", [[9], [9, 5, 7]])
def test_a_member_has_the_loss_and_the_gradients_of_m2(likelihood: str, hidden: list[int]) -> None:
    ensemble = build(1, likelihood=likelihood, hidden=hidden)
    assert_learns_as_m2(ensemble, make_batch(1))


@pytest.mark.parametrize("class_prior", [None, [0.6, 0.3, 0.1]])
@pytest.mark.parametrize("unlabelled", [K, 8])
def test_as_many_rows_as_classes_or_labels_are_no_special_case(
    class_prior: list[float] | None, unlabelled: int
) -> None:
    ensemble = build(1, class_prior=class_prior)
    assert_learns_as_m2(ensemble, make_batch(1, unlabelled))


def assert_learns_as_m2(ensemble: Ensemble, batch: SemiSupervisedBatch) -> None:
    """One member draws the same normals in the same order as M2."""
    loss, gradients = compute_gradients(ensemble, batch)
    alone = SemiSupervisedBatch(*(part[0] for part in batch))
    theirs, expected = compute_gradients(get_member(ensemble, 0), alone)
    torch.testing.assert_close(loss, theirs)
    torch.testing.assert_close(gradients, expected, rtol=1e-4, atol=1e-5)


def test_a_member_feels_nothing_of_another_ones_rows() -> None:
    ensemble, batch = build(), make_batch()
    _, before = compute_gradients(ensemble, batch)
    batch.x[1] += 1
    batch.x_unlabelled[1] -= 1
    _, after = compute_gradients(ensemble, batch)
    half = len(before) // 2
    torch.testing.assert_close(after[:half], before[:half], rtol=0, atol=0)
    assert all(not a.equal(b) for a, b in zip(after[half:], before[half:], strict=True))


def test_it_is_an_equal_mixture_of_its_members() -> None:
    ensemble = build().eval()
    x = make_batch().x_unlabelled[0]
    each = torch.stack([get_member(ensemble, i).classify(x).probs for i in range(2)])
    torch.testing.assert_close(ensemble.classify(x).probs, each.mean(0))
    torch.manual_seed(0)
    weights = torch.cat([get_member(ensemble, i).log_weights(x, 1) for i in range(2)])
    torch.manual_seed(0)
    torch.testing.assert_close(ensemble.elbo(x), weights.exp().mean(0).log())


class Known(nn.Module):
    """The head of a family's parameters by a function of the inputs."""

    def __init__(self, function: Callable[..., Tensor]) -> None:
        super().__init__()
        self.function = function

    def forward(self, *given: Tensor) -> Tensor:
        return self.function(*given)


def test_its_bound_is_none_above_the_density() -> None:
    """Each row is z + noise in D places, and q(z|x,y) exact: no mean of bounds has room above."""
    std, rows = 0.5, 4
    precision = 1 + D / std**2

    def infer(x: Tensor, y: Tensor) -> Tensor:
        mean = x.sum(-1, keepdim=True) / std**2 / precision + 0 * y[..., :1]
        return torch.cat((mean, torch.full_like(mean, -0.5 * log(precision))), -1)

    def make_member() -> M2:
        return M2(
            q_y=Conditional(Known(lambda x: x.new_zeros(*x.shape[:-1], K)), categorical),
            q_z=Conditional(Known(infer), diag_normal),
            p_z=StandardNormal(1),
            p_x=Conditional(
                Known(lambda y, z: (z + 0 * y[..., :1]).expand(*z.shape[:-1], D)),
                FixedScaleNormal(std),
            ),
            **{"classes": K, "alpha": 1.0, "prior_rows": 9, "samples": 1, "warm_up": constant},
        )

    ensemble = Ensemble([make_member() for _ in range(5)])
    torch.manual_seed(0)
    x = torch.randn(rows, 1) + std * torch.randn(rows, D)
    true = MultivariateNormal(torch.zeros(D), torch.ones(D, D) + std**2 * torch.eye(D)).log_prob(x)
    many = x.repeat_interleave(500, 0)
    found = ensemble.elbo(many).view(rows, 500).mean(1)
    torch.testing.assert_close(found, true, atol=1e-4, rtol=0)  # each weight is p(x)
    torch.testing.assert_close(
        make_member().elbo(many).view(rows, 500).mean(1), true, atol=0.1, rtol=0
    )


def test_its_draws_come_from_both_members() -> None:
    """Members whose decoders are constant, 0 and 5."""
    ensemble = build(likelihood="gaussian_fixed").eval()
    with torch.no_grad():
        for i, constant in enumerate((0.0, 5.0)):
            head = get_member(ensemble, i).p_x.network.head
            head.weight.zero_()  # pyright: ignore[reportCallIssue, reportAttributeAccessIssue]
            head.bias.fill_(constant)  # pyright: ignore[reportCallIssue, reportAttributeAccessIssue]
    drawn = ensemble.sample(400)
    assert drawn.shape == (400, D)
    assert set(drawn.unique().tolist()) == {0.0, 5.0}
    assert 0.4 < (drawn[:, 0] == 5).float().mean() < 0.6
    assert ensemble.sample(3, torch.tensor([0, 1, 2])).shape == (3, D)


def test_no_member_is_too_few() -> None:
    with pytest.raises(InputError, match="members"):
        build(0)


def test_the_loss_is_the_sum_over_members_of_what_the_log_shows_the_mean_of() -> None:
    ensemble, batch = build(3), make_batch(3)
    move = next(ensemble.round(batch, STEP))
    assert isinstance(move, Gradient)
    terms = move.terms
    mean = terms["labelled"] + 7.0 * terms["classification"] + terms["unlabelled"]
    torch.testing.assert_close(move.loss, 3 * (mean + terms["prior"]))


@pytest.mark.parametrize("log_std", [-30.0, 30.0])
def test_scales_of_codes_have_the_limits_of_m2(log_std: float) -> None:
    ensemble, batch = build(1), make_batch(1)
    head = get_member(ensemble, 0).q_z.network.head
    with torch.no_grad():
        head.bias.chunk(2)[1].fill_(log_std)  # pyright: ignore[reportCallIssue, reportAttributeAccessIssue]
    loss, _ = compute_gradients(ensemble, batch)
    alone = SemiSupervisedBatch(*(part[0] for part in batch))
    theirs, _ = compute_gradients(get_member(ensemble, 0), alone)
    torch.testing.assert_close(loss, theirs)
