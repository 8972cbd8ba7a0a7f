"""Similarity of pictures, such as reconstructions and their originals."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from ..errors import InputError
from . import checks

PAIRS_AT_ONCE = 16
"""Pictures that are in float64 at once: few, so that they stay in the processor's cache."""


_NO_VARIANCE = 1e-20
"""Of pixels in [0, 1]: the squares of round-off are smaller, of any difference of pixels larger."""


def psnr(x: Tensor, y: Tensor) -> Tensor:
    """-10 log10 of the mean squared error, in dB; infinite for identical pictures.

    x, y (n, c, h, w) in [0, 1] -> (n,).

    Raises:
        InputError: The shapes differ, or values are outside [0, 1].
    """
    return -10 * _measure_pairs(lambda a, b: (a - b).square().flatten(1).mean(1), x, y).log10()


def mean_absolute_error(x: Tensor, y: Tensor) -> Tensor:
    """Mean absolute difference, between 0 and 1: (n, c, h, w) twice -> (n,). Raises as `psnr`."""
    return _measure_pairs(lambda a, b: (a - b).abs().flatten(1).mean(1), x, y)


def ssim(x: Tensor, y: Tensor) -> Tensor:
    """Structural similarity (Wang et al. 2004, eq. 13), at most 1; the mean over channels.

    Gaussian windows of 11 pixels and standard deviation 1.5, only those that lie wholly in the
    picture, as in the paper: mirrored borders would count as structure. Pictures with a side below
    11 have a window of the largest odd side that fits, with standard deviation in proportion (8x8:
    7 and 0.9); report `ssim_window` beside the number. x, y (n, c, h, w) in [0, 1] -> (n,).

    Raises:
        InputError: The pictures do not suit `psnr`, or have a side below 3.
    """
    return _measure_pairs(lambda a, b: _mean_window_ssim(a, b, ssim_window(*a.shape[2:])), x, y)


def explained_variance(x: Tensor, y: Tensor) -> dict[str, float]:
    """Share of the variance over rows of x that y reproduces, in a grid of 4 x 4, at most 1.

    It is 1 - squared error / variance over rows, both summed over means in the grid: of brightness,
    the mean over channels, and for pictures whose colours differ of colours, each channel less
    brightness. x, y (n, c, h, w) in [0, 1].

    Raises:
        InputError: The pictures do not suit `psnr`, or are all equally bright.
    """
    pairs = checks.check_picture_pairs(x, y)
    grids = [F.adaptive_avg_pool2d(each.double(), 4) for each in pairs]
    grey = [each.mean(1, keepdim=True) for each in grids]
    brightness = _explained_variance_ratio(*grey)
    if brightness is None:
        raise InputError(
            f"The brightness of {len(x)} pictures does not vary; pictures that differ are expected."
        )
    colours = _explained_variance_ratio(*(a - b for a, b in zip(grids, grey, strict=True)))
    return {"brightness": brightness} | ({} if colours is None else {"colours": colours})


def _explained_variance_ratio(x: Tensor, y: Tensor) -> float | None:
    """None where x does not vary over rows, but for round-off."""
    error, spread = (x - y).square().mean(0).sum(), x.var(0, correction=0).sum()
    return (1 - error / spread).item() if spread > _NO_VARIANCE else None


def ssim_window(height: int, width: int) -> int:
    """Side of the window in pixels: 11, or the largest odd number that fits.

    Raises:
        InputError: A side is below 3.
    """
    side = min(height, width)
    if side < 3:
        raise InputError(f"The pictures are {height} by {width}; sides of 3 or more are expected.")
    return min(11, side - 1 + side % 2)


def _measure_pairs(measure: Callable[[Tensor, Tensor], Tensor], x: Tensor, y: Tensor) -> Tensor:
    """A measure of each pair, in float64 and in batches: x, y (n, c, h, w) -> (n,)."""
    x, y = checks.check_picture_pairs(x, y)
    pairs = zip(x.split(PAIRS_AT_ONCE), y.split(PAIRS_AT_ONCE), strict=True)
    return torch.cat([measure(a.double(), b.double()) for a, b in pairs])


