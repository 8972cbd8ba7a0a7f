"""Real handwritten digits from five labels a class: the demo.

    auxgen train adgm.digits --run runs/digits          one label draw, under three minutes
    auxgen reproduce adgm.digits                        five draws, beside M2 and the baselines

The 8x8 digits that ship in scikit-learn: 1,297 for training, of which 50 keep their label, 500 for
testing. Beside the model: the same classifier network trained on the 50 labelled rows alone, and
scikit-learn's label spreading on the same split.
"""

from dataclasses import replace
from functools import partial

import torch

from ...builders import Recipe
from ...engine.settings import Engine, adam
from ...evaluation.baselines import (
    BaselineError,
    make_knn_label_spreading,
    make_rbf_label_spreading,
)
from ...functional.schedules import hold_then_cosine
from ...stage import Experiment
from .budgets import DIGITS_PLAN
from .plans import AdgmDigitsPlan
from .splits import SemiSupervisedData, load_image_splits, make_bit_data
from .stages import make_dgm_recipe, make_image_pictures, make_semi_supervised_stage


def experiment(plan: AdgmDigitsPlan = DIGITS_PLAN, *, seed: int = 0) -> Experiment:
    """Handwritten digits from a few labels, and the same classifier from those labels alone."""
    data = make_bit_data(*load_image_splits("digits"), plan.labels_per_class, seed)
    settings = {"batch_norm": True, "warm_up": plan.warm_up_steps}
    recipe = make_dgm_recipe(plan, data, likelihood="bernoulli", **settings)
    sizes = {"x": data.space.width, "classes": len(data.space.classes), "prior_rows": len(data.x)}
    alone = Recipe("classifier", {**sizes, "hidden": [plan.hidden] * 2, "batch_norm": True})
    few = Engine(1000, adam(plan.lr), average=0.99)
    rate = partial(hold_then_cosine, steps=plan.steps, hold=0.5)
    engine = Engine(
        plan.steps,
        adam(plan.lr),
        rate,
        max_grad_norm=5.0,
        average=plan.average,
        old_precision="bf16",
    )
    make_stage = partial(make_semi_supervised_stage, data=data, batch=plan.batch, seed=seed)
    supervised = make_stage(alone, engine=few, draws=1)
    beside = {**supervised.evaluations, **_make_label_spreading_evaluations(data)}
    return {
        "supervised": replace(supervised, evaluations=beside),
        plan.model: make_stage(recipe, engine=engine, pictures=make_image_pictures(data)),
    }


def _make_label_spreading_evaluations(data: SemiSupervisedData) -> dict[str, BaselineError]:
    """scikit-learn's label spreading, which sees the same rows, with -1 for hidden labels."""
    y = torch.full((len(data.x_unlabelled),), -1)
    y[torch.tensor(data.facts["labelled_rows"])] = data.y
    x = data.x_unlabelled
    x = x / 255.0 if x.dtype == torch.uint8 else x
    error = partial(BaselineError, x_train=x, y_train=y, x=data.x_test, y=data.y_test)
    rbf, knn = "label spreading, rbf kernel, gamma 5", "label spreading, 7 nearest neighbours"
    return {
        "peer_label_spreading_rbf_error": error(make_rbf_label_spreading, name=rbf),
        "peer_label_spreading_knn_error": error(make_knn_label_spreading, name=knn),
    }
