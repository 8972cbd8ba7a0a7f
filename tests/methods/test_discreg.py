"""Discriminative regularisation: the loss by hand, who learns from it, and what is held fixed."""

from __future__ import annotations

from collections import Counter
from math import exp, log, tau
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from auxgen.builders import Recipe
from auxgen.engine.loop import freeze_unowned_networks
from auxgen.method import Gradient
from auxgen.methods import discreg
from auxgen.methods.discreg import (
    AdjustedVAE,
    DiscriminativeVAE,
    initialize_adjusted_vae,
    move_pictures,
)
from auxgen.methods.feature_autoencoder import FeatureAutoencoder
from auxgen.methods.vae import VAE
from auxgen.networks.distributions import Conditional, FreeScaleNormal, diag_normal
from auxgen.networks.priors import StandardNormal
from auxgen.networks.taps import Blur, TappedNetwork

IMAGES = {"channels": 1, "size": 8, "z": 3, "widths": [2, 4], "hidden": 6}


class Image(nn.Module):
    """z (b, 1) -> the image (b, 1, 1, 2) whose pixels are w z."""

    def __init__(self) -> None:
        super().__init__()
        self.w = nn.Parameter(torch.tensor([0.5, -1.0], dtype=torch.float64))

    def forward(self, z: Tensor) -> Tensor:
        return (z * self.w).view(-1, 1, 1, 2)


class Code(nn.Module):
    """x (b, 1, 1, 2) -> mean and log standard deviation of z, (b, 2)."""

    def __init__(self) -> None:
        super().__init__()
        self.w = nn.Parameter(torch.tensor([[0.3, 0.2], [-0.1, 0.4]], dtype=torch.float64))

    def forward(self, x: Tensor) -> Tensor:
        return x.flatten(1) @ self.w


def method(encoder_grad: bool = True, weight: float = 1.0) -> DiscriminativeVAE:
    """On images of two pixels, with one layer d(x) = 3 x_1 - x_2."""
    d = nn.Conv2d(1, 1, (1, 2), bias=False).double()
    with torch.no_grad():
        d.weight.copy_(torch.tensor([3.0, -1.0]).view(1, 1, 1, 2))
    made = DiscriminativeVAE(
        q_z=Conditional(Code(), diag_normal),
        p_z=StandardNormal(1).double(),
        p_x=Conditional(Image(), FreeScaleNormal((1, 1, 2), 0.5).double()),
        d=TappedNetwork(nn.Sequential(d), ["0"]),
        p_d={"0": FreeScaleNormal((1, 1, 1), 2.0).double()},
        weights={"0": weight},
        encoder_grad=encoder_grad,
    )
    made.d.requires_grad_(False)
    return made


def loss(method: Any, x: Tensor) -> Tensor:
    torch.manual_seed(0)
    move = next(iter(method.round(x, torch.zeros(()))))
    assert isinstance(move, Gradient)
    return move.loss


@pytest.mark.parametrize("weight", [1.0, 0.25])
def test_the_loss_is_the_formula_by_hand(weight: float) -> None:
    rows = [(0.2, 0.7), (0.9, 0.1), (0.4, 0.3)]
    torch.manual_seed(0)
    noise = torch.randn(3, 1, dtype=torch.float64).flatten().tolist()

    def surprise(error: float, s: float) -> float:
        return 0.5 * (log(tau) + 2 * s + error**2 * exp(-2 * s))

    expected = 0.0
    for (x_1, x_2), eps in zip(rows, noise, strict=True):
        mu, ls = 0.3 * x_1 - 0.1 * x_2, 0.2 * x_1 + 0.4 * x_2
        z = mu + exp(ls) * eps
        kl = 0.5 * (exp(2 * ls) + mu**2 - 2 * ls - 1)
        pixels = surprise(x_1 - 0.5 * z, log(0.5)) + surprise(x_2 + z, log(0.5))
        layer = surprise((3 * x_1 - x_2) - (3 * 0.5 * z + z), log(2.0))
        expected += (kl + pixels + weight * layer) / 3
    x = torch.tensor(rows, dtype=torch.float64).view(3, 1, 1, 2)
    assert loss(method(weight=weight), x).item() == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("moves", [(0, 0), (1, -2), (-3, 3), (9, 0)])
