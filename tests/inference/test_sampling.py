"""Samples are draws from p(x|.): their means, deviations and covariance are those of the model."""

from __future__ import annotations

from math import sqrt

import laws
import pytest
import torch
from torch import Tensor, nn

from auxgen.data.dataset import Preprocessor
from auxgen.functional.schedules import constant
from auxgen.inference.codes import make_class_grid, sample_rows
from auxgen.method import Method, SamplesConditional, has_ability, require
from auxgen.methods.adgm import ADGM, SDGM
from auxgen.methods.asl import ExplicitASL, sum_of_squares
from auxgen.methods.iwae import IWAE
from auxgen.methods.m2 import M2
from auxgen.methods.mi_encoder import InformativeEncoder
from auxgen.methods.vae import VAE
from auxgen.networks.distributions import Conditional, FixedScaleNormal, Regression, bernoulli
from auxgen.networks.encoders import ImplicitEncoder
from auxgen.networks.priors import StandardNormal
from auxgen.rng import use_seed

N, D, STD = 40_000, 3, 0.7
SPACE = Preprocessor(kind="points", shape=(D,))


class SumOfMaps(nn.Module):
    """sum_i W_i v_i of several inputs, which broadcast."""

    def __init__(self, *widths: int, out: int = D) -> None:
        super().__init__()
        self.maps = nn.ModuleList(nn.Linear(width, out, bias=False) for width in widths)

    def forward(self, *inputs: Tensor) -> Tensor:
        each = [linear(v) for linear, v in zip(self.maps, inputs, strict=True)]
        return torch.stack(torch.broadcast_tensors(*each)).sum(0)


def make_linear(*widths: int, out: int = D, std: float = STD) -> Conditional:
    return Conditional(SumOfMaps(*widths, out=out), FixedScaleNormal(std))


def get_weight(conditional: Conditional, place: int = 0) -> Tensor:
    assert isinstance(conditional.network, SumOfMaps)
    layer = conditional.network.maps[place]
    assert isinstance(layer, nn.Linear)
    return layer.weight.detach()


UNUSED = make_linear(1)
OBJECTIVE = {"classes": 2, "alpha": 1.0, "prior_rows": 1, "samples": 1, "warm_up": constant}
CLASSES = Conditional(SumOfMaps(D, out=2), bernoulli)


def make_vae() -> tuple[Method, Tensor, Tensor]:
    p_x = make_linear(2)
    w = get_weight(p_x)
    method = VAE(q_z=UNUSED, p_z=StandardNormal(2), p_x=p_x, warm_up=constant)
    return method, torch.zeros(D), w @ w.T + STD**2 * torch.eye(D)


def make_iwae() -> tuple[Method, Tensor, Tensor]:
    p_z, p_x = make_linear(2, out=2, std=0.5), make_linear(2)
    v, w = get_weight(p_z), get_weight(p_x)
    method = IWAE(
        q_z=[UNUSED, UNUSED], p_z=[p_z], p_top=StandardNormal(2), p_x=p_x, k=1, warm_up=constant
    )
    between = v @ v.T + 0.25 * torch.eye(2)
    return method, torch.zeros(D), w @ between @ w.T + STD**2 * torch.eye(D)


def make_m2() -> tuple[Method, Tensor, Tensor]:
    p_x = make_linear(2, 2)  # of y and z
    of_y, of_z = get_weight(p_x, 0), get_weight(p_x, 1)
    method = M2(q_y=CLASSES, q_z=UNUSED, p_z=StandardNormal(2), p_x=p_x, **OBJECTIVE)
    return method, of_y[:, 1], of_z @ of_z.T + STD**2 * torch.eye(D)


def make_adgm() -> tuple[Method, Tensor, Tensor]:
    p_x = make_linear(2, 2)
    of_y, of_z = get_weight(p_x, 0), get_weight(p_x, 1)
    parts = {"q_a": UNUSED, "q_y": CLASSES, "q_z": UNUSED, "p_a": make_linear(D, 2, 2, out=1)}
    method = ADGM(p_z=StandardNormal(2), p_x=p_x, **parts, **OBJECTIVE)
    return method, of_y[:, 1], of_z @ of_z.T + STD**2 * torch.eye(D)


def make_sdgm() -> tuple[Method, Tensor, Tensor]:
    """x = A a + B y + C z + noise with a = D y + E z + noise of its own."""
    p_a, p_x = make_linear(2, 2, out=1, std=2.0), make_linear(1, 2, 2)
    a_y, a_z = (get_weight(p_a, place) for place in range(2))
    x_a, x_y, x_z = (get_weight(p_x, place) for place in range(3))
    parts = {"q_a": UNUSED, "q_y": CLASSES, "q_z": UNUSED}
    method = SDGM(p_z=StandardNormal(2), p_a=p_a, p_x=p_x, **parts, **OBJECTIVE)
    of_y, of_z = x_y + x_a @ a_y, x_z + x_a @ a_z
    covariance = of_z @ of_z.T + 4.0 * x_a @ x_a.T + STD**2 * torch.eye(D)
    return method, of_y[:, 1], covariance


