"""Auxiliary supervised learning against closed forms."""

from __future__ import annotations

from collections import Counter
from math import log, pi

import pytest
import torch
from laws import stage
from torch import Tensor, nn
from torch.distributions import MultivariateNormal, Normal, kl_divergence

from auxgen.builders import Recipe
from auxgen.data.batches import LabelledBatch
from auxgen.engine.loop import Training
from auxgen.engine.settings import Engine, adam
from auxgen.errors import InputError
from auxgen.functional.bounds import log_mean_exp
from auxgen.functional.stein import stein_discrepancy
from auxgen.method import Bounds, Gradient, Weighs
from auxgen.methods.asl import ExplicitASL, ImplicitASL, sum_of_magnitudes, sum_of_squares
from auxgen.methods.asl_baselines import FlowModel, TwoStageVAE
from auxgen.methods.conditional_asl import ConditionalASL, RecentContexts, make_class_context
from auxgen.methods.mi_encoder import InformativeEncoder, mutual_information_bound
from auxgen.networks.densities import log_density, make_density
from auxgen.networks.distributions import Conditional, Regression, diag_normal
from auxgen.networks.encoders import ImplicitEncoder, PointMass, fit_whitening

P, R, STD = 6, 2, 0.3
COUPLINGS = {"transforms": 2, "hidden": [8, 8]}


def normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


A = torch.linalg.qr(normal(P, R))[0] * torch.tensor([2.0, 0.7], dtype=torch.float64)
"""X = A Z + noise of scale STD; columns are orthogonal, so p(z|x) has a diagonal covariance."""


def linear_gaussian(n: int) -> tuple[Tensor, Tensor]:
    """Codes z (n, R) and rows x (n, P)."""
    z = normal(n, R, seed=1)
    return z, z @ A.T + STD * normal(n, P, seed=2)


def covariance() -> Tensor:
    return A @ A.T + STD**2 * torch.eye(P, dtype=torch.float64)


def entropy(cov: Tensor) -> Tensor:
    """Of N(0, cov), nats."""
    return 0.5 * torch.logdet(2 * pi * torch.e * cov)


class Linear(nn.Module):
    """z -> A z."""

    def forward(self, z: Tensor) -> Tensor:
        return z @ A.T


class Posterior(nn.Module):
    """Mean and log std of p(z|x), the latter widened by `slack`."""

    def __init__(self, slack: float) -> None:
        super().__init__()
        self.slack = slack

    def forward(self, x: Tensor) -> Tensor:
        variance = 1 / (1 + A.square().sum(0) / STD**2)
        mean = variance * (x @ A) / STD**2
        return torch.cat((mean, (variance.sqrt().log() + self.slack).expand_as(mean)), -1)


def regression(g: nn.Module, s: float) -> Regression:
    """p(x|u) = N(g(u), s^2 I), in eval mode."""
    made = Regression(g, P).double().eval()
    assert made.moments.running_var is not None
    made.moments.running_var.fill_(s**2)
    return made


def exact_asl(slack: float = 0.0) -> ExplicitASL:
    """p(u) = N(0, I) by a flow at its start, and the exact p(x|u)."""
    return ExplicitASL(
        q_u=Conditional(Posterior(slack), diag_normal),
        p_u=make_density("affine", R, **COUPLINGS).double(),
        p_x=regression(Linear(), STD),
        loss=sum_of_squares,
        noise=0.0,
    ).eval()


def trained(method: nn.Module, batch: object, steps: int, lr: float = 1e-2) -> Training:
    """After so many rounds on the same batch."""
    training = Training(method, Engine(steps, adam(lr)), seed=0)  # pyright: ignore
    for _ in range(steps):
        training.run_round(batch)
    return training


def test_the_bound_of_information_is_tight_where_x_given_u_is_isotropic_and_u_is_z() -> None:
    """I(X, Z) = 1/2 log det (I + A'A / s^2); residuals are +s and -s, whose mean square is s^2."""
    gained = torch.linalg.slogdet(torch.eye(R).double() + A.T @ A / STD**2).logabsdet / 2
    residual = STD * torch.tensor([1.0, -1.0]).double()[:, None].expand(2, P)
    a = torch.full((P,), STD**2, dtype=torch.float64)
    found = entropy(covariance()) + mutual_information_bound(residual, a)
    torch.testing.assert_close(found, gained, rtol=0, atol=1e-12)
    for worse in (a * 1.3, a / 1.3, a * torch.linspace(0.5, 2, P).double()):
        assert entropy(covariance()) + mutual_information_bound(residual, worse) < gained
    assert entropy(covariance()) + mutual_information_bound(1.1 * residual, a) < gained


