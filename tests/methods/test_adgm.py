"""The bounds of ADGM, SDGM and M2 against enumeration and against exact log-likelihoods."""

from __future__ import annotations

import copy
from math import log

import pytest
import torch
from torch import Tensor, nn
from torch.distributions import Bernoulli, Categorical, Normal, kl_divergence

from auxgen.builders import Recipe
from auxgen.data.batches import SemiSupervisedBatch
from auxgen.errors import InputError
from auxgen.functional.bounds import classification_weight
from auxgen.functional.schedules import constant
from auxgen.methods.adgm import ADGM, SDGM, AuxiliaryDGM
from auxgen.methods.m2 import M2
from auxgen.methods.semi_supervised import conditional_label_bound
from auxgen.networks.distributions import Conditional, categorical, diag_normal
from auxgen.networks.priors import ClassPrior, StandardNormal

X, K, A, Z, S, B = 5, 3, 2, 2, 4, 6
SIZES = {
    "x": X,
    "classes": K,
    "hidden": [7, 7],
    "z": Z,
    "alpha": 1.0,
    "prior_rows": 10,
    "samples": S,
}
MODELS = {
    "adgm": {**SIZES, "a": A},
    "adgm_a_sees_x": {**SIZES, "a": A, "a_sees_x": True},
    "sdgm": {**SIZES, "a": A},
}


def model(name: str) -> AuxiliaryDGM:
    torch.manual_seed(0)
    method = Recipe(name.partition("_")[0], MODELS[name]).build().double()
    assert isinstance(method, AuxiliaryDGM)
    for parameter in method.parameters():
        nn.init.normal_(parameter, std=0.4)
    return method


def x() -> Tensor:
    return torch.rand(B, X, generator=torch.Generator().manual_seed(5)).round().double()


def head(network: Conditional, *given: Tensor | None) -> Tensor:
    """A network's parameters for one row, its inputs one vector each."""
    return network.network(*(None if g is None else g.view(1, 1, -1) for g in given)).view(-1)


def gaussian(parameters: Tensor) -> tuple[Tensor, Tensor]:
    mean, log_std = parameters.chunk(2)
    return mean, log_std.clamp(-5, 5).exp()


def enumerated(
    m: AuxiliaryDGM,
    name: str,
    row: Tensor,
    eps_a: Tensor,
    eps_z: Tensor,
    closed: bool = True,
) -> Tensor:
    """f(x, y, a, z) of every y for one row and one draw, without broadcasting: -> (k,).

    Its KL is in closed form, or log q(z|.) / p(z) at the draw.
    """
    mean, std = gaussian(head(m.q_a, row))
    a = mean + std * eps_a
    log_q_a = Normal(mean, std).log_prob(a).sum()
    each = []
    for c in range(K):
        y = torch.eye(K, dtype=row.dtype)[c]
        mean, std = gaussian(head(m.q_z, a, y, row))
        z = mean + std * eps_z[c]
        kl = 0.5 * (mean**2 + std**2 - 2 * std.log() - 1).sum()
        if not closed:
            kl = (Normal(mean, std).log_prob(z) - Normal(0.0, 1.0).log_prob(z)).sum()
        into_a, into_x = ((y, z), (a, y, z)) if name == "sdgm" else ((row, y, z), (y, z))
        log_p_a = Normal(*gaussian(head(m.p_a, *into_a))).log_prob(a).sum()
        log_p_x = Bernoulli(logits=head(m.p_x, *into_x)).log_prob(row).sum()
        each.append(log_p_x + log_p_a - log_q_a - kl - log(K))
    return torch.stack(each)


def noise() -> tuple[Tensor, Tensor]:
    """What a bound draws after torch.manual_seed(1), for every draw, row and class."""
    torch.manual_seed(1)
    return torch.randn(S, B, 1, A).double(), torch.randn(S, B, K, Z).double()


@pytest.fixture
def in_double() -> object:
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