def test_pictures_are_moved_as_numpy_pads_and_cuts(moves: tuple[int, int]) -> None:
    x = torch.rand(2, 3, 5, 6)
    padded = np.pad(x.numpy(), ((0, 0), (0, 0), (9, 9), (9, 9)), mode="edge")
    cut = padded[..., 9 + moves[0] : 14 + moves[0], 9 + moves[1] : 15 + moves[1]]
    assert np.array_equal(move_pictures(x, torch.tensor(moves)).numpy(), cut)


def test_rounds_move_rows_and_reconstructions_alike() -> None:
    """As training plays them: the method in eval mode, its players' networks in training mode."""
    x = torch.rand(4, 1, 1, 2, dtype=torch.float64)
    made, plain = method(), method()
    made.shift = 1
    freeze_unowned_networks(made)
    mean = plain.p_x(plain.q_z(x).rsample()).mean
    places = ((0, 1), (0, 0), (1, 1))  # not moved, and by one pixel either way
    known = {plain.feature_nll(x[..., list(p)], mean[..., list(p)])["0"].item() for p in places}
    pairs = (made.move_alike(x, mean) for _ in range(40))
    found = {made.feature_nll(*pair)["0"].item() for pair in pairs}
    assert sorted(found) == pytest.approx(sorted(known))
    seen = []
    for seed in range(12):
        torch.manual_seed(seed)
        terms: Any = next(iter(made.round(x, torch.zeros(())))).terms  # pyright: ignore
        torch.manual_seed(seed)
        usual: Any = next(iter(plain.round(x, torch.zeros(())))).terms  # pyright: ignore
        seen.append(torch.equal(terms["unlike at 0"], usual["unlike at 0"]))
        assert torch.equal(terms["distortion"], usual["distortion"])
    assert 0 < sum(seen) < 12


def test_a_shift_moves_by_so_many_pixels_at_most_either_way_and_each_way_alike_often() -> None:
    made, x = method(), torch.arange(30.0).view(1, 1, 5, 6)
    assert made.move_alike(x)[0] is x
    made.shift = 1
    torch.manual_seed(0)
    found = Counter(str(made.move_alike(x)[0].tolist()) for _ in range(900))
    ways = [torch.tensor((up, left)) for up in (-1, 0, 1) for left in (-1, 0, 1)]
    assert found.keys() == {str(move_pictures(x, moves).tolist()) for moves in ways}
    assert all(60 < count < 140 for count in found.values())


def gradients(method: Any, x: Tensor) -> dict[str, Tensor]:
    method.zero_grad()
    loss(method, x).backward()
    return {
        n: torch.zeros_like(p) if p.grad is None else p.grad for n, p in method.named_parameters()
    }


def test_the_encoder_learns_from_the_classifier_only_where_it_is_let() -> None:
    x = torch.rand(4, 1, 1, 2, dtype=torch.float64)
    with_, without = gradients(method(), x), gradients(method(encoder_grad=False), x)
    plain = gradients(method(weight=0.0), x)
    encoder = "q_z.network.w"
    torch.testing.assert_close(without[encoder], plain[encoder])
    assert not torch.allclose(with_[encoder], plain[encoder])
    torch.testing.assert_close(with_["p_x.network.w"], without["p_x.network.w"])
    assert not torch.allclose(without["p_x.network.w"], plain["p_x.network.w"])


def test_the_data_s_own_features_get_no_gradient() -> None:
    x = torch.rand(4, 1, 1, 2, dtype=torch.float64)
    made = method()
    through = x.clone().requires_grad_()
    mean = torch.rand(4, 1, 1, 2, dtype=torch.float64)
    nll = sum(made.feature_nll(through, mean).values())
    assert isinstance(nll, Tensor)
    assert torch.autograd.grad(nll, through, allow_unused=True, retain_graph=True) == (None,)


