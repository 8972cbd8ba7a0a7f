"""The residual encoder and decoder of IntroVAC, by their numbers of parameters and shapes."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from auxgen.errors import InputError
from auxgen.networks.residual import (
    AutoencoderBlock,
    check_autoencoder_size,
    make_residual_encoder,
    make_residual_generator,
)

PAPER = (32, 64, 128, 256, 512)


def count(network: nn.Module) -> int:
    return sum(p.numel() for p in network.parameters())


def test_the_paper_s_networks_have_the_released_code_s_numbers_of_parameters() -> None:
    with torch.device("meta"):
        assert count(make_residual_encoder(3, PAPER, 2 * 256)) == 13_796_000
        assert count(make_residual_generator(3, PAPER, 256)) == 9_373_027


@pytest.mark.parametrize(("widths", "size"), [((4,), 8), ((4, 6), 16), ((4, 6, 8), 32)])
def test_smaller_networks_follow_the_same_rule(widths: tuple[int, ...], size: int) -> None:
    check_autoencoder_size(1, size, widths)
    x = torch.rand(2, 1, size, size)
    assert make_residual_encoder(1, widths, 6)(x).shape == (2, 6)
    back = make_residual_generator(1, widths, 3)(torch.randn(5, 2, 3))
    assert back.shape == (5, 2, 1, size, size)
    assert 0 <= back.min() <= back.max() <= 1


@pytest.mark.parametrize(("widths", "size"), [((4,), 8), ((4, 6, 8), 32)])
def test_with_pixel_shuffle_no_layer_but_the_first_and_last_sees_full_size(
    widths: tuple[int, ...], size: int
) -> None:
    encoder = make_residual_encoder(2, widths, 6, pixel_shuffle=True)
    generator = make_residual_generator(2, widths, 3, pixel_shuffle=True)
    seen: list[int] = []
    for layer in [*encoder.modules(), *generator.modules()]:
        if isinstance(layer, nn.Conv2d):
            layer.register_forward_hook(lambda _, inputs, out: seen.append(out.shape[-1]))
    assert encoder(torch.rand(2, 2, size, size)).shape == (2, 6)
    assert generator(torch.randn(5, 3)).shape == (5, 2, size, size)
    assert max(seen) == size // 2


def test_pixels_that_are_shuffled_stay_where_they_were() -> None:
    """A change of one code moves no pixel: both ends turn the same 2 x 2 pixels into channels."""
    first: nn.Module = make_residual_encoder(3, (4,), 6, pixel_shuffle=True)[0]
    last: nn.Module = [*make_residual_generator(3, (4,), 3, pixel_shuffle=True).layers][-1]  # pyright: ignore
    x = torch.rand(2, 3, 8, 8)
    assert torch.equal(last(first(x)), x)


def test_a_block_adds_after_its_last_activation() -> None:
    torch.manual_seed(0)
    block, x = AutoencoderBlock(3, 3).eval(), torch.randn(2, 3, 4, 4)
    layers = block.layers
    h = nn.functional.leaky_relu(layers[1](layers[0](x)), 0.2)  # pyright: ignore
    h = nn.functional.leaky_relu(layers[4](layers[3](h)), 0.2)  # pyright: ignore
    torch.testing.assert_close(block(x), x + h)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ((1, 28, (4, 6, 8)), "28 x 28 pixels and there are 3 widths"),
        ((1, 8, ()), "widths is 0; 1 or more"),
        ((1, 8, (0,)), "width is 0; 1 or more"),
    ],
)
def test_sizes_that_will_not_do_are_refused(
    wrong: tuple[int, int, tuple[int, ...]], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        check_autoencoder_size(*wrong)
