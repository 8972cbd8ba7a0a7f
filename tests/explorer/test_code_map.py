"""The map of codes."""

from __future__ import annotations

import re

import pytest
import torch
from explorer.conftest import HOSTILE
from torch import Tensor

from auxgen.errors import InputError
from auxgen.explorer import code_map
from auxgen.functional.principal_components import principal_components

CODES = torch.randn(50, 5, generator=torch.Generator().manual_seed(0)) @ torch.diag(
    torch.tensor([0.1, 3.0, 0.2, 7.0, 0.0])
)


def assert_same_places(places: Tensor, points: Tensor) -> None:
    """Places are the points, each axis moved and scaled."""
    for own, expected in zip(places.T, points.double().T, strict=True):
        expected = (expected - expected.min()) / (expected.max() - expected.min())
        torch.testing.assert_close(own, code_map.MARGIN + (1 - 2 * code_map.MARGIN) * expected)


def test_the_main_directions_are_principal_components() -> None:
    found = code_map.map_codes(CODES, "components")
    points, shares = principal_components(CODES.double())
    assert_same_places(found.places, points)
    assert found.axes[0] == f"direction 1, {100 * shares[0]:.0f} % of the variance"


def test_the_most_active_units_are_those_that_vary_most() -> None:
    found = code_map.map_codes(CODES, "units")
    assert found.axes == ("number 4 of the code", "number 2 of the code")
    assert_same_places(found.places, CODES[:, [3, 1]])


@pytest.mark.parametrize("by", ["components", "units"])
@pytest.mark.parametrize("codes", [torch.ones(4, 3), torch.rand(5, 1), torch.rand(1, 2)])
def test_every_code_has_a_place_on_the_map(by: code_map.MapAxes, codes: Tensor) -> None:
    places = code_map.map_codes(codes, by).places
    assert places.shape == (len(codes), 2)
    assert ((places >= 0) & (places <= 1)).all()


def test_codes_that_are_not_finite_have_none() -> None:
    with pytest.raises(InputError, match="not finite"):
        code_map.map_codes(torch.tensor([[1.0, float("nan")]]), "components")


def test_each_label_has_a_colour_and_no_label_a_quiet_one() -> None:
    colours = code_map.choose_colours(["b", "", "a", "b"])
    assert list(colours) == ["", "a", "b"]
    assert len(set(colours.values())) == 3
    many = code_map.choose_colours([str(i) for i in range(30)])
    assert len(many) == 31


def test_the_map_has_each_row_once_with_its_name_escaped() -> None:
    found = code_map.map_codes(CODES[:4], "units")
    names = ["first", "second", HOSTILE, "fourth"]
    pictures = torch.rand(4, 1, 8, 8)
    shown = code_map.format_map(found, names, ["cat", "", HOSTILE, "cat"], pictures)
    assert shown.count("ax-tip") == 4
    assert shown.count("data:image/png;base64,") == 4
    assert "first: cat" in shown
    assert "<img src=x" not in shown
    tops = [float(top) for top in re.findall(r"top:([\d.]+)%", shown)]
    assert tops == [round(100 * (1 - up), 2) for up in found.places[:, 1].tolist()]
    dots = code_map.format_map(found, names, [""] * 4, None)
    assert dots.count("ax-dot") == 4
    assert "<img" not in dots
