"""Who wins IntroVAC's game by its weights, what is logged of it, and the loss without it."""

from __future__ import annotations

from math import exp, inf
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from introvac_methods import BETAS, batch, made
from scipy.optimize import minimize_scalar

from auxgen.data.batches import LabelledBatch
from auxgen.errors import InputError
from auxgen.method import Gradient
from auxgen.methods.introvac import IntroVAC
from auxgen.methods.vac import Betas

WEIGHTS = [{}, {"ec": 1.0}, {"cl": 0.9, "ec": 0.3}, {"ec": 10 / 6}]


def made_introvac(**more: Any) -> IntroVAC:
    method = made(**more)
    assert isinstance(method, IntroVAC)
    return method


def list_gradients(method: IntroVAC, y: Any = None) -> list[Gradient]:
    x, answers = batch()
    moves = method.round(LabelledBatch(x, answers if y is None else y), torch.tensor(0))
    return [move for move in moves if isinstance(move, Gradient)]


@pytest.mark.parametrize("weights", WEIGHTS)
@pytest.mark.parametrize("k", [1, 2, 5])
def test_the_best_fake_logit_minimises_the_losses_where_all_rows_are_alike(
    weights: dict[str, float], k: int
) -> None:
    betas = Betas(**weights)

    def loss(logit: float) -> float:
        real, fake = (F.softplus(torch.tensor(s * logit, dtype=torch.float64)) for s in (1, -1))
        return (betas.cl / (k + 1) * real + 2 * betas.ec * fake).item()

    best = minimize_scalar(loss, bounds=(-20, 20), method="bounded", options={"xatol": 1e-9})
    assert betas.best_fake_logit(k) == pytest.approx(best.x, abs=1e-5)  # pyright: ignore


def test_with_the_paper_s_weights_odds_of_166_are_needed() -> None:
    best = Betas().best_fake_logit(2)
    assert round(best, 1) == -5.1
    assert exp(-best) == pytest.approx(500 / 3)
    assert Betas(ec=10 / 6).best_fake_logit(2) == pytest.approx(0)
    assert (Betas(ec=0).best_fake_logit(2), Betas(cl=0).best_fake_logit(2)) == (-inf, inf)


@pytest.mark.parametrize("weights", WEIGHTS)
def test_at_the_best_logit_a_round_leaves_the_classifier_of_fakes(
    weights: dict[str, float],
) -> None:
    """With codes that do not depend on the row, and blanks for all attributes."""
    method = made_introvac(betas=weights)
    head: Any = method.q_z.network[-1]  # pyright: ignore
    with torch.no_grad():
        head.weight.zero_()
        head.bias.copy_(torch.tensor([1.0, 0, 0, -20, -20, -20]))  # log std is clamped to -5
        method.p_y.weight[-1] = torch.tensor([Betas(**weights).best_fake_logit(2), 0, 0])
    blank = torch.full_like(batch().y, torch.nan)
    moves = method.round(LabelledBatch(batch().x, blank), torch.tensor(0))
    size, total = [], torch.zeros(3, dtype=torch.float64)
    for move in moves:
        if not isinstance(move, Gradient):
            break
        own = torch.autograd.grad(move.loss, method.p_y.weight, retain_graph=True)[0][-1]
        size.append(own[0].abs().item())
        total += own
    assert len(size) == 2
    assert total[0].abs() < 0.02 * min(size)


def test_logits_of_all_three_are_logged() -> None:
    method, (x, _) = made_introvac(), batch()
    torch.manual_seed(3)
    first, second, _ = list_gradients(method)
    torch.manual_seed(3)
    z_g = method.p_z().sample((6,))
    z_r = method.q_z(x).rsample()
    expected = {
        "real rows": method.p_y(z_r)[:, -1],
        "reconstructions": method.logits(method.p_x(z_r).mean)[:, -1],
        "samples": method.logits(method.p_x(z_g).mean)[:, -1],
    }
    logged = {**first.terms, **second.terms}
    for name, logit in expected.items():
        torch.testing.assert_close(logged[f"fake logit of {name}"], logit.mean())
    assert "fake logit of real rows" not in made("vac").compute_objective(*batch())[1]


def test_without_the_game_the_decoder_learns_of_attributes_alone() -> None:
    method, (x, y) = made_introvac(game=False), batch()
    whole = made_introvac()
    first, last = list_gradients(method)
    assert first.players == ("encoder", "classifier", "decoder")
    assert last.players == ("decoder",)
    torch.testing.assert_close(last.loss, BETAS["g"] * last.terms["passing"])
    fake = F.softplus(method.logits(x)[:, -1]).mean()
    less = whole.adversarial_loss(x, y) - fake / 3
    torch.testing.assert_close(method.adversarial_loss(x, y), less)
    summed = made_introvac(game=False, summed=True).adversarial_loss(x, y)
    torch.testing.assert_close(summed, 3 * less)


def test_the_game_s_absence_leaves_no_draw_of_the_prior() -> None:
    """Its random numbers are those of VAC, so that both reconstruct from the same codes."""
    method, vac = made_introvac(game=False), made("vac")
    torch.manual_seed(4)
    ours = list_gradients(method)[0].terms["reconstruction"]
    torch.manual_seed(4)
    torch.testing.assert_close(ours, vac.compute_objective(*batch())[1]["reconstruction"])


def test_negative_weights_are_refused() -> None:
    with pytest.raises(InputError, match=r"ec is -0\.1; 0 or more is expected"):
        Betas(ec=-0.1)
