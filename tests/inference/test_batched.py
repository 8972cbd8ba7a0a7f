"""A row's result is a function of that row: the same alone, in any order and in any batch."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import laws
import numpy as np
import pytest
import torch
from evaluation.linear_gaussian import LinearGaussian
from torch import Tensor
from torch.distributions import Categorical

from auxgen.evaluation.classification import TestError
from auxgen.inference.batched import binarise_rows_alike, map_batches, map_rows
from auxgen.inference.prediction import estimate_elbo, estimate_row_bounds, predict_rows
from auxgen.method import Bounds, Classifies, Describes, Encodes, Weighs
from auxgen.methods.adgm import AuxiliaryDGM
from auxgen.networks.distributions import normal
from auxgen.rng import use_seed

CPU = torch.device("cpu")
Function = Callable[[Tensor], Tensor]
FUNCTIONS: dict[str, tuple[type, Callable[..., Tensor]]] = {
    "classify": (Classifies, lambda m, x: m.classify(x, 4).probs),
    "elbo": (Bounds, lambda m, x: m.elbo(x)),
    "log_weights": (Weighs, lambda m, x: m.log_weights(x, 5).T),
    "attributes": (Describes, lambda m, x: m.attributes(x).probs),
    "encode": (Encodes, lambda m, x: m.encode(x).mean),
    "draw a code": (Encodes, lambda m, x: m.encode(x).rsample()),
}


CASES = [
    (law, name)
    for law in laws.METHODS
    if law != "auxiliary_fit"  # which has no rows
    for name, (ability, _) in FUNCTIONS.items()
    if ability in laws.list_abilities(law)
]


def make_function(law: str, name: str) -> tuple[Function, Tensor]:
    """A function of rows by a method of the laws, and rows for it."""
    stage = laws.stage(law)
    method = stage.method.eval().requires_grad_(False)
    return partial(FUNCTIONS[name][1], method), laws.make_rows(law, 6)


def apply_with_seed(function: Function, x: Tensor, batch_size: int = 256) -> Tensor:
    with use_seed(3, CPU):
        return map_rows(function, x, device="cpu", batch_size=batch_size)


@pytest.mark.parametrize(("law", "name"), CASES)
def test_the_other_rows_their_order_and_the_batch_change_nothing(law: str, name: str) -> None:
    function, x = make_function(law, name)
    together = apply_with_seed(function, x)
    order = torch.randperm(len(x), generator=torch.Generator().manual_seed(0))
    close = partial(torch.testing.assert_close, rtol=1e-5, atol=1e-5)
    close(torch.cat([apply_with_seed(function, row[None]) for row in x]), together)
    close(apply_with_seed(function, x[order]), together[order])
    close(apply_with_seed(function, x.repeat(3, *[1] * (x.ndim - 1)))[len(x) :][: len(x)], together)
    for batch_size in (1, 4):
        close(apply_with_seed(function, x, batch_size), together)
    with use_seed(3, CPU), torch.no_grad():  # a row alone is what the method itself returns
        close(function(x[:1]), together[:1])


@pytest.mark.parametrize("law", ["adgm", "sdgm", "avae", "iwae", "m2", "vae", "vae_asl"])
def test_models_of_auxgen_pass_in_batches_and_not_row_by_row(law: str) -> None:
    function, x = make_function(law, "elbo")
    calls = 0

    def count(part: Tensor) -> Tensor:
        nonlocal calls
        calls += 1
        return function(part)

    apply_with_seed(count, x.repeat(50, 1))
    assert calls <= 1 + 2  # one row, to see whether it draws, and a call for each batch


def draw_unlike_torch(x: Tensor) -> tuple[Tensor, Tensor | None]:
    """A function that torch cannot vectorise: it looks at values, and draws at batched means."""
    mean = x if bool((x > 0).any()) else -x
    return torch.normal(mean, 1.0), None


def test_what_torch_cannot_vectorise_is_done_row_by_row() -> None:
    x = torch.randn(5, 2)
    with use_seed(0, CPU):
        found, nothing = map_rows(draw_unlike_torch, x, device="cpu", batch_size=2)
    assert nothing is None
    noise = found - torch.where((x > 0).any(1, keepdim=True), x, -x)
    torch.testing.assert_close(noise, noise[:1].expand(5, 2))


def test_a_function_without_draws_is_applied_to_whole_batches_and_to_no_rows() -> None:
    x = torch.randn(7, 2)
    assert torch.equal(map_rows(torch.sin, x, device="cpu"), x.sin())
    assert map_rows(torch.sin, x[:0], device="cpu").shape == (0, 2)
    assert map_rows(lambda x: x + torch.randn(2), x[:0], device="cpu").shape == (0, 2)


def test_draws_come_from_the_random_state_and_move_it_on() -> None:
    x = torch.zeros(3, 1)
    with use_seed(0, CPU):
        expected = torch.randn(4)
    with use_seed(0, CPU):
        found = [map_rows(lambda x: x + torch.randn(1), x, device="cpu") for _ in range(2)]
        after = torch.randn(2)
    torch.testing.assert_close(torch.stack(found), expected[:2].view(2, 1, 1).expand(2, 3, 1))
    assert torch.equal(after, expected[2:])


def test_the_mean_over_draws_is_that_of_quadrature() -> None:
    """q(y|x) is the integral over a, of two dimensions, of q(a|x) q(y|a,x)."""
    method = laws.stage("adgm").method.eval().requires_grad_(False)
    assert isinstance(method, AuxiliaryDGM)
    for parameter in method.q_y.parameters():  # so that a matters
        parameter.mul_(4)
    x = torch.rand(4, laws.X, generator=torch.Generator().manual_seed(1))
    nodes = torch.linspace(-5, 5, 301)
    grid = torch.cartesian_prod(nodes, nodes)
    weight = (-grid.square().sum(1) / 2).softmax(0)
    q_a = method.q_a(x.unsqueeze(1)).base_dist
    a = q_a.mean + q_a.stddev * grid[:, None, None]
    exact = (weight[:, None, None] * method.log_q_y(a, x.unsqueeze(1)).exp()).sum(0)
    found = apply_with_seed(lambda x: method.classify(x, 100_000).probs, x)
    torch.testing.assert_close(found, exact, rtol=0, atol=5e-3)
    at_the_mean = method.log_q_y(q_a.mean[None], x.unsqueeze(1)).exp()[0]
    assert (exact - at_the_mean).abs().max() > 0.02


def test_more_draws_lower_the_variance_as_independent_draws_do() -> None:
    def average(x: Tensor, draws: int) -> Tensor:
        return x[:, 0] + normal(x, torch.ones_like(x), 1).rsample((draws,)).mean((0, 2))

    x = torch.zeros(2, 1)
    for draws in (1, 16):
        each = []
        for seed in range(400):
            with use_seed(seed, CPU):
                each.append(map_rows(partial(average, draws=draws), x, device="cpu"))
        variance = torch.stack(each).var(0) * draws  # chi-square of 399 degrees: 1 +- 0.07
        assert ((variance - 1).abs() < 0.3).all()


def test_the_bounds_of_rows_are_unbiased_where_the_evidence_is_known() -> None:
    """The posterior is exact, so that each bound equals log p(x)."""
    model = LinearGaussian()
    torch.manual_seed(0)
    x = model.p_x().sample((20,))
    space = laws.Preprocessor(kind="points", shape=(3,))
    exact = model.p_x().log_prob(x)
    torch.testing.assert_close(estimate_row_bounds(model, space, x, 2), exact)
    wide = LinearGaussian(width=1.3)
    found = torch.stack([map_rows(wide.elbo, x, device="cpu") for _ in range(800)])
    gap = (exact - found.mean(0)).mean()  # KL of N(0, 1) from N(0, 1.3) in two dimensions
    assert gap == pytest.approx(1.3 - 1 - np.log(1.3), abs=0.04)


def test_means_over_rows_have_draws_of_their_own_for_each_row() -> None:
    """With one draw for all rows a mean over rows would be as uncertain as one row's bound."""
    model = LinearGaussian(width=1.3)
    torch.manual_seed(0)
    x = model.p_x().sample((1,)).expand(200, 3)
    assert estimate_elbo(model, x).std() > 0.1
    assert map_rows(model.elbo, x, device="cpu").std() < 1e-12
    assert map_batches(model.elbo, x, device="cpu").std() > 0.1


