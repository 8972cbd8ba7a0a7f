"""The stages of all experiments: a plain VAE, VAC and IntroVAC with the same networks and rows."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial

from ...builders import Recipe
from ...builders.introvac import FEATURE_LAYERS
from ...data.augmentation import flip_randomly, identity
from ...data.batches import InMemoryBatches, LabelledBatches
from ...data.dataset import Dataset
from ...data.images import get_image_side
from ...engine.settings import Engine, adam
from ...errors import InputError, require_at_least
from ...features.pretrained import load_vgg19
from ...functional.schedules import multistep_decay
from ...method import Method
from ...methods.vac import VariationalClassifier
from ...networks.feature_error import FeatureError
from ...networks.taps import TappedVGG
from ...stage import Experiment, Stage
from ..common import count_steps, dataset_facts
from .evaluations import IntrovacEvaluations
from .pictures import IntrovacPictures
from .plans import IntrovacModelName, IntrovacPlan, VacPlan

STAGES: Mapping[IntrovacModelName, tuple[str, ...]] = {
    "all": ("vae", "pretrained", "vac", "introvac"),
    "introvac": ("pretrained", "introvac"),
    "vac": ("pretrained", "vac"),
    "vae": ("vae",),
}
"""Stages of a run; "pretrained" is a VAC from whose weights both "vac" and "introvac" start."""
WEIGHT_DECAY = 1e-5
"""As in the authors' code; the paper does not name one."""


def build_introvac_stages(
    plan: VacPlan, evaluations: IntrovacEvaluations, *, seed: int, model: IntrovacModelName
) -> Experiment:
    """The stages of a run.

    Args:
        plan: Sizes and training.
        evaluations: The rows, with attributes that may be blank, and what is measured on them.
        seed: Seed of the order of the rows.
        model: Which stages.
    """
    require_at_least(1, latent=plan.latent)
    require_at_least(2, batch=plan.batch)  # batch normalisation needs two rows
    train, test, space = evaluations.train, evaluations.test, evaluations.space
    recipes = {name: _make_introvac_recipe(name, train, plan) for name in STAGES[model]}
    methods = {name: recipe.build() for name, recipe in recipes.items()}
    evaluations.methods.update(methods)
    pictures = IntrovacPictures(evaluations, plan.edit_distance, plan.joint_edit_distance)

    def initialize_from_pretrained(method: Method) -> None:
        """Copy the weights of the pretrained VAC; optimisers start afresh."""
        method.load_state_dict(methods["pretrained"].state_dict())

    first = _load_feature_weights if plan.feature_weight else None
    starts: dict[str, Callable[[Method], None] | None] = {
        "vae": _require_feature_weights if first and "pretrained" in methods else None,
        "pretrained": first,
        "vac": initialize_from_pretrained,
        "introvac": initialize_from_pretrained,
    }
    flip = flip_randomly if plan.flip else identity
    labelled = LabelledBatches(train.x, train.require_attributes(), plan.batch, seed, flip)
    unlabelled = InMemoryBatches(train.x, plan.batch, seed, flip)
    return {
        name: Stage(
            method=method,
            batches=unlabelled if name == "vae" else labelled,
            engine=make_introvac_engine(name, plan, len(train)),
            evaluations=evaluations.make_evaluations(name, plan.edit_distance),
            recipe=recipes[name],
            space=replace(space, attributes=()) if name == "vae" else space,
            start=starts.get(name),
            pictures=pictures.make_pictures(name),
            data={"train": train, "test": test},
            facts=dataset_facts(train, rows=len(train)),
        )
        for name, method in methods.items()
    }


def _require_feature_weights(method: Method) -> None:
    """Refuse a run without the weights that its later stages need, before its first round."""
    del method
    load_vgg19()


def _load_feature_weights(method: Method) -> None:
    """Give the features in which reconstructions are compared the weights of VGG-19."""
    assert isinstance(method, VariationalClassifier)
    assert isinstance(method.error, FeatureError)
    method.error.h.load_state_dict(TappedVGG(load_vgg19(), FEATURE_LAYERS).state_dict())


def _make_introvac_recipe(stage: str, train: Dataset, plan: VacPlan) -> Recipe:
    """The builder of a stage."""
    channels, size = train.x.shape[1], get_image_side(train)
    images = {"channels": channels, "size": size, "widths": list(plan.widths), "z": plan.latent}
    images |= {"pixel_shuffle": True} if plan.pixel_shuffle else {}
    shared = {"images": images, "betas": plan.make_betas()}
    if stage == "vae":
        return Recipe("residual_vae", shared)
    described = {**shared, "attributes": train.require_attributes().shape[1], "error": plan.error}
    described |= {"feature_weight": plan.feature_weight} if plan.feature_weight else {}
    if stage == "introvac" and isinstance(plan, IntrovacPlan):
        return Recipe("introvac", {**described, "game": plan.game})
    return Recipe("vac", described)


def make_introvac_engine(stage: str, plan: VacPlan, rows: int) -> Engine:
    """Adam with weight decay, halved at shares of all passes; those of pretraining count.

    Raises:
        InputError: Pretraining takes more passes than there are.
    """
    total, halvings = plan.vac_epochs, plan.vac_halvings
    if isinstance(plan, IntrovacPlan) and stage == "introvac":
        total, halvings = plan.introvac_epochs, plan.introvac_halvings
    total *= plan.scale_epochs
    pretraining = plan.pretraining_epochs * min(plan.scale_epochs, 1.0)
    before = pretraining if stage in ("vac", "introvac") else 0.0
    epochs = pretraining if stage == "pretrained" else total - before
    if epochs < 0:
        raise InputError(
            f"{stage} has {total:g} epochs, of which pretraining takes {before:g}; expected as "
            "many or more."
        )
    steps, begun = count_steps(rows, plan.batch, epochs), count_steps(rows, plan.batch, before)
    at = [round(share * (steps + begun)) - begun for share in halvings]
    return Engine(
        steps,
        adam(plan.lr, weight_decay=WEIGHT_DECAY),
        learning_rate=partial(multistep_decay, at=() if stage == "pretrained" else at, factor=0.5),
        average=plan.average,
        old_precision=plan.old_precision,
    )
