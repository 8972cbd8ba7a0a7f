"""The label summed out over some classes, against the sum over all."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor
from torch.distributions import Normal

from auxgen.builders import Recipe
from auxgen.data.batches import SemiSupervisedBatch, ViewedBatch
from auxgen.errors import InputError
from auxgen.functional.bounds import entropy, marginal_bound, sample_classes
from auxgen.method import Gradient, Method
from auxgen.methods.adgm import AuxiliaryDGM
from auxgen.methods.m2 import M2
from auxgen.methods.semi_supervised import (
    conditional_label_bound,
    sum_all_classes,
    sum_sampled_classes,
)
from auxgen.methods.semi_supervised_model import SemiSupervisedModel
from auxgen.networks.priors import ClassPrior

K, PROBABLE, ROWS = 6, 2, 4


@pytest.fixture
def logits() -> Tensor:
    return torch.randn(ROWS, K, generator=torch.Generator().manual_seed(0)).double()


@pytest.fixture
def values() -> Tensor:
    """f of each class, far from 0 as bounds are."""
    return torch.randn(ROWS, K, generator=torch.Generator().manual_seed(1)).double() - 100


def list_sizes(name: str) -> dict[str, Any]:
    """Sizes of a small model, with an auxiliary variable where it has one."""
    return {**SIZES, "classes": K, **({} if name == "m2" else {"a": 2})}


@pytest.fixture
def means_for_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    """Draws of Gaussians are their means."""
    monkeypatch.setattr(
        Normal, "rsample", lambda self, shape=(): self.mean.expand(*shape, *self.mean.shape)
    )


def always(monkeypatch: pytest.MonkeyPatch, drawn: Tensor) -> None:
    """Of the rest, these classes are drawn: (rows,)."""
    monkeypatch.setattr(Tensor, "multinomial", lambda *_: drawn.unsqueeze(1))


def estimate(
    logits: Tensor, values: Tensor, temperature: float = 1.0
) -> tuple[Tensor, Tensor, Tensor]:
    """Sums over some classes, and the gradients of their total by logits and by values."""
    logits, values = logits.clone().requires_grad_(), values.clone().requires_grad_()

    def f(y: Tensor) -> Tensor:
        return (y * values.unsqueeze(1)).sum(-1)

    p_y = ClassPrior(K).double()
    sums = sum_sampled_classes(f, logits.log_softmax(-1), p_y, temperature, probable=PROBABLE)
    sums.sum().backward()
    assert logits.grad is not None
    assert values.grad is not None
    return sums.detach(), logits.grad, values.grad


@pytest.mark.parametrize("temperature", [1.0, 20.0])
def test_its_expectation_is_the_sum_over_all_classes_and_so_are_its_gradients(
    logits: Tensor, values: Tensor, temperature: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    q = logits.softmax(-1)
    order = q.argsort(descending=True)
    means = [torch.zeros(ROWS).double(), torch.zeros(ROWS, K).double()]
    means.append(means[1].clone())
    rest = q.gather(-1, order[:, PROBABLE:])
    chances = rest / rest.sum(-1, keepdim=True)
    for place in range(K - PROBABLE):
        always(monkeypatch, order[:, PROBABLE + place])
        chance = chances[:, place]
        for mean, part in zip(means, estimate(logits, values, temperature), strict=True):
            mean += chance.view(-1, *[1] * (part.ndim - 1)) * part
    at, given = logits.clone().requires_grad_(), values.clone().requires_grad_()
    p_y = ClassPrior(K).double()
    exact = sum_all_classes(lambda _: given, at.log_softmax(-1), p_y, temperature)
    gradients = torch.autograd.grad(exact.sum(), (at, given))
    for mean, expected in zip(means, (exact.detach(), *gradients), strict=True):
        torch.testing.assert_close(mean, expected)


def test_what_all_classes_share_adds_no_noise(logits: Tensor, values: Tensor) -> None:
    torch.manual_seed(2)
    here = estimate(logits, values)
    torch.manual_seed(2)
    there = estimate(logits, values + 1000)
    torch.testing.assert_close(there[0], here[0] + 1000)
    torch.testing.assert_close(there[1], here[1])


def test_a_class_is_drawn_as_often_as_it_is_probable(logits: Tensor) -> None:
    torch.manual_seed(3)
    n = 40_000
    log_q = logits[0].log_softmax(-1)
    classes, weights = sample_classes(log_q.expand(n, K), PROBABLE)
    assert (classes[:, :PROBABLE].sort().values == log_q.topk(PROBABLE).indices.sort().values).all()
    assert (weights[:, :PROBABLE] == 1).all()
    seen = classes[:, -1].bincount(minlength=K) / n
    rest = log_q.exp().scatter(-1, log_q.topk(PROBABLE).indices, 0.0)
    torch.testing.assert_close(seen.double(), rest / rest.sum(), atol=0.01, rtol=0)


@pytest.mark.parametrize("leading", [(1, ROWS), (2, 2), (2, 1, 2)])
def test_rows_may_have_any_leading_axes(logits: Tensor, leading: tuple[int, ...]) -> None:
    log_q = logits.log_softmax(-1)
    torch.manual_seed(5)
    expected = sample_classes(log_q, PROBABLE)
    torch.manual_seed(5)
    found = sample_classes(log_q.view(*leading, K), PROBABLE)
    for ours, theirs in zip(found, expected, strict=True):
        torch.testing.assert_close(ours, theirs.view(*leading, PROBABLE + 1))


@pytest.mark.parametrize("leading", [(1, ROWS), (2, 2), (2, 1, 2)])
def test_sums_over_some_classes_may_have_any_leading_axes(
    logits: Tensor, values: Tensor, leading: tuple[int, ...]
) -> None:
    found = []
    for axes in (leading, (ROWS,)):
        each, log_q = values.view(*axes, 1, K), logits.log_softmax(-1).view(*axes, K)
        torch.manual_seed(5)
        summed = sum_sampled_classes(
            lambda y, each=each: (y * each).sum(-1), log_q, ClassPrior(K).double(), probable=2
        )
        assert summed.shape == axes
        found.append(summed.flatten())
    torch.testing.assert_close(*found)


def test_certainty_leaves_the_rest_finite() -> None:
    log_q = torch.tensor([[0.0, -1e4, -1e4, -1e4]]).log_softmax(-1)
    classes, weights = sample_classes(log_q, 1)
    assert classes[0, 0] == 0
    assert classes[0, 1] != 0
    assert weights.isfinite().all()


@pytest.mark.parametrize("temperature", [0.5, 1.0, 20.0])
def test_the_sum_is_greatest_at_the_tempered_posterior(values: Tensor, temperature: float) -> None:
    log_q = (values / temperature).log_softmax(-1)
    best = marginal_bound(log_q, values, temperature)
    torch.testing.assert_close(best, temperature * (values / temperature).logsumexp(-1))
    elsewhere = (values / temperature + torch.randn_like(values)).log_softmax(-1)
    assert (marginal_bound(elsewhere, values, temperature) < best).all()


SIZES = {"x": 5, "hidden": [7, 7], "z": 2, "alpha": 1.0, "prior_rows": 10, "samples": 3}


@pytest.mark.usefixtures("means_for_draws")
@pytest.mark.parametrize("name", ["m2", "adgm", "sdgm"])
def test_f_of_classes_row_by_row_is_f_of_every_class_there(name: str) -> None:
    torch.manual_seed(0)
    sizes = list_sizes(name)
    m = Recipe(name, sizes).build().eval()
    x = torch.rand(ROWS, 1, 5).round()
    if isinstance(m, M2):
        classes = torch.randint(K, (ROWS, 3))
        each, every = m.f(x, m.p_y.one_hot(classes), 1.0), m.f(x, m.p_y.every, 1.0)
    else:
        assert isinstance(m, AuxiliaryDGM)
        classes = torch.randint(K, (3, ROWS, 3))
        q_a, a = m.sample_auxiliary(x, 3)
        each = m.f(x, m.p_y.one_hot(classes), a, q_a, 1.0)
        every = m.f(x, m.p_y.every, a, q_a, 1.0)
    torch.testing.assert_close(each, every.gather(-1, classes))


@pytest.mark.usefixtures("means_for_draws")
@pytest.mark.parametrize("name", ["m2", "sdgm", "adgm"])
def test_the_bound_is_on_x_whatever_the_classifier_sees(name: str) -> None:
    torch.manual_seed(0)
    sizes = list_sizes(name)
    m = Recipe(name, sizes).build().eval()
    assert isinstance(m, M2 | AuxiliaryDGM)
    x, seen = torch.rand(2, ROWS, 5).round()
    y = torch.arange(ROWS) % K
    if isinstance(m, M2):
        log_q = m.classify(seen).logits
        every = m.f(x.unsqueeze(1), m.p_y.every, 0.5)
    else:
        q_a, a = m.sample_auxiliary(seen.unsqueeze(1), 1)
        log_q = m.log_q_y(a, seen.unsqueeze(1))[0]
        every = m.f(x.unsqueeze(1), m.p_y.every, a, q_a, 0.5)[0]
    expected = (log_q.exp() * (every - log_q)).sum(1)
    torch.testing.assert_close(m.elbo(x, 0.5, seen=seen), expected)
    bound, log_q_y = m.compute_labelled_terms(x, y, 0.5, conditional_label_bound, seen)
    torch.testing.assert_close(bound, every.gather(1, y.unsqueeze(1))[:, 0])
    torch.testing.assert_close(log_q_y, log_q.gather(1, y.unsqueeze(1))[:, 0])
    assert torch.equal(m.elbo(x, seen=x), m.elbo(x))
    assert not torch.equal(m.elbo(x, seen=seen), m.elbo(x))


@pytest.mark.parametrize("name", ["m2", "sdgm"])
def test_a_round_hands_its_views_to_the_classifier(name: str) -> None:
    sizes = list_sizes(name)
    m = Recipe(name, sizes).build()
    assert isinstance(m, SemiSupervisedModel)
    (x, seen), y = torch.rand(2, ROWS, 5).round(), torch.arange(ROWS) % K

    def play(batch: SemiSupervisedBatch | ViewedBatch) -> list[float]:
        torch.manual_seed(0)
        (move,) = [each for each in m.round(batch, torch.tensor(0)) if isinstance(each, Gradient)]
        return [move.terms[term].item() for term in ("labelled", "classification", "unlabelled")]

    plain = play(SemiSupervisedBatch(x, y, x))
    assert play(ViewedBatch(x, y, x, x, x)) == plain
    labelled = play(ViewedBatch(x, y, x, seen, x))
    assert labelled[1] != plain[1]
    assert labelled[2] == plain[2]
    unlabelled = play(ViewedBatch(x, y, x, x, seen))
    assert unlabelled[:2] == plain[:2]
    assert unlabelled[2] != plain[2]


@pytest.mark.parametrize("summed", [1, 7])
def test_too_few_or_too_many_classes_are_refused(summed: int) -> None:
    with pytest.raises(InputError, match=f"classes_summed is {summed}; 2 to 6"):
        Recipe("m2", {**SIZES, "classes": K, "classes_summed": summed}).build()


@pytest.mark.parametrize("name", ["m2", "sdgm"])
@pytest.mark.parametrize("step", [0, 5, 10, 20])
def test_the_entropy_of_unlabelled_rows_counts_more_at_first(name: str, step: int) -> None:
    sizes = list_sizes(name)
    method = Recipe(name, {**sizes, "warm_up": 10, "warm_up_from": 1.0}).build()
    warm = Recipe(
        name, {**sizes, "warm_up": 10, "warm_up_from": 1.0, "temperature_from": 5}
    ).build()
    warm.load_state_dict(method.state_dict())
    x = torch.rand(ROWS, 5).round()
    batch = SemiSupervisedBatch(x, torch.arange(ROWS), x)

    def unlabelled(m: Method) -> Tensor:
        torch.manual_seed(0)
        (first,) = [
            move for move in m.round(batch, torch.tensor(step)) if isinstance(move, Gradient)
        ]
        return first.terms["unlabelled"]

    torch.manual_seed(0)
    x_l = x.unsqueeze(1)
    if isinstance(method, AuxiliaryDGM):
        _, a = method.sample_auxiliary(x_l, 3)  # the labelled rows' draws come first
        method.f(x_l, method.p_y.one_hot(batch.y).unsqueeze(1), a, method.q_a(x_l), 1.0)
        log_q = method.log_q_y(method.sample_auxiliary(x_l, 3)[1], x_l)
    else:
        assert isinstance(method, M2)
        log_q = method.classify(x).logits
    weight = max(0.0, 4 * (1 - step / 10))
    gap = unlabelled(method) - unlabelled(warm)
    torch.testing.assert_close(gap, weight * entropy(log_q).mean(), atol=1e-5, rtol=1e-4)
