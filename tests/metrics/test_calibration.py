"""Temperature, the surest rows, and who does not belong: closed forms and other libraries."""

from __future__ import annotations

from math import log
from typing import Any

import pytest
import torch
from scipy.optimize import minimize_scalar
from torch import Tensor

from auxgen.errors import InputError
from auxgen.metrics import calibration
from auxgen.metrics.calibration import (
    apply_temperature,
    auroc,
    fit_temperature,
    fit_temperature_of_few,
    negative_log_likelihood,
    nll_derivatives,
    select_most_confident,
)


def synthetic(scale: float, n: int = 20_000) -> tuple[Tensor, Tensor]:
    """Logits that are `scale` times too large for the labels drawn from them."""
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(n, 5, generator=generator, dtype=torch.float64) * 2
    y = torch.multinomial(logits.softmax(-1), 1, generator=generator).squeeze(1)
    return scale * logits, y


@pytest.mark.parametrize("scale", [0.25, 1.0, 3.0, 20.0])
def test_it_is_the_known_temperature_of_synthetic_logits(scale: float) -> None:
    assert fit_temperature(*synthetic(scale)) == pytest.approx(scale, rel=0.02)


@pytest.mark.parametrize("scale", [0.3, 4.0])
def test_it_is_the_minimum_that_scipy_finds(scale: float) -> None:
    logits, y = synthetic(scale, 300)
    theirs: Any = minimize_scalar(
        lambda at: negative_log_likelihood(apply_temperature(logits, 2.0**at), y).item(),
        bounds=(-5, 5),
        method="bounded",
    )
    found = fit_temperature(logits, y)
    assert found == pytest.approx(2.0**theirs.x, rel=1e-4)
    assert negative_log_likelihood(apply_temperature(logits, found), y).item() <= theirs.fun + 1e-12


def test_of_two_classes_it_has_a_closed_form() -> None:
    """All rows equally sure by a logit of 1, three of four right: T = 1 / log 3."""
    logits = torch.tensor([[1.0, 0.0]]).repeat(4, 1)
    assert fit_temperature(logits, torch.tensor([0, 0, 0, 1])) == pytest.approx(
        1 / log(3), rel=1e-9
    )


def test_of_no_row_it_is_the_center_and_of_many_the_temperature_of_the_rows() -> None:
    none = torch.zeros(0, 3), torch.zeros(0, dtype=torch.int64)
    assert fit_temperature_of_few(*none, center=0.75) == pytest.approx(0.75, rel=1e-3)
    logits, y = synthetic(3.0)
    many = fit_temperature_of_few(logits, y, center=0.75, worth=3.0)
    assert many == pytest.approx(fit_temperature(logits, y), rel=1e-2)


def test_of_few_rows_no_temperature_near_it_costs_less() -> None:
    logits, y = synthetic(2.0, 12)

    def cost(t: float) -> float:
        nll = negative_log_likelihood(apply_temperature(logits, t), y).item()
        return 12 * nll + 2.0 * (log(t) - log(1.5)) ** 2

    found = fit_temperature_of_few(logits, y, center=1.5, worth=2.0)
    assert all(cost(found) <= cost(found * factor) for factor in (0.5, 0.97, 1.03, 2.0))


def test_rows_that_are_all_right_leave_it_near_its_center() -> None:
    logits = torch.tensor([[2.0, 0.0]]).repeat(6, 1)
    found = fit_temperature_of_few(logits, torch.zeros(6, dtype=torch.int64))
    assert 0.3 < found < 1


def test_slopes_are_those_of_autograd() -> None:
    logits, y = synthetic(1.0, 50)
    b = torch.tensor(0.7, dtype=torch.float64, requires_grad=True)
    loss = negative_log_likelihood((b * logits).log_softmax(-1), y)
    (first,) = torch.autograd.grad(loss, b, create_graph=True)
    (second,) = torch.autograd.grad(first, b)
    assert nll_derivatives(logits, y, 0.7) == pytest.approx(
        (first.item(), second.item()), rel=1e-12
    )


def test_it_never_makes_the_rows_that_it_is_fitted_on_less_likely() -> None:
    for seed in range(20):
        generator = torch.Generator().manual_seed(seed)
        logits = 10 ** (seed / 5 - 2) * torch.randn(12, 3, generator=generator).double()
        y = torch.randint(3, (12,), generator=generator)
        fitted = negative_log_likelihood(apply_temperature(logits, fit_temperature(logits, y)), y)
        assert fitted <= negative_log_likelihood(logits.log_softmax(-1), y) + 1e-12


