"""GANs with denoising feature matching against closed forms and autograd."""

from __future__ import annotations

import copy
from collections.abc import Callable
from functools import cache, partial
from typing import Any, cast

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.optim import SGD

from auxgen.builders import Recipe
from auxgen.builders.dfm import denoising_gan
from auxgen.engine.loop import Training
from auxgen.engine.settings import Engine, adam
from auxgen.errors import InputError
from auxgen.functional.schedules import constant, cosine_decay
from auxgen.method import Gradient
from auxgen.methods.dfm import DenoisingGAN, noise_std, restore_by_running_statistics
from auxgen.methods.gan import GAN, BaseGAN, feature_matching_loss, feature_matching_loss_l1
from auxgen.methods.historical_averaging import HistoricalAveraging
from auxgen.networks.gan import GANNetworks
from auxgen.networks.mlp import MLP
from auxgen.networks.priors import UniformCube
from auxgen.rng import derive_seed

X, Z, N_H, B = 3, 2, 5, 16
STEP = torch.tensor(0)


class Table(nn.Module):
    """G whose rows are its parameters, whatever z (b, Z) is."""

    def __init__(self, rows: Tensor) -> None:
        super().__init__()
        self.rows = nn.Parameter(rows)

    def forward(self, z: Tensor) -> Tensor:
        return self.rows[: len(z)]


class Normalised(nn.Module):
    """Phi with batch norm: relu(norm(W x))."""

    def __init__(self) -> None:
        super().__init__()
        self.w, self.norm = nn.Linear(X, N_H), nn.BatchNorm1d(N_H)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.norm(self.w(x)))


def made(g: nn.Module, phi: nn.Module, n_h: int, **given: Any) -> DenoisingGAN:
    """A game in float64."""
    settings: dict[str, Any] = {"adversarial": 1.0, "matching": 0.0, "denoising": 0.03}
    settings |= {"gap": feature_matching_loss, "sigma": constant, **given}
    networks = GANNetworks(g=g, phi=phi, d=nn.Linear(n_h, 1), z=Z)
    r = MLP([n_h], [7], n_h, batch_norm=True)
    return DenoisingGAN(p_z=UniformCube(Z), networks=networks, r=r, **settings).double()


def normalised_game(**given: Any) -> DenoisingGAN:
    torch.manual_seed(0)
    g = nn.Sequential(nn.Linear(Z, 4), nn.BatchNorm1d(4), nn.ReLU(), nn.Linear(4, X))
    return made(g, Normalised(), N_H, **given)