def test_bits_of_equal_rows_are_equal_and_have_the_right_mean() -> None:
    grey = torch.tensor([0.0, 0.3, 1.0]).repeat_interleave(20_000)
    bits = binarise_rows_alike(torch.stack([grey, grey, 1 - grey]), 0)
    assert torch.equal(bits[0], bits[1])
    assert torch.equal(binarise_rows_alike(grey[None], 0)[0], bits[0])
    assert bits[0].view(3, -1).mean(1).tolist() == pytest.approx([0.0, 0.3, 1.0], abs=0.01)


class Threshold:
    """A classifier by a noisy threshold, which errs on some rows."""

    def classify(self, x: Tensor, draws: int = 1) -> Categorical:
        noise = torch.randn(draws, 1, 1)
        logit = (x[None, :, :1] + noise).sigmoid().mean(0).logit()
        return Categorical(logits=torch.cat([torch.zeros_like(logit), logit], 1))


def test_evaluate_and_predict_agree_on_every_row() -> None:
    x = torch.linspace(-0.2, 0.2, 300).unsqueeze(1)
    y = (x[:, 0] > 0).long()
    space = laws.Preprocessor(kind="points", shape=(1,), classes=("no", "yes"))
    with use_seed(0, CPU):
        wrong = predict_rows(Threshold(), space, x.flip(0), 100).predicted.flip(0) != y
    score = TestError(x, y, draws=100, rows=7)(Threshold())
    assert 0 < wrong.sum() < 150
    assert score.value == pytest.approx(100 * wrong.double().mean().item())
