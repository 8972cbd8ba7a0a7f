"""Bounds and estimates of them against enumeration, torch's distributions and autograd."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torch.distributions import Categorical

from auxgen.functional import bounds


def draw_log_q(*shape: int) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    return (4 * torch.randn(shape, generator=generator, dtype=torch.float64)).log_softmax(-1)


@pytest.mark.parametrize("temperature", [1.0, 0.3])
def test_a_bound_is_the_expectation_and_a_multiple_of_the_entropy(temperature: float) -> None:
    """It is greatest, T log sum_y exp(each / T), at q in proportion to exp(each / T)."""
    log_q, each = draw_log_q(5, 2, 3), 3 * draw_log_q(5, 2, 3).flip(0)
    q = Categorical(logits=log_q)
    expected = (q.probs * each).sum(-1) + temperature * q.entropy()
    torch.testing.assert_close(bounds.marginal_bound(log_q, each, temperature), expected)
    torch.testing.assert_close(bounds.entropy(log_q), q.entropy())
    best = bounds.marginal_bound((each / temperature).log_softmax(-1), each, temperature)
    torch.testing.assert_close(best, temperature * (each / temperature).logsumexp(-1))
    assert (best >= expected).all()


def test_a_bound_is_at_temperature_1_unless_said_otherwise() -> None:
    log_q, each = draw_log_q(4, 3), draw_log_q(4, 3)
    assert torch.equal(bounds.marginal_bound(log_q, each), bounds.marginal_bound(log_q, each, 1.0))


@pytest.mark.parametrize("probable", [1, 2])
def test_a_sum_over_sampled_classes_has_the_expectation_and_gradient_of_that_over_all(
    probable: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By enumeration of what may be drawn, of one row: the most probable classes never are."""
    log_q, values = draw_log_q(1, 5).requires_grad_(), torch.arange(5.0, dtype=torch.float64) ** 2
    order = log_q[0].argsort(descending=True).tolist()
    total = torch.zeros((), dtype=torch.float64)
    for place in order[probable:]:
        chances: list[Tensor] = []

        def draw(rest: Tensor, n: int, chances: list[Tensor] = chances, y: int = place) -> Tensor:
            assert (rest > 0).sum() == 5 - probable
            chances.append(rest[0, y] / rest.sum())
            return torch.full((len(rest), n), y)

        monkeypatch.setattr(Tensor, "multinomial", draw)
        classes, weights = bounds.sample_classes(log_q, probable)
        assert classes.tolist() == [[*order[:probable], place]]
        assert not weights.requires_grad
        total = total + chances[0] * (weights * log_q.exp()[:, classes[0]] * values[classes]).sum()
    expected = (log_q.exp() * values).sum()
    torch.testing.assert_close(total, expected)
    torch.testing.assert_close(
        *(torch.autograd.grad(each, log_q, retain_graph=True) for each in (total, expected))
    )


def test_each_row_of_each_axis_has_its_own_classes(monkeypatch: pytest.MonkeyPatch) -> None:
    """The most probable of the rest is drawn here."""
    monkeypatch.setattr(Tensor, "multinomial", lambda rest, n: rest.topk(n).indices)
    log_q = draw_log_q(2, 3, 5)
    classes, weights = bounds.sample_classes(log_q, 2)
    assert torch.equal(classes, log_q.topk(3).indices)
    live = bounds.find_live_classes(log_q, 0.3)
    for i, j in ((i, j) for i in range(2) for j in range(3)):
        alone = bounds.sample_classes(log_q[i, j : j + 1], 2)
        assert torch.equal(classes[i, j : j + 1], alone[0])
        assert torch.equal(weights[i, j : j + 1], alone[1])
        assert torch.equal(live[i, j : j + 1], bounds.find_live_classes(log_q[i, j : j + 1], 0.3))


def test_classes_are_live_by_their_probability_or_as_the_most_probable() -> None:
    q = torch.tensor([[0.25, 0.5, 0.25], [0.125, 0.75, 0.125], [0.3, 0.3, 0.4]])
    found = bounds.find_live_classes(q.log(), 0.2)
    assert found.tolist() == [[True] * 3, [False, True, False], [True] * 3]
    assert bounds.find_live_classes(q.log(), 0.9).tolist() == [
        [False, True, False],
        [False, True, False],
        [False, False, True],
    ]
    sure = torch.tensor([[0.0, -torch.inf]])
    assert bounds.find_live_classes(sure, 1.0).tolist() == [[True, False]]
    assert bounds.find_live_classes(sure, 0.0).tolist() == [[True, True]]


def test_log_mean_exp_is_the_log_of_the_mean_over_the_first_axis() -> None:
    log_w = draw_log_q(4, 3) - 2000
    torch.testing.assert_close(
        bounds.log_mean_exp(log_w), (log_w + 2000).exp().mean(0).log() - 2000
    )


def test_the_weight_of_classification_is_that_of_the_paper() -> None:
    assert bounds.classification_weight(0.1, 100, 60_000) == pytest.approx(60.1)


def test_a_prior_on_weights_is_half_of_their_squares_with_themselves_as_gradient() -> None:
    """Of matrices and kernels; biases, which are vectors, are free."""
    torch.manual_seed(0)
    module = nn.Sequential(nn.Conv2d(2, 3, 3), nn.Flatten(), nn.Linear(3, 2))
    prior = bounds.weight_prior(module)
    (3 * prior).backward()
    parts = list(module.parameters())
    matrices = [p for p in parts if p.ndim > 1]
    assert len(parts) == 2 * len(matrices) == 4
    expected = sum(p.detach().square().sum() for p in matrices) / 2
    torch.testing.assert_close(prior.detach(), torch.as_tensor(expected))
    for p in parts:
        if p.ndim > 1:
            torch.testing.assert_close(p.grad, 3 * p.detach())
        else:
            assert p.grad is None


def test_a_prior_on_rows_that_ranks_share_is_that_on_all_with_the_gradient_of_ones_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The other ranks have half squares of 7 here; what is not shared counts once."""
    monkeypatch.setattr(torch.distributed, "all_reduce", lambda total: total.add_(7.0))
    torch.manual_seed(0)
    shared, whole = nn.Linear(3, 2), nn.Linear(2, 2)
    shared.weight.to_local = lambda: shared.weight  # pyright: ignore[reportAttributeAccessIssue]
    for module in (shared, nn.Sequential(shared, whole)):
        module.zero_grad()
        prior = bounds.weight_prior(module)
        matrices = [p for p in module.parameters() if p.ndim > 1]
        expected = sum(p.detach().square().sum() for p in matrices) / 2 + 7
        torch.testing.assert_close(prior.detach(), torch.as_tensor(expected))
        (3 * prior).backward()
        for p in matrices:
            torch.testing.assert_close(p.grad, 3 * p.detach())
