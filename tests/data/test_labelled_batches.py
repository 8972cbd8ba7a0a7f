"""Labelled batches, and what training does to their images."""

from __future__ import annotations

from functools import partial
from math import radians

import numpy as np
import pytest
import torch
from scipy.ndimage import affine_transform
from scipy.stats import chisquare
from torch import Tensor

from auxgen.data import augmentation
from auxgen.data.augmentation import (
    Corruption,
    apply_corruptions,
    flip_randomly,
    shift_randomly,
    warp,
    warp_randomly,
)
from auxgen.data.batches import LabelledBatch, LabelledBatches, rebuild_batch
from auxgen.rng import make_corruption_generator


def images(rows: int = 30) -> Tensor:
    """Images that differ in every pixel."""
    return torch.arange(1, rows * 2 * 5 * 6 + 1).reshape(rows, 2, 5, 6).float()


def generator(step: int = 0) -> torch.Generator:
    return make_corruption_generator("cpu", 0, step, 0)


def test_a_flip_is_a_flip_of_about_half_of_the_images() -> None:
    x = images(400)
    found = flip_randomly(x, generator())
    same = torch.tensor([torch.equal(a, b) for a, b in zip(found, x, strict=True)])
    assert torch.equal(found[same], x[same])
    assert torch.equal(found[~same], x[~same].flip(-1))
    assert 160 < int(same.sum()) < 240


def explicit(x: Tensor, down: int, right: int) -> Tensor:
    """One image (c, h, w) moved by so many pixels, pixel by pixel."""
    moved = torch.zeros_like(x)
    _, h, w = x.shape
    for i in range(h):
        for j in range(w):
            if 0 <= i - down < h and 0 <= j - right < w:
                moved[:, i, j] = x[:, i - down, j - right]
    return moved


def test_every_image_is_moved_by_a_draw_of_its_own() -> None:
    x, pixels = images(300), 2
    found, seen = shift_randomly(x, generator(), pixels), set()
    moves = [(i, j) for i in range(-pixels, pixels + 1) for j in range(-pixels, pixels + 1)]
    for before, after in zip(x, found, strict=True):
        fits = [m for m in moves if torch.equal(explicit(before, *m), after)]
        assert len(fits) == 1
        seen |= set(fits)
    assert seen == set(moves)


def test_no_pixels_move_nothing() -> None:
    assert torch.equal(shift_randomly(images(), generator(), 0), images())
    x = images() / images().max()
    assert torch.allclose(warp_randomly(x, generator(), 0.0), x, atol=1e-6)


@pytest.mark.parametrize("side", [(9, 9), (7, 12)])
def test_a_warp_is_that_of_scipy(side: tuple[int, int]) -> None:
    rng = np.random.default_rng(0)
    x = torch.from_numpy(rng.random((6, 2, *side), dtype=np.float32))
    matrix = torch.from_numpy(np.eye(2) + 0.3 * rng.normal(size=(6, 2, 2))).float()
    move = torch.from_numpy(2 * rng.normal(size=(6, 2))).float()
    found = warp(x, matrix, move)
    middle = (np.array(side) - 1) / 2
    for before, after, m, by in zip(x, found, matrix.numpy(), move.numpy(), strict=True):
        rows_first = m[::-1, ::-1]
        offset = middle - rows_first @ middle + by[::-1]
        for channel, expected in zip(before.numpy(), after.numpy(), strict=True):
            there = affine_transform(channel, rows_first, offset, order=1, mode="grid-constant")
            np.testing.assert_allclose(there, expected, atol=1e-4)


