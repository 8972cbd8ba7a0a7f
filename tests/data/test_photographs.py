"""A difference in a photograph: of every kind, size and orientation, where the model's row lies."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from data.picture_files import MODES, make_picture
from data.test_pictures import ORIENTATIONS
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from auxgen.data.dataset import Preprocessor
from auxgen.data.frame import Frame
from auxgen.data.inputs import read_rows
from auxgen.data.photographs import FEATHER, add_to_image, edit_photograph

SIZES = [(1, 1), (2, 3), (13, 2), (7, 64), (61, 47)]
COLOUR = Preprocessor(kind="images", shape=(3, 16, 16), frame=Frame(size=16))
ORIENTATION = 0x0112


def find_whole(image: Image.Image) -> tuple[int, int, int, int]:
    return 0, 0, image.width, image.height


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("kind", MODES)
def test_nothing_added_gives_the_picture_back(
    kind: str, size: tuple[int, int], channels: int
) -> None:
    """Bit for bit, in the mode of PNG files that holds all of it."""
    image = make_picture(kind, size)
    if "clear colour" in kind:
        image.info["transparency"] = image.getpixel((0, 0))
    found = add_to_image(image, torch.zeros(channels, 8, 8), find_whole(image))
    if kind == "F":
        expected = np.asarray(image, np.float64) * 65535
        assert np.asarray(found.image).dtype == np.uint16
        assert np.abs(np.asarray(found.image) - expected).max() <= 0.5
        assert found.oddities == ("as 16 bits",)
        return
    if kind in ("I", "I;16"):
        np.testing.assert_array_equal(np.asarray(found.image), np.asarray(image))
        return
    mode = "RGBA" if "clear colour" in kind else {"1": "L", "P": "RGB", "CMYK": "RGB"}.get(kind)
    expected = image if mode is None else image.convert(mode)
    assert found.image.mode == expected.mode
    assert found.image.tobytes() == expected.tobytes()
    assert found.oddities == (("as RGB",) if kind == "CMYK" else ())


@pytest.mark.parametrize("number", ORIENTATIONS)
@pytest.mark.parametrize("kind", ["RGB", "RGBA", "LA", "L", "I;16"])
def test_a_turned_photograph_is_written_upright(tmp_path: Path, kind: str, number: int) -> None:
    image, exif = make_picture(kind, (23, 31)), Image.Exif()
    exif[ORIENTATION] = number
    image.save(tmp_path / "a.png", exif=exif, icc_profile=b"profile")
    (photograph,) = read_rows([tmp_path / "a.png"], COLOUR).photographs
    assert photograph is not None
    found = edit_photograph(photograph, torch.zeros(3, 16, 16), COLOUR.frame).image
    np.testing.assert_array_equal(np.asarray(found), ORIENTATIONS[number](np.asarray(image)))
    assert found.getexif().get(ORIENTATION, 1) == 1
    if kind != "I;16":
        assert found.info["icc_profile"] == b"profile"


@st.composite
def boxes(draw: st.DrawFn) -> tuple[tuple[int, int], tuple[float, float, float, float]]:
    """A picture's (width, height), and a box in it, at whole pixels or not."""
    size = draw(st.integers(1, 70)), draw(st.integers(1, 70))
    ends = []
    for length in size:
        a = draw(st.floats(0, length - 1, width=16))
        ends.append((a, draw(st.floats(a + 1, max(length, a + 1)))))
    (left, right), (top, bottom) = ((a, min(b, n)) for (a, b), n in zip(ends, size, strict=True))
    return size, (left, top, right, bottom)


