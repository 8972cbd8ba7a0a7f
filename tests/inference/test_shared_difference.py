"""The mean difference of pictures, made personal: by hand, and where it is the mean's alone."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn
from torch.distributions import Normal

from auxgen.data.dataset import Dataset, Preprocessor
from auxgen.functional.differences import DifferenceFilter
from auxgen.functional.directions import fit_mean_difference
from auxgen.inference.editing import edit_rows
from auxgen.inference.moves import fit_probe_directions, make_moves
from auxgen.inference.shared_difference import PERSONAL_SHARE, measure_shared_difference

SPACE = Preprocessor(kind="images", shape=(1, 2, 2), flat=False)


class Pixels(nn.Module):
    """Codes are the pixels; decoded they are themselves, or bent."""

    def __init__(self, power: float) -> None:
        super().__init__()
        self.power = power
        self.nothing = nn.Parameter(torch.zeros(1))

    def encode(self, x: Tensor) -> Normal:
        return Normal(x.flatten(1), 1.0)

    def decode(self, z: Tensor, y: Tensor | None = None) -> Normal:
        return Normal(z.clamp(min=0).pow(self.power).view(-1, 1, 2, 2), 1.0)


def make_pictures() -> Dataset:
    """Some bright, some dark, of one unknown."""
    x = torch.randint(40, 160, (41, 1, 2, 2), generator=torch.Generator().manual_seed(0))
    y = (torch.arange(41) % 2).float()
    x[:40] += (y[:40, None, None, None] * torch.tensor([[60, 0], [20, 0]])).long()
    y[40] = float("nan")
    named = {"attributes": y[:, None], "attribute_names": ("Bright",)}
    return Dataset(x.to(torch.uint8), torch.zeros(41).long(), (), "dots/train", "", **named)


@pytest.mark.parametrize("distance", [0.3, -0.2])
@pytest.mark.parametrize("share", [1.0, 0.25])
def test_it_is_the_formula_by_hand(distance: float, share: float) -> None:
    model, rows = Pixels(2.0), make_pictures()
    known = fit_probe_directions(model, SPACE, rows, fit_mean_difference)
    moves = make_moves({"Bright": distance}, known)
    shared = measure_shared_difference(model, SPACE, rows, moves)
    raw, y = rows.raw_rows(), rows.require_attributes()[:, 0]
    between = raw[y == 1].double().mean(0) - raw[y == 0].double().mean(0)
    way = distance * (between / between.norm()).float()
    own = torch.rand(3, 1, 2, 2, generator=torch.Generator().manual_seed(1))
    before = raw[y == (0 if distance > 0 else 1)]
    average = ((before + share * way).clamp(min=0) ** 2 - before**2).mean(0)
    expected = share * way + PERSONAL_SHARE * (own - average)
    torch.testing.assert_close(shared.adapt(own, share), expected)


def test_where_the_model_sees_nothing_personal_it_is_the_mean_difference() -> None:
    model, rows = Pixels(1.0), make_pictures()
    known = fit_probe_directions(model, SPACE, rows, fit_mean_difference)
    length = known["Bright"].scale
    moves = make_moves({"Bright": length}, known)
    raw, y = rows.raw_rows(), rows.require_attributes()[:, 0]
    adapt = measure_shared_difference(model, SPACE, rows, moves).adapt
    seen: list[Tensor] = []

    def keep(own: Tensor, share: float) -> Tensor:
        seen.append(adapt(own, share))
        return seen[-1]

    edit_rows(model, SPACE, raw[y == 0][:5], moves, difference=DifferenceFilter(), adapt=keep)
    mean = (raw[y == 1].mean(0) - raw[y == 0].mean(0)).expand(5, -1, -1, -1)
    torch.testing.assert_close(seen[0], mean, rtol=0, atol=1e-6)


def test_without_pictures_that_lack_it_the_first_of_all_serve() -> None:
    model, rows = Pixels(2.0), make_pictures()
    y = rows.require_attributes()
    both = torch.cat([y, 1 - y], 1)  # each picture has one of the two
    two = replace(rows, attributes=both, attribute_names=("Bright", "Dark"))
    known = fit_probe_directions(model, SPACE, two, fit_mean_difference)
    moves = make_moves({"Bright": 0.1, "Dark": 0.1}, known)
    assert len(measure_shared_difference(model, SPACE, two, moves).references.z) == 41
