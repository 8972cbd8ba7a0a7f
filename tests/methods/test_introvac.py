"""Algorithm 1 of IntroVAC against a transcription in plain torch, and the losses it is made of."""

from __future__ import annotations

import copy
from dataclasses import FrozenInstanceError
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from introvac_methods import BETAS, IMAGES, batch, made
from torch import Tensor, nn

from auxgen.builders import Recipe
from auxgen.builders.introvac import reconstruction_absolute_error, reconstruction_squared_error
from auxgen.data.batches import LabelledBatch
from auxgen.engine.loop import Training, freeze_unowned_networks
from auxgen.engine.settings import Engine, adam
from auxgen.method import Gradient, Step
from auxgen.methods.introvac import IntroVAC
from auxgen.methods.vac import VAC, Betas, VariationalClassifier
from auxgen.networks.freezing import find_batch_norms

RATE = 1e-3


class Transcription:
    """Algorithm 1, line by line: E, G and C are copies of the method's networks."""

    def __init__(self, method: VariationalClassifier, summed: bool) -> None:
        self.e, self.g = copy.deepcopy(method.q_z.network), copy.deepcopy(method.p_x.network)
        self.c, self.summed = copy.deepcopy(method.p_y), summed
        self.phi = [*self.e.parameters(), *self.c.parameters()]
        self.theta = list(self.g.parameters())

    def heads(self, x: Tensor) -> tuple[Tensor, Tensor]:
        mu, log_std = self.e(x).chunk(2, 1)
        return mu, 2 * log_std

    def fake(self, x: Tensor, target: float) -> Tensor:
        logit = self.c(self.heads(x)[0])[:, -1]
        return F.binary_cross_entropy_with_logits(logit, torch.full_like(logit, target))

    def play(self, x: Tensor, y: Tensor, z_g: Tensor, e: Tensor) -> dict[str, list[Tensor]]:
        """One pass through the loop; gradients of phi at line 11 and of theta at line 14."""
        adam_phi = torch.optim.Adam(self.phi, RATE)
        adam_theta = torch.optim.Adam(self.theta, RATE)
        answers = torch.cat((y, torch.zeros(len(y), 1, dtype=y.dtype)), 1)
        x_g = self.g(z_g)  # 4
        mu, log_var = self.heads(x)  # 5
        z_r = mu + (0.5 * log_var).exp() * e
        y_hat = self.c(z_r)  # 6
        x_r = self.g(z_r)  # 7
        x_rr = self.g(z_r.detach())  # 8
        l_ae = (x - x_r).abs().mean()
        l_cl = F.binary_cross_entropy_with_logits(y_hat, answers)
        l_reg = (0.5 * (mu**2 + log_var.exp() - log_var - 1)).mean()
        l_ec = self.fake(x_rr.detach(), 1) + self.fake(x_g.detach(), 1)
        b = BETAS
        (b["ae"] * l_ae + b["cl"] * l_cl + b["reg"] * l_reg + b["ec"] * l_ec).backward()  # 9-10
        found = {"phi": [p.grad.clone() for p in self.phi if p.grad is not None]}
        kept = [p.grad.clone() for p in self.theta if p.grad is not None]
        adam_phi.step()  # 11
        logits = self.c(self.heads(x_rr)[0])
        l_g = F.binary_cross_entropy_with_logits(logits, answers) * (3 if self.summed else 1)
        l_g = b["g"] * (l_g + self.fake(x_g, 0))  # 12
        more = torch.autograd.grad(l_g, self.theta)  # 13
        for parameter, first, second in zip(self.theta, kept, more, strict=True):
            parameter.grad = first + second
        found["theta"] = [p.grad.clone() for p in self.theta if p.grad is not None]
        adam_theta.step()  # 14
        return found


def draws(method: VariationalClassifier, seed: int) -> tuple[Tensor, Tensor]:
    """z_g and the noise of z_r, in the order in which a round draws them."""
    torch.manual_seed(seed)
    z_g = method.p_z().sample((6,))
    return z_g, torch.normal(torch.zeros_like(z_g), torch.ones_like(z_g))


def gathered(method: VariationalClassifier, moves: list[Any]) -> dict[str, list[Tensor]]:
    """Carries moves out as the engine does, and keeps each player's gradient at its step."""
    owned = {n: [p for m in nets for p in m.parameters()] for n, nets in method.players().items()}
    found = {}
    optimisers = {n: torch.optim.Adam(own, RATE) for n, own in owned.items()}
    for move in moves:
        if isinstance(move, Gradient):
            move.loss.backward(inputs=[p for name in move.players for p in owned[name]])
        elif isinstance(move, Step):
            for name in move.players:
                found[name] = [p.grad.clone() for p in owned[name] if p.grad is not None]
                optimisers[name].step()
                optimisers[name].zero_grad()
    return found


