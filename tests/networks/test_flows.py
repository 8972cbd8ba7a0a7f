"""Coupling flows: inverses, volumes, and where they start."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torch.distributions import MultivariateNormal
from zuko.flows import Flow

from auxgen.errors import InputError
from auxgen.networks.densities import (
    ADDITIVE,
    AFFINE,
    UnivariateTransform,
    make_coupling_flow,
    make_spline,
)

FAMILIES = {"affine": AFFINE, "additive": ADDITIVE, "spline": make_spline(5)}


@pytest.fixture(params=FAMILIES)
def family(request: pytest.FixtureRequest) -> UnivariateTransform:
    return FAMILIES[request.param]


def rows(n: int, d: int, seed: int = 0) -> Tensor:
    return torch.randn(n, d, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def flow(family: UnivariateTransform, d: int = 3, context: int = 0) -> Flow:
    torch.manual_seed(0)
    return make_coupling_flow(d, family, transforms=4, hidden=[8, 8], context=context).double()


def moved(of: Flow) -> Flow:
    """Parameters away from the start."""
    torch.manual_seed(1)
    for parameter in of.parameters():
        nn.init.normal_(parameter, std=0.2)
    return of


@pytest.mark.parametrize("d", [2, 3, 6])
def test_the_density_starts_as_the_standard_normal(family: UnivariateTransform, d: int) -> None:
    u = rows(50, d)
    expected = MultivariateNormal(torch.zeros(d).double(), torch.eye(d).double()).log_prob(u)
    torch.testing.assert_close(flow(family, d)().log_prob(u), expected)


def test_the_density_is_the_change_of_variables_by_autograd(family: UnivariateTransform) -> None:
    made = moved(flow(family))()
    for u in rows(5, 3):
        jacobian = torch.autograd.functional.jacobian(made.transform, u)
        assert isinstance(jacobian, Tensor)
        volume = jacobian.slogdet().logabsdet
        expected = made.base.log_prob(made.transform(u)) + volume
        torch.testing.assert_close(made.log_prob(u), expected)


def test_the_inverse_undoes_the_transform(family: UnivariateTransform) -> None:
    made = moved(flow(family))()
    u = rows(50, 3)
    torch.testing.assert_close(made.transform.inv(made.transform(u)), u)


@torch.no_grad()
def test_the_density_integrates_to_one_and_draws_follow_it(family: UnivariateTransform) -> None:
    """Mass and entropy by quadrature; the mean of -log p over draws is the entropy."""
    torch.manual_seed(2)
    made = moved(flow(family, 2))()
    line = torch.linspace(-9, 9, 181, dtype=torch.float64)
    log_p, cell = made.log_prob(torch.cartesian_prod(line, line)), (line[1] - line[0]) ** 2
    mass, entropy = log_p.exp().sum() * cell, -(log_p.exp() * log_p).sum() * cell
    torch.testing.assert_close(mass, torch.ones_like(mass), atol=2e-3, rtol=0)
    found = -made.log_prob(made.sample(torch.Size((5_000,))))
    assert abs(found.mean() - entropy) < 4 * found.std() / 5_000**0.5


def test_every_coordinate_is_moved_by_another(family: UnivariateTransform) -> None:
    made = moved(flow(family, 4))()
    jacobian = torch.autograd.functional.jacobian(made.transform, rows(1, 4)[0])
    assert isinstance(jacobian, Tensor)
    off = jacobian - jacobian.diag().diag()
    assert (off.abs().sum(1) > 1e-4).all()


def test_additive_couplings_have_the_volume_of_their_last_scale() -> None:
    made = moved(flow(ADDITIVE))
    _, volume = made().transform.call_and_ladj(rows(20, 3))
    torch.testing.assert_close(volume, volume[0].expand(20))
    assert volume[0] != 0


def test_the_scale_of_a_coupling_is_bounded() -> None:
    extreme = AFFINE.make(torch.zeros(2), torch.tensor([-1e9, 1e9]))
    zeros, ones = torch.zeros(2), torch.ones(2)
    torch.testing.assert_close(extreme(ones), torch.tensor([-2.0, 2.0]).exp())
    torch.testing.assert_close(extreme(zeros), zeros)


def test_a_context_makes_another_density_of_each_row(family: UnivariateTransform) -> None:
    made = moved(flow(family, 2, context=3))
    y = torch.eye(3, dtype=torch.float64)
    u = rows(3, 2)
    together = made(y).log_prob(u)
    each = torch.stack([made(y[i]).log_prob(u[i]) for i in range(3)])
    torch.testing.assert_close(together, each)
    assert made(y).sample().shape == (3, 2)
    assert made(y[0]).log_prob(u[0]) != made(y[1]).log_prob(u[0])


@pytest.mark.parametrize("sizes", [{"d": 1, "transforms": 4}, {"d": 3, "transforms": 1}])
def test_too_small_a_flow_is_refused_in_a_sentence(sizes: dict[str, int]) -> None:
    with pytest.raises(InputError, match="2 or more is expected"):
        make_coupling_flow(sizes["d"], AFFINE, transforms=sizes["transforms"], hidden=[4])
