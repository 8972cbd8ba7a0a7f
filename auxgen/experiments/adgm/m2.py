"""M1, M1+M2 and M2 on MNIST: the baselines of table 2 (Kingma et al., 2014), and Pyro's protocol.

    auxgen train adgm.m1_m2 --run runs/m1_m2
    auxgen train adgm.m2_pyro --labels-per-class 10 --run runs/m2
    auxgen reproduce adgm.m1_m2
    auxgen reproduce adgm.m2_pyro

m1_m2: 100 labels. Stage m1 is a VAE of all images. Held fixed, its codes teach a classifier of the
labelled rows (M1; a transductive SVM in the paper, which is not built) and M2 (M1+M2), on those
entries of the code whose mean varies by more than 0.1.

m2_pyro: the protocol of Pyro's tutorial on semi-supervised VAEs. The first 50,000 images are for
training, 10 to 300 of each class with their label, and the other 10,000 chose the multiplier of the
classification term; one hidden layer of 500, z of 50, Adam at 4.2e-4, 200
unlabelled images a batch. Seeds are label draws. Hidden layers here are rectified after batch norm,
and pixels are binarised anew in each batch; a round has labelled rows beside the unlabelled ones,
where the tutorial alternates; the KL's weight falls from 8 to 1, so that y has to tell the classes
before z can, and that of the entropy of unlabelled rows from 20 to 1, so that it does not tell them
at once. https://pyro.ai/examples/ss-vae.html
"""

from dataclasses import replace
from functools import partial
from typing import Literal

from ...builders import Recipe
from ...data import images
from ...data.batches import InMemoryBatches
from ...engine.settings import Engine, adam
from ...errors import require_at_least
from ...evaluation.classification import TestError
from ...functional.bounds import classification_weight
from ...method import Method
from ...methods.m1 import CodeModel
from ...methods.vae import VAE
from ...stage import Experiment, Stage
from ..common import Budget, count_steps
from .budgets import M1_M2, M2_PYRO_PLAN
from .plans import M1M2Plan, M2PyroPlan
from .splits import SemiSupervisedData, load_image_splits, make_bit_data
from .stages import make_bound_evaluations, make_semi_supervised_stage, make_sized_recipe


def make_m1_and_m2_plan(budget: Budget = "cpu") -> M1M2Plan:
    """The plan of a budget: cpu fits into 10 minutes of one core, paper has the authors' sizes."""
    return M1_M2[budget]


def m1_and_m2(plan: M1M2Plan = M1_M2["cpu"], *, seed: int = 0) -> Experiment:
    """Three stages: a VAE, a classifier on its codes, M2 on its codes."""
    require_at_least(1, hidden=plan.hidden, latent=plan.latent, hidden_above=plan.hidden_above)
    train, test = load_image_splits(plan.data, size=plan.size)
    data = make_bit_data(train, test, plan.labels_per_class, seed)
    codes = {"x": data.space.width, "hidden": [plan.hidden] * 2, "z": plan.latent}
    above = {"classes": len(data.space.classes), "hidden_above": [plan.hidden_above]}
    few, all_rows = {"prior_rows": len(data.x)}, {"prior_rows": len(train)}
    weight = classification_weight(plan.classification_weight, len(data.x), len(train))
    labelled_alone = Recipe("m1_classifier", {**codes, **above, **few})
    both = Recipe("m1_m2", {**codes, **above, **all_rows, "z_above": plan.latent, "alpha": weight})
    steps = count_steps(len(train), plan.batch, plan.epochs)
    full = Engine(steps, adam(plan.lr), average=plan.average)
    short = Engine(min(steps, 1000), adam(plan.lr), average=0.99)
    first = _make_m1_stage(data, Recipe("vae", codes), full, plan.batch, seed)
    make_above = partial(_make_stage_on_codes, first=first, data=data, plan=plan, seed=seed)
    return {
        "m1": first,
        "classifier": make_above(labelled_alone, short),
        "m1_m2": make_above(both, replace(full, max_grad_norm=5.0)),
    }


def _make_m1_stage(
    data: SemiSupervisedData, recipe: Recipe, engine: Engine, batch: int, seed: int
) -> Stage:
    """A VAE of all rows."""
    method = recipe.build()
    return Stage(
        method=method,
        batches=InMemoryBatches(data.x_unlabelled, batch, seed, data.corruption),
        engine=engine,
        evaluations=make_bound_evaluations(method, data),
        recipe=recipe,
        space=data.space,
        data=data.datasets,
        facts=data.facts,
    )


def _make_stage_on_codes(
    recipe: Recipe,
    engine: Engine,
    *,
    first: Stage,
    data: SemiSupervisedData,
    plan: M1M2Plan,
    seed: int,
) -> Stage:
    """A model above the VAE of the first stage, with whose networks it shares its own."""
    above = make_semi_supervised_stage(recipe, data, engine, batch=plan.batch, seed=seed, draws=1)
    vae, method = first.method, above.method
    assert isinstance(vae, VAE)
    assert isinstance(method, CodeModel)
    method.q_z, method.p_x = vae.q_z, vae.p_x
    seen = data.x_unlabelled[:1000] / 255.0

    def keep(begun: Method) -> None:
        assert isinstance(begun, CodeModel)
        begun.select_code_entries(seen, plan.keep_above)

    return replace(above, start=keep)


def make_m2_pyro_plan(
    budget: Budget = "cpu", labels_per_class: Literal[10, 60, 100, 300] = 10
) -> M2PyroPlan:
    """The plan of a budget and a number of labels."""
    epochs = _count_pyro_epochs(budget, labels_per_class)
    return replace(M2_PYRO_PLAN, labels_per_class=labels_per_class, epochs=epochs)


def _count_pyro_epochs(budget: str, labels_per_class: int) -> float:
    """Passes of a budget: cpu has 96 of 100 labels and 16 of more, paper 200."""
    return 200 if budget == "paper" else 96 if labels_per_class == 10 else 16


def m2_pyro(plan: M2PyroPlan = M2_PYRO_PLAN, *, seed: int = 0) -> Experiment:
    """M2 from a few labels; scores of validation images, to choose by, and of the test."""
    require_at_least(1, valid_rows=plan.valid_rows)
    train, valid = load_image_splits("mnist", plan.valid_rows)
    test = images.load_image_dataset("mnist", "test")
    data = make_bit_data(train, test, plan.labels_per_class, seed)
    recipe = make_sized_recipe(
        "m2",
        data,
        [plan.hidden],
        plan.latent,
        alpha=plan.multiplier,
        likelihood="bernoulli",
        batch_norm=plan.batch_norm,
        labelled_bound=plan.labelled_bound,
        classes_summed=plan.classes_summed,
        skip_below=plan.skip_below,
        warm_up=count_steps(len(train), plan.batch, plan.warm_up_share * plan.epochs),
        warm_up_from=plan.warm_up_from,
        temperature_from=plan.temperature_from,
    )
    steps = count_steps(len(train), plan.batch, plan.epochs)
    engine = Engine(steps, adam(plan.lr), average=plan.average, old_precision="bf16")
    stage = make_semi_supervised_stage(recipe, data, engine, batch=plan.batch, seed=seed, draws=1)
    x = data.space.transform(valid.raw_rows())
    chosen_by = TestError(x, valid.y, split_name="validation", classes=data.space.classes)
    evaluations = {**stage.evaluations, "validation_error": chosen_by}
    return {"m2": replace(stage, evaluations=evaluations, data={**stage.data, "valid": valid})}