@pytest.mark.parametrize("summed", [False, True])
def test_gradients_of_a_round_are_those_of_algorithm_1(summed: bool) -> None:
    method = made(summed=summed)
    written, (x, y) = Transcription(method, summed), batch()
    z_g, noise = draws(method, 3)
    expected = written.play(x, y, z_g, noise)
    torch.manual_seed(3)
    found = gathered(method, method.round(LabelledBatch(x, y), torch.tensor(0)))  # pyright: ignore
    for ours, theirs in (
        ([*found["encoder"], *found["classifier"]], expected["phi"]),
        (found["decoder"], expected["theta"]),
    ):
        assert len(ours) == len(theirs)
        for a, b in zip(ours, theirs, strict=True):
            torch.testing.assert_close(a, b, rtol=0, atol=1e-10)
    after = [*method.q_z.parameters(), *method.p_y.parameters(), *method.p_x.parameters()]
    for a, b in zip(after, [*written.phi, *written.theta], strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=1e-6)


def test_the_engine_plays_the_same_round() -> None:
    """In float32, through the training loop: the weights after a round are the transcription's."""
    method = made().float()
    x, y = (part.float() for part in batch())
    written = Transcription(method, summed=False)
    training = Training(method, Engine(1, adam(RATE)), seed=0)
    from auxgen.rng import derive_seed

    z_g, noise = draws(method, derive_seed(0, 3, 0, 0))
    written.play(x, y, z_g, noise)
    training.run_round(LabelledBatch(x, y))
    for a, b in zip(method.p_x.parameters(), written.theta, strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=1e-6)


def copied(*networks: nn.Module) -> list[Tensor]:
    return [p.detach().clone() for network in networks for p in network.parameters()]


def same(before: list[Tensor], *networks: nn.Module) -> bool:
    now = [p for network in networks for p in network.parameters()]
    return all(torch.equal(a, b) for a, b in zip(before, now, strict=True))


def test_neither_side_s_step_touches_the_other() -> None:
    """The decoder's parameters wait for their own step, and the others' are not changed by it."""
    method = made()
    owned = {n: [p for m in nets for p in m.parameters()] for n, nets in method.players().items()}
    decoder, rest = copied(method.p_x), copied(method.q_z, method.p_y)
    steps = 0
    for move in method.round(batch(), torch.tensor(0)):
        if isinstance(move, Gradient):
            move.loss.backward(inputs=[p for name in move.players for p in owned[name]])
            continue
        assert isinstance(move, Step)
        for name in move.players:
            torch.optim.SGD(owned[name], 0.1).step()
        if steps == 0:
            assert move.players == ("encoder", "classifier")
            assert same(decoder, method.p_x)
            assert not same(rest, method.q_z, method.p_y)
            rest = copied(method.q_z, method.p_y)
            for parameter in method.parameters():
                assert parameter.requires_grad
        else:
            assert move.players == ("decoder",)
            assert same(rest, method.q_z, method.p_y)
            assert not same(decoder, method.p_x)
        steps += 1
    assert steps == 2


def test_telling_fakes_leads_no_gradient_to_the_decoder_and_passing_none_to_the_encoder() -> None:
    method = made()
    moves = [m for m in method.round(batch(), torch.tensor(0)) if isinstance(m, Gradient)]
    _, telling, passing = moves
    for move, own in ((telling, (method.q_z, method.p_y)), (passing, (method.p_x,))):
        method.zero_grad()
        move.loss.backward(retain_graph=True)
        reached = {id(p) for p in method.parameters() if p.grad is not None}
        assert reached == {id(p) for network in own for p in network.parameters()}


def test_the_decoder_s_game_sees_the_encoder_after_its_step() -> None:
    """With an encoder that has moved, the gradient differs from what the old one would give."""
    method = made()
    assert isinstance(method, IntroVAC)
    torch.manual_seed(3)
    moves = method.round(batch(), torch.tensor(0))
    *_, third = (next(moves) for _ in range(3))
    assert isinstance(third, Step)
    with torch.no_grad():
        for parameter in method.p_y.parameters():
            parameter.mul_(-1)
    passing = next(moves)
    assert isinstance(passing, Gradient)
    method.p_y.weight.data.mul_(-1)
    torch.manual_seed(3)
    old = list(method.round(batch(), torch.tensor(0)))[3]
    assert isinstance(old, Gradient)
    assert (passing.loss - old.loss).abs() > 1e-3


@pytest.mark.parametrize("builder", ["vac", "introvac"])
def test_a_blank_answer_contributes_no_loss_and_no_gradient(builder: str) -> None:
    """The loss is what it is where blanks are answered both ways, less those answers' terms."""
    method, (x, y) = made(builder), batch(blanks=True)
    losses = []
    for filled in (y, y.nan_to_num(0.0), y.nan_to_num(1.0)):
        torch.manual_seed(5)
        first = next(iter(method.round(LabelledBatch(x, filled), torch.tensor(0))))
        assert isinstance(first, Gradient)
        losses.append(first.terms["classification"])
    torch.manual_seed(5)
    if builder == "introvac":
        method.p_z().sample((6,))
    logits = method.p_y(method.q_z(x).rsample())
    blank = y.isnan()
    for loss, answer in zip(losses[1:], (0.0, 1.0), strict=True):
        each = F.binary_cross_entropy_with_logits(
            logits[:, :-1], torch.full_like(y, answer), reduction="none"
        )
        answered = 3 if builder == "introvac" else 2
        torch.testing.assert_close(loss - losses[0], each[blank].sum() / (6 * answered))
    only = LabelledBatch(x, torch.full_like(y, torch.nan))
    first = next(iter(method.round(only, torch.tensor(0))))
    assert isinstance(first, Gradient)
    gradient = torch.autograd.grad(first.terms["classification"], method.p_y.weight)[0]
    assert (gradient[:-1] == 0).all()
    assert (gradient[-1] != 0).any() == (builder == "introvac")