def test_the_bound_comes_near_the_information_once_g_and_a_are_fitted() -> None:
    z, x = linear_gaussian(100_000)
    g = torch.linalg.lstsq(z, x).solution
    residual = x - z @ g
    found = entropy(covariance()) + mutual_information_bound(residual, residual.square().mean(0))
    gained = torch.linalg.slogdet(torch.eye(R).double() + A.T @ A / STD**2).logabsdet / 2
    assert 0.95 * gained < found < 1.02 * gained


def test_an_encoder_trained_on_the_bound_gains_more_than_principal_components() -> None:
    """A linear code may keep the two leading directions, or two entries of x down to the floor."""
    torch.manual_seed(0)
    _, x = linear_gaussian(256)
    encoder = ImplicitEncoder(Sum(), features=R, noise=R)
    g = nn.Linear(R, P)
    method = InformativeEncoder(q_u=encoder, g=g, entries=P, weight=1.0, beta=0.5, floor=1e-4)
    trained(method, x.float(), 150, lr=5e-2)
    with torch.no_grad():
        u = method.encode(x.float()).sample()
        found = mutual_information_bound(x.float() - method.g(u), method.a())
    values, vectors = torch.linalg.eigh(x.T.cov())
    rest = vectors[:, :-R] * values[:-R].sqrt()
    components = -0.5 * (2 * pi * torch.e * rest.square().sum(1)).log().sum()
    assert found > components + 1
    assert u.std(0).sub(1).abs().max() < 0.3
    assert stein_discrepancy(u, 0.5) < 0.2 * stein_discrepancy(x[:, :R].float(), 0.5)


def test_rows_of_a_code_have_the_variances_that_were_learned() -> None:
    """Of pictures (2, 1, 3): p(x|u) = N(g(u), diag a), and the log names the least of a."""
    torch.manual_seed(0)
    g = nn.Sequential(nn.Linear(R, P), nn.Unflatten(1, (2, 1, 3)))
    encoder = ImplicitEncoder(Sum(), features=R, noise=R)
    method = InformativeEncoder(q_u=encoder, g=g, entries=P, weight=1.0, beta=0.5, floor=0.01)
    with torch.no_grad():
        method.log_a.copy_(torch.arange(P) / 2 - 1.0)
    z, a = torch.randn(5, R), 0.01 + (torch.arange(P) / 2 - 1.0).exp()
    x, mean = torch.rand(5, 2, 1, 3), g(z)
    expected = Normal(mean.flatten(1), a.sqrt()).log_prob(x.flatten(1)).sum(1)
    torch.testing.assert_close(method.decode(z).log_prob(x), expected)
    torch.manual_seed(1)
    drawn = method.sample(5)
    torch.manual_seed(1)
    torch.testing.assert_close(drawn, g(method.p_u().sample((5,))))
    method.g = nn.Linear(R, P)
    move = next(method.round(torch.rand(5, P), torch.tensor(0)))
    assert isinstance(move, Gradient)
    torch.testing.assert_close(move.terms["least a"], a.min())


class Sum(nn.Module):
    """W x + V e."""

    def __init__(self) -> None:
        super().__init__()
        self.x, self.e = nn.Linear(P, R), nn.Linear(R, R)

    def forward(self, x: Tensor, e: Tensor) -> Tensor:
        return self.x(x) + self.e(e)


def test_every_weight_is_the_exact_likelihood_at_the_exact_posterior() -> None:
    _, x = linear_gaussian(5)
    exact = MultivariateNormal(torch.zeros(P).double(), covariance()).log_prob(x)
    torch.testing.assert_close(exact_asl().log_weights(x, 4), exact.expand(4, -1))
    torch.testing.assert_close(exact_asl().elbo(x), exact)


def test_the_mean_weight_is_the_likelihood_at_another_encoder() -> None:
    torch.manual_seed(0)
    _, x = linear_gaussian(3)
    exact = MultivariateNormal(torch.zeros(P).double(), covariance()).log_prob(x)
    log_w = exact_asl(slack=0.5).log_weights(x, 20_000)
    torch.testing.assert_close(log_mean_exp(log_w), exact, atol=0.03, rtol=0)
    assert (log_w.mean(0) < exact).all()