@pytest.mark.usefixtures("in_double")
@pytest.mark.parametrize("name", MODELS)
def test_the_unlabelled_bound_is_the_enumeration_over_classes(name: str) -> None:
    m, rows = model(name), x()
    eps_a, eps_z = noise()
    expected = torch.zeros(B, dtype=torch.float64)
    for s in range(S):
        for b, row in enumerate(rows):
            f = enumerated(m, name, row, eps_a[s, b, 0], eps_z[s, b])
            mean, std = gaussian(head(m.q_a, row))
            q = Categorical(logits=head(m.q_y, mean + std * eps_a[s, b, 0], row))
            expected[b] += ((q.probs * f).sum() + q.entropy()) / S
    torch.manual_seed(1)
    torch.testing.assert_close(m.elbo(rows), expected)


@pytest.mark.usefixtures("in_double")
@pytest.mark.parametrize("name", MODELS)
def test_a_weight_is_summed_over_classes_by_enumeration(name: str) -> None:
    m, rows = model(name), x()
    eps_a, eps_z = noise()
    expected = torch.zeros(S, B)
    for s in range(S):
        for b, row in enumerate(rows):
            each = enumerated(m, name, row, eps_a[s, b, 0], eps_z[s, b], closed=False)
            expected[s, b] = each.logsumexp(0)
    torch.manual_seed(1)
    torch.testing.assert_close(m.log_weights(rows, S), expected)


@pytest.mark.usefixtures("in_double")
@pytest.mark.parametrize("name", MODELS)
def test_a_label_is_learned_by_the_mean_of_its_log_probability_over_draws_of_a(name: str) -> None:
    m, rows, y = model(name), x(), torch.arange(B) % K
    torch.manual_seed(1)
    _, found = m.compute_labelled_terms(rows, y, 1.0, conditional_label_bound)
    torch.manual_seed(1)
    _, a = m.sample_auxiliary(rows.unsqueeze(1), S)
    expected = []
    for b, row in enumerate(rows):
        logits = torch.stack([head(m.q_y, a[s, b, 0], row) for s in range(S)])
        expected.append(logits.log_softmax(1)[:, y[b]].mean())
    torch.testing.assert_close(found, torch.stack(expected))


@pytest.mark.usefixtures("in_double")
@pytest.mark.parametrize("name", MODELS)
def test_a_code_is_decoded_at_the_mean_of_a_where_x_depends_on_it(name: str) -> None:
    m, z = model(name), torch.randn(4, Z)
    y = torch.arange(4) % K
    expected = []
    for code, c in zip(z, torch.eye(K)[y], strict=True):
        given = (c, code) if name != "sdgm" else (gaussian(head(m.p_a, c, code))[0], c, code)
        expected.append(head(m.p_x, *given).sigmoid())
    torch.testing.assert_close(m.decode(z, y).mean, torch.stack(expected))


@pytest.mark.usefixtures("in_double")
@pytest.mark.parametrize("name", MODELS)
def test_the_labelled_bound_is_f_at_the_label(name: str) -> None:
    m, rows = model(name), x()
    y = torch.arange(B) % K
    torch.manual_seed(1)
    eps_a, eps_z = torch.randn(S, B, 1, A), torch.randn(S, B, 1, Z)
    expected = torch.stack(
        [
            torch.stack(
                [
                    enumerated(m, name, row, eps_a[s, b, 0], eps_z[s, b].expand(K, -1))[y[b]]
                    for s in range(S)
                ]
            ).mean()
            for b, row in enumerate(rows)
        ]
    )
    torch.manual_seed(1)
    torch.testing.assert_close(m.labelled_elbo(rows, y), expected)


