"""The label summed out over the classes that are not ruled out, against the sum over all."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.distributions import Normal

from auxgen.builders import Recipe
from auxgen.data.batches import SemiSupervisedBatch
from auxgen.errors import InputError
from auxgen.functional.bounds import find_live_classes, marginal_bound
from auxgen.method import Gradient, Method
from auxgen.methods.adgm import AuxiliaryDGM
from auxgen.methods.m2 import M2
from auxgen.methods.semi_supervised import sum_live_classes
from auxgen.methods.semi_supervised_model import SemiSupervisedModel
from auxgen.networks.batch_norm import weigh_rows
from auxgen.networks.distributions import categorical
from auxgen.networks.mlp import MLP
from auxgen.networks.pairs import Pairs, Repeated
from auxgen.networks.priors import ClassPrior

K, ROWS, X = 6, 5, 7
SIZES = {"x": X, "classes": K, "hidden": [8, 8], "z": 3, "alpha": 2.0, "prior_rows": 10}
MODELS: dict[str, tuple[str, dict[str, Any]]] = {
    "m2": ("m2", {"samples": 3}),
    "m2_prior": ("m2", {"class_prior": [0.3, 0.1, 0.2, 0.2, 0.1, 0.1]}),
    "adgm": ("adgm", {"a": 2, "samples": 3}),
    "adgm_a_sees_x": ("adgm", {"a": 2, "samples": 2, "a_sees_x": True}),
    "adgm_deterministic": ("adgm_deterministic", {"a": 2}),
    "adgm_uninformed": ("adgm_uninformed", {"a": 2, "samples": 2}),
    "sdgm": ("sdgm", {"a": 2, "samples": 3}),
    "sdgm_marginal": ("sdgm", {"a": 2, "samples": 2, "labelled_bound": "marginal"}),
}


@pytest.fixture
def means_for_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every draw is the mean, so that two ways to the same sum see the same draws."""
    monkeypatch.setattr(
        Normal, "rsample", lambda self, shape=(): self.mean.expand(*shape, *self.mean.shape)
    )


@pytest.fixture
def logits() -> Tensor:
    return 6 * torch.randn(ROWS, K, generator=torch.Generator().manual_seed(0)).double()


@pytest.fixture
def values() -> Tensor:
    """f of each class, far from 0 as bounds are."""
    return 9 * torch.randn(ROWS, K, generator=torch.Generator().manual_seed(1)).double() - 100


def build(name: str, batch_norm: bool, sharpness: float = 1.0, **more: Any) -> SemiSupervisedModel:
    """A model in float64 whose q(y|.) is sharper than at torch's start."""
    builder, own = MODELS[name]
    torch.manual_seed(0)
    arguments = {**SIZES, **own, "batch_norm": batch_norm, **more}
    model = Recipe(builder, arguments).build().double().train()
    assert isinstance(model, SemiSupervisedModel)
    assert isinstance(model, M2 | AuxiliaryDGM)
    model.q_y.family = lambda logits: categorical(sharpness * logits)
    return model


def rows() -> Tensor:
    return torch.rand(ROWS, X, generator=torch.Generator().manual_seed(3)).double().round()


def round_loss(model: Method) -> Tensor:
    """The loss of a round, which labelled rows are part of."""
    x = rows()
    (first,) = [
        move
        for move in model.round(SemiSupervisedBatch(x, torch.arange(ROWS) % K, x), torch.tensor(0))
        if isinstance(move, Gradient)
    ]
    return first.loss


def gradients(model: nn.Module, loss: Tensor) -> dict[str, Tensor]:
    found = torch.autograd.grad(loss, list(model.parameters()))
    return dict(zip(dict(model.named_parameters()), found, strict=True))