def test_a_warp_is_drawn_uniformly_up_to_its_strength(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[Tensor, Tensor]] = []
    monkeypatch.setattr(augmentation, "warp", lambda x, *by: seen.append(by) or x)
    warp_randomly(images(20_000), generator(), 1.5)
    ((matrix, move),) = seen
    angle = torch.atan2(matrix[:, 1, 0], matrix[:, 1, 1])
    down = matrix[:, 1].norm(dim=1)
    across = matrix[:, 0, 0] / angle.cos()
    slant = matrix[:, 0, 1] / across + angle.sin()
    most = {"angle": radians(15), "down": 0.15, "across": 0.15, "slant": 0.15}
    draws = {"angle": angle, "down": down - 1, "across": across - 1, "slant": slant}
    for name, drawn in {**draws, "right": move[:, 0], "below": move[:, 1]}.items():
        reach = most.get(name, 1.5)
        counts = torch.histc(drawn, 10, -reach, reach)
        assert int(counts.sum()) == 20_000, name
        assert chisquare(counts.numpy()).pvalue > 1e-4, name
    every = torch.stack([*draws.values(), *move.T])
    assert (torch.corrcoef(every) - torch.eye(6)).abs().max() < 0.04


def test_in_turn_is_one_after_the_other() -> None:
    x, first, second = images(), generator(), generator()
    found = apply_corruptions(x, first, (flip_randomly, partial(shift_randomly, pixels=1)))
    assert torch.equal(found, shift_randomly(flip_randomly(x, second), second, 1))


CORRUPTIONS: list[Corruption] = [
    flip_randomly,
    partial(shift_randomly, pixels=2),
    partial(apply_corruptions, corruptions=(flip_randomly, partial(shift_randomly, pixels=1))),
]


@pytest.mark.parametrize("corruption", CORRUPTIONS)
def test_corruptions_are_functions_of_their_generator(corruption: Corruption) -> None:
    x = images()
    assert torch.equal(corruption(x, generator()), corruption(x, generator()))
    assert not torch.equal(corruption(x, generator()), corruption(x, generator(1)))
    assert torch.equal(x, images())


def test_a_batch_is_a_function_of_seed_rank_and_step() -> None:
    x = torch.randint(256, (40, 1, 6, 6), dtype=torch.uint8)
    y = torch.arange(40)

    def batch(seed: int, step: int, rank: int) -> tuple[Tensor, Tensor]:
        return LabelledBatches(x, y, 8, seed, partial(shift_randomly, pixels=2))(
            step, rank, 2, "cpu"
        )

    first = batch(0, 3, 1)
    assert all(torch.equal(a, b) for a, b in zip(first, batch(0, 3, 1), strict=True))
    for other in (batch(1, 3, 1), batch(0, 4, 1), batch(0, 3, 0)):
        assert not torch.equal(first[1], other[1])


@pytest.mark.parametrize("shape", [(40,), (40, 3)])
def test_what_is_known_stays_with_its_row(shape: tuple[int, ...]) -> None:
    """Every row once an epoch, its pixels in [0, 1], beside its class or its attributes."""
    x = torch.arange(40, dtype=torch.uint8).reshape(40, 1, 1, 1).expand(40, 1, 2, 2)
    y = torch.arange(40).float().reshape(40, *[1 for _ in shape[1:]]).expand(shape)
    batches = LabelledBatches(x, y, 8, seed=0)
    seen = []
    for step in range(5):
        rows, known = batches(step, 0, 1, "cpu")
        assert known.shape == (8, *shape[1:])
        torch.testing.assert_close(rows.flatten(1)[:, 0] * 255, known.reshape(8, -1)[:, 0])
        seen += known.reshape(8, -1)[:, 0].tolist()
    assert sorted(seen) == list(range(40))


def test_blank_attributes_arrive_blank() -> None:
    y = torch.tensor([[1.0, torch.nan], [0.0, 1.0]])
    known = LabelledBatches(torch.zeros(2, 1, 2, 2), y, 2, seed=0)(0, 0, 1, "cpu").y
    assert int(known.isnan().sum()) == 1


def test_a_batch_is_rebuilt_as_what_it_was() -> None:
    x, y = torch.ones(2), torch.zeros(2)
    assert rebuild_batch(LabelledBatch(x, x), iter((y, x))) == LabelledBatch(y, x)
    for kind in (tuple, list):
        assert rebuild_batch(kind((x, x)), iter((y, x))) == kind((y, x))