@pytest.mark.usefixtures("in_double")
@pytest.mark.parametrize("samples", [1, 4])
def test_m2_bounds_are_the_enumeration_over_classes(samples: int) -> None:
    torch.manual_seed(0)
    m = Recipe("m2", {**SIZES, "samples": samples}).build().double()
    assert isinstance(m, M2)
    rows = x()
    torch.manual_seed(1)
    eps = torch.randn(samples, B, K, Z)
    expected = []
    for b, row in enumerate(rows):
        q = Categorical(logits=head(m.q_y, row))
        f = []
        for c in range(K):
            y = torch.eye(K)[c]
            mean, std = gaussian(head(m.q_z, row, y))
            kl = 0.5 * (mean**2 + std**2 - 2 * std.log() - 1).sum()
            each = [Bernoulli(logits=head(m.p_x, y, mean + std * e[b, c])) for e in eps]
            log_p_x = sum(p_x.log_prob(row).sum() for p_x in each) / samples
            f.append(log_p_x - kl - log(K))
        expected.append((q.probs * torch.stack(f)).sum() + q.entropy())
    torch.manual_seed(1)
    torch.testing.assert_close(m.elbo(rows), torch.stack(expected))


@pytest.mark.usefixtures("in_double")
@pytest.mark.parametrize("name", MODELS)
def test_the_unlabelled_loss_is_never_below_that_of_the_best_q_of_y(name: str) -> None:
    """U(x) >= -logsumexp_y(-L(x, y)) for every x and draw, equal where q(y) is prop. to exp(-L)."""
    m, rows = model(name), x().unsqueeze(1)
    q_a, a = m.sample_auxiliary(rows, S)
    f = m.f(rows, m.p_y.every, a, q_a, torch.tensor(1.0))
    log_q = m.q_y(a, rows).logits.squeeze(-2)
    best = f.logsumexp(-1)
    gap = best - (log_q.exp() * (f - log_q)).sum(-1)
    assert (gap > 0).all()
    exact = f.log_softmax(-1)
    torch.testing.assert_close((exact.exp() * (f - exact)).sum(-1), best)


class Affine(nn.Module):
    """Parameters of a conditional as an affine function of its inputs, given as a lambda."""

    def __init__(self, function: object) -> None:
        super().__init__()
        self.function = function

    def forward(self, *given: Tensor) -> Tensor:
        return self.function(*given)  # pyright: ignore


W, V, C, R, T = 1.3, 0.8, 0.9, 0.6, 0.7
"""p(z) = N(0, 1), p(a|z) = N(C z, T^2), p(x|a,z) = N(W z + V a, R^2): all of one dimension."""


def moments(v: float) -> tuple[Tensor, Tensor]:
    """Covariance of (z, a, x) and the noise-free map, where x sees a with weight v."""
    to = torch.tensor([[1.0, 0, 0], [C, T, 0], [W + v * C, v * T, R]], dtype=torch.float64)
    return to @ to.T, to


def linear_gaussian(model: type[AuxiliaryDGM], v: float) -> tuple[AuxiliaryDGM, Tensor]:
    """An instance with exact posteriors, and the variance of x."""
    cov, _ = moments(v)
    (zz, za, zx), (_, aa, ax), (_, _, xx) = cov
    a_slope, a_std = ax / xx, (aa - ax**2 / xx).sqrt()
    inverse = torch.linalg.inv(torch.stack((torch.stack((aa, ax)), torch.stack((ax, xx)))))
    both = torch.stack((za, zx))
    gain = inverse @ both
    z_std = (zz - both @ gain).sqrt()

    def of(mean: Tensor, std: Tensor | float) -> Tensor:
        return torch.cat((mean, torch.as_tensor(std).log().expand_as(mean)), -1)

    def conditional(function: object) -> Conditional:
        return Conditional(Affine(function), diag_normal)

    skip = model is SDGM
    into_a = (lambda y, z: of(C * z, T)) if skip else (lambda x, y, z: of(C * z, T))
    into_x = (lambda a, y, z: of(W * z + v * a, R)) if skip else (lambda y, z: of(W * z + 0 * y, R))
    made = model(
        q_a=conditional(lambda x: of(a_slope * x, a_std)),
        q_y=Conditional(Affine(lambda a, x: 0 * a), categorical),
        q_z=conditional(lambda a, y, x: of(gain[0] * a + gain[1] * x, z_std)),
        p_z=StandardNormal(1).double(),
        p_a=conditional(into_a),
        p_x=conditional(into_x),
        classes=1,
        alpha=1.0,
        prior_rows=1,
        samples=1,
        warm_up=constant,
    )
    return made, xx


