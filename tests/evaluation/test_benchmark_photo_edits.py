"""The benchmark of edited photographs: its measures by hand."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from benchmark_modules import import_benchmark
from torch import Tensor

ROOT = Path(__file__).parents[2]


@pytest.fixture
def benchmark() -> Iterator[Any]:
    with import_benchmark("photo_edits") as module:
        yield module


def test_the_share_of_the_change_outside_a_box(benchmark: Any) -> None:
    before = torch.full((3, 3, 10, 10), 100, dtype=torch.uint8)
    after = before.clone()
    after[0, :, 2:4, 5:7] = 110  # inside alone
    after[1, :, 2:4, 5:7] = 90
    after[1, :, 8, :4] = 130  # 4 pixels by 30 outside, 4 by 10 inside
    measures = sys.modules["photo_edits_measures"]
    found = measures.compute_share_outside(before, after, (0.5, 0.2, 0.7, 0.4))
    torch.testing.assert_close(found[:2], torch.tensor([0.0, 0.75]))
    assert found[2].isnan()  # nothing changed
    places = measures.find_first(torch.tensor([[False, True, True], [False, False, False]]))
    assert places.tolist() == [1, -1]


def make_measures(level: float) -> Any:
    """A judge that sees the attribute where the mean of a picture is above its own threshold."""

    def find(pictures: Tensor) -> dict[str, Tensor]:
        thresholds = level * torch.arange(1, len(pictures) + 1)
        return {"Hat": pictures.float().mean((1, 2, 3)) - thresholds}

    return SimpleNamespace(judge=SimpleNamespace(find=find))


def test_the_least_strength_is_chosen_with_which_enough_are_judged(benchmark: Any) -> None:
    faces = SimpleNamespace(pictures=torch.zeros(10, 3, 4, 4, dtype=torch.uint8))

    def edit(strength: float) -> Tensor:
        return torch.full((10, 3, 4, 4), int(40 * strength), dtype=torch.uint8)

    found = benchmark.choose_strength(edit, faces, make_measures(4.2), "Hat")
    assert (found.strength, found.judged) == (1.0, pytest.approx(0.9))  # 40 > 9 * 4.2
    assert found.change == 40
    most = benchmark.choose_strength(edit, faces, make_measures(24), "Hat")
    assert (most.strength, most.judged) == (5.0, pytest.approx(0.8))  # 200 > 8 * 24
    assert found.is_better(most)
    assert not most.is_better(found)
    assert benchmark.Choice(3.0, 0.9, 20.0).is_better(found)  # which changes less


def test_means_leave_out_what_is_not_known(benchmark: Any) -> None:
    found = benchmark.summarise(
        {"judged": torch.tensor([1.0, 0.0]), "outside": torch.tensor([0.5, torch.nan])}
    )
    assert found == {"judged": 50.0, "judged se": 50.0, "outside": 50.0, "outside se": 0.0}
