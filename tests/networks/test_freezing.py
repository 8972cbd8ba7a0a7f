"""Statistics of batch norm are estimated anew by no more of a round than moves them."""

from __future__ import annotations

from functools import partial
from itertools import count

import pytest
import torch
from laws import METHODS, stage
from torch import Tensor, nn

from auxgen.engine.loop import Training
from auxgen.networks import freezing
from auxgen.networks.freezing import find_batch_norms


def list_laws_with_batch_norm() -> list[str]:
    """Laws whose method has layers that are estimated; one with a large network is left out."""
    named = (name for name in METHODS if name != "feature_model")
    return [name for name in named if find_batch_norms(METHODS[name].recipe.build())]


def estimate(name: str, run_whole: bool) -> tuple[dict[str, Tensor], int]:
    """The averaged state of a law after two rounds, and the layers that were passed for it."""
    made = stage(name, recalibration=4)
    training = Training(made.method, made.engine, seed=0)
    for step in range(2):
        training.run_round(made.batches(step, 0, 1, "cpu"))
    passed = 0

    def count_layer(layer: nn.Module, *_: object) -> None:
        nonlocal passed
        passed += isinstance(layer, nn.Linear | nn.Conv2d | nn.ConvTranspose2d)

    whole = freezing._count_passes
    hook = torch.nn.modules.module.register_module_forward_hook(count_layer)
    with pytest.MonkeyPatch.context() as patch:
        if run_whole:
            patch.setattr(freezing, "_count_passes", lambda layers, limit: whole(layers, 0))
        batches = (made.batches(step, 0, 1, "cpu") for step in count(2))
        averaged = training.build_averaged_method(batches)
    hook.remove()
    return averaged.state_dict(), passed


@pytest.mark.parametrize("name", list_laws_with_batch_norm())
def test_statistics_are_those_of_whole_rounds_and_cost_no_more(name: str) -> None:
    (found, passed), (expected, of_whole) = (estimate(name, whole) for whole in (False, True))
    # each pass under spectral norm takes its singular vectors further, also one that is left out
    same = partial(torch.allclose, atol=1e-5) if name.startswith("spectral") else torch.equal
    for key, tensor in expected.items():  # what a game remembers of weights is for its next rounds
        others = key.startswith("past_") or key.endswith(("._u", "._v"))
        assert others or same(found[key], tensor), key
    assert passed <= of_whole


def test_of_a_gan_the_passes_that_move_no_statistics_are_left_out() -> None:
    passed, of_whole = (estimate("denoising_gan_of_images", whole)[1] for whole in (False, True))
    # of three batches in four: generated rows do not meet the features
    assert of_whole - passed > of_whole / 4