def sum_values(
    logits: Tensor, values: Tensor, skip_below: float, temperature: float = 1.0
) -> Tensor:
    """The sum over live classes of values (rows, k), which are looked up by pair."""

    def f(y: Tensor, rows: Pairs) -> Tensor:
        return (y * values[rows.index]).sum(-1)

    log_q = logits.log_softmax(-1)
    p_y = ClassPrior(K).double()
    return sum_live_classes(f, log_q, p_y, temperature, skip_below=skip_below)


@pytest.mark.parametrize("temperature", [1.0, 20.0])
@pytest.mark.parametrize("skip_below", [1e-4, 0.01, 0.1, 0.5])
def test_what_is_left_out_is_what_the_docstring_says(
    logits: Tensor, values: Tensor, skip_below: float, temperature: float
) -> None:
    log_q = logits.log_softmax(-1)
    live = find_live_classes(log_q, skip_below)
    assert not live.all()
    assert live.any(-1).all()
    m = log_q.exp().masked_fill(live, 0.0).sum(-1)
    assert (m <= (K - 1) * skip_below).all()
    found = sum_values(logits, values, skip_below, temperature)
    inside, outside = (
        marginal_bound(
            logits.masked_fill(~part, -1e3).log_softmax(-1),
            values.masked_fill(~part, 0.0),
            temperature,
        )
        for part in (live, ~live)
    )
    torch.testing.assert_close(found, inside)
    some = m > 0
    h = -torch.special.xlogy(m, m) - torch.special.xlogy(1 - m, 1 - m)
    whole = (1 - m) * found + m * outside + temperature * h
    every = marginal_bound(log_q, values, temperature)
    torch.testing.assert_close(whole[some], every[some])
    torch.testing.assert_close(found[~some], every[~some])
    if temperature == 1:  # a bound of another q, and the best there is
        assert (found <= values.logsumexp(-1) + 1e-9).all()


def test_a_class_that_is_left_out_gets_no_gradient(logits: Tensor, values: Tensor) -> None:
    at, given = logits.clone().requires_grad_(), values.clone().requires_grad_()
    sum_values(at, given, 0.1).sum().backward()
    live = find_live_classes(logits.log_softmax(-1), 0.1)
    assert at.grad is not None
    assert given.grad is not None
    assert at.grad[~live].abs().max() < 1e-12
    assert not given.grad[~live].any()
    q = logits.masked_fill(~live, -torch.inf).softmax(-1)
    torch.testing.assert_close(given.grad, q)


def test_the_gradient_is_off_by_the_threshold_at_most(logits: Tensor, values: Tensor) -> None:
    """Of a logit that is left out it would be q (f - log q - U), which is less than t times that.

    Of another one the gradient changes by as much as m = sum of the q that are left out.
    """
    found, expected = logits.clone().requires_grad_(), logits.clone().requires_grad_()
    t = 0.01
    sum_values(found, values, t).sum().backward()
    log_q = expected.log_softmax(-1)
    marginal_bound(log_q, values).sum().backward()
    assert found.grad is not None
    assert expected.grad is not None
    range_of_f = (values - log_q.detach()).amax(-1) - (values - log_q.detach()).amin(-1)
    assert ((found.grad - expected.grad).abs().amax(-1) <= 2 * K * t * range_of_f).all()
    assert (found.grad - expected.grad).abs().max() > 0


@pytest.mark.parametrize("skip_below", [0.0, 1e-3])
@pytest.mark.parametrize("certain", [0, 3])
def test_certainty_is_the_bound_of_one_class(
    values: Tensor, skip_below: float, certain: int
) -> None:
    logits = torch.full((ROWS, K), -1e4).double()
    logits[:, certain] = 0.0
    logits.requires_grad_()
    found = sum_values(logits, values, skip_below)
    torch.testing.assert_close(found, values[:, certain])
    (gradient,) = torch.autograd.grad(found.sum(), logits)
    assert gradient.isfinite().all()


