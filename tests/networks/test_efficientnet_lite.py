"""EfficientNet-Lite: shapes, names and counts in closed form, and the package of its weights."""

from __future__ import annotations

import re

import pytest
import torch
from torch import nn

from auxgen.networks.efficientnet_lite import (
    SCALES,
    EfficientNetLite,
    InvertedResidual,
    count_same_padding,
    round_channels,
)

torch.set_num_threads(1)


def count_block(width: int, out: int, kernel: int, expansion: int) -> int:
    """Weights of the three convolutions and two numbers of each batch norm, in closed form."""
    inner = expansion * width
    widened = inner * width + 2 * inner if expansion > 1 else 0
    return widened + inner * kernel**2 + 2 * inner + inner * out + 2 * out


def count_parameters(widths: list[int], blocks: list[int]) -> int:
    kernels, expansions = [3, 3, 5, 3, 5, 5, 3], [1, 6, 6, 6, 6, 6, 6]
    total, width = 3 * 32 * 9 + 2 * 32, 32
    for out, count, kernel, expansion in zip(widths, blocks, kernels, expansions, strict=True):
        for _ in range(count):
            total += count_block(width, out, kernel, expansion)
            width = out
    return total + width * 1280 + 2 * 1280 + 1280 * 1000 + 1000


@pytest.mark.parametrize(
    ("variant", "widths", "blocks", "millions"),
    [
        ("lite0", [16, 24, 40, 80, 112, 192, 320], [1, 2, 2, 3, 3, 4, 1], 4.7),
        ("lite2", [16, 24, 48, 88, 120, 208, 352], [1, 3, 3, 4, 4, 5, 1], 6.1),
    ],
)
def test_parameters_are_as_many_as_the_authors_print(
    variant: str, widths: list[int], blocks: list[int], millions: float
) -> None:
    """The table of the authors' README (tensorflow/tpu, efficientnet/lite), in millions."""
    counted = sum(p.numel() for p in EfficientNetLite(variant).parameters())
    assert counted == count_parameters(widths, blocks)
    assert round(counted / 1e6, 1) == millions


def test_shapes_of_any_size() -> None:
    network = EfficientNetLite().eval()
    with torch.no_grad():
        for height, width in ((32, 32), (33, 70)):
            x = torch.rand(2, 3, height, width)
            assert network.maps(x).shape == (2, 1280, -(-height // 32), -(-width // 32))
            assert network.features(x).shape == (2, 1280)
            assert network(x).shape == (2, 1000)


def test_features_are_means_of_the_last_maps_and_logits_are_linear_in_them() -> None:
    network, x = EfficientNetLite().eval(), torch.rand(1, 3, 64, 64)
    with torch.no_grad():
        means = network.maps(x).flatten(2).mean(2)
        torch.testing.assert_close(network.features(x), means)
        torch.testing.assert_close(network(x), means @ network.fc.weight.T + network.fc.bias)


@pytest.mark.parametrize(("side", "kernel", "stride"), [(7, 3, 2), (8, 3, 2), (5, 5, 1), (2, 5, 2)])
def test_padding_keeps_a_stride_th_of_the_places(side: int, kernel: int, stride: int) -> None:
    padded = side + count_same_padding(side, kernel, stride)
    assert (padded - kernel) // stride + 1 == -(-side // stride)


def test_an_uneven_padding_is_larger_at_the_end() -> None:
    block = InvertedResidual(1, 1, 3, stride=2, expansion=1)
    nn.init.zeros_(block.depthwise_conv.weight)
    nn.init.ones_(block.depthwise_conv.weight[..., 0, 0])
    x = torch.rand(1, 1, 4, 4)
    assert torch.equal(block.depthwise_conv(x), x[:, :, ::2, ::2])


@pytest.mark.parametrize(("width", "rounded"), [(16, 16), (17.6, 16), (26.4, 24), (44, 48), (7, 8)])
def test_channels_are_multiples_of_eight(width: float, rounded: int) -> None:
    assert round_channels(width) == rounded


def test_a_block_adds_its_input_where_shapes_agree() -> None:
    x = torch.rand(1, 8, 4, 4)
    for stride, out, expected in ((1, 8, x), (2, 8, None), (1, 16, None)):
        block = InvertedResidual(8, out, 3, stride=stride, expansion=6).eval()
        nn.init.zeros_(block.project_conv.weight)
        found = block(x)
        assert torch.equal(found, torch.zeros_like(found) if expected is None else expected)


@pytest.mark.parametrize("variant", ["lite0", "lite2"])
def test_equal_to_the_package_to_the_last_digit(variant: str) -> None:
    """Weights are ours in their network; sides at which halving is uneven are among the sizes."""
    package = pytest.importorskip(
        "efficientnet_lite_pytorch", reason="needs pip install efficientnet_lite_pytorch"
    )
    ours = EfficientNetLite(variant).eval()
    generator = torch.Generator().manual_seed(0)
    for name, tensor in ours.state_dict().items():
        if "running" in name:  # as training leaves them, not 0 and 1
            tensor.copy_(torch.rand(tensor.shape, generator=generator) + 0.5)
    for side in (SCALES[variant].size, 96, 65):
        theirs = package.EfficientNet.from_name(f"efficientnet-{variant}", image_size=side).eval()
        names = {re.sub(r"(^|\.)_", r"\1", key): key for key in theirs.state_dict()}
        assert set(names) == set(ours.state_dict())
        theirs.load_state_dict({names[key]: t for key, t in ours.state_dict().items()})
        x = torch.rand(2, 3, side, side, generator=generator)
        with torch.no_grad():
            found = ours(x)
            assert found.std() > 1e-3
            assert torch.equal(found, theirs((255 * x - 127) / 128))
