"""Pieces of the page: numbers as they should be read, names escaped."""

from __future__ import annotations

import re
from base64 import b64decode
from io import BytesIO

import numpy as np
import pytest
import torch
from explorer.conftest import HOSTILE
from PIL import Image

from auxgen.explorer import markup


def test_a_picture_s_address_holds_its_pixels() -> None:
    picture = torch.rand(3, 64, 80)
    address = markup.encode_picture(picture)
    data = b64decode(address.removeprefix("data:image/png;base64,"))
    pixels = np.asarray(Image.open(BytesIO(data)))
    expected = picture.mul(255).round().byte().permute(1, 2, 0).numpy()
    np.testing.assert_array_equal(pixels, expected)


@pytest.mark.parametrize("channels", [1, 2, 3])
def test_small_pictures_are_enlarged_and_large_ones_made_thumbnails(channels: int) -> None:
    for side in (4, 200):
        address = markup.encode_picture(torch.rand(channels, side, side), side=48)
        image = Image.open(BytesIO(b64decode(address.partition(",")[2])))
        assert max(image.size) == 48


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0.0, "0 %"),
        (0.004, "below 1 %"),
        (0.5, "50 %"),
        (0.99, "99 %"),
        (0.9999, "over 99 %"),
        (1.0, "100 %"),
    ],
)
def test_a_share_is_no_more_certain_than_it_is(share: float, text: str) -> None:
    assert markup.format_share(share) == text


def test_the_most_probable_classes_have_bars_and_the_others_one() -> None:
    shares = [(f"class {i}", 0.01 * i) for i in range(14)]
    shown = markup.format_bars(shares)
    names = re.findall(r'ax-name">([^<]*)<', shown)
    assert names == [*(f"class {i}" for i in range(13, 3, -1)), "4 others"]
    assert "6 %" in shown  # 0 + 1 + 2 + 3


def test_all_names_are_escaped() -> None:
    for shown in (
        markup.format_bars([(HOSTILE, 0.5)]),
        markup.format_figures(torch.rand(1, 1, 8, 8), [HOSTILE]),
        markup.format_table([HOSTILE], [[HOSTILE]]),
        markup.format_notes([HOSTILE]),
        markup.format_error(HOSTILE),
        markup.format_heading(HOSTILE),
    ):
        assert "<img src=x" not in shown
        assert '"document' not in shown