def test_the_most_probable_class_stays_when_all_are_below_the_threshold() -> None:
    k = 1000
    logits = 0.1 * torch.randn(ROWS, k, generator=torch.Generator().manual_seed(0)).double()
    log_q = logits.log_softmax(-1)
    live = find_live_classes(log_q, 0.5)
    assert torch.equal(live.nonzero()[:, 1], logits.argmax(-1))
    assert find_live_classes(log_q, 1e-4).all()


@pytest.mark.usefixtures("means_for_draws")
@pytest.mark.parametrize("name", MODELS)
def test_a_threshold_of_0_is_the_sum_over_all_classes(name: str) -> None:
    every, live = build(name, False), build(name, False, skip_below=0.0)
    live.load_state_dict(every.state_dict())
    losses = round_loss(every), round_loss(live)
    torch.testing.assert_close(losses[1], losses[0])
    found, expected = gradients(live, losses[1]), gradients(every, losses[0])
    torch.testing.assert_close(found, expected)


@pytest.mark.usefixtures("means_for_draws")
@pytest.mark.parametrize("skip_below", [0.0, 0.15])
@pytest.mark.parametrize("name", ["m2", "m2_prior", "adgm", "adgm_a_sees_x", "sdgm"])
def test_batch_norm_counts_classes_by_their_probability(name: str, skip_below: float) -> None:
    """Against x repeated for every class, with weights of 0 for those that are left out."""
    model = build(name, True, 6.0, skip_below=skip_below)
    assert isinstance(model, M2 | AuxiliaryDGM)
    x = rows().unsqueeze(1)
    if isinstance(model, M2):
        log_q, q_a, a = model.classify(x[:, 0]).logits, None, None
    else:
        q_a, a = model.sample_auxiliary(x, model.samples)
        log_q = model.log_q_y(a, x)
    live = find_live_classes(log_q, skip_below)
    assert live.all() == (skip_below == 0)
    q = log_q.masked_fill(~live, -1e3).softmax(-1)
    y = model.p_y.every.expand(ROWS, K, K)
    with weigh_rows(model, q):
        if isinstance(model, M2):
            each = model.f(x.expand(-1, K, -1), y, 1.0)
        else:
            assert q_a is not None
            assert a is not None
            wide = a.expand(-1, -1, K, -1)
            each = model.f(x.expand(-1, K, -1), y, wide, q_a, 1.0)
    expected = marginal_bound(q.clamp(min=1e-300).log(), each).view(-1, ROWS).mean(0)
    running = {name: b.clone() for name, b in model.named_buffers() if "running" in name}
    other = build(name, True, 6.0, skip_below=skip_below)
    found = other.elbo(rows(), 1.0, other.summation)
    torch.testing.assert_close(found, expected)
    slopes = gradients(other, found.sum()), gradients(model, expected.sum())
    torch.testing.assert_close(*slopes, atol=1e-8, rtol=1e-6)
    now = {name: b for name, b in other.named_buffers() if "running" in name}
    for part in ("q_z", "p_x"):
        own = [name for name in now if name.startswith(part)]
        assert own
        for buffer in own:
            torch.testing.assert_close(now[buffer], running[buffer])


@pytest.mark.usefixtures("means_for_draws")
@pytest.mark.parametrize("batch_norm", [False, True])
@pytest.mark.parametrize("name", ["m2", "adgm_a_sees_x", "sdgm_marginal"])
def test_gradients_are_those_of_finite_differences(name: str, batch_norm: bool) -> None:
    model = build(name, batch_norm, 6.0, skip_below=0.1)
    for layer in model.modules():  # differences across the kink of a ReLU say nothing
        if isinstance(layer, MLP):
            layer.layers = nn.Sequential(
                *(nn.Softplus() if isinstance(part, nn.ReLU) else part for part in layer.layers)
            )
    found = gradients(model, round_loss(model))
    generator = torch.Generator().manual_seed(5)
    for _ in range(3):
        direction = {
            key: torch.randn(p.shape, generator=generator).double()
            for key, p in model.named_parameters()
        }
        losses = []
        for step in (1e-6, -2e-6):
            with torch.no_grad():
                for key, p in model.named_parameters():
                    p += step * direction[key]
            losses.append(round_loss(model).detach())
        with torch.no_grad():
            for key, p in model.named_parameters():
                p += 1e-6 * direction[key]
        slope = (losses[0] - losses[1]) / 2e-6
        expected = sum((found[key] * d).sum() for key, d in direction.items())
        torch.testing.assert_close(slope, expected, rtol=1e-6, atol=1e-6)