@settings(max_examples=60)
@given(boxes(), st.sampled_from(["RGB", "L", "RGBA", "I;16"]), st.integers(1, 40))
def test_nothing_changes_outside_and_a_constant_arrives_inside(
    where: tuple[tuple[int, int], tuple[float, float, float, float]], kind: str, side: int
) -> None:
    (width, height), box = where
    white = 65535 if kind == "I;16" else 255
    start = np.full((height, width), white // 2, np.uint16 if white > 255 else np.uint8)
    start[0, 0] = white  # as the photograph is of 16 bits
    image = Image.fromarray(start)
    image = image if kind in ("L", "I;16") else image.convert(kind)
    found = add_to_image(image, torch.full((3, side, side), 0.2), box).image
    assert (found.size, found.mode) == (image.size, image.mode)
    change = np.asarray(found).astype(int) - np.asarray(image)
    if kind == "RGBA":
        assert (change[..., 3] == 0).all()
        change = change[..., 0]
    change = change.reshape(height, width, -1)[..., 0]
    change[0, 0] = 0
    y, x = np.mgrid[:height, :width] + 0.5
    inside = (box[0] <= x) & (x <= box[2]) & (box[1] <= y) & (y <= box[3])
    thin = min(box[2] - box[0], box[3] - box[1]) < 2  # one pixel is taken at least
    assert thin or (change[~inside] == 0).all()
    deep = inside & (np.arange(height * width).reshape(height, width) > 0)
    for place, low, high, length in ((x, *box[::2], width), (y, *box[1::2], height)):
        margin = FEATHER * (high - low) + 1  # a border may lie within a pixel
        deep &= (low == 0) | (place >= low + margin)
        deep &= (high == length) | (place <= high - margin)
    assert np.abs(change[deep] - 0.2 * white).max(initial=0) <= 0.51


@settings(max_examples=40)
@given(
    st.integers(24, 150),
    st.integers(24, 150),
    st.sampled_from(sorted(ORIENTATIONS)),
    st.sampled_from([Frame(size=16), Frame(size=16, crop=20), Frame(crop=16), None]),
)
def test_a_difference_lies_where_the_row_was_taken(
    tmp_path_factory: pytest.TempPathFactory,
    width: int,
    height: int,
    number: int,
    frame: Frame | None,
) -> None:
    """The row's own bright spot, added to the photograph, lies on the photograph's bright spot."""
    folder = tmp_path_factory.mktemp("spot")
    side = (frame and frame.crop) or min(width, height)
    y, x = np.mgrid[:height, :width] + 0.5
    centre = width / 2 + 0.1 * side, height / 2 - 0.15 * side
    distance = (x - centre[0]) ** 2 + (y - centre[1]) ** 2
    spot = (100 * np.exp(-distance / (2 * (side / 10) ** 2))).round().astype(np.uint8)
    turned, exif = ORIENTATIONS[{6: 8, 8: 6}.get(number, number)](spot), Image.Exif()
    exif[ORIENTATION] = number
    Image.fromarray(np.ascontiguousarray(turned)).save(folder / "a.png", exif=exif)
    space = replace(COLOUR, frame=frame)
    rows = read_rows([folder / "a.png"], space, resize=frame is None)
    (photograph,) = rows.photographs
    assert photograph is not None
    found = edit_photograph(photograph, rows.x[0], frame).image
    assert found.size == (width, height)
    change = np.asarray(found).astype(float) - spot
    near = distance < (side / 5) ** 2
    for places in (x, y):
        moved, here = ((places * w * near).sum() / (w * near).sum() for w in (change, spot))
        assert moved == pytest.approx(here, abs=0.01 * side + 0.3)


@pytest.mark.parametrize("kind", ["RGB", "L"])
def test_a_photograph_of_the_model_s_size_gets_the_difference_itself(kind: str) -> None:
    image = make_picture(kind, (16, 16))
    difference = 0.1 * torch.randn(3, 16, 16, generator=torch.Generator().manual_seed(0))
    found = np.asarray(add_to_image(image, difference, find_whole(image)).image).astype(float)
    pixels, added = np.asarray(image, np.float64), difference.double().numpy()
    if kind == "L":
        expected = pixels + 255 * np.tensordot([0.299, 0.587, 0.114], added, 1)
    else:
        expected = pixels + 255 * added.transpose(1, 2, 0)
    assert np.abs(found - expected.clip(0, 255)).max() <= 0.501


def test_a_grey_model_leaves_colours(tmp_path: Path) -> None:
    image = Image.new("RGB", (16, 16), (90, 120, 30))
    found = add_to_image(image, torch.full((1, 16, 16), 0.1), find_whole(image)).image
    change = np.asarray(found).astype(int) - (90, 120, 30)
    assert set(change.ravel()) <= {25, 26}


def test_twelve_bits_stay_below_their_white() -> None:
    image = Image.fromarray(np.full((16, 16), 4000, np.uint16))
    frame = Frame(size=16, integer_white=4095)
    found = add_to_image(image, torch.full((3, 16, 16), 0.4), find_whole(image), frame).image
    assert set(np.asarray(found).ravel()) == {4095}
