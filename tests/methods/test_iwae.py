"""IWAE and AVAE against exact likelihoods, closed forms, and the printed gradient."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import pi
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.distributions import Normal, kl_divergence

from auxgen.builders import Recipe
from auxgen.functional.bounds import log_mean_exp
from auxgen.functional.schedules import constant
from auxgen.method import Gradient
from auxgen.methods.avae import AVAE
from auxgen.methods.iwae import IWAE
from auxgen.networks.distributions import Conditional, diag_normal
from auxgen.networks.priors import StandardNormal

SIZES: dict[str, Any] = {"x": 5, "hidden": [[7, 7], [6]], "z": [3, 2]}
W, R, B, S = 1.3, 0.6, 0.8, 0.5
"""p(x|z_1) = N(W z_1, R^2), p(z_1|z_2) = N(B z_2, S^2); with one layer p(z_1) = N(0, 1)."""


@pytest.fixture(autouse=True)
def in_double() -> Iterator[None]:
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


class Affine(nn.Module):
    def __init__(self, function: Callable[..., Tensor]) -> None:
        super().__init__()
        self.function = function

    def forward(self, *given: Tensor) -> Tensor:
        return self.function(*given)


def gaussian(mean: Callable[..., Tensor], std: float | Tensor) -> Conditional:
    """N(mean(given), std^2) of one dimension."""

    def parameters(*given: Tensor) -> Tensor:
        at = mean(*given)
        return torch.cat((at, torch.as_tensor(std).log().expand_as(at)), -1)

    return Conditional(Affine(parameters), diag_normal)


def rows(n: int = 6) -> Tensor:
    return torch.randn(n, 1, generator=torch.Generator().manual_seed(0))


def log_p(x: Tensor, layers: int) -> Tensor:
    """The evidence, in closed form: (b, 1) -> (b,)."""
    variance = W**2 * (1.0 if layers == 1 else B**2 + S**2) + R**2
    return Normal(0.0, variance**0.5).log_prob(x.squeeze(1))


def two_layers(model: str) -> IWAE | AVAE:
    """A linear-Gaussian model of two layers, under a posterior that is not the exact one."""
    p_x, p_z = gaussian(lambda z: W * z, R), [gaussian(lambda z: B * z, S)]
    up = [gaussian(lambda x: 0.5 * x, 0.9), gaussian(lambda z: 0.4 * z, 0.9)]
    top = StandardNormal(1)
    if model == "iwae":
        return IWAE(q_z=up, p_z=p_z, p_top=top, p_x=p_x, k=1, warm_up=constant)
    return AVAE(
        q_a=[gaussian(lambda x: 0.3 * x, 0.8), gaussian(lambda a, x: 0.2 * a + 0.35 * x, 1.0)],
        q_z=[
            gaussian(lambda a, x: 0.1 * a + 0.5 * x, 0.9),
            gaussian(lambda a, z: 0.2 * a + 0.4 * z, 0.9),
        ],
        p_z=p_z,
        p_top=top,
        p_a=[
            gaussian(lambda x, z_1, z_2: 0.3 * z_1 + 0.1 * z_2, 0.9),
            gaussian(lambda x, z_2: 0.2 * z_2, 1.1),
        ],
        p_x=p_x,
        warm_up=constant,
    )


@pytest.mark.parametrize("model", ["iwae", "avae"])
def test_the_mean_weight_of_two_layers_is_the_exact_likelihood(model: str) -> None:
    """Within four standard errors of 100,000 weights."""
    torch.manual_seed(0)
    x = rows(4)
    ratio = (two_layers(model).log_weights(x, 100_000) - log_p(x, 2)).exp()
    assert ((ratio.mean(0) - 1).abs() < 4 * ratio.std(0) / 100_000**0.5).all()
    assert (ratio.std(0) / 100_000**0.5 < 0.02).all()


@pytest.mark.parametrize("model", ["iwae", "avae"])
def test_the_bound_is_below_the_likelihood_and_rises_with_the_number_of_weights(model: str) -> None:
    torch.manual_seed(0)
    x = rows(4)
    log_w = two_layers(model).log_weights(x, 20_000)
    one, ten = (
        log_w.mean(0),
        log_w.view(2000, 10, 4).logsumexp(1).mean(0) - torch.tensor(10.0).log(),
    )
    assert (one < ten).all()
    assert (ten < log_p(x, 2) + 0.02).all()


def test_every_weight_of_three_layers_is_the_exact_likelihood_at_the_exact_posterior() -> None:
    """A chain of normals, z_3 -> z_2 -> z_1 -> x; each q is the conditional of the other way."""
    variances = [1.0]
    for slope, noise in ((B, S), (B, S), (W, R)):
        variances.append(slope**2 * variances[-1] + noise**2)
    q_z = []
    for above, below, slope in zip(variances, variances[1:], (B, B, W), strict=False):
        gain = slope * above / below
        q_z.append(gaussian(lambda z, gain=gain: gain * z, (above - gain**2 * below) ** 0.5))
    p_z = [gaussian(lambda z: B * z, S) for _ in range(2)]
    p_x, top = gaussian(lambda z: W * z, R), StandardNormal(1)
    method = IWAE(q_z=q_z[::-1], p_z=p_z, p_top=top, p_x=p_x, k=1, warm_up=constant)
    x = rows()
    exact = Normal(0.0, variances[-1] ** 0.5).log_prob(x.squeeze(1)).expand(7, -1)
    torch.testing.assert_close(method.log_weights(x, 7), exact)
    found, drawn = method.weigh_draws(x, 7)
    torch.testing.assert_close(found, exact)
    assert drawn.batch_shape == (7, len(x))


@pytest.mark.parametrize("a_sees_x", [False, True])
def test_every_weight_is_the_exact_likelihood_at_the_exact_posterior(a_sees_x: bool) -> None:
    """p(a|z) = N(0.9 z [+ 0.4 x], 0.7^2); the posterior of (a, z) given x is worked out by hand."""
    c, d, t = 0.9, 0.4 * a_sees_x, 0.7
    var = 1 / (1 + W**2 / R**2)  # of z given x, with mean slope * x
    slope = var * W / R**2
    a_var = c**2 * var + t**2  # of a given x, with mean (c slope + d) x
    gain = c * var / a_var
    method = AVAE(
        q_a=[gaussian(lambda x: (c * slope + d) * x, a_var**0.5)],
        q_z=[
            gaussian(
                lambda a, x: slope * x + gain * (a - (c * slope + d) * x),
                (var - gain * c * var) ** 0.5,
            )
        ],
        p_z=[],
        p_top=StandardNormal(1),
        p_a=[gaussian(lambda x, z: c * z + d * x, t)],
        p_x=gaussian(lambda z: W * z, R),
        warm_up=constant,
    )
    x = rows()
    torch.testing.assert_close(method.log_weights(x, 7), log_p(x, 1).expand(7, -1))
    torch.testing.assert_close(method.elbo(x), log_p(x, 1))


def test_the_second_auxiliary_variable_may_know_x_as_the_exact_posterior_asks() -> None:
    """p(a_2|z_2,x) = N(0.7 x, 0.5^2): the exact q(a_2|a_1,x), worked out by hand, sees x."""
    prior = B**2 + S**2  # of z_1
    var = 1 / (1 / prior + W**2 / R**2)  # of z_1 given x, with mean slope * x
    slope = var * W / R**2
    gain = B / prior  # of z_2 given z_1
    method = AVAE(
        q_a=[gaussian(lambda x: -0.2 * x, 0.9), gaussian(lambda a, x: 0 * a + 0.7 * x, 0.5)],
        q_z=[
            gaussian(lambda a, x: 0 * a + slope * x, var**0.5),
            gaussian(lambda a, z: gain * z, (1 - gain * B) ** 0.5),
        ],
        p_z=[gaussian(lambda z: B * z, S)],
        p_top=StandardNormal(1),
        p_a=[
            gaussian(lambda x, z_1, z_2: -0.2 * x, 0.9),
            gaussian(lambda x, z_2: 0.7 * x, 0.5),
        ],
        p_x=gaussian(lambda z: W * z, R),
        warm_up=constant,
    )
    x = rows()
    torch.testing.assert_close(method.log_weights(x, 7), log_p(x, 2).expand(7, -1))


def test_the_bound_of_two_layers_is_its_closed_form() -> None:
    """Of `two_layers`, where all means are linear; within four standard errors, 0.08."""
    torch.manual_seed(0)
    x = rows(1)
    one, e_a1, e_z1, e_a2, e_z2 = torch.eye(5)  # x, and the noise of each of q's draws
    one = x.item() * one
    a1 = 0.3 * one + 0.8 * e_a1
    z1 = 0.1 * a1 + 0.5 * one + 0.9 * e_z1
    a2 = 0.2 * a1 + 0.35 * one + 1.0 * e_a2
    z2 = 0.2 * a2 + 0.4 * z1 + 0.9 * e_z2

    def mean_log_density(residual: Tensor, std: float) -> Tensor:
        """E log N(residual; 0, std^2), up to the constant that q and p share."""
        return -torch.tensor(std).log() - residual.square().sum() / (2 * std**2)

    p = [(one - W * z1, R), (z1 - B * z2, S), (z2, 1.0)]
    p += [(a1 - 0.3 * z1 - 0.1 * z2, 0.9), (a2 - 0.2 * z2, 1.1)]
    q = [(0.8 * e_a1, 0.8), (0.9 * e_z1, 0.9), (1.0 * e_a2, 1.0), (0.9 * e_z2, 0.9)]
    log_tau = torch.tensor(2 * pi).log() / 2  # five densities of p, four of q
    expected = sum(mean_log_density(*each) for each in p) - log_tau
    expected -= sum(mean_log_density(*each) for each in q)
    found = two_layers("avae").elbo(x.expand(40_000, 1))
    assert abs(found.mean() - expected) < 4 * found.std() / 40_000**0.5
    assert found.std() / 40_000**0.5 < 0.025


@pytest.mark.parametrize(("model", "slope"), [("iwae", 0.5), ("avae", 0.1 * 0.3 + 0.5)])
def test_a_code_is_q_of_the_first_layer_at_the_mean_of_a(model: str, slope: float) -> None:
    x = rows(4)
    found = two_layers(model).encode(x)
    torch.testing.assert_close(found.mean, slope * x)
    torch.testing.assert_close(found.stddev, torch.full_like(x, 0.9))


def test_each_network_sees_what_equations_19_and_20_say() -> None:
    seen: list[tuple[str, tuple[int, ...]]] = []
    method = made("avae", a=[2, 4])  # x, z_1, z_2, a_1, a_2 have widths 5, 3, 2, 2, 4
    for name, module in method.named_modules():
        if isinstance(module, Conditional):
            module.register_forward_hook(
                lambda _, given, __, name=name: seen.append(
                    (name, tuple(each.shape[-1] for each in given))
                )
            )
    method.log_weights(bits(), 3)
    assert dict(seen) == {
        "q_a.0": (5,),
        "q_z.0": (2, 5),
        "q_a.1": (2, 5),
        "q_z.1": (4, 3),
        "p_z.0": (2,),
        "p_a.0": (5, 3, 2),
        "p_a.1": (5, 2),
        "p_x": (3,),
    }


@pytest.mark.parametrize("builder", ["avae", "avae_uninformed"])
@pytest.mark.parametrize(("more", "heeds"), [({}, True), ({"upper_a_sees_x": False}, False)])
def test_the_second_auxiliary_variable_sees_x_but_in_version_0_1(
    builder: str, more: dict[str, Any], heeds: bool
) -> None:
    method = made(builder, a=[2, 2], **more)
    a = torch.zeros(1, 2)
    one, other = (method.q_a[1](a, x).mean for x in (torch.zeros(1, 5), torch.ones(1, 5)))
    assert (not torch.equal(one, other)) == heeds


def test_an_encoder_may_be_deeper_than_the_decoder_and_start_narrow() -> None:
    method = made("iwae", encoder=[[7] * 4, [6] * 3], log_std_z=-2.0)
    counts = [sum(isinstance(layer, nn.Linear) for layer in q.modules()) - 1 for q in method.q_z]
    assert counts == [4, 3]
    scale = method.q_z[0](bits()).base_dist.scale
    assert scale.log().sub(-2.0).abs().max() < 0.2


def bits(n: int = 6) -> Tensor:
    return torch.rand(n, 5, generator=torch.Generator().manual_seed(5)).round()


def made(builder: str, **more: Any) -> Any:
    torch.manual_seed(0)
    return Recipe(builder, {**SIZES, **more}).build()


def loss_of(method: Any, step: int = 0) -> Gradient:
    torch.manual_seed(1)
    move = next(method.round(bits(), torch.tensor(step)))
    assert isinstance(move, Gradient)
    return move


@pytest.mark.parametrize(("builder", "more"), [("iwae", {}), ("avae", {"a": [2, 2]})])
def test_with_one_weight_the_loss_is_the_negative_elbo(builder: str, more: dict[str, Any]) -> None:
    method = made(builder, **more)
    found = loss_of(method).loss
    torch.manual_seed(1)
    torch.testing.assert_close(found, -method.elbo(bits()).mean())


def test_one_layer_and_one_weight_are_in_expectation_the_vae() -> None:
    method = made("iwae", hidden=[[7, 7]], z=[3])
    x = bits(1).expand(20_000, -1)
    q_z = method.q_z[0](x)
    torch.manual_seed(2)
    each = method.p_x(q_z.rsample()).log_prob(x) - kl_divergence(q_z, method.p_top())
    difference = method.elbo(x) - each
    assert abs(difference.mean()) < 4 * difference.std() / 20_000**0.5


def test_the_gradient_is_the_one_that_burda_et_al_print() -> None:
    """Eq. 13, 14: sum_i w~_i grad log w_i, with w~ normalised and held fixed."""
    method = made("iwae", k=6)
    loss_of(method).loss.backward()
    found = [p.grad.clone() for p in method.parameters()]
    method.zero_grad()
    torch.manual_seed(1)
    log_w = method.log_weights(bits(), 6)
    weights = log_w.softmax(0).detach()
    (-(weights * log_w).sum(0).mean()).backward()
    for ours, theirs in zip(found, method.parameters(), strict=True):
        torch.testing.assert_close(ours, theirs.grad)


def test_more_weights_average_inside_the_logarithm() -> None:
    method = made("iwae", k=6)
    found = loss_of(method).loss
    torch.manual_seed(1)
    torch.testing.assert_close(found, -log_mean_exp(method.log_weights(bits(), 6)).mean())


@pytest.mark.parametrize(("builder", "more"), [("iwae", {}), ("avae", {"a": [2, 2]})])
def test_warm_up_scales_the_log_ratios_and_nothing_else(builder: str, more: dict[str, Any]) -> None:
    method = made(builder, warm_up=4, **more)
    cold, half, warm = (loss_of(method, step).loss for step in (0, 2, 4))
    torch.testing.assert_close(half, (cold + warm) / 2)
    torch.testing.assert_close(cold, loss_of(method).terms["distortion"])


def test_a_that_sees_nothing_costs_its_divergence_from_the_prior() -> None:
    """Within four standard errors; q(a_2|a_1) is averaged over a_1."""
    method = made("avae_uninformed", hidden=[[7, 7]], z=[3], a=[2])
    x = bits(1).expand(20_000, -1)
    torch.manual_seed(2)
    _, _, log_ratio_a = method.compute_bound_terms(x, 1)
    expected = -kl_divergence(method.q_a[0](x[0]), StandardNormal(2)())
    assert abs(log_ratio_a.mean() - expected) < 4 * log_ratio_a.std() / 20_000**0.5


def test_a_is_a_leaf_so_that_samples_do_not_depend_on_it() -> None:
    method = made("avae", a=[2, 2])
    torch.manual_seed(3)
    before = method.sample(4)
    for network in (method.q_a, method.p_a):
        for parameter in network.parameters():
            nn.init.normal_(parameter)
    torch.manual_seed(3)
    torch.testing.assert_close(method.sample(4), before)


def test_every_layer_of_a_starts_as_narrow_as_its_argument_says() -> None:
    method = made("avae", a=[2, 2], log_std_a=-2.0)
    x = bits()
    given = (x,)
    for q_a in method.q_a:
        found = q_a(*given)
        assert found.base_dist.scale.log().sub(-2.0).abs().max() < 0.2
        given = found.mean, x


def test_terms_are_a_distortion_and_a_rate_in_nats() -> None:
    """Means over rows and draws of -log p(x|z), and of log q - log p of all that is drawn."""
    method, x = two_layers("iwae"), rows(7)
    assert isinstance(method, IWAE)
    torch.manual_seed(0)
    move = next(iter(method.round(x, torch.tensor(0))))
    assert isinstance(move, Gradient)
    torch.manual_seed(0)
    log_p_x, log_ratio = method.compute_bound_terms(x, 1)
    torch.testing.assert_close(move.terms["distortion"], -log_p_x.mean())
    torch.testing.assert_close(move.terms["rate"], -log_ratio.mean())


@pytest.mark.parametrize("model", ["iwae", "avae"])
def test_codes_of_samples_are_draws_that_carry_no_gradient(model: str) -> None:
    method = made(model, **({"a": [2, 2]} if model == "avae" else {}))
    method.sample_p_x(3).mean.sum().backward()
    reached = {name for name, p in method.named_parameters() if p.grad is not None}
    assert {name.partition(".")[0] for name in reached} == {"p_x"}