@pytest.mark.usefixtures("in_double")
@pytest.mark.parametrize(("model", "v"), [(ADGM, 0.0), (SDGM, V)])
def test_every_weight_is_the_exact_likelihood_at_the_exact_posterior(
    model: type[AuxiliaryDGM], v: float
) -> None:
    m, variance = linear_gaussian(model, v)
    rows = torch.randn(B, 1)
    exact = Normal(0.0, variance.sqrt()).log_prob(rows.squeeze(1))
    torch.testing.assert_close(m.log_weights(rows, 7), exact.expand(7, -1))


@pytest.mark.usefixtures("in_double")
@pytest.mark.parametrize(("model", "v"), [(ADGM, 0.0), (SDGM, V)])
def test_the_bounds_are_the_exact_likelihood_at_the_exact_posterior(
    model: type[AuxiliaryDGM], v: float
) -> None:
    """Within four standard errors of 20,000 draws; the KL in closed form leaves noise in a draw."""
    m, variance = linear_gaussian(model, v)
    row = torch.tensor([[0.7]])
    exact = Normal(0.0, variance.sqrt()).log_prob(row.squeeze())
    torch.manual_seed(2)
    for found in (
        m.elbo(row.expand(20000, 1)),
        m.labelled_elbo(row.expand(20000, 1), torch.zeros(20000).long()),
    ):
        assert abs(found.mean() - exact) < 4 * found.std() / 20000**0.5


@pytest.mark.usefixtures("in_double")
def test_weights_sum_the_classes_out_exactly() -> None:
    """p(x|y,z) = N(z + M_y, R^2), q(z|y,x) exact: a weight is sum_y p(y) N(x; M_y, 1 + R^2)."""
    means = torch.tensor([[-2.0], [0.5], [3.0]])
    s2 = R**2 / (1 + R**2)

    def of(mean: Tensor, std: float) -> Tensor:
        return torch.cat((mean, torch.tensor(std).log().expand_as(mean)), -1)

    m = M2(
        q_y=Conditional(Affine(lambda x: -((x - means.T) ** 2) / 2 / (1 + R**2)), categorical),
        q_z=Conditional(
            Affine(lambda x, y: of((x - y @ means) / (1 + R**2), s2**0.5)),
            diag_normal,
        ),
        p_z=StandardNormal(1).double(),
        p_x=Conditional(Affine(lambda y, z: of(z + y @ means, R)), diag_normal),
        classes=3,
        alpha=1.0,
        prior_rows=1,
        samples=1,
        warm_up=constant,
    )
    rows = torch.linspace(-4, 5, 9).unsqueeze(1)
    exact = Normal(means.T, (1 + R**2) ** 0.5).log_prob(rows).logsumexp(1) - log(3)
    torch.testing.assert_close(m.log_weights(rows, 4), exact.expand(4, -1))
    torch.manual_seed(0)
    many = torch.stack([m.elbo(rows) for _ in range(4000)])
    assert ((many.mean(0) - exact).abs() < 4.5 * many.std(0) / 4000**0.5 + 1e-12).all()


def test_alpha_of_100_labels_among_60000_images_is_that_of_the_paper() -> None:
    assert classification_weight(0.1, 100, 60_000) == pytest.approx(60.1)


