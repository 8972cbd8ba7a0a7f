"""What several experiments share: images, what ASL fits, and where a stage starts."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from math import ceil
from typing import Any

from ...data import images
from ...data.dataset import Dataset, Preprocessor
from ...engine.settings import Engine, OptimizerFactory, adam
from ...functional.schedules import rise_then_cosine, staircase_decay
from ..common import hold_out_last_rows, image_preprocessor
from .plans import AslGivenPlan, AslImagePlan, AslPlan, AslToyPlan


@dataclass(frozen=True, eq=False)
class AslImageSplits:
    """Raw rows to learn from and to measure on, the name of the latter, and how models see them."""

    train: Dataset
    test: Dataset
    split_name: str
    space: Preprocessor


def load_asl_image_splits(data: str, held_out_rows: int, size: int | None) -> AslImageSplits:
    """Training and test images; the last training images are the test where some are held out.

    Args:
        data: Their set or folder.
        held_out_rows: Training images that are held out; 0 where there is a test split.
        size: Side in pixels to which images are resized; None for the set's own.

    Raises:
        InputError: Images are not square, or no row would be left.
    """
    train = images.load_image_dataset(data, "train", size=size)
    images.get_image_side(train)
    space = image_preprocessor(train)
    if not held_out_rows:
        test = images.load_image_dataset(data, "test", size=size)
        return AslImageSplits(train, test, "test", space)
    return AslImageSplits(*hold_out_last_rows(train, held_out_rows), "validation", space)


def make_image_sizes(train: Dataset, plan: AslImagePlan | AslGivenPlan) -> dict[str, Any]:
    """Sizes of the networks for these images, as in a recipe."""
    channels, size = train.x.shape[1:3]
    own = {"u": plan.latent, "layout": plan.layout, "width": plan.width}
    return {"channels": channels, "size": size, **own}


def make_adam(plan: AslPlan) -> OptimizerFactory:
    """Adam, for densities of codes and of x at a rate of their own where there is one."""
    rate = plan.density_lr
    return adam(plan.lr, rates={} if rate is None else {"density": rate, "flow": rate})


def make_asl_image_engine(plan: AslImagePlan | AslGivenPlan, steps: int) -> Engine:
    """Adam. At its highest rate from the first round on, the MI encoder can die."""
    rate = partial(rise_then_cosine, steps=steps, rise=0.1)
    return Engine(
        steps, make_adam(plan), learning_rate=rate, average=plan.average, old_precision="bf16"
    )


def make_second_engine(plan: AslImagePlan, steps: int) -> Engine:
    """The engine of a second VAE, by the schedule of Dai and Wipf where it has a rate of its own.

    Theirs is 1e-4, halved after 300 and 600 of 800 epochs.
    """
    if plan.second_lr is None:
        return make_asl_image_engine(plan, steps)
    halved = partial(staircase_decay, every=max(1, ceil(3 * steps / 8)), factor=0.5, floor=0.25)
    return Engine(steps, adam(plan.second_lr), halved, average=plan.average, old_precision="bf16")


def make_coupling_sizes(transforms: int, hidden: Sequence[int]) -> dict[str, Any]:
    """Sizes of a flow of couplings, as in a recipe."""
    return {"transforms": transforms, "hidden": list(hidden)}


def make_fitted_arguments(
    plan: AslToyPlan | AslImagePlan, coupling_hidden: Sequence[int], second_hidden: Sequence[int]
) -> dict[str, Any]:
    """What ASL fits, as in a recipe: a density of codes, and a regression of rows on codes.

    Args:
        plan: Kind of the density and its sizes.
        coupling_hidden: Units in the hidden layers of a coupling.
        second_hidden: Units in the hidden layers of a second VAE.
    """
    kinds: dict[str, dict[str, Any]] = {
        "mixture": {"components": plan.components},
        "vae": {"hidden": list(second_hidden)},
    }
    couplings = make_coupling_sizes(plan.transforms, coupling_hidden)
    return {"kind": plan.density, "sizes": kinds.get(plan.density, couplings), "l1": plan.l1}