def test_only_an_encoder_of_known_density_bounds_log_p_x() -> None:
    sizes = {"x": P, "hidden": [8], "u": R, "sizes": COUPLINGS}
    for name, able in (("vae_asl", True), ("mi_asl", False), ("conditional_asl", False)):
        more = {"classes": 3} if name == "conditional_asl" else {}
        method = Recipe(name, {**sizes, **more}).build()
        assert isinstance(method, Weighs) is isinstance(method, Bounds) is able


def test_the_two_terms_are_the_density_of_codes_and_the_error_of_the_regression() -> None:
    method = exact_asl()
    _, x = linear_gaussian(50)
    torch.manual_seed(0)
    moves = [m for m in method.round(x, torch.tensor(0)) if isinstance(m, Gradient)]
    torch.manual_seed(0)
    u = method.q_u(x).sample()
    nll, error = (move.loss for move in moves)
    torch.testing.assert_close(nll, 0.5 * (u.square().sum(1) + R * log(2 * pi)).mean())
    torch.testing.assert_close(error, (x - u @ A.T).square().sum(1).mean())
    assert [move.players for move in moves] == [("density",), ("generator",)]


def test_codes_are_drawn_anew_in_each_round() -> None:
    method, (_, x) = exact_asl(), linear_gaussian(50)
    first, second = (next(method.round(x, torch.tensor(0))) for _ in range(2))
    assert isinstance(first, Gradient)
    assert isinstance(second, Gradient)
    assert first.loss != second.loss


def test_losses_sum_over_all_entries_of_a_row() -> None:
    residual = torch.tensor([[[3.0, -4.0]], [[0.0, 2.0]]])
    assert sum_of_squares(residual).tolist() == [25.0, 4.0]
    assert sum_of_magnitudes(residual).tolist() == [7.0, 2.0]


def test_the_residual_scale_is_measured_with_the_averaged_generator() -> None:
    """The scales are root mean squares of x - g(u), offset and all, whatever was seen before."""
    _, x = linear_gaussian(4000)
    x = (x + torch.arange(P)).float()
    method = ImplicitASL(
        q_u=Conditional(nn.Linear(P, R).requires_grad_(False), PointMass),
        p_u=make_density("affine", R, **COUPLINGS),
        p_x=Regression(nn.Linear(R, P), P),
        loss=sum_of_squares,
        noise=1.0,
    )
    averaged = trained(method, x, 3).build_averaged_method([x] * 60)
    assert isinstance(averaged, ImplicitASL)
    assert isinstance(averaged.p_x, Regression)
    residual = x - averaged.p_x.g(averaged.q_u(x).sample())
    torch.testing.assert_close(
        averaged.p_x.s(), residual.square().mean(0).sqrt(), rtol=1e-3, atol=0
    )


def test_sampling_adds_the_residual_noise_times_its_factor() -> None:
    torch.manual_seed(0)
    method = exact_asl()
    torch.manual_seed(1)
    still = method.sample(4000)
    torch.testing.assert_close(still, still @ torch.linalg.pinv(A.T) @ A.T)
    method.noise = 1.0
    spread = method.sample(4000)
    torch.testing.assert_close(spread.T.cov(), covariance(), atol=0.25, rtol=0)
    off = torch.eye(P).double() - A @ torch.linalg.pinv(A)
    torch.testing.assert_close(
        (spread @ off).square().sum(1).mean(), 4 * still.new_tensor(STD**2), rtol=0.05, atol=0
    )


def test_bits_are_learned_by_their_likelihood_and_drawn_where_there_is_noise() -> None:
    """p(x|u) is no regression: the generator's error is -log p(x|u)."""
    torch.manual_seed(0)
    sizes = {"x": P, "hidden": [8], "u": R, "sizes": COUPLINGS, "likelihood": "bernoulli"}
    means, bits = (Recipe("vae_asl", {**sizes, "noise": noise}).build() for noise in (0.0, 0.5))
    bits.load_state_dict(means.state_dict())
    assert isinstance(means, ExplicitASL)
    assert isinstance(bits, ExplicitASL)
    torch.manual_seed(1)
    still = means.sample(5)
    torch.manual_seed(1)
    u = means.p_u().sample((5,))
    torch.testing.assert_close(still, means.decode(u).mean)
    assert ((still > 0) & (still < 1)).all()
    drawn = bits.sample_from_codes(u.repeat(2000, 1))
    assert set(drawn.unique().tolist()) == {0.0, 1.0}
    torch.testing.assert_close(drawn.view(2000, 5, P).mean(0), still, atol=0.06, rtol=0)
    error = means.measure_error(still.round(), u)
    expected = -(still.round() * still.log() + (1 - still.round()) * (1 - still).log()).sum(1)
    torch.testing.assert_close(error, expected)