def test_the_classifier_averages_probabilities_over_draws_of_a() -> None:
    m = model("adgm").float().eval()
    rows = x().float()
    torch.manual_seed(3)
    found = m.classify(rows, 5).probs
    torch.manual_seed(3)
    _, a = m.sample_auxiliary(rows.unsqueeze(1), 5)
    torch.testing.assert_close(found, m.q_y(a, rows.unsqueeze(1)).probs.mean(0).squeeze(1))


def test_the_objective_is_the_sum_that_equation_13_states() -> None:
    from auxgen.method import Gradient

    m, rows, y = model("sdgm").float(), x().float(), torch.arange(B) % K
    m.alpha = 7.0
    torch.manual_seed(0)
    move = next(m.round(SemiSupervisedBatch(rows, y, rows), torch.tensor(0)))
    assert isinstance(move, Gradient)
    t = move.terms
    expected = t["labelled"] + 7.0 * t["classification"] + t["unlabelled"] + t["prior"]
    torch.testing.assert_close(move.loss, expected)
    weights = [p for p in m.parameters() if p.ndim > 1]
    torch.testing.assert_close(t["prior"], sum(0.5 * w.square().sum() for w in weights) / 10)


def test_warm_up_scales_the_log_ratios_and_nothing_else() -> None:
    m, rows = model("adgm"), x().unsqueeze(1)
    m = m.double()
    found = {}
    for warmth in (0.0, 0.5, 1.0):
        torch.manual_seed(4)
        q_a, a = m.sample_auxiliary(rows, S)
        found[warmth] = m.f(rows, m.p_y.every, a, q_a, torch.tensor(warmth))
    torch.testing.assert_close(found[0.5], (found[0.0] + found[1.0]) / 2)
    torch.manual_seed(4)
    q_a, a = m.sample_auxiliary(rows, S)
    q_z = m.q_z(a, m.p_y.every, rows)
    log_p_x, _ = m.log_p(rows, m.p_y.every, a, q_z.rsample())
    torch.testing.assert_close(found[0.0], log_p_x - log(K))


@pytest.mark.parametrize("name", ["adgm", "m2"])
def test_a_weight_that_starts_above_1_is_of_the_log_ratios_at_the_first_step(name: str) -> None:
    sizes = {**MODELS.get(name, SIZES), "warm_up": 10, "warm_up_from": 3.0}
    weights = [Recipe(name, sizes).build().warm_up(torch.tensor(t)).item() for t in (0, 5, 10)]  # pyright: ignore
    assert weights == pytest.approx([3.0, 2.0, 1.0])


def test_a_starts_as_narrow_as_its_argument_says() -> None:
    torch.manual_seed(0)
    method = Recipe("sdgm", {**MODELS["sdgm"], "log_std_a": -2.0}).build()
    std = method.q_a(x().float()).base_dist.scale  # pyright: ignore
    assert std.log().sub(-2.0).abs().max() < 0.2


def test_a_class_that_is_ruled_out_cannot_make_the_bound_infinite() -> None:
    """Log standard deviations are bounded: without that, 0 times infinity ended training."""
    m = model("sdgm").float()
    with torch.no_grad():
        m.p_a.network.head.bias[A:] = -1e4  # pyright: ignore
        m.q_z.network.head.bias[Z:] = 1e4  # pyright: ignore
        m.q_y.network.head.bias.copy_(torch.tensor([1e4, 0.0, 0.0]))  # pyright: ignore
    assert torch.isfinite(m.elbo(x().float())).all()


SMALL = {**SIZES, "a": A}


def deterministic() -> AuxiliaryDGM:
    torch.manual_seed(0)
    method = Recipe("adgm_deterministic", SMALL).build()
    assert isinstance(method, ADGM)
    return method


