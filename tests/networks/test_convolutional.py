"""Encoders and generators of images: widths of table 2, strides, noise, and refusals."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
import torch
from torch import nn

from auxgen.errors import InputError
from auxgen.networks.convolutional import Normalised, OddTransposedConvolution, Plain


def count(module: nn.Module) -> int:
    return sum(p.numel() for p in module.parameters())


def conv(a: int, b: int, kernel: int = 4) -> int:
    return kernel * kernel * a * b + b


def linear(a: int, b: int) -> int:
    return a * b + b


@pytest.mark.parametrize(("channels", "size", "w", "r"), [(1, 28, 64, 32), (3, 8, 5, 4)])
def test_plain_networks_have_the_parameters_of_table_2(
    channels: int, size: int, w: int, r: int
) -> None:
    made, flat = Plain(channels, size, w), 2 * w * (size // 4) ** 2
    maps = conv(channels, w) + conv(w, w) + conv(w, 2 * w)
    assert count(made.make_gaussian_encoder(r)) == maps + linear(flat, 2 * r)
    head = linear(flat + r, 256) + linear(256, 256) + linear(256, r)
    assert count(made.make_noisy_encoder(r)) == maps + head
    up = conv(2 * w, w) + conv(w, w) + conv(w, channels)
    assert count(made.make_generator(r)) == linear(r, flat) + up


@pytest.mark.parametrize(("size", "w", "r"), [(64, 64, 128), (32, 64, 128), (16, 3, 4), (8, 2, 5)])
def test_normalised_networks_have_the_parameters_of_table_2(size: int, w: int, r: int) -> None:
    """Batch norm has two numbers for each channel; CelebA's widths are printed for size 64."""
    made, n = Normalised(3, size, w), {64: 4, 32: 3, 16: 2, 8: 1}[size]
    down = [3, w, 2 * w, 4 * w, 8 * w][: n + 1]
    maps = sum(conv(a, b) + 2 * b for a, b in pairwise(down))
    gaussian = maps + conv(down[-1], 4 * w) + linear(4 * w, 2 * r)
    assert count(made.make_gaussian_encoder(r)) == gaussian
    head = linear(16 * w + r, 256) + linear(256, 512) + linear(512, 256)
    noisy = maps + conv(down[-1], 16 * w) + head + linear(256, r)
    assert count(made.make_noisy_encoder(r)) == noisy
    up = [r, *[8 * w, 4 * w, 4 * w, 2 * w][-n:]]
    grown = sum(conv(a, b) + 2 * b for a, b in pairwise(up))
    assert count(made.make_generator(r)) == grown + conv(up[-1], 3)


@pytest.mark.parametrize("made", [Plain(1, 28, 4), Plain(3, 12, 2), Normalised(3, 32, 2)])
def test_images_become_codes_and_codes_images(made: Plain | Normalised) -> None:
    x, e = torch.rand(3, made.channels, made.size, made.size), torch.randn(3, 5)
    assert made.make_gaussian_encoder(5)(x).shape == (3, 10)
    assert made.make_noisy_encoder(5)(x, e).shape == (3, 5)
    g = made.make_generator(5).eval()
    back = g(e)
    assert back.shape == x.shape
    assert ((back > 0) & (back < 1)).all()
    torch.testing.assert_close(g(e.expand(2, 3, 5)), back.expand(2, *back.shape))


def test_the_smallest_maps_of_fashion_mnist_have_7_x_7_places() -> None:
    """28 -> 29 -> 14 -> 7."""
    x, sizes = torch.rand(1, 1, 28, 28), []
    for layer in Plain(1, 28, 2).make_convolutions():
        x = layer(x)
        sizes += [x.shape[-1]] if isinstance(layer, nn.Conv2d) else []
    assert sizes == [29, 14, 7]


def test_a_map_grown_by_one_is_a_transposed_convolution_with_output_padding() -> None:
    torch.manual_seed(0)
    ours = OddTransposedConvolution(3, 4).double()
    theirs = nn.ConvTranspose2d(3, 4, 4, 2, 1, output_padding=1).double()
    theirs.load_state_dict(ours.whole.state_dict())
    x = torch.randn(2, 3, 7, 6, dtype=torch.float64)
    torch.testing.assert_close(ours(x), theirs(x), rtol=0, atol=1e-12)
    assert ours(x).shape == (2, 4, 15, 13)


def test_noise_is_a_part_of_the_head_s_input() -> None:
    """A sum of two maps is one map of the concatenation."""
    torch.manual_seed(0)
    encoder = Plain(1, 8, 2).make_noisy_encoder(3).double()
    x, e = torch.rand(4, 1, 8, 8).double(), torch.randn(4, 3).double()
    flat = encoder.convolutions(x).flatten(1)
    head: Any = encoder.head
    first, second = head.maps
    weight = torch.cat((first.weight, second.weight), 1)
    both = torch.cat((flat, e), 1) @ weight.T + first.bias
    torch.testing.assert_close(encoder(x, e), head.head(head.layers(both)))


def test_pixels_keep_float32_where_networks_run_in_bf16() -> None:
    g = Plain(1, 8, 2).make_generator(3)
    with torch.autocast("cpu", torch.bfloat16):
        assert g(torch.randn(2, 3)).dtype == torch.float32


@pytest.mark.parametrize(
    ("architecture", "size", "message"),
    [
        (Plain, 30, "30 x 30 pixels; a plain architecture needs a multiple of 4"),
        (Normalised, 28, "a normalised architecture needs 8, 16, 32 or 64"),
        (Normalised, 128, "8, 16, 32 or 64"),
    ],
)
def test_sizes_that_will_not_do_are_refused(
    architecture: type[Plain | Normalised], size: int, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        architecture(1, size, 4)