def test_scales_settle_at_the_root_mean_square_of_the_residuals() -> None:
    x, mean = torch.rand(64, 1, 1, 2).double(), torch.rand(64, 1, 1, 2).double()
    made = method()
    d = 3 * (x - mean)[..., 0] - (x - mean)[..., 1]
    optimum = d.square().mean().sqrt()
    with torch.no_grad():
        made.p_d[0].log_std.fill_(optimum.log())  # pyright: ignore
    made.feature_nll(x, mean)["0"].backward()
    torch.testing.assert_close(
        made.p_d[0].log_std.grad, torch.zeros(1, 1, 1).double(), atol=1e-9, rtol=0
    )


def classifier() -> dict[str, Any]:
    space = {"kind": "images", "shape": (1, 8, 8), "flat": False}
    sizes = {"channels": 1, "size": 8, "classes": 3, "width": 2, "hidden": 4}
    return {"builder": "stacked_classifier", "arguments": sizes, "space": space}


def test_the_decoder_sees_every_batch_once_where_the_encoder_is_spared() -> None:
    arguments = {"images": IMAGES, "classifier": classifier(), "layers": ["convolutions.norm2"]}
    seen, learned = [], []
    for encoder_grad in (True, False):
        torch.manual_seed(0)
        changed = {**arguments, "encoder_grad": encoder_grad}
        made: Any = Recipe("stacked_discriminative_vae", changed).build().double().train()
        made.d.eval()
        for layer in made.d.modules():  # torch's initial kernels leave its features all but dead
            if isinstance(layer, nn.Conv2d):
                nn.init.normal_(layer.weight)
        x = torch.rand(6, 1, 8, 8, dtype=torch.float64)
        learned.append(gradients(made, x))
        seen.append({n: b for n, b in made.p_x.named_buffers() if "running" in n})
    assert seen[0]
    for name, buffer in seen[0].items():
        torch.testing.assert_close(buffer, seen[1][name])
    for name, gradient in learned[0].items():
        if name.startswith("p_x"):
            torch.testing.assert_close(gradient, learned[1][name])
    with_classifier, alone = (
        torch.cat([g.flatten() for name, g in each.items() if name.startswith("q_z")])
        for each in learned
    )
    assert (with_classifier - alone).norm() > alone.norm()  # it is 9 to 150 times as long


def test_its_bounds_are_those_of_a_vae() -> None:
    torch.manual_seed(0)
    arguments = {"images": IMAGES, "classifier": classifier(), "layers": ["convolutions.norm2"]}
    made: Any = Recipe("stacked_discriminative_vae", arguments).build().eval()
    vae: Any = Recipe("stacked_vae", {"images": IMAGES}).build().eval()
    assert isinstance(vae, VAE)
    vae.load_state_dict({k: v for k, v in made.state_dict().items() if k in vae.state_dict()})
    x = torch.rand(3, 1, 8, 8)
    both = []
    for model in (made, vae):
        torch.manual_seed(1)
        both.append((model.log_weights(x, 5), model.elbo(x), model.sample(2)))
    for ours, theirs in zip(*both, strict=True):
        torch.testing.assert_close(ours, theirs)


def test_pixels_and_features_have_scales_of_their_own() -> None:
    arguments = {"images": IMAGES, "classifier": classifier(), "layers": ["convolutions.norm2"]}
    scales = {"scale": 0.2, "feature_scale": 0.7}
    made: Any = Recipe("stacked_discriminative_vae", {**arguments, **scales}).build()
    x = torch.rand(2, 1, 8, 8)
    torch.testing.assert_close(made.p_x(torch.zeros(2, 3)).stddev, torch.full_like(x, 0.2))
    of_features = made.p_d[0](made.extract_activations(x)["convolutions.norm2"]).stddev
    torch.testing.assert_close(of_features, torch.full_like(of_features, 0.7))


