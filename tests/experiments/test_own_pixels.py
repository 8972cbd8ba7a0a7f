"""How `adgm.own` models coloured pixels: a learned deviation would outweigh few labels."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

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