@pytest.mark.usefixtures("in_double")
@pytest.mark.parametrize("std", [1e-2, 1e-4, 1e-6])
def test_a_deterministic_a_is_the_limit_of_a_normal_as_its_variance_goes_to_0(std: float) -> None:
    """Of q(a|x) = N(mu(x), std^2) and p(a|.) the same: its log-ratio is 0 at every std."""
    limit, rows = deterministic(), x()
    normal = copy.deepcopy(limit)
    mean = limit.q_a.network

    def narrow(*given: Tensor | None) -> Tensor:
        at = mean(given[0])
        return torch.cat((at, torch.full_like(at, std).log()), -1)

    normal.q_a = normal.p_a = Conditional(Affine(narrow), diag_normal)
    found = []
    for method in (limit, normal):
        q_a, a = method.sample_auxiliary(rows.unsqueeze(1), S)
        torch.manual_seed(1)
        found.append(method.f(rows.unsqueeze(1), method.p_y.every, a, q_a, 1.0))
    assert (found[0] - found[1]).abs().max() < 20 * std


@pytest.mark.usefixtures("in_double")
def test_a_deterministic_a_leaves_m2_with_a_deeper_posterior() -> None:
    """f is log p(x|y,z) + log p(y) - KL(q(z|mu(x),y,x) || p(z)), without a term of a."""
    m, rows = deterministic(), x()
    a = m.q_a.network(rows)
    torch.manual_seed(1)
    q_a, drawn = m.sample_auxiliary(rows.unsqueeze(1), S)
    found = m.f(rows.unsqueeze(1), m.p_y.every, drawn, q_a, 1.0)
    torch.manual_seed(1)
    q_z = m.q_z(a.expand(S, -1, -1).unsqueeze(2), m.p_y.every, rows.unsqueeze(1))
    z = q_z.rsample()
    kl = kl_divergence(q_z, m.p_z())
    expected = m.p_x(m.p_y.every, z).log_prob(rows.unsqueeze(1)) - log(K) - kl
    torch.testing.assert_close(found, expected)


@pytest.mark.usefixtures("in_double")
def test_a_p_of_a_that_sees_nothing_is_the_standard_normal() -> None:
    torch.manual_seed(0)
    m, rows = Recipe("adgm_uninformed", SMALL).build(), x()
    assert isinstance(m, ADGM)
    a, z = torch.randn(S, B, 1, A), torch.randn(S, B, K, Z)
    _, found = m.log_p(rows.unsqueeze(1), m.p_y.every, a, z)
    expected = Normal(0.0, 1.0).log_prob(a).sum(-1)
    torch.testing.assert_close(found.expand(S, B, K), expected.expand(S, B, K))


@pytest.mark.parametrize(
    "prior", [[0.5, 0.5, 0.0], [0.5, 0.5, 0.5], [0.5, 0.5], [0.5, 0.5, float("nan")]]
)
def test_a_prior_that_is_no_distribution_of_all_classes_is_refused(prior: list[float]) -> None:
    """One of 0 made the prior of every class NaN, and one above 1 in sum all bounds too large."""
    with pytest.raises(InputError, match="expected 3 probabilities above 0 that sum to 1"):
        ClassPrior(3, prior)


def test_classes_may_have_a_prior_that_moves_bounds_by_its_logarithm() -> None:
    prior = [0.5, 0.2, 0.3]
    p_y = ClassPrior(3, prior).double()
    torch.testing.assert_close(p_y().probs, torch.tensor(prior).double())
    torch.testing.assert_close(p_y.log_prob(p_y.every), torch.tensor(prior).double().log())
    arguments = {"x": 4, "classes": 3, "hidden": [5], "z": 2, "alpha": 1.0, "prior_rows": 9}
    for builder, more in (("m2", {}), ("sdgm", {"a": 2})):
        even, odd = (
            Recipe(builder, {**arguments, **more, "class_prior": each}).build()
            for each in (None, prior)
        )
        odd.load_state_dict(even.state_dict())
        assert isinstance(even, M2 | SDGM)
        assert isinstance(odd, M2 | SDGM)
        x, y = torch.rand(6, 4).round(), torch.tensor([0, 1, 2, 0, 1, 2])
        torch.manual_seed(0)
        base = even.labelled_elbo(x, y)
        torch.manual_seed(0)
        shift = odd.labelled_elbo(x, y) - base
        torch.testing.assert_close(shift, (3 * torch.tensor(prior)).log()[y], atol=1e-5, rtol=0)