def test_a_person_s_features_serve_as_an_encoder_without_a_decoder() -> None:
    torch.manual_seed(0)
    _, x = linear_gaussian(500)
    extractor = nn.Linear(P, R, bias=False)
    with torch.no_grad():
        extractor.weight.copy_(7 * torch.linalg.pinv(A))
    encoder = whitened(extractor, x.float(), R)
    u = encoder(x.float()).sample()
    torch.testing.assert_close(u.mean(0), torch.zeros(R), atol=1e-5, rtol=0)
    torch.testing.assert_close(u.T.cov(), torch.eye(R), atol=1e-4, rtol=0)
    method = ImplicitASL(
        q_u=encoder,
        p_u=make_density("affine", R, **COUPLINGS),
        p_x=Regression(nn.Linear(R, P), P),
        loss=sum_of_squares,
        noise=0.0,
    )
    trained(method, x.float(), 200, lr=5e-2)
    residual = x.float() - method.decode(u).mean
    assert sum_of_squares(residual).mean() < 1.2 * (P - R) * STD**2


def whitened(network: nn.Module, x: Tensor, r: int) -> Conditional:
    """A network whose codes have mean 0 and covariance I over x, held fixed."""
    network.requires_grad_(False)
    directions = nn.Linear(network(x).shape[1], r)
    fit_whitening(directions, network(x))
    return Conditional(nn.Sequential(network, directions), PointMass)


def test_whitening_keeps_the_directions_of_most_variance() -> None:
    torch.manual_seed(0)
    u = torch.randn(2000, 3) * torch.tensor([1.0, 5.0, 0.1]) + 2
    layer = nn.Linear(3, 2)
    fit_whitening(layer, u)
    code = layer(u)
    torch.testing.assert_close(code.T.cov(), torch.eye(2), atol=1e-4, rtol=0)
    assert torch.stack([code.T[0], u.T[1]]).corrcoef()[0, 1].abs() > 0.999
    assert torch.stack([code.T[1], u.T[0]]).corrcoef()[0, 1].abs() > 0.999


def test_codes_that_vary_in_too_few_directions_are_refused() -> None:
    u = torch.randn(50, 2) @ torch.randn(2, 5)
    with pytest.raises(InputError, match="50 rows vary in 2 directions; at least 3"):
        fit_whitening(nn.Linear(5, 3), u)


def test_an_implicit_encoder_draws_independently_and_keeps_its_rows() -> None:
    torch.manual_seed(0)
    encoder = ImplicitEncoder(Sum(), features=R, noise=R)
    x = torch.randn(3, P)
    q_u = encoder(x)
    u = q_u.rsample((2000,))
    assert u.shape == (2000, 3, R)
    torch.testing.assert_close(u.mean(0), q_u.mean, atol=0.05, rtol=0)
    cov = encoder.network.e.weight @ encoder.network.e.weight.T  # pyright: ignore
    torch.testing.assert_close(u[:, 1].T.cov(), cov, atol=0.05, rtol=0)
    assert q_u.sample().shape == (3, R)


def two_clusters(n: int) -> LabelledBatch:
    y = torch.arange(n) % 2
    return LabelledBatch(normal(n, 2).float() * 0.1 + 3 * y[:, None], y)


@pytest.mark.parametrize("kind", ["affine", "mixture", "vae"])
def test_a_conditional_density_generates_on_demand(kind: str) -> None:
    torch.manual_seed(0)
    sizes = {"affine": COUPLINGS, "mixture": {"components": 2}, "vae": {"hidden": [16]}}[kind]
    batch = two_clusters(200)
    encoder = whitened(nn.Linear(2, 2), batch.x, 2)
    method = ConditionalASL(
        q_u=encoder,
        p_u=make_density(kind, 2, 2, **sizes),  # pyright: ignore
        p_x=Regression(nn.Linear(2, 2), 2),
        loss=sum_of_squares,
        noise=0.0,
        make_context=lambda y: torch.nn.functional.one_hot(y, 2).float(),
        width=2,
    )
    trained(method, batch, 150, lr=3e-2)
    for y in (0, 1):
        x = method.sample(200, torch.full((200,), y))
        torch.testing.assert_close(x.median(0).values, torch.full((2,), 3.0 * y), atol=0.4, rtol=0)
    assert abs((method.sample(2000).mean(1) > 1.5).float().mean() - 0.5) < 0.1