@pytest.mark.parametrize("training", [True, False])
def test_decoder_statistics_become_those_of_the_prior(training: bool) -> None:
    torch.manual_seed(0)
    made = Recipe("stacked_adjusted_vae", {"images": IMAGES}).build().train(training)
    assert isinstance(made, AdjustedVAE)
    made.recalibrate_decoder(40)
    layers: Any = made.p_x.network.get_submodule("layers")
    first, norm = layers[0], layers[1]
    exact = first.weight.square().sum(1)  # of W z + b with z ~ N(0, I)
    torch.testing.assert_close(norm.running_mean, first.bias, atol=2e-3, rtol=0)
    torch.testing.assert_close(norm.running_var, exact, rtol=0.05, atol=0)
    assert not made.p_x.training


def test_a_vae_is_adjusted_with_its_weights_and_statistics_of_the_prior() -> None:
    torch.manual_seed(0)
    source = Recipe("stacked_vae", {"images": IMAGES}).build().eval()
    made, again = (Recipe("stacked_adjusted_vae", {"images": IMAGES}).build() for _ in range(2))
    assert isinstance(again, AdjustedVAE)
    initialize_adjusted_vae(again, source=source, batches=0)
    for name, weights in source.named_parameters():
        assert torch.equal(again.get_parameter(name), weights), name
    torch.manual_seed(1)
    initialize_adjusted_vae(made, source=source, batches=2)
    torch.manual_seed(1)
    again.recalibrate_decoder(2)
    means = [name for name, _ in made.named_buffers() if name.startswith("p_x") and "mean" in name]
    assert means
    for name in means:
        assert torch.equal(made.get_buffer(name), again.get_buffer(name)), name
        assert not torch.equal(made.get_buffer(name), source.get_buffer(name)), name


def test_a_vae_is_adjusted_by_30_batches_of_500_codes(monkeypatch: pytest.MonkeyPatch) -> None:
    source = Recipe("stacked_vae", {"images": IMAGES}).build()
    made = Recipe("stacked_adjusted_vae", {"images": IMAGES}).build()
    seen = []

    def note(module: nn.Module, run_batch: Any, batches: int) -> None:
        seen.append((module.training, batches, *run_batch(0).batch_shape))

    monkeypatch.setattr(discreg, "recalibrate_batch_norm", note)
    initialize_adjusted_vae(made, source=source)
    assert seen == [(True, 30, 500)]


def test_only_the_encoder_adjusts() -> None:
    made = Recipe("stacked_adjusted_vae", {"images": IMAGES}).build()
    assert made.players() == {"encoder": (made.q_z,)}  # pyright: ignore


def test_an_autoencoder_is_taught_by_blurred_layers_alone_which_are_constants() -> None:
    torch.manual_seed(0)
    h, b = nn.Conv2d(1, 2, 3), Blur(1.0)
    made = FeatureAutoencoder(
        encoder=nn.Sequential(nn.Flatten(), nn.Linear(49, 3)),
        decoder=nn.Sequential(nn.Linear(3, 49), nn.Unflatten(1, (1, 7, 7))),
        h=TappedNetwork(nn.Sequential(h, nn.ReLU()), ["0", "1"]),
        b=b,
    )
    x = torch.rand(4, 1, 7, 7, requires_grad=True)
    back, target = made.decoder(made.encoder(x)), h(x).detach()
    expected = (h(back) - b(target)).square().mean()
    expected = expected + (h(back).relu() - b(target.relu())).square().mean()
    found = loss(made, x)
    torch.testing.assert_close(found, expected)
    slopes = (torch.autograd.grad(each, x, retain_graph=True)[0] for each in (found, expected))
    torch.testing.assert_close(*slopes)
    assert torch.equal(made.decode(made.encode(x).mean).mean, back)
    assert made.players() == {"autoencoder": (made.encoder, made.decoder)}
