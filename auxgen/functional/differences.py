"""What a model changed in a picture, made fit to be added to the photograph itself.

G(z + d w) - G(z) is what an edit changes in what the model sees. Added to the original it leaves
all that the model cannot reconstruct where it was.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

import torch
import torch.nn.functional as F
from torch import Tensor

from ..ranges import check_ranges

_RADIUS = 3
"""Standard deviations after which the low-pass filter ends."""
_FOCUS_BLUR = 0.03
"""Standard deviation of what counts as around a place, as a share of the shorter side."""


@dataclass(frozen=True, kw_only=True)
class DifferenceFilter:
    """A difference of pictures as it is added: low-passed, without faint parts, times a strength,
    and limited.

    Attributes:
        strength: Multiplier of the difference; 0 adds nothing, 1 what the model sees.
        blur: Standard deviation of the Gaussian low-pass filter, as a share of the shorter side; it
            takes out what a decoder draws pixel by pixel.
        focus: Share of a picture's largest change below which changes fade: what moves a little
            everywhere, such as the background, is seldom meant.
        most: The most that a pixel, which goes from 0 to 1, may change.

    Raises:
        InputError: The strength is negative or not finite.
    """

    strength: float = 1.0
    blur: float = 0.01
    focus: float = 0.5
    most: float = 0.5

    def __post_init__(self) -> None:
        check_ranges({"strength": self.strength})

    def __call__(self, difference: Tensor) -> Tensor:
        """(n, c, h, w) -> (n, c, h, w)."""
        side = min(difference.shape[-2:])
        smooth = blur_pictures(difference, self.blur * side)
        weight = weigh_changes(smooth, self.focus, _FOCUS_BLUR * side)
        return (self.strength * weight * smooth).clamp(-self.most, self.most)


def weigh_changes(difference: Tensor, focus: float, sigma: float) -> Tensor:
    """Weights (n, 1, h, w) that are 1 where a picture changes most, and fall where it changes less.

    Changes are the mean absolute difference of channels around a place, by a Gaussian of sigma
    pixels. From `focus` times the largest on weights are 1, below that they fall with the square
    of the change, to 0 where nothing changes.
    """
    change = blur_pictures(difference.abs().mean(1, keepdim=True), sigma)
    largest = focus * change.amax((2, 3), keepdim=True)
    share = torch.where(largest > 0, change / largest, torch.ones_like(change))
    return share.clamp(max=1.0).square()


def blur_pictures(x: Tensor, sigma: float) -> Tensor:
    """A Gaussian filter of pictures (n, c, h, w), whose border pixels are repeated beyond it.

    sigma is in pixels; what is the same everywhere stays the same.
    """
    radius = ceil(_RADIUS * sigma)
    if radius == 0:
        return x
    places = torch.arange(-radius, radius + 1, dtype=x.dtype, device=x.device)
    kernel = torch.exp(-0.5 * (places / sigma).square())
    kernel = kernel / kernel.sum()
    channels = x.shape[1]
    for side in (2, 3):
        around = (radius, radius, 0, 0) if side == 3 else (0, 0, radius, radius)
        shape = [1, 1, 1, 1]
        shape[side] = len(kernel)
        weight = kernel.view(shape).expand(channels, -1, -1, -1)
        x = F.conv2d(F.pad(x, around, mode="replicate"), weight, groups=channels)
    return x


def add_difference(x: Tensor, difference: Tensor) -> Tensor:
    """x + difference, clipped to [0, 1] but where x itself lies outside, same shape."""
    low, high = x.clamp(max=0.0), x.clamp(min=1.0)
    return torch.maximum(torch.minimum(x + difference, high), low)
