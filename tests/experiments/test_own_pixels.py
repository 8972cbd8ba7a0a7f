"""How `adgm.own` models coloured pixels: a learned deviation would outweigh few labels."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from auxgen.data.arrays import load_arrays
from auxgen.data.batches import ViewedBatch
from auxgen.data.dataset import Dataset
from auxgen.experiments.adgm.own import build_own_stage
from auxgen.experiments.adgm.plans import OWN_PLAN
from auxgen.experiments.registry import find_experiment


def make_pictures(channels: int) -> Dataset:
    """Twelve pictures of two classes."""
    pixels = np.random.default_rng(0).integers(0, 255, (12, channels, 4, 4), dtype=np.uint8)
    y = torch.tensor([0, 1] * 4 + [-1] * 4)
    return Dataset(torch.from_numpy(pixels), y, ("a", "b"), "pictures", "0")


@pytest.mark.parametrize(
    ("channels", "deviation", "family"),
    [
        (3, "fixed", "gaussian_fixed"),
        (3, "learned", "gaussian"),
        (1, "fixed", "bernoulli"),
        (1, "learned", "bernoulli"),
    ],
)
def test_coloured_pixels_have_a_fixed_deviation_unless_asked(
    channels: int, deviation: str, family: str
) -> None:
    rows = make_pictures(channels)
    plan = replace(OWN_PLAN, pixel_deviation=deviation, steps=1, hidden=4, latent=2)
    stage = build_own_stage(rows, rows, plan, 0)
    assert stage.recipe is not None
    assert stage.recipe.arguments["likelihood"] == family
    told = any("changes nothing for grey pictures" in note for note in stage.data["train"].notes)
    assert told == ((channels, deviation) == (1, "learned"))


def test_fixed_is_the_default_and_runs_begun_before_it_keep_a_learned_one() -> None:
    assert OWN_PLAN.pixel_deviation == "fixed"
    assert find_experiment("adgm.own").before["pixel_deviation"] == "learned"


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("spread", [False, True])
def test_the_classifier_sees_warped_pictures_where_that_is_asked_for(
    channels: int, spread: bool
) -> None:
    rows = make_pictures(channels)
    plan = replace(OWN_PLAN, steps=1, hidden=4, latent=2, batch=4, spread_labels=spread)
    plain, warped = (build_own_stage(rows, rows, replace(plan, warp=w), 0) for w in (0.0, 2.0))
    before, after = (stage.batches(0, 0, 1, "cpu") for stage in (plain, warped))
    assert isinstance(after, ViewedBatch)
    assert all(map(torch.equal, before, after[:3]))
    for x, seen in ((after.x, after.seen), (after.x_unlabelled, after.seen_unlabelled)):
        assert seen.shape == x.shape
        assert not torch.equal(seen, x)
    assert not any("--warp" in note for note in warped.data["train"].notes)
    list(warped.method.round(after, torch.tensor(0)))


def test_a_table_is_not_warped_and_that_is_told() -> None:
    rng = np.random.default_rng(0)
    rows = load_arrays(rng.normal(size=(12, 4)), np.arange(12) % 2)
    stage = build_own_stage(rows, rows, replace(OWN_PLAN, warp=1.5, steps=1, hidden=4, latent=2), 0)
    told = [note for note in stage.data["train"].notes if "--warp" in note]
    assert told == ["--warp 1.5 changes nothing for a table: it is for images."]
    assert not isinstance(stage.batches(0, 0, 1, "cpu"), ViewedBatch)
