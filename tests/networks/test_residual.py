"""Residual networks of small images."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from safetensors.torch import load_file

from auxgen.data import images
from auxgen.networks.residual import BasicBlock, ResNet, pad_shortcut


def parameters(channels: int, out: int, blocks: int, w: int) -> int:
    """9 w^2 of each convolution and 2 w of each batch norm, in closed form."""
    first = 9 * channels * w + 2 * w
    stage1 = 2 * blocks * (9 * w * w + 2 * w)
    stage2 = 9 * w * 2 * w + (2 * blocks - 1) * 9 * (2 * w) ** 2 + 2 * blocks * 2 * 2 * w
    stage3 = 9 * 2 * w * 4 * w + (2 * blocks - 1) * 9 * (4 * w) ** 2 + 2 * blocks * 2 * 4 * w
    return first + stage1 + stage2 + stage3 + 4 * w * out + out


@pytest.mark.parametrize(("blocks", "millions"), [(3, 0.27), (5, 0.46), (7, 0.66), (9, 0.85)])
def test_parameters_are_as_many_as_he_et_al_print(blocks: int, millions: float) -> None:
    """Table 6 of the paper: ResNet-20, 32, 44, 56."""
    counted = sum(p.numel() for p in ResNet(3, 10, blocks=blocks).parameters())
    assert counted == parameters(3, 10, blocks, 16)
    assert round(counted / 1e6, 2) == millions


def test_another_width_and_one_channel() -> None:
    counted = sum(p.numel() for p in ResNet(1, 7, blocks=2, width=5).parameters())
    assert counted == parameters(1, 7, 2, 5)


@pytest.mark.parametrize(("width", "more"), [(4, 4), (5, 5), (4, 0)])
def test_the_shortcut_takes_every_second_place_and_adds_channels_of_zeros(
    width: int, more: int
) -> None:
    x = torch.randn(2, width, 7, 6, dtype=torch.float64)
    stride = 2 if more else 1
    rows, columns = -(-7 // stride), -(-6 // stride)
    expected = torch.zeros(2, width + more, rows, columns, dtype=torch.float64)
    for c in range(width):
        for i in range(rows):
            for j in range(columns):
                expected[:, more // 2 + c, i, j] = x[:, c, stride * i, stride * j]
    assert torch.equal(pad_shortcut(x, stride, more), expected)


def test_a_block_is_a_shortcut_and_two_convolutions() -> None:
    torch.manual_seed(0)
    block = BasicBlock(3, 6, 2).double().eval()
    for norm in (block.bn1, block.bn2):
        torch.nn.init.normal_(norm.bias)
        torch.nn.init.uniform_(norm.running_var, 0.5, 2.0)  # pyright: ignore
    x = torch.randn(2, 3, 8, 8, dtype=torch.float64)

    def normalised(h: torch.Tensor, norm: torch.nn.BatchNorm2d) -> torch.Tensor:
        mean, var = norm.running_mean.view(-1, 1, 1), norm.running_var.view(-1, 1, 1)  # pyright: ignore
        scaled = norm.weight.view(-1, 1, 1) * (h - mean) / (var + 1e-5).sqrt()
        return scaled + norm.bias.view(-1, 1, 1)

    h = normalised(F.conv2d(x, block.conv1.weight, stride=2, padding=1), block.bn1).clamp(min=0)
    h = normalised(F.conv2d(h, block.conv2.weight, padding=1), block.bn2)
    h[:, 1:4] += x[:, :, ::2, ::2]
    torch.testing.assert_close(block(x), h.clamp(min=0))


def test_features_are_what_the_linear_map_sees() -> None:
    torch.manual_seed(0)
    net, x = ResNet(1, 3, blocks=1, width=4).eval(), torch.rand(5, 1, 9, 9)
    features = net.features(x)
    assert features.shape == (5, 16)
    torch.testing.assert_close(net.linear(features), net(x))


def test_maps_shrink_by_two_in_the_second_and_third_stage() -> None:
    net, sizes = ResNet(3, 2, blocks=2, width=4), []
    for layer in (net.layer1, net.layer2, net.layer3):
        layer.register_forward_hook(lambda m, i, out: sizes.append(tuple(out.shape[1:])))
    net(torch.rand(2, 3, 32, 32))
    assert sizes == [(4, 32, 32), (8, 16, 16), (16, 8, 8)]


@pytest.mark.parametrize(("layers", "blocks"), [(20, 3), (56, 9)])
def test_the_common_weights_fit(layers: int, blocks: int) -> None:
    file = Path(os.environ.get("AUXGEN_WEIGHTS", "")) / f"cifar10_resnet{layers}.safetensors"
    if not file.is_file():
        pytest.skip("AUXGEN_WEIGHTS names no folder with the CIFAR-10 ResNets")
    weights = load_file(file)
    net = ResNet(3, 10, blocks=blocks)
    net.load_state_dict(weights)
    assert all(torch.equal(net.state_dict()[name], weights[name]) for name in weights)


@pytest.mark.slow
def test_the_common_weights_classify_as_they_are_known_to() -> None:
    """91.7 % of CIFAR-10's test images: it would not be with zeros after the channels alone."""
    weights = Path(os.environ.get("AUXGEN_WEIGHTS", "")) / "cifar10_resnet20.safetensors"
    data = Path(os.environ.get("AUXGEN_DATA", "")) / "cifar10"
    if not (weights.is_file() and data.is_dir()):
        pytest.skip("AUXGEN_WEIGHTS and AUXGEN_DATA name no ResNet-20 and no cifar10")
    net = ResNet(3, 10, blocks=3).eval()
    net.load_state_dict(load_file(weights))
    test = images.load_image_dataset("cifar10", "test")[:1000]
    mean = torch.tensor([0.485, 0.456, 0.406]).view(3, 1, 1)
    std = torch.tensor([0.229, 0.224, 0.225]).view(3, 1, 1)
    with torch.no_grad():
        predicted = net((test.raw_rows() - mean) / std).argmax(1)
    assert (predicted == test.y).float().mean() > 0.9