def test_a_blank_answer_gives_the_decoder_nothing_either() -> None:
    method, (x, y) = made(), batch()
    assert isinstance(method, IntroVAC)
    blank = method.adversarial_loss(x, torch.full_like(y, torch.nan))
    torch.testing.assert_close(blank, method.adversarial_loss(x) / 3)


def test_the_objective_is_equation_5_with_its_weights() -> None:
    method, (x, y) = made("vac"), batch()
    assert isinstance(method, VAC)
    torch.manual_seed(5)
    loss, terms, z_r = method.compute_objective(x, y)
    expected = {
        "reconstruction": F.l1_loss(method.p_x(z_r).mean, x),
        "classification": F.binary_cross_entropy_with_logits(method.p_y(z_r)[:, :2], y),
    }
    for name, value in expected.items():
        torch.testing.assert_close(terms[name], value)
    total = 7 * terms["reconstruction"] + 3 * terms["classification"] + 2 * terms["rate"]
    torch.testing.assert_close(loss, total)


def test_a_plain_vae_has_the_same_objective_but_for_the_classes() -> None:
    """Its bound, weighted by b_reg / d, differs from VAC's with b_CL = 0 by a constant."""
    vae: Any = Recipe("residual_vae", {"images": IMAGES, "betas": BETAS}).build().double()
    vac = made("vac", betas={**BETAS, "cl": 0.0})
    gaps = []
    for seed in range(3):
        torch.manual_seed(seed)
        vae.load_state_dict(
            {k: v for k, v in made("vac").state_dict().items() if not k.startswith("p_y")}
        )
        x, y = batch().x * torch.rand(1), batch().y
        freeze_unowned_networks(vae)
        torch.manual_seed(seed)
        bound = next(iter(vae.round(x, torch.tensor(0)))).loss
        torch.manual_seed(seed)
        gaps.append((BETAS["reg"] / 3 * bound - vac.compute_objective(x, y)[0]).item())
    assert gaps == pytest.approx([gaps[0]] * 3, abs=1e-8)


def test_errors_are_means() -> None:
    x, x_r = torch.tensor([[1.0, 2.0]]), torch.tensor([[0.0, 5.0]])
    assert reconstruction_absolute_error(x, x_r) == 2
    assert reconstruction_squared_error(x, x_r) == 5


@pytest.mark.parametrize("builder", ["vac", "introvac"])
def test_all_logits_but_the_last_are_of_attributes(builder: str) -> None:
    method, x = made(builder).eval(), batch().x
    z = method.q_z(x).mean
    logits = method.p_y(z)
    assert logits.shape == (6, 3)
    probs = method.attributes(x).probs
    torch.testing.assert_close(probs.double(), logits[:, :2].sigmoid(), rtol=1e-6, atol=1e-6)
    torch.testing.assert_close(method.attribute_weights(), method.p_y.weight[:2])
    torch.testing.assert_close(method.fake_weight(), method.p_y.weight[2])


def test_the_game_leaves_the_encoder_s_running_statistics() -> None:
    """They are of real rows, of which the objective makes them."""
    method, (x, y) = made().train(), batch()
    assert isinstance(method, IntroVAC)
    before = {name: value.clone() for name, value in method.q_z.named_buffers()}
    assert before, "there must be statistics to keep"
    method.logits(x)
    method.adversarial_loss(x, y)
    for name, value in method.q_z.named_buffers():
        assert torch.equal(value, before[name]), name


def test_a_round_moves_the_decoder_s_running_statistics_by_each_kind_of_codes_once() -> None:
    """By codes of the prior where there is a game, and by those of real rows: not by them twice."""
    for game in (True, False):
        method = made(game=game)
        layers = find_batch_norms(method.p_x)
        assert layers
        for _ in method.round(batch(), torch.tensor(0)):
            pass
        assert {int(layer.num_batches_tracked) for layer in layers} == {1 + game}  # pyright: ignore


def test_weights_of_losses_are_given_by_name_and_stay() -> None:
    """Five numbers look alike: in another order they would be another objective."""
    with pytest.raises(TypeError):
        Betas(100.0, 10.0)  # pyright: ignore[reportCallIssue]
    with pytest.raises(FrozenInstanceError):
        Betas().ae = 1.0  # pyright: ignore[reportAttributeAccessIssue]
