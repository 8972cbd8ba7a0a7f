"""Generators, and the features of discriminators."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from auxgen.errors import InputError
from auxgen.experiments.dfm.plans import ARCHITECTURES, ArchitectureName
from auxgen.networks.freezing import find_batch_norms, freeze_parameters
from auxgen.networks.gan import GANNetworks, make_convolutional_networks, make_perceptron_networks
from auxgen.networks.mlp import MLP

SIZES: dict[ArchitectureName, int] = {
    "imagenet_32": 32,
    "cifar": 32,
    "cifar_literal": 32,
    "cifar_half": 32,
    "stl_48": 48,
}
BASES: dict[ArchitectureName, int] = {
    "imagenet_32": 4,
    "cifar": 4,
    "cifar_literal": 4,
    "cifar_half": 4,
    "stl_48": 6,
}

GENERATORS: dict[ArchitectureName, tuple[list[tuple[int, int]], int]] = {
    "imagenet_32": ([(512, 512), (512, 256), (256, 256), (256, 128), (128, 128), (128, 3)], 256),
    "cifar": ([(256, 256), (256, 128), (128, 128), (128, 64), (64, 64), (64, 3)], 128),
    "cifar_half": ([(128, 128), (128, 64), (64, 64), (64, 32), (32, 32), (32, 3)], 128),
    "cifar_literal": ([(64, 64), (64, 32), (32, 32), (32, 16), (16, 16), (16, 3)], 128),
    "stl_48": ([(256, 256), (256, 128), (128, 128), (128, 64), (64, 64), (64, 3)], 128),
}
"""Channels in and out of each convolution as printed in the specification, and the width of z."""
HALF = [(3, 32), (32, 32), (32, 64), (64, 64), (64, 128), (128, 128)]
DISCRIMINATORS: dict[ArchitectureName, list[tuple[int, int]]] = {
    "imagenet_32": [(3, 128), (128, 128), (128, 256), (256, 256), (256, 512), (512, 512)],
    "cifar": HALF,
    "cifar_literal": HALF,
    "cifar_half": HALF,
    "stl_48": HALF,
}


def built(name: ArchitectureName) -> GANNetworks:
    return make_convolutional_networks(**ARCHITECTURES[name].make_sizes(3, SIZES[name]))


def test_spectral_norm_divides_by_the_largest_singular_value() -> None:
    """And stands in place of batch norm, under which it would change nothing."""
    torch.manual_seed(0)
    sizes = {"channels": 1, "size": 8, "z": 3, "g": [8, 4], "phi": [4, 8]}
    networks = make_convolutional_networks(**sizes, spectral_norm=True)
    layers = [
        m for m in (*networks.phi.modules(), networks.d) if isinstance(m, nn.Linear | nn.Conv2d)
    ]
    assert len(layers) == 5
    assert all(layer.bias is not None for layer in layers)
    assert not find_batch_norms(networks.phi)
    assert find_batch_norms(networks.g)
    for layer in layers:
        looks = [layer.weight for _ in range(300)]  # each is a power iteration in training mode
        norm = torch.linalg.matrix_norm(looks[-1].flatten(1), 2)
        torch.testing.assert_close(norm, torch.ones(()), atol=1e-3, rtol=0)
    vectors = make_perceptron_networks(x=2, z=2, hidden=[4, 5], spectral_norm=True)
    given = torch.randn(64, 2), torch.randn(64, 2)
    first, second = (vectors.d(vectors.phi(x)) for x in given)
    far = (given[0] - given[1]).norm(dim=1)
    assert ((first - second).norm(dim=1) <= 1.01 * far).all()


def count(network: nn.Module) -> int:
    return sum(p.numel() for p in network.parameters())


@pytest.mark.parametrize("name", GENERATORS)
def test_generators_have_the_parameters_of_their_layers(name: ArchitectureName) -> None:
    """Kernels of 9, no bias but the last, and two numbers for each normalised unit or channel."""
    layers, z = GENERATORS[name]
    units = layers[0][0] * BASES[name] ** 2
    kernels = sum(9 * width * out for width, out in layers)
    norms = 2 * units + 2 * sum(out for _, out in layers[:-1])
    assert count(built(name).g) == z * units + kernels + norms + 3


@pytest.mark.parametrize("name", DISCRIMINATORS)
def test_discriminators_have_the_parameters_of_their_layers(name: ArchitectureName) -> None:
    layers, made = DISCRIMINATORS[name], built(name)
    kernels = sum(9 * width * out for width, out in layers)
    norms = 2 * sum(out for _, out in layers[1:])
    assert count(made.phi) == kernels + norms + layers[0][1]
    n_h = layers[-1][1] * BASES[name] ** 2
    assert count(made.d) == n_h + 1
    assert n_h == {"imagenet_32": 8192, "stl_48": 4608}.get(name, 2048)
    assert ARCHITECTURES[name].n_h(SIZES[name]) == n_h


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("imagenet_32", 71_372_800),
        ("cifar", 46_200_832),
        ("cifar_literal", 46_200_832),
        ("stl_48", 233_713_152),
    ],
)
def test_denoisers_have_the_parameters_of_their_layers(
    name: ArchitectureName, expected: int
) -> None:
    """10 hidden layers, as wide as their input but for ImageNet's, with three numbers a unit."""
    made = ARCHITECTURES[name]
    n_h = made.n_h(SIZES[name])
    width = made.denoiser_width or n_h
    assert (made.denoiser_depth, width) == (10, 2048 if name == "imagenet_32" else n_h)
    with torch.device("meta"):
        r = MLP([n_h], [width] * made.denoiser_depth, n_h, batch_norm=True)
    hidden = n_h * width + 9 * width**2 + 10 * 3 * width
    assert count(r) == hidden + width * n_h + n_h == expected