def _mean_window_ssim(x: Tensor, y: Tensor, window: int) -> Tensor:
    """Mean over whole windows: x, y (b, c, h, w) -> (b,)."""
    down, across = (_make_gaussian_windows(window, side).to(x.device) for side in x.shape[2:])

    def blur(a: Tensor) -> Tensor:
        return down @ a @ across.T

    m_x, m_y = blur(x), blur(y)
    v_x, v_y = blur(x * x) - m_x * m_x, blur(y * y) - m_y * m_y
    covariance = blur(x * y) - m_x * m_y
    c_1, c_2 = 0.01**2, 0.03**2
    above = (2 * m_x * m_y + c_1) * (2 * covariance + c_2)
    below = (m_x * m_x + m_y * m_y + c_1) * (v_x + v_y + c_2)
    return (above / below).flatten(1).mean(1)


def _make_gaussian_windows(window: int, side: int) -> Tensor:
    """The Gaussian's weights in each whole window along a side: (side - window + 1, side)."""
    radius = window // 2
    offsets = torch.arange(-radius, radius + 1, dtype=torch.float64)
    weights = (-0.5 * (offsets / (0.3 * radius)).square()).softmax(0)
    return torch.eye(side, dtype=torch.float64).unfold(0, window, 1) @ weights


def high_frequency_error(x: Tensor, y: Tensor) -> Tensor:
    """Power of the difference above half of the Nyquist frequency. Raises as `psnr`.

    It is the mean squared difference of the frequencies above a quarter of a cycle per pixel, in
    any direction: (n, c, h, w) twice -> (n,).
    """

    def power(a: Tensor, b: Tensor) -> Tensor:
        down, across = (torch.fft.fftfreq(n, dtype=a.dtype, device=a.device) for n in a.shape[2:])
        high = (down[:, None].square() + across.square()).sqrt() > 0.25
        spectrum = torch.fft.fft2(a - b, norm="ortho")
        return (spectrum.abs().square() * high).flatten(1).mean(1)

    return _measure_pairs(power, x, y)


def grid_power(x: Tensor, y: Tensor, period: int = 2) -> dict[str, float]:
    """Power of y at the frequencies of a grid of pixels, and beside them, as shares of x's.

    A pattern that repeats every `period` pixels has its power at multiples of 1 / period cycles per
    pixel: "grid" sums over those, in both directions, without the mean. "beside" sums over the
    frequencies two bins away in any direction, with which grid frequencies are to be compared.
    Pictures have a Hann window, so that their borders count for nothing, and their means stay
    within one bin of frequency 0, which is neither on the grid nor beside it.
    x, y (n, c, h, w) in [0, 1].

    Raises:
        InputError: The pictures do not suit `psnr`, or a side is no multiple of the period or below
            4 periods.
    """
    x, y = checks.check_picture_pairs(x, y)
    height, width = x.shape[2:]
    if height % period or width % period or min(height, width) < 4 * period:
        raise InputError(
            f"The pictures are {height} by {width}; sides that are multiples of {period}, and "
            f"{4 * period} or more, are expected."
        )
    is_on = torch.zeros(height, width, dtype=torch.bool)
    is_on[:: height // period, :: width // period] = True
    is_on[0, 0] = False
    moves = [(i, j) for i in range(-2, 3) for j in range(-2, 3) if max(abs(i), abs(j)) == 2]
    is_beside = torch.stack([is_on.roll(move, (0, 1)) for move in moves]).any(0)
    powers = [_measure_windowed_power(each) for each in (x, y)]
    return {
        name: (powers[1][among].sum() / powers[0][among].sum()).item()
        for name, among in (("grid", is_on), ("beside", is_beside))
    }


def _measure_windowed_power(x: Tensor) -> Tensor:
    """Power by frequency, summed over pictures and channels: (n, c, h, w) -> (h, w)."""
    down, across = (torch.hann_window(n, dtype=torch.float64) for n in x.shape[2:])
    window = (down[:, None] * across).to(x.device)
    total = torch.zeros(x.shape[2:], dtype=torch.float64, device=x.device)
    for some in x.split(PAIRS_AT_ONCE):
        total += torch.fft.fft2(some.double() * window).abs().square().sum((0, 1))
    return total.cpu()