def test_classes_are_uniform_and_follow_the_dtype() -> None:
    p_y = ClassPrior(4).double()
    torch.testing.assert_close(p_y().probs, torch.full((4,), 0.25).double())
    assert p_y.one_hot(torch.tensor([[2], [0]])).tolist() == [[[0, 0, 1, 0]], [[1, 0, 0, 0]]]
    assert p_y.log_prob(p_y.every) == pytest.approx(-log(4))
    assert not p_y.state_dict()


LABELLED = {**MODELS, "m2": SIZES}


def left_out(name: str) -> AuxiliaryDGM | M2:
    """A model whose labelled rows are bounded without their label."""
    torch.manual_seed(0)
    sizes = {**LABELLED[name], "labelled_bound": "marginal"}
    method = Recipe(name.partition("_")[0], sizes).build().double()
    assert isinstance(method, AuxiliaryDGM | M2)
    for parameter in method.parameters():
        nn.init.normal_(parameter, std=0.4)
    return method


def labelled_term(m: AuxiliaryDGM | M2) -> Tensor:
    """The loss of labelled rows in a round, under seed 1."""
    from auxgen.method import Gradient

    rows, y = x(), torch.arange(B) % K
    torch.manual_seed(1)
    move = next(m.round(SemiSupervisedBatch(rows, y, rows), torch.tensor(0)))
    assert isinstance(move, Gradient)
    t = move.terms
    expected = t["labelled"] + m.alpha * t["classification"] + t["unlabelled"] + t["prior"]
    torch.testing.assert_close(move.loss, expected)
    return t["labelled"]


@pytest.mark.usefixtures("in_double")
@pytest.mark.parametrize("name", MODELS)
def test_the_marginal_bound_of_a_labelled_row_is_the_enumeration_over_classes(name: str) -> None:
    m, rows = left_out(name), x()
    assert isinstance(m, AuxiliaryDGM)
    eps_a, eps_z = noise()
    expected = []
    for b, row in enumerate(rows):
        for s in range(S):
            f = enumerated(m, name, row, eps_a[s, b, 0], eps_z[s, b])
            mean, std = gaussian(head(m.q_a, row))
            q = Categorical(logits=head(m.q_y, mean + std * eps_a[s, b, 0], row))
            expected.append((q.probs * f).sum() + q.entropy())
    torch.testing.assert_close(labelled_term(m), -torch.stack(expected).mean())


@pytest.mark.usefixtures("in_double")
@pytest.mark.parametrize("name", LABELLED)
def test_the_marginal_bound_takes_no_notice_of_labels_and_the_conditional_one_does(
    name: str,
) -> None:
    m, rows = left_out(name), x()
    torch.manual_seed(1)
    without = -m.elbo(rows).mean()
    torch.testing.assert_close(labelled_term(m), without)
    m.labelled_bound = conditional_label_bound
    torch.manual_seed(1)
    with_labels = -m.labelled_elbo(rows, torch.arange(B) % K).mean()
    torch.testing.assert_close(labelled_term(m), with_labels)
    assert (with_labels - without).abs() > 1e-3


@pytest.mark.usefixtures("in_double")
def test_the_bounds_differ_by_the_label_s_own_share() -> None:
    """With q(y|.) all on the label, -U is -L: nothing is left to sum out."""
    m, rows = left_out("adgm"), x()
    assert isinstance(m, AuxiliaryDGM)
    with torch.no_grad():
        m.q_y.network.head.weight.zero_()  # pyright: ignore
        m.q_y.network.head.bias.copy_(torch.tensor([0.0, 60.0, 0.0]))  # pyright: ignore
    y = torch.ones(B, dtype=torch.int64)
    f = enumerated_of(m, rows)
    torch.manual_seed(1)
    torch.testing.assert_close(m.elbo(rows), f[:, y[0]])