def test_recent_contexts_stand_for_the_frequencies_of_the_last_rows() -> None:
    recent = RecentContexts(2, rows=10)
    one, two = torch.tensor([[1.0, 0.0]]), torch.tensor([[0.0, 1.0]])
    recent.store(one.expand(4, 2), torch.tensor(0))
    assert Counter(map(tuple, recent.sample(50).tolist())) == {(1.0, 0.0): 50}
    for step in range(1, 6):
        recent.store(two.expand(4, 2), torch.tensor(step))
    assert (recent.sample(50) == two).all()


def test_the_context_of_a_class_is_1_at_its_place() -> None:
    assert make_class_context(torch.tensor([2, 0]), 3).tolist() == [[0, 0, 1], [1, 0, 0]]


def test_old_contexts_are_replaced_in_turn_and_none_is_drawn_that_was_not_stored() -> None:
    recent = RecentContexts(1, rows=4)
    recent.store(torch.tensor([[7.0]]), torch.tensor(0))
    assert (recent.sample(50) == 7).all()
    recent = RecentContexts(1, rows=4)
    for step in range(4):
        recent.store(2.0 * step + torch.tensor([[1.0], [2.0]]), torch.tensor(step))
        last = torch.arange(max(1, 2 * step - 1), 2 * step + 3)
        assert set(recent.sample(100).flatten().tolist()) == set(last.tolist())


@pytest.mark.parametrize("accumulate", [1, 2])
def test_only_contexts_that_were_seen_are_drawn(accumulate: int) -> None:
    """Whether a batch comes in parts, and after the statistics of the average were estimated."""
    made = stage("conditional_asl")
    training = Training(made.method, made.engine, seed=0, accumulate=accumulate)
    batches = [made.batches(step, 0, 1, "cpu") for step in range(6)]
    training.play_rounds(batches, 3)
    averaged = training.build_averaged_method(batches[3:])
    for method, seen in ((training.method, batches[:3]), (averaged, batches)):
        assert isinstance(method, ConditionalASL)
        assert method.recent.filled == 16 * len(seen)
        found = method.recent.rows[: int(method.recent.filled)]
        expected = torch.cat([make_class_context(batch.y, 3) for batch in seen])
        assert torch.equal(found.float(), expected)


def test_a_mean_field_code_s_rate_is_the_kl_that_the_weights_contain() -> None:
    """E log q(u|x) / p(u) over draws of q is the KL: the weights less the likelihood."""
    torch.manual_seed(0)
    method = exact_asl(slack=0.2)
    _, x = linear_gaussian(2)
    q = method.q_u(x)
    u = q.sample((20_000,))
    rate = (q.log_prob(u) - method.p_u().log_prob(u)).mean(0)
    normal_0 = torch.distributions.Independent(Normal(torch.zeros(R).double(), 1.0), 1)
    torch.testing.assert_close(rate, kl_divergence(q, normal_0), rtol=0.03, atol=0.03)


@pytest.mark.parametrize("name", ["flow", "two_stage_vae"])
def test_a_density_learns_by_minus_its_logarithm(name: str) -> None:
    sizes = {"flow": {"sizes": COUPLINGS}, "two_stage_vae": {"hidden": [8], "z": R}}[name]
    sizes |= {"sizes": {"hidden": [8]}} if name == "two_stage_vae" else {}
    torch.manual_seed(0)
    method = Recipe(name, {"x": P, **sizes}).build().eval()
    x = torch.rand(7, P)
    torch.manual_seed(1)
    move = next(method.round(x, torch.tensor(0)))
    assert isinstance(move, Gradient)
    torch.manual_seed(1)
    if isinstance(method, FlowModel):
        expected = -method.p_x().log_prob(x)
        torch.testing.assert_close(method.log_weights(x, 3), -expected.expand(3, 7))
    else:
        assert isinstance(method, TwoStageVAE)
        expected = -log_density(method.p_u(), method.q_u(x).sample())
    torch.testing.assert_close(move.loss, expected.mean())
