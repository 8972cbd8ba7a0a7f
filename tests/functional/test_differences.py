"""What is added to a photograph: the difference, low-passed and limited."""

from __future__ import annotations

from dataclasses import FrozenInstanceError

import numpy as np
import pytest
import torch
from one_device import imagine_gpu
from scipy.ndimage import gaussian_filter

from auxgen.errors import InputError
from auxgen.functional.differences import (
    DifferenceFilter,
    add_difference,
    blur_pictures,
    weigh_changes,
)

SHAPES = [(1, 1, 1, 1), (2, 3, 1, 9), (1, 3, 8, 8), (2, 1, 33, 20)]


def draw(shape: tuple[int, ...]) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("sigma", [0.3, 1.0, 2.5])
def test_the_low_pass_is_scipy_s(shape: tuple[int, ...], sigma: float) -> None:
    x = draw(shape)
    radius = int(np.ceil(3 * sigma))
    expected = gaussian_filter(x.numpy(), (0, 0, sigma, sigma), mode="nearest", radius=radius)
    np.testing.assert_allclose(blur_pictures(x, sigma).numpy(), expected, atol=1e-12)


@pytest.mark.parametrize("shape", SHAPES)
def test_a_constant_stays_itself_up_to_the_limit(shape: tuple[int, ...]) -> None:
    for value, arrives in ((0.2, 0.2), (-0.4, -0.4), (0.7, 0.5), (-3.0, -0.5)):
        found = DifferenceFilter(blur=0.2)(torch.full(shape, value, dtype=torch.float64))
        torch.testing.assert_close(found, torch.full_like(found, arrives))


def test_strength_multiplies_before_the_limit() -> None:
    x = 0.3 * draw((2, 3, 8, 8))
    smooth = DifferenceFilter(most=torch.inf)(x)
    for strength in (0.0, 0.5, 4.0):
        found = DifferenceFilter(strength=strength)(x)
        torch.testing.assert_close(found, (strength * smooth).clamp(-0.5, 0.5))
    with pytest.raises(InputError, match=r"strength is -1; 0 or more is expected"):
        DifferenceFilter(strength=-1)
    with pytest.raises(InputError, match="strength is nan"):
        DifferenceFilter(strength=float("nan"))


def test_what_changes_a_little_fades_with_the_square() -> None:
    x = torch.full((2, 3, 40, 40), 0.05)
    x[:, :, :20] = -0.2
    x[:, 0, 30:] = 0.0  # of three channels one less
    x[1] *= -7  # of each picture by itself, whatever its sign and size
    found = weigh_changes(x, focus=0.5, sigma=1.0)
    assert found.shape == (2, 1, 40, 40)
    for rows, weight in ((slice(16), 1.0), (slice(24, 26), 0.25), (slice(34, 40), 1 / 9)):
        torch.testing.assert_close(found[:, :, rows], torch.full_like(found[:, :, rows], weight))
    assert torch.equal(weigh_changes(0 * x, 0.5, 1.0), torch.ones(2, 1, 40, 40))


def test_sums_end_at_black_and_white_but_no_row_is_changed_by_that() -> None:
    x = torch.tensor([-0.2, 0.0, 0.4, 1.0, 1.3])
    assert torch.equal(add_difference(x, torch.zeros(5)), x)
    found = add_difference(x, torch.tensor([-0.5, -0.5, 0.5, 0.5, 0.5]))
    torch.testing.assert_close(found, torch.tensor([-0.2, 0.0, 0.9, 1.0, 1.3]))
    most = add_difference(torch.tensor([0.4, 0.4]), torch.tensor([-0.9, 0.9]))
    assert most.tolist() == [0, 1]


def test_numbers_of_a_filter_are_given_by_name_and_stay() -> None:
    """Four shares look alike: in another order they would be another filter."""
    with pytest.raises(TypeError):
        DifferenceFilter(1.0, 0.1)  # pyright: ignore[reportCallIssue]
    with pytest.raises(FrozenInstanceError):
        DifferenceFilter().blur = 0.1  # pyright: ignore[reportAttributeAccessIssue]


@pytest.mark.parametrize("side", [50, 80])
def test_widths_are_shares_of_the_shorter_side(side: int) -> None:
    """The difference of all channels, low-passed, and weighed by what changes around a place."""
    x = 0.1 * draw((1, 2, side, 90))
    smooth = blur_pictures(x, 0.04 * side)
    expected = smooth * weigh_changes(smooth, 0.3, 0.03 * side)
    torch.testing.assert_close(DifferenceFilter(blur=0.04, focus=0.3)(x), expected)


def test_pixels_that_alternate_are_taken_out_and_what_is_wider_stays() -> None:
    """A bump whose deviation is 3 % of the side keeps nine tenths of its height."""
    places = torch.arange(100, dtype=torch.float64)
    board = 0.2 * (-1.0) ** (places[:, None] + places)
    bump = torch.exp(-0.5 * ((places - 50) / 3).square())
    x = torch.stack((board, 0.3 * bump[:, None] * bump)).unsqueeze(1)
    found = DifferenceFilter()(x)
    assert found[0, :, 4:-4, 4:-4].abs().max() < 1e-3
    assert 0.89 < found[1].max() / 0.3 < 0.91


def test_a_filter_s_kernels_are_where_the_pictures_are() -> None:
    with imagine_gpu() as gpu:
        found = DifferenceFilter(blur=0.1)(torch.zeros(2, 3, 8, 9, device=gpu))
        assert (found.shape, found.device) == ((2, 3, 8, 9), gpu)
        with pytest.raises(AssertionError, match="conv2d"):
            torch.nn.functional.conv2d(found, torch.ones(3, 1, 1, 3), groups=3)


def test_a_filter_is_that_of_its_documentation_unless_said_otherwise() -> None:
    x = draw((2, 3, 40, 50))
    said = DifferenceFilter(strength=1.0, blur=0.01, focus=0.5, most=0.5)
    assert torch.equal(DifferenceFilter()(x), said(x))