@pytest.mark.usefixtures("means_for_draws")
@pytest.mark.parametrize("name", ["m2", "adgm", "sdgm"])
def test_with_batch_norm_a_threshold_changes_no_more_than_what_is_below_it(name: str) -> None:
    found = []
    for skip_below in (0.0, 1e-4):
        model = build(name, True, 40.0, skip_below=skip_below)
        loss = round_loss(model)
        found.append((loss, torch.cat([g.flatten() for g in gradients(model, loss).values()])))
    (every, slope), (live, other) = found
    assert 0 < (live - every).abs() < 0.01 * every.abs()
    assert (other - slope).norm() < 0.02 * slope.norm()


@pytest.mark.parametrize("name", ["adgm_a_sees_x", "sdgm"])
def test_no_row_is_mapped_twice(name: str) -> None:
    model = build(name, True, skip_below=0.0)
    assert isinstance(model, AuxiliaryDGM)
    mapped: dict[str, int] = {}

    def count(name: str) -> Callable[[nn.Module, Any, Tensor], None]:
        def hook(_: nn.Module, __: Any, out: Tensor) -> None:
            mapped[name] = out[..., 0].numel()

        return hook

    for part in ("q_z", "p_a", "p_x"):
        for number, layer in enumerate(getattr(model, part).network.maps):
            if isinstance(layer, nn.Linear):
                layer.register_forward_hook(count(f"{part} {number}"))
    model.elbo(rows(), 1.0, model.summation)
    pairs, draws = model.samples * ROWS * K, model.samples * ROWS
    of_z = {"q_z 0": draws, "q_z 1": pairs, "q_z 2": ROWS}
    if name == "sdgm":
        assert mapped == {**of_z, "p_x 0": draws, "p_x 1": pairs, "p_x 2": pairs} | {
            "p_a 0": pairs,
            "p_a 1": pairs,
        }
    else:
        rest = {"p_a 0": ROWS, "p_a 1": pairs, "p_a 2": pairs, "p_x 0": pairs, "p_x 1": pairs}
        assert mapped == {**of_z, **rest}


def test_gradients_of_a_row_are_added_in_float32() -> None:
    """In bf16 a sum of 1,000 numbers of about 1 stops at 256."""
    row = torch.ones(1, 2).bfloat16().requires_grad_()
    repeated = Repeated(row, torch.zeros(1000, dtype=torch.int64))
    repeated.map(lambda each: each * 1.0).sum().backward()
    assert row.grad is not None
    torch.testing.assert_close(row.grad.float(), torch.full((1, 2), 1000.0))


@pytest.mark.parametrize("odd", [-0.1, 1.0, 2.0])
def test_a_threshold_is_from_0_to_below_1(odd: float) -> None:
    with pytest.raises(InputError, match=r"skip_below is .*; 0 to below 1 is expected"):
        Recipe("m2", {**SIZES, "skip_below": odd}).build()


def test_one_of_two_ways_to_sum_over_fewer_classes_is_expected() -> None:
    with pytest.raises(InputError, match=r"classes_summed is 3 and skip_below 0.01; they are two"):
        Recipe("m2", {**SIZES, "skip_below": 0.01, "classes_summed": 3}).build()
    Recipe("m2", {**SIZES, "skip_below": 0.01, "classes_summed": K}).build()