def rows(n: int = B, width: int = X, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(n, width, generator=generator, dtype=torch.float64)


def losses(method: BaseGAN | HistoricalAveraging, batch: Tensor) -> dict[str, Tensor]:
    """The loss of each player."""
    moves = method.round(batch, STEP)
    return {m.players[0]: m.loss for m in moves if isinstance(m, Gradient)}


@pytest.mark.parametrize("n_h", [3, 12])
def test_the_denoising_gradient_is_two_lambda_times_the_gap_over_the_batch(n_h: int) -> None:
    """d / d Phi(G(z)) of lambda mean |Phi - r|^2, r constant, is 2 lambda (Phi - r) / B."""
    torch.manual_seed(0)
    method = made(Table(rows(B, n_h)), nn.Identity(), n_h, adversarial=0.0)
    assert isinstance(method.g, Table)
    (found,) = torch.autograd.grad(losses(method, rows(B, n_h, 1))["generator"], method.g.rows)
    phi = method.g.rows.detach()
    target = copy.deepcopy(method.r)(phi)  # in training mode: by the statistics of these rows
    lambda_denoise = 0.03 / n_h
    torch.testing.assert_close(found, 2 * lambda_denoise * (phi - target) / B)


def feature_matching() -> GAN:
    """The same networks without r."""
    game = normalised_game()
    networks = GANNetworks(g=game.g, phi=game.phi, d=nn.Linear(N_H, 1), z=Z)
    p_z, gap = UniformCube(Z), feature_matching_loss
    return GAN(p_z=p_z, networks=networks, gap=gap, adversarial=1.0, matching=1.0).double()


@pytest.mark.parametrize("make", [partial(normalised_game, matching=1.0), feature_matching])
def test_no_loss_reaches_another_player(make: Callable[[], BaseGAN]) -> None:
    method = make()
    own = {n: [p for net in nets for p in net.parameters()] for n, nets in method.players().items()}
    for player, loss in losses(method, rows()).items():
        for other, parameters in own.items():
            found = torch.autograd.grad(loss, parameters, retain_graph=True, allow_unused=True)
            assert all((g is not None) == (player == other) for g in found), (player, other)


def by_hand(method: DenoisingGAN, x: Tensor, z: Tensor, eta: Tensor) -> dict[str, Tensor]:
    """Equations 1, 4 and 5, each with its own pass through copies in training mode."""

    def probability(x: Tensor) -> Tensor:
        return method.d(method.phi(x)).sigmoid()

    x_g = method.g(z)
    discriminator = -probability(x).log().mean() - (1 - probability(x_g.detach())).log().mean()
    h = method.phi(x).detach()
    denoiser = (h - method.r(h + eta)).pow(2).sum() / len(x)
    h_g = method.phi(x_g)
    gap = (h_g - method.r(h_g).detach()).pow(2).sum() / len(x)
    generator = 0.03 / N_H * gap - probability(x_g).log().mean()
    return {"discriminator": discriminator, "denoiser": denoiser, "generator": generator}


def test_all_players_step_down_gradients_at_the_same_weights() -> None:
    """One round is one step of gradient descent on each loss, all at the weights before it."""
    method, x, lr = normalised_game(), rows(), 0.1
    before = copy.deepcopy(method)
    torch.manual_seed(derive_seed(0, 3, 0, 0))
    z = method.p_z().sample((B,))
    eta = torch.randn(B, N_H, dtype=torch.float64)
    expected = by_hand(before, x, z, eta)

    training = Training(method, Engine(1, lambda _, own: SGD(own, lr=lr)), seed=0)
    training.run_round(x)

    for player, networks in before.players().items():
        old = [p for network in networks for p in network.parameters()]
        gradients = torch.autograd.grad(expected[player], old, retain_graph=True)
        for new, p, g in zip(training.player_parameters[player], old, gradients, strict=True):
            torch.testing.assert_close(new.detach(), (p - lr * g).detach())


def test_running_statistics_are_of_real_rows_alone() -> None:
    method, x = normalised_game(), rows() + 5
    layers = [m for m in method.modules() if isinstance(m, nn.BatchNorm1d)]
    assert len(layers) == 3
    _, phi, r = layers
    seen: list[Tensor] = []
    for layer in (phi, r):
        layer.register_forward_pre_hook(lambda _, given: seen.append(given[0].detach()))
    losses(method, x)
    of_phi = seen[0]
    of_r = seen[2]  # after the discriminator's pass over generated rows
    for layer, given in ((phi, of_phi), (r, of_r)):
        assert layer.num_batches_tracked == 1
        assert layer.running_mean is not None
        assert layer.running_var is not None
        torch.testing.assert_close(layer.running_mean, 0.1 * given.mean(0).detach())
        torch.testing.assert_close(layer.running_var, 0.9 + 0.1 * given.var(0).detach())


def test_generated_rows_are_normalised_by_their_own_batch() -> None:
    """What the generator learns does not depend on the real rows that are beside its own."""
    found = []
    for x in (rows(), 100 * rows() + 7):
        torch.manual_seed(0)
        found.append(losses(normalised_game(), x)["generator"])
    assert found[0] == found[1]


def test_the_denoiser_gets_real_features_corrupted_and_generated_ones_as_they_are() -> None:
    n_h, sigma = 4, 0.7
    method = made(
        Table(rows(2000, n_h)), nn.Identity(), n_h, sigma=lambda step: sigma * constant(step)
    )
    seen: list[Tensor] = []
    method.r.register_forward_pre_hook(lambda _, given: seen.append(given[0].detach()))
    x = rows(2000, n_h, seed=1)
    losses(method, x)
    noise = seen[0] - x
    torch.testing.assert_close(noise.T.cov(), sigma**2 * torch.eye(n_h).double(), atol=0.04, rtol=0)
    assert isinstance(method.g, Table)
    assert torch.equal(seen[1], method.g.rows)
    assert len(seen) == 2


def test_the_corruption_is_constant_or_falls_to_nothing() -> None:
    steps = torch.tensor([0, 50, 100, 200])
    for step in steps:
        assert noise_std(step, 1.5, 0) == 1.5
    found = torch.stack([noise_std(step, 1.5, 100) for step in steps])
    torch.testing.assert_close(found, torch.tensor([1.5, 0.75, 0.0, 0.0]))


def test_without_weight_denoising_leaves_the_gan_as_it_is() -> None:
    """DCGAN is lambda 0: the same weights of G and D to the last bit."""
    played: list[BaseGAN] = []
    sizes = {"kind": "perceptrons", "sizes": {"x": X, "z": Z, "hidden": [8, N_H]}}
    for recipe in (
        Recipe("gan", sizes),
        Recipe("denoising_gan", {**sizes, "denoiser": [6], "denoising": 0.0}),
    ):
        torch.manual_seed(0)
        method = recipe.build()
        assert isinstance(method, BaseGAN)
        training = Training(method, Engine(4, adam(1e-2)), seed=0)
        for step in range(4):
            training.run_round(rows(seed=step).float())
        played.append(method)
    assert isinstance(played[0], GAN)
    for name, value in played[0].state_dict().items():
        assert torch.equal(value, played[1].state_dict()[name])


def test_feature_matching_sees_means_of_the_batch_alone() -> None:
    phi = torch.tensor([[1.0, 0.0], [3.0, 4.0]])
    phi_g = torch.tensor([[2.0, 8.0], [4.0, 6.0]])  # means 2, 2 and 3, 7
    assert feature_matching_loss(phi, phi_g) == 1 + 25
    assert feature_matching_loss_l1(phi, phi_g) == (1 + 5) / 2
    assert feature_matching_loss(phi, phi.mean(0).expand(5, 2)) == 0


def test_feature_matching_takes_the_place_of_the_adversarial_term_or_is_added() -> None:
    for adversarial, denoising in ((0.0, 0.0), (1.0, 0.03)):
        method = normalised_game(matching=2.0, adversarial=adversarial, denoising=denoising)
        torch.manual_seed(1)
        (move,) = (
            m
            for m in method.round(rows(), STEP)
            if isinstance(m, Gradient) and m.players == ("generator",)
        )
        weights = {"adversarial": adversarial, "matching": 2.0, "denoising": denoising / N_H}
        expected = sum(weight * move.terms[name] for name, weight in weights.items())
        torch.testing.assert_close(move.loss, expected)
        part = denoising / N_H * move.terms["denoising"]
        torch.testing.assert_close(move.parts, {"denoising": part})


S, SIGMA, MU = 1.5, 1.0, torch.tensor([1.0, -2.0])
"""Features N(MU, S^2 I), and the denoiser's noise."""


@cache
def train_denoiser(norm: str) -> DenoisingGAN:
    """A game of which the denoiser alone matters, after training."""
    torch.manual_seed(0)
    sizes = {"x": 2, "z": Z, "hidden": [2]}
    game = denoising_gan(
        kind="perceptrons", sizes=sizes, denoiser=[32], noise=SIGMA, norm=cast(Any, norm)
    )
    assert isinstance(game, DenoisingGAN)
    game.phi = nn.Identity()
    steps = 250
    rate = partial(cosine_decay, steps=steps)
    engine = Engine(steps, adam(3e-2), learning_rate=rate, average=0.95)
    training = Training(game, engine, seed=0)
    for _ in range(steps):
        training.run_round(MU + S * torch.randn(1024, 2))
    averaged = training.build_averaged_method(MU + S * torch.randn(1024, 2) for _ in range(50))
    assert isinstance(averaged, DenoisingGAN)
    return averaged


def measure_error(found: Tensor, best: Tensor) -> float:
    """RMS distance over the RMS spread of what is best: (n, 2) twice."""
    return (
        ((found - best).square().sum(1).mean() / (best - MU).square().sum(1).mean()).sqrt().item()
    )


@pytest.mark.parametrize("norm", ["batch", "running", "none"])
def test_generated_features_are_drawn_to_where_gaussian_ones_should_be(norm: str) -> None:
    """The best r of N(mu, s^2 I) is mu + s^2 / (s^2 + sigma^2) (h - mu).

    Batch norm by the statistics of clean rows widens them to the spread of noisy ones, by
    (s^2 + sigma^2)^(1/2) / s, before that: what G gets in the paper is
    mu + s / (s^2 + sigma^2)^(1/2) (h - mu), which is 20 % off the best r here.
    """
    game = train_denoiser("batch" if norm == "running" else norm)  # which learn alike
    restore = restore_by_running_statistics if norm == "running" else game.restore
    shrink = S**2 / (S**2 + SIGMA**2)
    noisy = MU + (S**2 + SIGMA**2) ** 0.5 * torch.randn(5000, 2)
    assert measure_error(game.r.eval()(noisy), MU + shrink * (noisy - MU)) < 0.05

    phi_g = MU + S * torch.randn(5000, 2)
    found = restore(game.r.train(), phi_g)
    slope = shrink**0.5 if norm == "batch" else shrink
    assert measure_error(found, MU + slope * (phi_g - MU)) < 0.05
    off = measure_error(found, MU + shrink * (phi_g - MU))
    assert (off > 0.15) == (norm == "batch")


def test_the_generators_target_moves_no_running_statistics() -> None:
    for norm in ("batch", "running"):
        game = denoising_gan(
            kind="perceptrons",
            sizes={"x": X, "z": Z, "hidden": [N_H]},
            denoiser=[4],
            norm=cast(Any, norm),
        )
        assert isinstance(game, DenoisingGAN)
        assert (game.restore is restore_by_running_statistics) == (norm == "running")
        before = copy.deepcopy(game.r.state_dict())
        game.restore(game.r, rows(width=N_H).float() + 3)
        assert all(torch.equal(before[name], value) for name, value in game.r.state_dict().items())
        assert all(module.training for module in game.r.modules())
    with pytest.raises(InputError, match="no norm of the denoiser 'layer'"):
        denoising_gan(
            kind="perceptrons",
            sizes={"x": X, "z": Z, "hidden": [N_H]},
            denoiser=[4],
            norm=cast(Any, "layer"),
        )


@pytest.mark.parametrize("accumulate", [1, 2, 4])
def test_historical_averaging_draws_to_the_mean_of_all_weights_so_far(accumulate: int) -> None:
    """Of weights between steps, each once, in however many parts a batch comes."""
    torch.manual_seed(0)
    game = normalised_game()
    method = HistoricalAveraging(game, weight=0.5, penalised_players=("discriminator",))
    theta = [method.theta("discriminator").detach()]
    training = Training(method, Engine(3, adam(1e-2)), seed=0, accumulate=accumulate)
    for step in range(3):
        training.run_round(rows(seed=step))
        theta.append(method.theta("discriminator").detach())
    past = method.get_buffer("past_discriminator")
    torch.testing.assert_close(past, torch.stack(theta[:-1]).mean(0))

    parameters = [p for network in (game.phi, game.d) for p in network.parameters()]
    drift = method.measure_drift("discriminator", torch.tensor(3))
    found = torch.cat([g.flatten() for g in torch.autograd.grad(0.5 * drift, parameters)])
    torch.testing.assert_close(found, theta[-1] - torch.stack(theta).mean(0))


def test_a_run_that_resumes_after_its_first_step_averages_on() -> None:
    """What a step has seen of history is a buffer, and which step it was is none of an artefact."""
    method = HistoricalAveraging(
        normalised_game(), weight=0.5, penalised_players=("discriminator",)
    )
    assert {name for name in method.state_dict() if "_discriminator" in name} == {
        "past_discriminator"
    }
    first = method.theta("discriminator").detach().clone()
    with torch.no_grad():
        for parameter in method.players()["discriminator"][0].parameters():
            parameter += 1
    method.measure_drift("discriminator", torch.tensor(1))
    mean = (first + method.theta("discriminator").detach()) / 2
    torch.testing.assert_close(method.get_buffer("past_discriminator"), mean)


def test_only_those_who_pay_for_history_get_its_gradient() -> None:
    method = HistoricalAveraging(
        normalised_game(), weight=0.5, penalised_players=("discriminator",)
    )
    moves = [m for m in method.round(rows(), STEP) if isinstance(m, Gradient)]
    assert [m.players for m in moves] == [
        ("discriminator",),
        ("denoiser",),
        ("generator",),
        ("discriminator",),
    ]
    assert moves[-1].loss == 0
    assert method.sample(7).shape == (7, X)


def test_historical_averaging_of_images_whatever_the_memory_format() -> None:
    sizes = {"channels": 1, "size": 4, "z": 2, "g": [2], "phi": [2]}
    torch.manual_seed(0)
    method = Recipe("gan", {"kind": "convolutional", "sizes": sizes, "history": 0.5}).build()
    assert isinstance(method, HistoricalAveraging)
    training = Training(method, Engine(2, adam(1e-2)), seed=0)
    for _ in range(2):
        training.run_round(torch.randn(6, 1, 4, 4))
    drift = method.measure_drift("generator", torch.tensor(2))
    parameters = list(method.players()["generator"][0].parameters())
    found = torch.autograd.grad(drift, parameters)
    expected = 2 * (method.theta("generator") - method.get_buffer("past_generator")).detach()
    torch.testing.assert_close(torch.cat([g.flatten() for g in found]), expected)