def enumerated_of(m: AuxiliaryDGM, rows: Tensor) -> Tensor:
    """f of every row and class, mean over draws: -> (b, k)."""
    eps_a, eps_z = noise()
    return torch.stack(
        [
            torch.stack(
                [enumerated(m, "adgm", row, eps_a[s, b, 0], eps_z[s, b]) for s in range(S)]
            ).mean(0)
            for b, row in enumerate(rows)
        ]
    )


@pytest.mark.usefixtures("in_double")
@pytest.mark.parametrize("name", MODELS)
def test_a_code_is_that_of_the_most_probable_class(name: str) -> None:
    m = model(name)
    for row in x():
        a = gaussian(head(m.q_a, row))[0]
        y = torch.eye(K)[head(m.q_y, a, row).argmax()]
        mean, std = gaussian(head(m.q_z, a, y, row))
        torch.testing.assert_close(m.encode(row[None]).mean[0], mean)
        torch.testing.assert_close(m.encode(row[None]).stddev[0], std)


@pytest.mark.usefixtures("in_double")
def test_a_code_of_m2_is_that_of_the_most_probable_class() -> None:
    torch.manual_seed(0)
    m = Recipe("m2", SIZES).build()
    assert isinstance(m, M2)
    for parameter in m.parameters():
        nn.init.normal_(parameter)
    classes = [int(head(m.q_y, row).argmax()) for row in x()]
    assert len(set(classes)) > 1
    each = [
        gaussian(head(m.q_z, row, torch.eye(K)[c])) for row, c in zip(x(), classes, strict=True)
    ]
    found = m.encode(x())
    torch.testing.assert_close(found.mean, torch.stack([mean for mean, _ in each]))
    torch.testing.assert_close(found.stddev, torch.stack([std for _, std in each]))


def test_samples_are_of_the_classes_that_are_asked_for_or_of_the_prior() -> None:
    m = Recipe("m2", {**SIZES, "class_prior": [0.7, 0.2, 0.1]}).build()
    assert isinstance(m, M2)
    torch.manual_seed(0)
    seen = m.sample_prior(4000, None)[1].bincount(minlength=K) / 4000
    torch.testing.assert_close(seen, torch.tensor([0.7, 0.2, 0.1]), atol=0.03, rtol=0)
    y = torch.tensor([2, 0, 2])
    torch.manual_seed(0)
    z, given = m.sample_prior(3, y)
    assert torch.equal(given, y)
    torch.manual_seed(0)
    torch.testing.assert_close(m.sample(3, y), m.decode(z, y).mean)


def test_a_round_of_m2_classifies_by_the_cross_entropy() -> None:
    from auxgen.method import Gradient

    m, rows, y = Recipe("m2", SIZES).build(), x().float(), torch.arange(B) % K
    assert isinstance(m, M2)
    move = next(m.round(SemiSupervisedBatch(rows, y, rows), torch.tensor(0)))
    assert isinstance(move, Gradient)
    expected = nn.functional.cross_entropy(m.q_y.network(rows), y)
    torch.testing.assert_close(move.terms["classification"], expected)


@pytest.mark.parametrize("name", ["m2", "sdgm"])
def test_labelled_rows_leave_running_statistics_alone(name: str) -> None:
    found = []
    for shift in (0.0, 1.0):
        torch.manual_seed(0)
        m = Recipe(name, {**MODELS.get(name, SIZES), "batch_norm": True}).build()
        rows = x().float()
        batch = SemiSupervisedBatch((rows - shift).abs(), torch.arange(B) % K, rows)
        torch.manual_seed(1)
        list(m.round(batch, torch.tensor(0)))
        found.append({key: value for key, value in m.named_buffers() if "running" in key})
    assert found[0]
    assert all(torch.equal(value, found[1][key]) for key, value in found[0].items())