def test_the_most_probable_class_stays() -> None:
    logits, _ = synthetic(1.0, 500)
    for t in (0.01, 0.5, 3.0, 100.0):
        assert torch.equal(apply_temperature(logits, t).argmax(-1), logits.argmax(-1))


def test_labels_predicted_always_or_never_end_within_the_bounds() -> None:
    """No temperature is best: the likelihood still rises, but by less than round-off."""
    sure = torch.eye(3, dtype=torch.float64)
    assert 0.01 <= fit_temperature(sure, torch.arange(3)) < 0.05
    assert fit_temperature(sure, torch.tensor([1, 2, 0])) == pytest.approx(100, rel=1e-6)


def test_classes_of_no_probability_at_all_are_bearable() -> None:
    log_probs = torch.tensor([[0.0, -torch.inf], [log(0.5), log(0.5)], [-0.1, -2.4]])
    assert 0.01 <= fit_temperature(log_probs, torch.tensor([0, 1, 0])) <= 100


def test_no_row_has_no_temperature() -> None:
    with pytest.raises(InputError, match="needs labelled rows"):
        fit_temperature(torch.zeros(0, 3), torch.zeros(0, dtype=torch.int64))


def test_the_surest_rows_are_those_with_the_greatest_probability() -> None:
    top = torch.tensor([0.9, 0.6, 0.99, 0.6, 0.7])
    probs = torch.stack((top, 1 - top), -1)
    assert select_most_confident(probs, 0.4).tolist() == [2, 0]
    assert select_most_confident(probs, 0.8).tolist() == [2, 0, 4, 1]
    assert select_most_confident(probs, 1.0).sort().values.tolist() == [0, 1, 2, 3, 4]
    assert select_most_confident(probs, 1e-6).tolist() == [2]
    for share in (0.0, 1.1):
        with pytest.raises(InputError, match="share"):
            select_most_confident(probs, share)


def test_auroc_counts_the_pairs_in_the_right_order_and_half_of_the_ties() -> None:
    generator = torch.Generator().manual_seed(0)
    inside = torch.randint(6, (40,), generator=generator).double()
    outside = torch.randint(5, (30,), generator=generator).double()
    pairs = inside.unsqueeze(1) - outside
    counted = (pairs > 0).double().mean() + 0.5 * (pairs == 0).double().mean()
    assert auroc(inside, outside) == pytest.approx(counted.item(), rel=1e-12)
    assert auroc(torch.tensor([2.0, 3.0]), torch.tensor([0.0, 1.0])) == 1
    assert auroc(torch.ones(7), torch.ones(3)) == 0.5


def test_a_temperature_ends_at_its_bounds() -> None:
    """0.01 where labels are predicted always by a little, 100 where they never are."""
    little, right = 0.1 * torch.eye(3, dtype=torch.float64), torch.arange(3)
    for y, bound in ((right, 0.01), (right.roll(1), 100.0)):
        assert fit_temperature(little, y) == pytest.approx(bound, rel=1e-6)
        assert fit_temperature_of_few(little, y, worth=0.0) == pytest.approx(bound, rel=1e-3)


def test_a_few_rows_are_held_at_1_by_a_worth_of_1_unless_said_otherwise() -> None:
    few = synthetic(3.0, 6)
    assert fit_temperature_of_few(*few) == fit_temperature_of_few(*few, center=1.0, worth=1.0)


def test_of_many_rows_that_are_alike_the_first_are_the_surest() -> None:
    alike = torch.full((1000, 2), 0.5)
    assert select_most_confident(alike, 0.3).tolist() == list(range(300))


@pytest.mark.parametrize("scale", [0.05, 0.25, 1.0, 3.0, 20.0])
def test_newtons_steps_find_it_in_a_few_evaluations(
    scale: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Halving the interval alone would take over 40 for as many digits."""
    visited: list[float] = []

    def measure(logits: Tensor, y: Tensor, b: float) -> tuple[float, float]:
        visited.append(b)
        return nll_derivatives(logits, y, b)

    monkeypatch.setattr(calibration, "nll_derivatives", measure)
    assert fit_temperature(*synthetic(scale, 1000)) == pytest.approx(scale, rel=0.15)
    assert len(visited) <= 8
