"""Models of table 1 on images: all in one run, and all in the same networks (ASL, section 5).

    auxgen train asl.fashion --run runs/fashion
    auxgen train asl.cifar10 --run runs/cifar10 --budget paper --device cuda
    auxgen train asl.celeba --run runs/celeba --budget paper --device cuda
    auxgen reproduce asl.table1

One run trains the VAE, the two-stage VAE and VAE-ASL on its encoder, the MI encoder and MI-ASL on
it, and MI-ASL with p(u|y); and for figure 4 a VAE of scale 1. With --cells it trains the VAE, the
two-stage VAE and VAE-ASL, and combines their parts (cells.py). The paper gives no networks for
CIFAR-10; here they are CelebA's with one halving less, r = 128.
"""

from functools import partial
from typing import Any

from ...builders import Recipe
from ...data.batches import InMemoryBatches, LabelledBatches
from ...data.dataset import Dataset
from ...errors import require_at_least
from ...inference.initialization import initialize_from_source
from ...stage import BatchStream, Experiment, Stage
from ..common import Budget, choose_extractor, count_steps, dataset_facts
from .cells import make_cell_recipes, make_cell_starts
from .evaluations import make_image_evaluations
from .pictures import AslImagePictures
from .plans import CELEBA, CIFAR10, FASHION, AslImagePlan
from .stages import (
    load_asl_image_splits,
    make_asl_image_engine,
    make_fitted_arguments,
    make_image_sizes,
    make_second_engine,
)

SOURCE_STAGES = {"two_stage": "vae", "vae_asl": "vae", "mi_asl": "mi", "on_demand": "mi_asl"}
"""The stage whose encoder another holds fixed, and whose generator it starts from."""


def make_fashion_plan(budget: Budget = "cpu") -> AslImagePlan:
    """The plan of Fashion-MNIST."""
    return FASHION[budget]


def make_cifar10_plan(budget: Budget = "cpu") -> AslImagePlan:
    """The plan of CIFAR-10."""
    return CIFAR10[budget]


def make_celeba_plan(budget: Budget = "cpu") -> AslImagePlan:
    """The plan of CelebA."""
    return CELEBA[budget]


def fashion(plan: AslImagePlan = FASHION["cpu"], *, seed: int = 0) -> Experiment:
    """VAEs, two-stage VAE, VAE-ASL, MI encoder, MI-ASL, and MI-ASL on demand, of clothes.

    Fashion-MNIST: table 1, and figures 4, 5 and 6 (sections 5.2 and 5.3).
    """
    return _build_image_stages(plan, seed)


def cifar10(plan: AslImagePlan = CIFAR10["cpu"], *, seed: int = 0) -> Experiment:
    """VAEs, two-stage VAE, VAE-ASL, MI encoder, MI-ASL, and MI-ASL on demand, of objects.

    CIFAR-10: the second line of table 1, and figure 9 (section 5.3).
    """
    return _build_image_stages(plan, seed)


def celeba(plan: AslImagePlan = CELEBA["cpu"], *, seed: int = 0) -> Experiment:
    """VAEs, two-stage VAE, VAE-ASL, MI encoder, MI-ASL, and MI-ASL on demand, of faces.

    CelebA at 64 x 64: figures 7, 10, 11 and 12 (section 5.4). The p(u|y) of MI-ASL on demand, which
    the paper does not have, is of the 40 attributes.
    """
    return _build_image_stages(plan, seed)


def _build_image_stages(plan: AslImagePlan, seed: int) -> Experiment:
    """A stage of each model; `SOURCE_STAGES` says which starts from which."""
    require_at_least(1, latent=plan.latent, transforms=plan.transforms)
    require_at_least(1, resamplings=plan.resamplings)
    require_at_least(2, batch=plan.batch, mapped_codes=plan.mapped_codes)
    splits = load_asl_image_splits(plan.data, plan.held_out_rows, plan.size)
    train, test, space = splits.train, splits.test, splits.space
    recipes = _make_image_recipes(train, plan)
    if plan.cells:
        recipes = make_cell_recipes(recipes)
    methods = {name: recipe.build() for name, recipe in recipes.items()}
    x = space.transform(train[:5000].raw_rows())
    starts = {
        name: partial(initialize_from_source, source=methods[source], x=x)
        for name, source in SOURCE_STAGES.items()
        if name in methods
    }
    starts |= make_cell_starts(methods, x)
    extractor = choose_extractor(plan.extractor, plan.data)
    evaluations = make_image_evaluations(splits, extractor, plan.resamplings)
    pictures = AslImagePictures(test, space, plan.mapped_codes, methods)
    facts = dataset_facts(train, **{"measured on": splits.split_name})
    # what is made of parts has no rounds
    epochs = {n: getattr(plan, f"{n}_epochs", 0.0) * plan.scale_epochs for n in recipes}
    engines = {"two_stage": make_second_engine}
    return {
        name: Stage(
            method=methods[name],
            batches=_make_image_batches(train, plan.batch, seed, labelled=name == "on_demand"),
            engine=engines.get(name, make_asl_image_engine)(
                plan, count_steps(len(train), plan.batch, epochs[name])
            ),
            evaluations=evaluations[name],
            recipe=recipe,
            space=space,
            start=starts.get(name),
            pictures=pictures.make_pictures(name),
            data={"train": train, "test": test},
            facts=facts,
        )
        for name, recipe in recipes.items()
    }


def _make_image_recipes(train: Dataset, plan: AslImagePlan) -> dict[str, Recipe]:
    """The models, all of the same networks; on demand where something is known of the rows.

    The paper does not say which scale p(x|u) of its VAE has, and what codes know depends on it:
    the scale is learned in "vae", and 1 in "vae_unit".
    """
    base: dict[str, Any] = {"images": make_image_sizes(train, plan)}
    fitted = {**base, **make_fitted_arguments(plan, plan.coupling_hidden, plan.second_hidden)}
    # the scale of p(u|v) starts at 1, as in the code of Dai and Wipf
    second = {"kind": "vae", "sizes": {"hidden": list(plan.second_hidden), "gamma": 1.0}}
    stein = {"weight": plan.stein_weight, "beta": plan.kernel_exponent}
    mi = {"scale": plan.init_scale, **stein, "floor": plan.variance_floor}
    recipes = {
        "vae": Recipe("image_vae", {**base, "scale": plan.init_scale}),
        "vae_unit": Recipe("image_vae", {**base, "scale": 1.0, "learned": False}),
        "two_stage": Recipe("image_two_stage_vae", {**base, **second}),
        "vae_asl": Recipe("image_vae_asl", fitted),
        "mi": Recipe("image_informative_encoder", {**base, **mi}),
        "mi_asl": Recipe("image_mi_asl", fitted),
    }
    if labels := _make_label_arguments(train):
        recipes["on_demand"] = Recipe("image_conditional_asl", {**fitted, **labels})
    return recipes


def _make_label_arguments(train: Dataset) -> dict[str, int]:
    """What p(u|y) depends on: attributes where there are any, else classes, else nothing."""
    if train.attributes is not None:
        return {"attributes": train.attributes.shape[1]}
    return {"classes": len(train.classes)} if (train.y >= 0).any() else {}


def _make_image_batches(train: Dataset, batch: int, seed: int, *, labelled: bool) -> BatchStream:
    """Images; with `labelled`, those of which everything is known, and what is known of them."""
    if not labelled:
        return InMemoryBatches(train.x, batch, seed)
    y = train.y if train.attributes is None else train.attributes
    known = y >= 0 if y.ndim == 1 else ~y.isnan().any(1)
    return LabelledBatches(train.x[known], y[known], batch, seed)