def test_the_cifar_generator_is_less_than_two_fifths_of_salimans_s() -> None:
    """Section 5.1; theirs: 100 -> 4 x 4 x 512, then 5 x 5 kernels to 256, 128 and 3 channels."""
    theirs = 100 * 16 * 512 + 25 * (512 * 256 + 256 * 128 + 128 * 3)
    assert count(built("cifar").g) == 1_678_275
    assert 0.3 < count(built("cifar").g) / theirs < 0.4
    assert count(built("cifar_literal").g) < 0.1 * theirs


@pytest.mark.parametrize("name", GENERATORS)
def test_images_and_features_have_their_shapes_and_ranges(name: ArchitectureName) -> None:
    torch.manual_seed(0)
    made = built(name)
    x = made.g(2 * torch.rand(2, made.z) - 1)
    assert x.shape == (2, 3, SIZES[name], SIZES[name])
    assert x.abs().max() < 1
    features = made.phi(x)
    assert features.shape == (2, made.d.in_features)
    assert (features >= 0).all()
    assert (features > 0).any()
    assert made.d(features).shape == (2, 1)


def test_features_are_leaky_but_for_the_last_and_normalised_but_for_the_first() -> None:
    layers = list(built("cifar").phi.children())
    slopes = [layer.negative_slope for layer in layers if isinstance(layer, nn.LeakyReLU)]
    assert slopes == [0.2] * 5
    assert [type(layer) for layer in layers[-3:]] == [nn.BatchNorm2d, nn.ReLU, nn.Flatten]
    assert [type(layer) for layer in layers[:3]] == [nn.Conv2d, nn.LeakyReLU, nn.Conv2d]
    assert sum(isinstance(layer, nn.BatchNorm2d) for layer in layers) == 5
    maps = [layer.stride[0] for layer in layers if isinstance(layer, nn.Conv2d)]
    assert maps == [1, 2, 1, 2, 1, 2]


def test_weights_start_as_dcgan_has_them() -> None:
    torch.manual_seed(0)
    made = built("cifar")
    for network in (made.g, made.phi, made.d):
        for layer in network.modules():
            if isinstance(layer, nn.Linear | nn.Conv2d | nn.ConvTranspose2d):
                assert layer.weight.std().item() == pytest.approx(0.02, rel=0.1)
                assert layer.bias is None or not layer.bias.any()
            if isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d):
                assert layer.weight.mean().item() == pytest.approx(1, abs=0.02)
                assert 0.01 < layer.weight.std() < 0.03
                assert layer.bias is None or not layer.bias.any()


@pytest.mark.parametrize("size", [28, 8])
def test_smaller_images_take_fewer_widths(size: int) -> None:
    made = make_convolutional_networks(channels=1, size=size, z=5, g=[8, 4], phi=[4, 8])
    x = made.g(torch.rand(3, 5))
    assert x.shape == (3, 1, size, size)
    assert made.phi(x).shape == (3, 8 * (size // 4) ** 2)


def test_pixels_are_float32_whatever_the_precision() -> None:
    made = make_convolutional_networks(channels=1, size=8, z=5, g=[4], phi=[4])
    with torch.autocast("cpu", torch.bfloat16):
        assert made.g(torch.rand(3, 5)).dtype == torch.float32


@pytest.mark.parametrize(("size", "widths"), [(30, [4, 4]), (8, []), (2, [4, 4]), (8, [0, 4])])
def test_what_cannot_be_built_is_refused_in_a_sentence(size: int, widths: list[int]) -> None:
    with pytest.raises(InputError, match="expected"):
        make_convolutional_networks(channels=1, size=size, z=2, g=widths, phi=[4])


def test_perceptrons_have_the_same_hidden_layers_and_no_batch_norm() -> None:
    made = make_perceptron_networks(x=2, z=3, hidden=[7, 5])
    assert count(made.g) == 3 * 7 + 7 + 7 * 5 + 5 + 5 * 2 + 2
    assert count(made.phi) == 2 * 7 + 7 + 7 * 5 + 5
    assert made.d.in_features == 5
    assert (made.phi(made.g(torch.randn(20, 3))) >= 0).all()


def test_what_is_held_fixed_lets_gradients_through_and_is_taught_again_after() -> None:
    first, second = nn.Linear(2, 2), nn.Linear(2, 1)
    second.bias.requires_grad_(False)
    with freeze_parameters(second):
        out = second(first(torch.ones(1, 2)))
    out.backward()
    assert first.weight.grad is not None
    assert second.weight.grad is None
    assert second.weight.requires_grad
    assert not second.bias.requires_grad