def make_asl() -> tuple[Method, Tensor, Tensor]:
    g = nn.Linear(2, D, bias=False)
    p_x = Regression(g, D)
    assert p_x.moments.running_var is not None
    p_x.moments.running_var.fill_(STD**2)
    parts = {"q_u": UNUSED, "p_u": StandardNormal(2)}
    method = ExplicitASL(p_x=p_x, loss=sum_of_squares, noise=0.0, **parts)
    w = g.weight.detach()
    return method, torch.zeros(D), w @ w.T + STD**2 * torch.eye(D)


def make_informative_encoder() -> tuple[Method, Tensor, Tensor]:
    g, encoder = nn.Linear(2, D, bias=False), ImplicitEncoder(nn.Identity(), features=2, noise=2)
    method = InformativeEncoder(
        q_u=encoder, g=g, entries=D, weight=1, beta=0.5, floor=0.0, a=STD**2
    )
    w = g.weight.detach()
    return method, torch.zeros(D), w @ w.T + STD**2 * torch.eye(D)


MODELS = [
    make_vae, make_iwae, make_m2, make_adgm, make_sdgm, make_asl, make_informative_encoder,
]  # fmt: skip


@pytest.mark.parametrize("make", MODELS)
def test_draws_have_the_mean_and_covariance_of_the_model(make) -> None:
    with use_seed(1, torch.device("cpu")):
        method, mean, covariance = make()
        y = torch.ones(N).long() if make in (make_m2, make_adgm, make_sdgm) else None
        drawn = sample_rows(method, SPACE, N, y, mean=False).detach()
        means = sample_rows(method, SPACE, N, y, mean=True).detach()
    deviation = covariance.diagonal().sqrt()
    assert ((drawn.mean(0) - mean).abs() < 5 * deviation / sqrt(N)).all()
    # of a Gaussian, an entry's variance is (c_ij^2 + c_ii c_jj) / n
    error = ((covariance.square() + torch.outer(deviation, deviation) ** 2) / N).sqrt()
    assert ((drawn.T.cov() - covariance).abs() < 5 * error).all()
    without_noise = covariance - STD**2 * torch.eye(D)
    assert ((means.T.cov() - without_noise).abs() < 5 * error).all()


CONDITIONAL = [name for name in laws.METHODS if SamplesConditional in laws.list_abilities(name)]


@pytest.mark.parametrize("name", CONDITIONAL)
def test_draws_vary_as_the_means_and_the_conditional_variance_together(name: str) -> None:
    """The law of total variance, of every entry, for every method that draws from p(x|.)."""
    method = laws.stage(name).method.eval().requires_grad_(False)
    with use_seed(0, torch.device("cpu")):
        p_x = require(method, SamplesConditional).sample_p_x(6000)
        drawn = p_x.sample().flatten(1)
    total = p_x.mean.flatten(1).var(0) + p_x.variance.flatten(1).mean(0)
    ratio = drawn.var(0) / total
    # the error of a variance is sqrt((kurtosis - 1) / n), and a Laplacian's kurtosis is 6
    assert ((ratio - 1).abs() < 6 * sqrt(5 / 6000)).all()


def test_every_model_of_auxgen_that_decodes_its_prior_draws_from_it() -> None:
    without = {"gan", "feature_matching", "denoising_gan", "denoising_gan_of_images"}
    without |= {"spectral_gan_of_images", "flow", "auxiliary_fit"}
    for name, law in laws.METHODS.items():
        method = law.recipe.build()
        if hasattr(method, "sample") and name not in without:
            assert name in CONDITIONAL


def test_bits_are_drawn_as_bits_with_their_probabilities() -> None:
    method = laws.stage("m2").method.eval().requires_grad_(False)
    space = Preprocessor(kind="points", shape=(laws.X,))
    with use_seed(0, torch.device("cpu")):
        drawn, means = (sample_rows(method, space, 8000, mean=mean) for mean in (False, True))
    assert drawn.unique().tolist() == [0.0, 1.0]
    assert 0 < means.min() < means.max() < 1
    assert (drawn.mean(0) - means.mean(0)).abs().max() < 5 * sqrt(0.25 / 8000) * 2


def test_a_grid_of_classes_draws_from_the_whole_model_on_demand() -> None:
    with use_seed(2, torch.device("cpu")):
        method, mean, covariance = make_sdgm()
        space = Preprocessor(kind="points", shape=(D,), classes=("a", "b"))
        drawn = make_class_grid(method, space, N, mean=False).detach().view(N, 2, D)[:, 1]
    assert (drawn.mean(0) - mean).abs().max() < 5 * covariance.max().sqrt() / sqrt(N)
    torch.testing.assert_close(drawn.T.cov(), covariance, rtol=0.06, atol=0.05)


def test_a_method_that_only_samples_gives_its_samples_in_every_case() -> None:
    class Uniform:
        def sample(self, n: int) -> Tensor:
            return torch.rand(n, D)

    for mean in (None, True, False):
        assert sample_rows(Uniform(), SPACE, 5, mean=mean).shape == (5, D)
    assert not has_ability(Uniform(), SamplesConditional)
